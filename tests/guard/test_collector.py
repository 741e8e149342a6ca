"""The garbage collector stands still during a load, and is afterwards as it was."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import threading
import weakref

import pytest
import samples

from modelscan.collector import MANY, PAUSE, Pause
from modelscan.errors import UnsafeModelError


class Watcher:
    """Of the user's own; says whether the collector is on while it is loaded."""

    def __setstate__(self, state):
        self.on = gc.isenabled()


WATCHER = samples.proto() + samples.global_(__name__, "Watcher") + b")\x81}b."


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    gc.enable()
    PAUSE.wanted = True


def watch():
    padding = b"X" + (5000).to_bytes(4, "little") + bytes(5000) + b"0"
    return pickle.loads(WATCHER[:2] + padding + WATCHER[2:]).on


def test_it_stands_still_during_a_load_only(guard):
    assert not watch()
    assert gc.isenabled()


def test_after_a_refusal_and_an_error_it_goes_on(guard, evil):
    with pytest.raises(UnsafeModelError):
        pickle.loads(evil)
    with pytest.raises(EOFError):
        pickle.loads(b"")
    assert gc.isenabled()


def test_who_switched_it_off_keeps_it_off(guard):
    gc.disable()
    assert not watch()
    assert not gc.isenabled()


def test_it_can_be_left_alone(guard):
    guard.install(pause_gc=False)
    assert watch()
    guard.install()
    assert not watch()


def test_nested_and_in_many_threads_at_once():
    pause, started, go_on = Pause(), threading.Barrier(9), threading.Event()

    def work():
        with pause, pause:
            started.wait()
            go_on.wait()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    started.wait()
    assert not gc.isenabled()
    go_on.set()
    for thread in threads:
        thread.join()
    assert gc.isenabled()


def test_a_forked_child_has_a_collector():
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot fork")
    with PAUSE, multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(gc.isenabled)


def test_after_a_large_load_its_objects_are_not_young(guard):
    if gc.get_freeze_count():
        pytest.skip("this interpreter begins with frozen objects, which nobody thaws")
    data = pickle.dumps([[n] for n in range(2 * MANY)])
    gc.collect()
    value = pickle.loads(data)
    assert gc.get_freeze_count() == 0
    assert any(held is value for held in gc.get_objects(generation=2))
    cycle = Cycle()
    cycle.itself = cycle
    gone = weakref.ref(cycle)
    del cycle
    gc.collect()
    assert gone() is None


def test_what_somebody_froze_stays_frozen(guard):
    data = pickle.dumps([[n] for n in range(2 * MANY)])
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        pickle.loads(data)
        assert gc.get_freeze_count() >= frozen - 1000
    finally:
        gc.unfreeze()


class Cycle:
    """May be waited for."""
