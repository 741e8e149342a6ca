"""What is kept between sessions."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import joblib
import pytest
import samples

import modelscan
from modelscan import store
from modelscan.errors import UnsafeModelError
from modelscan.guard import journal


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    return tmp_path / "home"


def refuse(load, *args):
    with pytest.raises(UnsafeModelError) as caught:
        load(*args)
    return caught.value


def test_a_refusal_is_written_down(guard, evil, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(evil)
    before = time.time()
    refuse(joblib.load, path)
    (entry,) = guard.kept_history()
    assert before <= entry.time <= time.time()
    assert entry.milliseconds > 0
    assert entry.caller.startswith("test_journal.py:")
    expected = (os.getpid(), "joblib.load", str(path), hashlib.sha256(evil).hexdigest(), "UNSAFE", "refused")
    assert (entry.process, entry.loader, entry.source, entry.sha256, entry.verdict, entry.decision) == expected
    assert entry.about == "HIGH os.mkdir"


def test_overrides_warnings_and_the_unreviewed_are_written_down(guard, evil, marker, unverified):
    with modelscan.allow(sha256=hashlib.sha256(evil).hexdigest()):
        pickle.loads(evil)
    guard.install("warn")
    marker.rmdir()
    pickle.loads(evil)
    guard.install()
    pickle.loads(unverified)
    refuse(pickle.Unpickler(io.BytesIO(evil)).load)
    rows = [(entry.verdict, entry.decision) for entry in guard.kept_history()]
    assert rows == [("UNSAFE", "allowed"), ("UNSAFE", "warned"), ("UNVERIFIED", "loaded"), ("UNSAFE", "refused")]
    assert guard.kept_history(limit=1)[0].loader == "unpickler"


def test_a_silent_load_touches_no_disk(guard, home):
    import datetime

    pickle.loads(pickle.dumps([datetime.date(2020, 1, 2)]))
    assert not home.exists()


def test_another_session_reads_it(guard, evil):
    refuse(pickle.loads, evil)
    code = "import modelscan; print(*[entry.about for entry in modelscan.guard.kept_history()])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "HIGH os.mkdir\n"


def test_a_store_that_fails_fails_no_load(guard, evil, unverified, home, monkeypatch):
    home.mkdir()
    (home / store.FILE).write_bytes(b"no database" * 100)
    refuse(pickle.loads, evil)
    assert pickle.loads(unverified)
    monkeypatch.setattr(journal, "_INSERT", "nonsense")
    refuse(pickle.loads, evil)


def test_a_refusal_inside_of_a_load_is_written_down(guard, marker, evil):
    state = b"B" + len(evil).to_bytes(4, "little") + evil
    refuse(pickle.loads, samples.proto() + samples.global_(__name__, "Opener") + b")\x81" + state + b"b.")
    assert len(guard.kept_history()) == 1


class Opener:
    def __setstate__(self, state):
        pickle.loads(state)


def test_old_entries_make_room(guard, evil, monkeypatch):
    monkeypatch.setattr(journal, "KEPT", 3)
    for _ in range(5):
        refuse(pickle.loads, evil)
    assert len(guard.kept_history()) == 3


def test_many_threads_write(guard, evil):
    threads = [threading.Thread(target=lambda: refuse(pickle.loads, evil)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(guard.kept_history()) == 10


KERNEL = """
import pickle, sys
from modelscan import guard
from modelscan.errors import UnsafeModelError
guard.install()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    try:
        pickle.loads(bytes.fromhex(sys.argv[1]))
    except UnsafeModelError:
        continue
    raise SystemExit("loaded")
"""


def test_many_kernels_write(guard, evil):
    """None of them waits for a store that was made before, or for the others to be done."""
    line = [sys.executable, "-c", KERNEL, evil.hex()]
    kernels = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [kernel.stdout.readline() for kernel in kernels] == ["ready\n"] * 3
    for kernel in kernels:
        kernel.stdin.write("\n")
        kernel.stdin.flush()
    assert [kernel.communicate()[0] for kernel in kernels] == [""] * 3
    rows = guard.kept_history()
    assert {kernel.returncode for kernel in kernels} == {0}
    assert sorted(entry.process for entry in rows) == sorted(kernel.pid for kernel in kernels for _ in range(20))


def test_where_nothing_can_be_written_it_is_kept_in_memory(guard, evil, marker, tmp_path, monkeypatch, caplog):
    """A home on a medium that cannot be written to, say."""
    caplog.set_level("WARNING", "modelscan")  # whatever a command before has set it to
    (tmp_path / "file").touch()
    monkeypatch.setenv(store.HOME, str(tmp_path / "file" / "home"))
    number = refuse(pickle.loads, evil).number
    refuse(pickle.loads, evil)
    assert [entry.decision for entry in guard.kept_history()] == ["refused", "refused"]
    guard.allow_once(number, "looked at it")
    pickle.loads(evil)
    assert marker.exists()
    assert len(caplog.records) == 1


def test_a_name_out_of_a_file_is_data(guard, marker):
    callee = samples.stack_global("os'); DROP TABLE history; --", "x")
    refuse(pickle.loads, samples.proto() + samples.call(callee) + b".")
    with closing(sqlite3.connect(store.path())) as connection:
        assert connection.execute("SELECT count(*) FROM history").fetchone() == (1,)


def test_kept_approvals_are_honoured(guard, evil, marker):
    from modelscan import approvals

    refuse(pickle.loads, evil)
    approvals.add(sha256=hashlib.sha256(evil).hexdigest(), reason="looked at it")
    pickle.loads(evil)
    assert marker.exists()
    marker.rmdir()
    assert guard.kept_history()[-1].decision == "allowed"
    refuse(pickle.loads, evil[:-1] + b"N0.")
    approvals.add(name="os.mkdir", reason="harmless")
    pickle.loads(evil[:-1] + b"N0.")
    assert marker.exists()
    approvals.revoke("os.mkdir")
    refuse(pickle.loads, evil[:-1] + b"N0.")
