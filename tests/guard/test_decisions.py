"""Policies, approvals, and what is remembered and told."""

from __future__ import annotations

import hashlib
import io
import linecache
import os
import pickle
import warnings

import joblib
import pytest
import samples

import modelscan
from modelscan.errors import UnsafeModelError
from modelscan.guard.events import HISTORY, KEPT, Decision
from modelscan.report import Verdict


def refuse(data):
    with pytest.raises(UnsafeModelError) as caught:
        pickle.loads(data)
    return caught.value


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_a_refusal_carries_its_report(guard, told, evil, marker):
    error = refuse(evil)
    assert error.report.verdict is Verdict.UNSAFE
    assert error.report.sha256 == sha256(evil)
    assert guard.report(error.number) is error.report
    assert str(error) == "refused to load '<bytes>': 1 HIGH (os.mkdir)"
    assert error.caller.startswith("test_decisions.py:")
    assert [event.number for event in told] == [error.number]
    assert not marker.exists()


def test_a_refusal_travels_between_processes(evil, guard):
    error = refuse(evil)
    guard.uninstall()
    assert pickle.loads(pickle.dumps(error)).report == error.report


@pytest.mark.parametrize("protocol", range(6))
def test_a_refusal_is_data_to_a_guarded_process(evil, guard, protocol):
    guard.install("strict")
    error = refuse(evil)
    pickled = io.BytesIO()
    pickler = pickle.Pickler(pickled, protocol)
    pickler.dispatch_table = {}  # once dask.distributed is imported, tblib pickles the tracebacks of all exceptions
    pickler.dump(error)
    again = pickle.loads(pickled.getvalue())
    assert (str(again), again.report, again.number, again.caller) == (
        str(error),
        error.report,
        error.number,
        error.caller,
    )
    for name in ("modelscan.guard", "uninstall"), ("modelscan.errors", "UnsafeModelError.watcher"):
        refuse(samples.proto() + samples.call(samples.stack_global(*name)) + b".")


def test_allowed_by_hash_and_by_nothing_else(guard, told, evil, marker):
    with modelscan.allow(sha256=sha256(evil), reason="looked at it"):
        refuse(evil[:-1] + b"N0.")
        assert not marker.exists()
        pickle.loads(evil)
    assert marker.exists()
    assert told[-1].decision is Decision.ALLOWED
    marker.rmdir()
    refuse(evil)


def test_allowed_by_hash_of_a_file(guard, evil, marker, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(evil)
    with modelscan.allow(sha256=sha256(evil)):
        joblib.load(path)
    assert marker.exists()


def test_allowed_by_hash_may_start_a_program(guard, marker):
    callee = samples.global_("os", "system")
    data = samples.proto() + samples.call(callee, samples.text(f'mkdir "{marker}"')) + b"."
    refuse(data)
    with modelscan.allow(sha256=sha256(data)):
        pickle.loads(data)
    assert marker.exists()


def test_allowed_by_name(guard, evil, marker):
    with modelscan.allow(name="os.mkdir"):
        pickle.loads(evil)
    assert marker.exists()


def test_allowed_once(guard, evil, marker):
    number = refuse(evil).number
    guard.allow_once(number, "looked at it")
    pickle.loads(evil)
    assert marker.exists()
    marker.rmdir()
    refuse(evil)


def test_there_must_be_a_file_to_allow(guard, evil):
    with pytest.raises(UnsafeModelError) as caught:
        pickle.Unpickler(io.BytesIO(evil)).load()
    with pytest.raises(ValueError, match="nothing to allow"):
        guard.allow_once(caught.value.number, "")
    with pytest.raises(LookupError):
        guard.allow_once(0, "")
    with pytest.raises(LookupError):
        guard.report(0)


def test_standard_loads_the_unverified_and_says_so(guard, told, unverified):
    pickle.loads(unverified)
    assert [(event.verdict, event.decision) for event in told] == [(Verdict.UNVERIFIED, Decision.LOADED)]


def test_strict_refuses_the_unverified(guard, unverified):
    guard.install("strict")
    assert "LOW" in str(refuse(unverified))
    with pytest.raises(UnsafeModelError):
        pickle.Unpickler(io.BytesIO(unverified)).load()


def test_warn_loads_and_tells(guard, told, evil, marker):
    guard.install("warn")
    pickle.loads(evil)
    assert marker.exists()
    assert [event.decision for event in told] == [Decision.WARNED]
    marker.rmdir()
    pickle.Unpickler(io.BytesIO(evil)).load()
    assert marker.exists()


def test_off_says_nothing(guard, told, evil, marker):
    guard.install("off")
    pickle.loads(evil)
    assert marker.exists()
    assert told == []


def test_inconclusive_is_refused(guard, tmp_path):
    path = tmp_path / "x.zip"
    archive = bytearray(samples.zipped({"a": b"\0" * 40}))
    archive[6] |= 1
    archive[archive.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(archive)
    with pytest.raises(UnsafeModelError, match=r"refused to load 'x\.zip': not analysed, member 'a' is encrypted"):
        joblib.load(path)


def test_a_listener_that_fails_changes_nothing(guard, evil):
    def fail(event):
        raise RuntimeError("no")

    guard.on_refusal(fail)
    refuse(evil)
    guard.off_refusal(fail)
    guard.off_refusal(fail)


def test_a_listener_may_load(guard, evil):
    heard = []

    def listen(event):
        heard.append(event)
        pickle.loads(evil)

    guard.on_refusal(listen)
    refuse(evil)
    guard.off_refusal(listen)
    assert len(heard) == 1


def test_history_remembers_loads_and_keeps_refusals_apart(guard, evil, unverified, monkeypatch):
    number = refuse(evil).number
    for _ in range(KEPT + 5):
        HISTORY.add(HISTORY.number(), "x", Decision.LOADED, None, guard.report(number))
    assert guard.report(number)
    numbers = [event.number for event in guard.history()]
    assert numbers == sorted(numbers)
    assert len(numbers) <= 2 * KEPT


def test_a_cell_is_quoted_and_a_file_is_not(guard, evil):
    source = "value = pickle.loads(data)  # a cell\n"
    name = "<a-cell-of-this-test>"
    linecache.cache[name] = (len(source), None, [source], name)
    with pytest.raises(UnsafeModelError) as caught:
        exec(compile(source, name, "exec"), {"pickle": pickle, "data": evil, "__name__": "__main__"})
    assert caught.value.caller == source.strip()
    assert "%modelscan allow --once" in caught.value._render_traceback_()[-1]


def test_names_out_of_a_file_are_inert(guard):
    callee = samples.stack_global("os\x1b[31m\u202e", "system")
    data = samples.proto() + samples.call(callee, samples.text("x")) + b"."
    assert str(refuse(data)).isprintable()


def test_pickles_warn_as_they_did(guard):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickle.dumps([1])) == [1]


def test_a_library_that_falls_back_meets_the_same_refusal(guard, marker, tmp_path):
    """An unreviewed call passes an Unpickler outside of any loader, but not right after it was refused."""
    data = samples.proto() + samples.call(samples.global_(__name__, "act"), samples.text(str(marker))) + b"."
    path = tmp_path / "model.pkl"
    path.write_bytes(data)

    def lenient():
        try:
            return joblib.load(path)
        except Exception:
            with path.open("rb") as file:
                return pickle.Unpickler(file).load()

    guard.install()
    with pytest.raises(UnsafeModelError):
        lenient()
    assert not marker.exists()
    guard.sweep({})  # a new cell: somebody may try on purpose
    pickle.Unpickler(io.BytesIO(data)).load()
    assert marker.exists()


act = os.mkdir
