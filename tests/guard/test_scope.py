"""The scope of a load, and the audit hook that holds it to it."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import copyreg
import datetime
import decimal
import io
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import types
from concurrent.futures.process import _CallItem, _ExceptionWithTraceback, _ResultItem

import pytest
from guard.values import Unreviewed

from modelscan.errors import UnsafeModelError
from modelscan.guard import audit, callers, scope
from modelscan.guard.scope import Scope, Veto, current, run
from modelscan.policy import Policy

DATE = pickle.dumps(datetime.date(2020, 1, 2))
ALLOWED = frozenset({("datetime", "date")})


def unpickle():
    return pickle.Unpickler(io.BytesIO(DATE)).load()


def test_a_scope_lets_its_names_through(guard):
    scope = Scope(ALLOWED)
    assert run(scope, unpickle, (), {}) == datetime.date(2020, 1, 2)
    assert not scope.vetoed


def test_a_scope_stops_every_other_name(guard):
    scope = Scope(frozenset())
    with pytest.raises(Veto):
        run(scope, unpickle, (), {})
    assert scope.blocked == [("datetime", "date")]
    assert current() is None
    assert unpickle()


def test_a_scope_without_names_stops_nothing(guard):
    assert run(Scope(None), unpickle, (), {})


@pytest.mark.parametrize(
    "start", [lambda: os.system("exit"), lambda: subprocess.run([sys.executable, "-c", ""], check=True)]
)
def test_no_program_is_started_inside_of_a_scope(guard, start):
    scope = Scope(ALLOWED)
    with pytest.raises(Veto):
        run(scope, start, (), {})
    assert len(scope.acts) == 1
    run(Scope(ALLOWED, trip=False), start, (), {})
    start()


def test_the_extension_cache_is_emptied(guard):
    copyreg._extension_cache[0x78] = os.mkdir
    run(Scope(ALLOWED), int, (), {})
    assert 0x78 not in copyreg._extension_cache


def test_a_scope_ends_with_its_load(guard):
    context = []
    run(Scope(frozenset()), lambda: context.append(contextvars.copy_context()), (), {})
    assert context[0].run(current) is None
    assert context[0].run(unpickle)


def test_a_thread_has_no_part_in_it(guard):
    seen = []

    def start():
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()

    run(Scope(frozenset()), start, (), {})
    assert seen == [None]


def test_tasks_do_not_share_a_scope(guard):
    async def one(names):
        scope = Scope(names)
        seen = []
        run(scope, lambda: seen.append(current()), (), {})
        await asyncio.sleep(0)
        return seen == [scope] and current() is None

    async def every():
        return await asyncio.gather(one(ALLOWED), one(frozenset()))

    assert asyncio.run(every()) == [True, True]


@pytest.mark.parametrize(("module", "name"), sorted(callers.INTERNAL | callers.PARTS))
def test_a_function_whose_traffic_is_trusted_may_be_named_by_no_pickle(module, name):
    """What it reads passes, so a payload that calls it would take whatever it likes along."""
    found = Policy().rules.match(module, name)
    assert found.rule is not None
    assert not found.rule.on_call


CACHE = """
import pickle
class IndexDataCacheFile:
    def _load_data(self, data):
        return pickle.loads(data)
"""
PART = """
import pickle
def _unpickle__CustomPickled(data):
    return pickle.loads(data)
def apply(call, data):
    return call(data)
"""


def test_a_part_is_trusted_for_whoever_reads_it(guard):
    """numba keeps compiled functions in files; importing a module reads its own, pickles within them included."""
    cache, part = {"__name__": "numba.core.caching"}, {"__name__": "numba.core.serialize"}
    exec(CACHE, cache)
    exec(PART, part)
    data = pickle.dumps(_ResultItem(1))
    read = cache["IndexDataCacheFile"]()._load_data
    assert read(data).work_id == 1
    cache["pickle"] = types.SimpleNamespace(loads=part["_unpickle__CustomPickled"])
    for _ in range(2):
        assert read(data).work_id == 1
        with pytest.raises(UnsafeModelError):
            part["_unpickle__CustomPickled"](data)
    cache["pickle"] = types.SimpleNamespace(loads=lambda data: part["apply"](pickle.loads, data))
    with pytest.raises(UnsafeModelError):
        read(data)


def test_traffic_between_processes_waits_for_no_disk(guard, monkeypatch):
    """The names of a pool's own classes are denied to models, so each result asked what is approved on disk."""

    def asked():
        raise AssertionError("the store was read")

    monkeypatch.setattr(audit, "kept_names", asked)
    here, there = multiprocessing.Pipe()
    with here, there:
        here.send(_ResultItem(1, result=[datetime.date(2020, 1, 2)]))
        assert there.recv().result == [datetime.date(2020, 1, 2)]
        with pytest.raises(AssertionError):
            pickle.Unpickler(io.BytesIO(pickle.dumps(_ResultItem(1)))).load()


def test_names_that_traffic_may_ask_for_stay_refused_to_others(guard):
    """Once a pool has asked for its own names nobody else may, not even a function of the same name."""

    class Queue:
        """`multiprocessing.queues.Queue.get` reads what another process wrote; this one does not."""

        def get(self, data):
            return unpickled(data)

    Queue.get.__qualname__ = "Queue.get"
    Queue.get.__code__ = Queue.get.__code__.replace(co_qualname="Queue.get")
    data = pickle.dumps(_ResultItem(1))
    queue = multiprocessing.Queue()
    try:
        for _ in range(3):
            queue.put(_ResultItem(1))
            assert queue.get(timeout=60).work_id == 1
    finally:
        queue.close()
        queue.join_thread()
    assert (_ResultItem.__module__, "_ResultItem") in audit._held
    for load in (unpickled, Queue().get):
        with pytest.raises(UnsafeModelError):
            load(data)


def unpickled(data: bytes):
    """By an unpickler that no gate stands before."""
    return pickle.Unpickler(io.BytesIO(data)).load()


def test_a_name_that_passed_is_asked_about_again_where_it_may_not(guard):
    """It is remembered for the policy that let it pass; neither another one nor a refusal in this task is passed by."""
    data = pickle.dumps(Unreviewed())
    for _ in range(2):
        unpickled(data)
    token = scope._latched.set(frozenset({f"{Unreviewed.__module__}.Unreviewed"}))
    with pytest.raises(UnsafeModelError):
        unpickled(data)
    scope._latched.reset(token)
    unpickled(data)
    guard.install("strict")
    with pytest.raises(UnsafeModelError):
        unpickled(data)
    scope.unlatch()
    guard.install("standard")
    unpickled(data)


def test_what_is_remembered_is_bounded(guard, monkeypatch):
    audit._passed.clear()
    audit._held.clear()
    monkeypatch.setattr(audit, "PASSED", 3)
    for value in (datetime.date(2020, 1, 2), Unreviewed(), decimal.Decimal(1), collections.OrderedDict(), 1j):
        unpickled(pickle.dumps(value))
    here, there = multiprocessing.Pipe()
    with here, there:
        for value in (_ResultItem(1), _CallItem(1, abs, (), {}), _ExceptionWithTraceback(OSError(), None), os.getpid):
            here.send(value)
            there.recv()
    assert 0 < len(audit._passed) <= 3
    assert 0 < len(audit._held) <= 3
