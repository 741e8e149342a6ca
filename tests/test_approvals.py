"""Approvals that are kept: by file and by name, for every process, safe with many writers and sudden ends."""

from __future__ import annotations

import collections
import hashlib
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest
from samples import call, global_, payload

import modelscan
from modelscan import approvals, guard, store
from modelscan.errors import StoreError, UnsafeModelError

DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.fixture
def guarded():
    guard.install()
    yield
    guard.uninstall()


def elsewhere(code):
    """Runs code in another process of the same user."""
    script = f"from modelscan import approvals\n{code}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_kept_approvals_are_listed_in_order_with_who_when_and_why():
    approvals.add(sha256=DIGEST.upper(), reason="built by us")
    approvals.add(name="pkg.b.C", reason=" read its source ")
    approvals.add(name="pkg.a.C", reason="same")
    assert [(row.kind, row.value, row.reason) for row in approvals.kept()] == [
        ("name", "pkg.a.C", "same"),
        ("name", "pkg.b.C", "read its source"),
        ("sha256", DIGEST, "built by us"),
    ]
    assert all(row.created.endswith("+00:00") and row.user == approvals.user() for row in approvals.kept())


def test_asking_makes_no_store(home):
    assert approvals.kept() == ()
    assert not approvals.wants_hash()
    assert approvals.approval_of(DIGEST) is None
    assert not home.exists()


@pytest.mark.parametrize("wrong", [{}, {"sha256": "ab"}, {"name": "system"}, {"name": "a..b"}, {"name": "os.system"}])
def test_what_cannot_be_approved(wrong):
    with pytest.raises(ValueError, match=r"."):
        approvals.add(**wrong, reason="because")
    assert approvals.kept() == ()


def test_an_approval_needs_a_reason():
    with pytest.raises(ValueError, match="reason"):
        approvals.add(name="pkg.a.C", reason=" ")


def test_a_name_is_kept_in_its_usual_spelling():
    assert approvals.add(name="sklearn.externals.joblib.numpy_pickle.Odd", reason="old").name != "sklearn.externals"
    assert approvals.add(name="__builtin__.frozenset", reason="python 2").name == "builtins.frozenset"


def test_a_name_that_became_critical_is_no_longer_allowed():
    with store.connect() as connection:
        connection.execute("INSERT INTO approvals VALUES ('name', 'os.system', 'old', '', '')")
    assert approvals.kept_names() == frozenset()


def test_nothing_is_kept_where_nothing_can_be(home):
    home.write_bytes(b"")
    with pytest.raises(StoreError):
        approvals.add(name="pkg.a.C", reason="because")


def test_revoking_by_name_by_hash_and_by_its_beginning():
    approvals.add(name="pkg.a.C", reason="1")
    approvals.add(sha256=DIGEST, reason="2")
    approvals.add(sha256="ab" * 31 + "cd", reason="3")
    assert approvals.revoke("pkg.a.D") == ()
    assert [row.reason for row in approvals.revoke("pkg.a.C")] == ["1"]
    with pytest.raises(ValueError, match="2 approved hashes"):
        approvals.revoke("ABABABAB")
    assert [row.reason for row in approvals.revoke("ab" * 31 + "c")] == ["3"]
    assert [row.reason for row in approvals.kept()] == ["2"]


def test_a_kept_hash_lifts_a_refusal_until_it_is_revoked_elsewhere(guarded, marker):
    evil = payload(marker) + b"."
    digest = hashlib.sha256(evil).hexdigest()
    with pytest.raises(UnsafeModelError):
        pickle.loads(evil)
    elsewhere(f"approvals.add(sha256={digest!r}, reason='looked at it')")
    pickle.loads(evil)
    assert marker.exists()
    marker.rmdir()
    elsewhere(f"approvals.revoke({digest!r})")
    with pytest.raises(UnsafeModelError):
        pickle.loads(evil)
    assert not marker.exists()


def test_a_kept_name_makes_its_call_trusted_until_it_is_revoked_elsewhere(guarded):
    data = call(global_("textwrap", "dedent"), b"\x8c\x02 x") + b"."
    with pytest.raises(UnsafeModelError):
        pickle.loads(data)
    elsewhere("approvals.add(name='textwrap.dedent', reason='read it')")
    assert pickle.loads(data) == "x"
    elsewhere("approvals.revoke('textwrap.dedent')")
    with pytest.raises(UnsafeModelError):
        pickle.loads(data)


def test_a_safe_load_never_asks_the_store(guarded, monkeypatch):
    monkeypatch.setattr(store, "path", lambda: pytest.fail("the store was asked"))
    assert pickle.loads(pickle.dumps({"a": frozenset([1])})) == {"a": frozenset([1])}


def test_a_kept_approval_does_not_use_up_a_once_approval():
    approvals.allow_once(DIGEST, "once")
    approvals.add(sha256=DIGEST, reason="kept")
    assert approvals.approval_of(DIGEST).reason == "kept"
    approvals.revoke(DIGEST)
    assert approvals.approval_of(DIGEST).reason == "once"
    assert approvals.approval_of(DIGEST) is None


WRITER = """
import itertools, sys
from modelscan import approvals
from modelscan.approvals import Approval
me = sys.argv[1]
for number in itertools.count():
    name = f"pkg.w{me}.N{number}"
    approvals.add(name=name, reason="load test")
    print("added", name, flush=True)
    approvals.add_all([Approval(None, f"pkg.b{me}.N{number}.P{part}", "a batch") for part in range(5)])
    print("batch", number, flush=True)
    if number % 3 == 0:
        print("revoking", name, flush=True)
        approvals.revoke(name)
        print("revoked", name, flush=True)
"""
READER = """
import sys
from modelscan import approvals
seen = 0
while True:
    rows = approvals.kept()
    assert len(rows) >= seen and all(row.reason in ("load test", "a batch") for row in rows)
    batches = [row.name.rpartition(".")[0] for row in rows if row.reason == "a batch"]
    assert all(batches.count(name) == 5 for name in set(batches))
    seen = len(batches)
    print("read", flush=True)
"""


def lines_of(process, count):
    """The next `count` lines that a process says; what it says after its last line end is not said."""
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9")
@pytest.mark.parametrize("seed", range(2))
def test_eight_writers_killed_in_the_middle_lose_nothing(home, seed):
    """Whatever a writer was told is kept is kept, and what was revoked stays revoked, with readers all the time."""
    chance = random.Random(seed)
    command = [sys.executable, "-c"]
    readers = [subprocess.Popen([*command, READER], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    writers = [
        subprocess.Popen([*command, WRITER, f"{number}"], stdout=subprocess.PIPE, text=True) for number in range(8)
    ]
    said = []
    for writer in writers:
        said += lines_of(writer, chance.randint(1, 12))
        writer.kill()
    for reader in readers:
        assert lines_of(reader, 1) == ["read"]
        reader.kill()
        reader.communicate()
        assert reader.returncode == -signal.SIGKILL  # and not of what it saw
    for writer in writers:
        said += [line for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    told = [tuple(line.split()) for line in said]
    found = {row.name for row in approvals.kept()}
    ended = {name for word, name in told if word in ("revoking", "revoked")}
    assert {name for word, name in told if word == "added"} - ended <= found
    assert not {name for word, name in told if word == "revoked"} & found
    parts = collections.Counter(name.rpartition(".")[0] for name in found if ".b" in name)
    assert set(parts.values()) <= {5}
    assert len(parts) >= sum(word == "batch" for word, _ in told)
    with closing(sqlite3.connect(home / store.FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    approvals.add(name="pkg.after.C", reason="it can still be written to")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_approvals_that_others_may_write_are_not_honoured(guarded, marker):
    evil = payload(marker) + b"."
    approvals.add(sha256=hashlib.sha256(evil).hexdigest(), reason="looked at it")
    store.path().chmod(0o622)
    with suppress(UnsafeModelError):
        pickle.loads(evil)
    assert not marker.exists()


def test_approvals_of_a_block_stay_in_the_block(guarded, marker):
    with modelscan.allow(name="textwrap.dedent", reason="here"):
        pass
    assert approvals.kept() == ()
