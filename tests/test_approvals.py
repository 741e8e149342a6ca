"""Approvals that are kept: by file and by name, for every process, safe with many writers and sudden ends."""

from __future__ import annotations

import hashlib
import os
import pickle
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
import sys
from modelscan import approvals
for number in range(int(sys.argv[2])):
    name = f"pkg.w{sys.argv[1]}.N{number}"
    approvals.add(name=name, reason="load test")
    print(name, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9")
def test_eight_writers_and_a_sudden_end_lose_nothing(home):
    """Whatever a writer was told is kept is kept, also when it or another one is killed in the middle."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(number), "20" if number else "100000"], stdout=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    victim, *others = writers
    said = [victim.stdout.readline().strip() for _ in range(10)]
    victim.send_signal(signal.SIGKILL)
    for writer in writers:
        rest, _ = writer.communicate(timeout=120)
        said += [line for line in rest.splitlines() if line.startswith("pkg.w") and line[-1].isdigit()]
    assert victim.returncode == -signal.SIGKILL
    assert [writer.returncode for writer in others] == [0] * 7
    found = {row.name for row in approvals.kept()}
    assert set(said) - {said[-1]} <= found  # the victim's last line may be torn
    assert len(found) >= 7 * 20 + 9
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
