"""Each hole that docs/explanation/guard.md lists, shown or shown closed. A guard is a rail and no sandbox."""

from __future__ import annotations

import contextvars
import copyreg
import importlib.util
import io
import multiprocessing
import os
import pickle
import re
import sys
from pathlib import Path

import pytest
import samples

from modelscan.errors import UnsafeModelError
from modelscan.guard.events import HISTORY
from modelscan.policy import Policy

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "guard.md"


def test_every_row_of_the_page_names_a_test_that_exists():
    rows = re.findall(r"^\| .* \| `(\w+\.py)::(\w+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) >= 15
    for file, name in rows:
        assert f"def {name}(" in (Path(__file__).parent / file).read_text("utf-8"), name


def test_open_code_that_runs_already(guard, evil, marker):
    guard.uninstall()
    pickle.loads(evil)
    assert marker.exists()


class Own(pickle._Unpickler):
    def find_class(self, module, name):
        return getattr(__import__(module), name)


def test_open_an_unpickler_with_a_find_class_of_its_own(guard, evil, marker):
    Own(io.BytesIO(evil)).load()
    assert marker.exists()


def test_closed_such_an_unpickler_inside_of_a_load(guard, evil, marker):
    """What it runs is stopped where it acts."""
    state = b"B" + len(evil).to_bytes(4, "little") + evil
    with pytest.raises(UnsafeModelError):
        pickle.loads(samples.proto() + samples.global_(__name__, "Opener") + b")\x81" + state + b"b.")
    assert not marker.exists()


class Opener:
    def __setstate__(self, state):
        Own(io.BytesIO(state)).load()


def test_open_an_extension_code_outside_of_a_load(guard, marker):
    """Inside of one the cache is emptied, and the code is a finding."""
    data = samples.proto() + samples.call(b"\x82\x7a", samples.text(str(marker))) + b"."
    copyreg._extension_cache[0x7A] = os.mkdir
    copyreg._inverted_registry[0x7A] = ("os", "mkdir")
    try:
        pickle.Unpickler(io.BytesIO(data)).load()
        assert marker.exists()
        with pytest.raises(UnsafeModelError):
            pickle.loads(data)
    finally:
        copyreg._extension_cache.pop(0x7A, None)
        del copyreg._inverted_registry[0x7A]


def unreviewed(marker) -> bytes:
    return samples.proto() + samples.call(samples.global_(__name__, "borrowed"), samples.text(str(marker))) + b"."


borrowed = os.mkdir


def test_open_an_unreviewed_call_outside_of_a_load(guard, marker):
    pickle.Unpickler(io.BytesIO(unreviewed(marker))).load()
    assert marker.exists()


def test_closed_the_same_in_the_strict_policy(guard, marker):
    guard.install("strict")
    with pytest.raises(UnsafeModelError):
        pickle.Unpickler(io.BytesIO(unreviewed(marker))).load()
    assert not marker.exists()


def test_open_traffic_between_processes(guard, evil, marker):
    """Whoever can write to a pool's pipe is part of the program."""
    here, there = multiprocessing.Pipe()
    there.send_bytes(evil)
    here.recv()
    assert marker.exists()


def test_open_a_thread_that_a_load_starts(guard, marker):
    """It has no part in the scope of the load."""
    pickle.loads(samples.proto() + samples.global_(__name__, "Threaded") + b")\x81" + samples.text(str(marker)) + b"b.")
    assert marker.exists()


class Threaded:
    def __setstate__(self, state):
        import threading

        thread = threading.Thread(target=os.mkdir, args=(state,))
        thread.start()
        thread.join()


def test_open_a_context_that_a_load_leaves_its_own_for(guard, marker):
    """No pickle may name it; a class that is installed here may do it."""
    state = samples.text(str(marker))
    pickle.loads(samples.proto() + samples.global_(__name__, "Elsewhere") + b")\x81" + state + b"b.")
    assert marker.exists()


class Elsewhere:
    def __setstate__(self, state):
        contextvars.Context().run(os.mkdir, state)


@pytest.mark.parametrize("name", ["contextvars.Context", "contextvars.Context.run", "contextvars.copy_context"])
def test_no_pickle_may_name_a_context(guard, name):
    module, _, rest = name.partition(".")
    assert Policy().rules.match(module, rest).rule is not None


def interpreters():
    """The module of the standard library that makes interpreters, by its name in this release."""
    name = "_interpreters" if importlib.util.find_spec("_interpreters") else "_xxsubinterpreters"
    return importlib.import_module(name)


def elsewhere(path) -> None:
    """Makes a folder by an interpreter of its own."""
    module = interpreters()
    number = module.create()
    try:
        module.run_string(number, f"import os; os.mkdir({str(path)!r})")
    finally:
        module.destroy(number)


def test_open_another_interpreter(guard, marker):
    """A hook belongs to one interpreter, and so does a wrapper."""
    elsewhere(marker)
    assert marker.exists()


def test_open_another_interpreter_that_a_load_starts(guard, marker):
    """Up to Python 3.12 it is written down; since then it raises no event."""
    state = samples.text(str(marker))
    pickle.loads(samples.proto() + samples.global_(__name__, "Interpreted") + b")\x81" + state + b"b.")
    assert marker.exists()
    noted = any("cpython.PyInterpreterState_New" in event.noted for event in HISTORY)
    assert noted == (sys.version_info < (3, 13))


class Interpreted:
    def __setstate__(self, state):
        elsewhere(state)


def test_no_pickle_may_name_what_makes_interpreters():
    names = [("_interpreters", "run_string"), ("_interpreters", "exec"), ("_xxsubinterpreters", "run_string")]
    names += [("concurrent.interpreters", "create"), ("concurrent.futures.interpreter", "InterpreterPoolExecutor")]
    assert all(Policy().rules.match(*name).rule is not None for name in names)


def test_open_an_end_of_an_object(guard, marker):
    """It would come after the load just as well."""
    pickle.loads(samples.proto() + samples.global_(__name__, "Ending") + b")\x81" + samples.text(str(marker)) + b"b0N.")
    assert marker.exists()


class Ending:
    def __setstate__(self, state):
        self.path = state

    def __del__(self):
        os.mkdir(self.path)  # noqa: PTH102


def test_open_use_of_a_model_after_its_load(guard, marker):
    model = pickle.loads(
        samples.proto() + samples.global_(__name__, "Acting") + b")\x81" + samples.text(str(marker)) + b"b."
    )
    model.predict()
    assert marker.exists()


class Acting:
    def __setstate__(self, state):
        self.path = state

    def predict(self):
        os.mkdir(self.path)  # noqa: PTH102


def test_closed_members_of_an_npz_that_are_read_later(guard, marker):
    """numpy reads each with `pickle.load`, so each is scanned when it is read, whatever the archive was before."""
    import numpy

    header = io.BytesIO()
    numpy.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    evil = samples.zipped({"a.npy": header.getvalue() + unreviewed(marker)})
    with numpy.lib.npyio.NpzFile(io.BytesIO(evil), allow_pickle=True) as archive, pytest.raises(UnsafeModelError):
        archive["a"]
    assert not marker.exists()
