"""A sha256 costs more than a scan: it is made where an approval or a refusal needs it, once, and nowhere else."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import zipfile

import joblib
import numpy as np
import pytest
from hashing import counted
from samples import call, global_, payload, proto, text

import modelscan
from modelscan import approvals, guard, store
from modelscan.cli import main
from modelscan.errors import UnsafeModelError
from modelscan.policy import Policy

SAFE = pickle.dumps({"weights": list(range(1000))})
UNVERIFIED = proto() + global_("collections", "OrderedDict") + b"0" + global_("textwrap", "TextWrapper") + b")\x81."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    made = tmp_path / "models"
    made.mkdir()
    monkeypatch.chdir(tmp_path)
    (made / "safe.pkl").write_bytes(SAFE)
    (made / "safe.pkl.gz").write_bytes(gzip.compress(SAFE))
    (made / "unverified.pkl").write_bytes(UNVERIFIED)
    (made / "evil.pkl").write_bytes(proto() + payload(tmp_path / "marker") + b".")
    np.save(made / "a.npy", np.arange(10))
    joblib.dump([np.arange(100.0), "x"], made / "j.joblib", compress=3)
    with zipfile.ZipFile(made / "z.zip", "w") as archive:
        archive.writestr("m.pkl", SAFE)
    return made


@pytest.fixture
def installed():
    guard.install()
    yield
    guard.uninstall()


def approve_something():
    approvals.add(sha256="ab" * 32, reason="another file")
    approvals.add(name="pkg.a.C", reason="another class")


def size(path):
    return path.stat().st_size


@pytest.mark.parametrize("approved", [False, True])
def test_a_scan_hashes_only_what_may_be_approved(folder, approved):
    policy = Policy(approved={"ab" * 32: "another file"}) if approved else Policy()
    for path in sorted(folder.iterdir()):
        with counted() as hashed:
            report = modelscan.scan(path, policy)
        wanted = approved and report.verdict != "SAFE"
        assert hashed == ([size(path)] if wanted else []), path
        assert (report.sha256 is not None) is wanted
    with counted() as hashed:
        modelscan.scan(folder, policy)
        modelscan.scan(SAFE, policy)
    not_safe = [size(folder / name) for name in ("evil.pkl", "unverified.pkl")]
    assert sorted(hashed) == (sorted(not_safe) if approved else [])


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("form", ["console", "json", "sarif", "markdown", "html"])
def test_the_command_hashes_only_what_may_be_approved(folder, approved, form, capsys):
    if approved:
        approve_something()
    calm = [str(path) for path in sorted(folder.iterdir()) if "evil" not in path.name and "unver" not in path.name]
    with counted() as hashed, pytest.raises(SystemExit) as ended:
        main(["scan", "-r", form, "--no-cache", *(part for path in calm for part in ("-p", path))])
    assert (ended.value.code, hashed) == (0, [])
    with counted() as hashed, pytest.raises(SystemExit) as ended:
        main(["scan", "-r", form, "--no-cache", "-p", str(folder)])
    assert ended.value.code == 1
    not_safe = [size(folder / name) for name in ("evil.pkl", "unverified.pkl")]
    assert sorted(hashed) == (sorted(not_safe) if approved else [])


def loads(folder):
    """Every sort of source: bytes, a file object, a stream, a path, an archive."""
    yield lambda name: pickle.loads((folder / name).read_bytes())
    yield lambda name: joblib.load(folder / name)

    def by_file(name):
        with (folder / name).open("rb") as file:
            return pickle.load(file)

    def by_stream(name):
        packed = folder / "packed.gz"
        packed.write_bytes(gzip.compress((folder / name).read_bytes()))
        with gzip.open(packed) as file:
            return pickle.load(file)

    yield by_file
    yield by_stream


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("word", ["standard", "strict", "warn", "off"])
def test_a_load_is_hashed_where_it_is_refused_and_then_once(folder, installed, word, approved):
    if approved:
        approve_something()
    guard.install(word)
    for load in loads(folder):
        for name in ("safe.pkl", "unverified.pkl", "evil.pkl"):
            refused = name == "evil.pkl" or (word == "strict" and name == "unverified.pkl")
            refused = refused and word not in ("warn", "off")
            with counted() as hashed:
                if refused:
                    with pytest.raises(UnsafeModelError) as caught:
                        load(name)
                    assert caught.value.report.sha256 == hashlib.sha256((folder / name).read_bytes()).hexdigest()
                else:
                    load(name)
            assert hashed == ([size(folder / name)] if refused else []), (name, load)
            (folder.parent / "marker").rmdir() if (folder.parent / "marker").exists() else None
    with counted() as hashed:
        np.load(folder / "a.npy", allow_pickle=True)
        joblib.load(folder / "j.joblib")
        joblib.load(folder / "safe.pkl.gz")
    assert hashed == []


def test_what_is_approved_by_hash_is_hashed_once(folder, installed):
    approvals.add(sha256=hashlib.sha256((folder / "evil.pkl").read_bytes()).hexdigest(), reason="ours")
    for load in loads(folder):
        with counted() as hashed:
            load("evil.pkl")
        assert hashed == [size(folder / "evil.pkl")]
        (folder.parent / "marker").rmdir()


def test_what_is_approved_by_name_is_not_hashed(folder, installed):
    data = proto() + call(global_("textwrap", "dedent"), text("x")) + b"."
    approvals.add(name="textwrap.dedent", reason="read it")
    with counted() as hashed:
        assert pickle.loads(data) == "x"
    assert hashed == []


def test_the_counter_counts(folder):
    """Of ours, through every door of hashlib, and of nobody else."""
    scope = {"__name__": "modelscan.somewhere", "hashlib": hashlib}
    with counted() as hashed, (folder / "safe.pkl").open("rb") as file:
        exec("h = hashlib.sha256(b'ab'); h.update(b'c'); hashlib.new('sha256', b'x')", scope)
        exec("hashlib.file_digest(file, 'sha256')", {**scope, "file": file})
        hashlib.sha256(b"not ours")
    assert hashed == [3, 1, len(SAFE)]
    assert scope["h"].hexdigest() == hashlib.sha256(b"abc").hexdigest()
