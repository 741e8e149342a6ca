"""What an approval covers, and what it does not: bytes, places, names, members, folders."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile

import joblib
import numpy as np
import pytest
from samples import call, global_, proto, stack_global, text

import modelscan
from modelscan import approvals, store
from modelscan.errors import FormatError, UnsafeModelError
from modelscan.guard.folder import Folder
from modelscan.policy import Policy
from modelscan.source.tree import files_below, sha256_of


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))


@pytest.fixture
def attempt(guard, marker):
    """Does it load, and act? A refusal that acted all the same is neither."""

    def tried(load):
        try:
            load()
        except UnsafeModelError:
            assert not marker.exists()
            return False
        if marker.exists():
            marker.rmdir()
            return True
        return None

    return tried


def digest(data):
    return hashlib.sha256(data).hexdigest()


def loaded(path):
    with path.open("rb") as file:
        return pickle.load(file)


# Of a file: its bytes, wherever they are


def test_a_file_is_approved_under_any_name_and_by_any_loader(attempt, evil, tmp_path):
    path, other = tmp_path / "m.pkl", tmp_path / "deep" / "other.joblib"
    other.parent.mkdir()
    for file in (path, other):
        file.write_bytes(evil)
    loads = [lambda: joblib.load(path), lambda: joblib.load(other), lambda: loaded(other), lambda: pickle.loads(evil)]
    assert [attempt(load) for load in loads] == [False] * 4
    approvals.add(sha256=digest(evil), reason="looked at it")
    assert [attempt(load) for load in loads] == [True] * 4


CHANGED = {
    "a byte at its end": lambda evil: evil + b"\0",
    "a byte less": lambda evil: evil[:-1],
    "something before": lambda evil: b"N0" + evil,
    "another result": lambda evil: evil[:-1] + b"0N.",
    "twice": lambda evil: evil[:-1] + b"0" + evil[2:],
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_file_that_changed_is_another_file(attempt, evil, tmp_path, change):
    path = tmp_path / "m.pkl"
    path.write_bytes(evil)
    approvals.add(sha256=digest(evil), reason="looked at it")
    assert attempt(lambda: joblib.load(path))
    path.write_bytes(change(evil))
    for load in (lambda: joblib.load(path), lambda: loaded(path), lambda: pickle.loads(change(evil))):
        assert attempt(load) is False
    path.write_bytes(evil)
    assert attempt(lambda: joblib.load(path))


def test_a_link_is_what_it_leads_to_now(attempt, evil, tmp_path):
    good, link = tmp_path / "m.pkl", tmp_path / "link.pkl"
    good.write_bytes(evil)
    approvals.add(sha256=digest(evil), reason="looked at it")
    try:
        link.symlink_to(good)
    except OSError:
        pytest.skip("no links here")
    assert attempt(lambda: joblib.load(link))
    link.unlink()
    (tmp_path / "bad.pkl").write_bytes(evil[:-1] + b"N0.")
    link.symlink_to(tmp_path / "bad.pkl")
    assert attempt(lambda: joblib.load(link)) is False


# Of a member: what a loader is given, never the container around it


def object_array(evil):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return head.getvalue() + evil


def test_an_approved_member_does_not_approve_its_container(attempt, evil, tmp_path):
    array, packed, whole = object_array(evil), tmp_path / "m.pkl.gz", tmp_path / "a.npz"
    packed.write_bytes(gzip.compress(evil))
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.npy", array)
    for data in (evil, array):
        approvals.add(sha256=digest(data), reason="looked at the inner one")

    def member():
        with np.load(whole, allow_pickle=True) as found:
            return found["a"]

    loads = [lambda: joblib.load(packed), member]
    assert [attempt(load) for load in loads] == [False, False]
    with gzip.open(packed) as file:
        assert attempt(lambda: pickle.load(file))  # this loader is given what was approved
    for path in (packed, whole):
        approvals.add(sha256=digest(path.read_bytes()), reason="and at the whole")
    assert [attempt(load) for load in loads] == [True, True]


def test_an_approved_container_does_not_approve_its_members(attempt, evil, tmp_path):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m.pkl", evil)
    approvals.add(sha256=digest(path.read_bytes()), reason="looked at it")
    with zipfile.ZipFile(path) as archive, archive.open("m.pkl") as member:
        assert attempt(lambda: pickle.load(member)) is False
    assert attempt(lambda: pickle.loads(evil)) is False
    assert not modelscan.scan(path, Policy(approved={digest(path.read_bytes()): "looked at it"})).refused
    assert modelscan.scan(path, Policy(approved={digest(evil): "looked at the inner one"})).refused


# Of a folder: all of its files and their paths


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "repository"
    (made / "deep").mkdir(parents=True)
    (made / "hubconf.py").write_text("def model(): ...\n")
    (made / "deep" / "weights.bin").write_bytes(b"\0" * 100)
    (made / "deep-er").write_text("x")
    return made


CHANGES = {
    "a byte": lambda made: (made / "deep" / "weights.bin").write_bytes(b"\0" * 99 + b"\1"),
    "a new file": lambda made: (made / "deep" / "numpy.py").touch(),
    "one less": lambda made: (made / "deep-er").unlink(),
    "a name": lambda made: (made / "hubconf.py").rename(made / "conf.py"),
    "a place": lambda made: (made / "deep-er").rename(made / "deep" / "er"),
    "two swapped": lambda made: [
        (made / "deep-er").rename(made / "t"),
        (made / "hubconf.py").rename(made / "deep-er"),
        (made / "t").rename(made / "hubconf.py"),
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_folder_that_changed_is_another_folder(folder, tmp_path, change):
    before = sha256_of(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert sha256_of(tmp_path / "elsewhere") == Folder(folder).sha256() == before
    CHANGES[change](folder)
    assert sha256_of(folder) != before


@pytest.mark.skipif(os.name != "posix", reason="such links and names")
@pytest.mark.parametrize("odd", ["folder", "loop", "nowhere", "pipe"])
def test_what_no_hash_would_tell_of_has_none(guard, folder, tmp_path, odd):
    """Behind a link to a folder anything may lie later: there is nothing that could be approved."""
    link = folder / "numpy"
    if odd == "pipe":
        os.mkfifo(link)
    else:
        link.symlink_to({"folder": tmp_path, "loop": folder, "nowhere": tmp_path / "nothing"}[odd])
    with pytest.raises((FormatError, OSError)):
        sha256_of(folder)
    assert Folder(folder).sha256() is None


@pytest.mark.skipif(os.name != "posix", reason="such links and names")
def test_what_lies_behind_a_link_is_scanned_as_well(folder, tmp_path, evil):
    (tmp_path / "beyond").mkdir()
    (tmp_path / "beyond" / "m.pkl").write_bytes(evil)
    (folder / "link").symlink_to(tmp_path / "beyond")
    (folder / "again").symlink_to(folder)
    assert [file.name for file in files_below(folder)].count("m.pkl") == 1
    _, found = Folder(folder).examine(Policy())
    assert "mkdir" in {name for _, name in found.names()}


@pytest.mark.skipif(not (shutil.which("sha256sum") and shutil.which("xargs")), reason="needs sha256sum")
@pytest.mark.skipif(sys.platform != "linux", reason="GNU find")
def test_the_hash_of_a_folder_is_what_sha256sum_says(folder):
    for name in (b"a\nb", b"c\\d", b"\xff\xfe", b" e", "ü".encode()):
        (folder / os.fsdecode(name)).write_bytes(name)
    lines = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum --"
    out = subprocess.run(["sh", "-c", lines], cwd=folder, capture_output=True, check=True).stdout
    assert sha256_of(folder) == digest(out)


def test_a_name_with_a_line_end_is_not_two_files(tmp_path):
    if os.name != "posix":
        pytest.skip("such names")
    two, one = tmp_path / "two", tmp_path / "one"
    two.mkdir()
    one.mkdir()
    (two / "a").write_bytes(b"first")
    (two / "b").write_bytes(b"second")
    (one / f"a\n{digest(b'second')}  b").parent.mkdir(parents=True, exist_ok=True)
    (one / f"a\n{digest(b'second')}  b").write_bytes(b"first")
    assert sha256_of(one) != sha256_of(two)


# Once


def test_once_is_of_one_load_of_this_process(attempt, evil):
    approvals.allow_once(digest(evil), "this time")
    code = f"from modelscan import approvals; print(approvals.wants_hash(), approvals.approval_of({digest(evil)!r}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "None"]
    assert not store.exists()
    assert [attempt(lambda: pickle.loads(evil)) for _ in range(2)] == [True, False]
    assert approvals.kept() == ()


# Of a name: that name, with whatever it is given


PLACES = {"okay.py": "class Fine:\n    pass\ndef make(*given): return given\nclass More:\n    pass\n"}
ACTING = "import os\nclass Acts:\n    def __setstate__(self, state): os.mkdir(state['p'])\n"


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Modules of somebody else: `okay` of which two names are approved, `acting` of which none is."""
    place = tmp_path / "site-packages"
    place.mkdir()
    (place / "okay.py").write_text(PLACES["okay.py"])
    (place / "acting.py").write_text(ACTING)
    monkeypatch.syspath_prepend(str(place))
    for name in ("okay.Fine", "okay.make"):
        approvals.add(name=name, reason="read it")
    yield place
    for name in ("okay", "acting", "nearby"):
        sys.modules.pop(name, None)


def made(module, name, marker):
    return global_(module, name) + b")\x81}" + text("p") + text(str(marker)) + b"sb"


def test_an_approved_name_does_not_cover_what_another_name_does(attempt, library, marker):
    """Neither its acts nor its call: what an unread class does is stopped beside an approved one as it is alone."""
    acts, fine = made("acting", "Acts", marker), made("okay", "Fine", marker)
    for data in (acts, b"](" + fine + acts + b"e", b"](" + call(global_("okay", "make"), text("x")) + acts + b"e"):
        assert attempt(lambda data=data: pickle.loads(proto() + data + b".")) is False
    approvals.add(name="acting.Acts", reason="it is meant to")
    assert attempt(lambda: pickle.loads(proto() + b"](" + fine + acts + b"e.")) is True


@pytest.mark.parametrize("given", [("x",), (1, [2, {"a": None}]), ()])
def test_an_approved_name_covers_any_data_that_it_is_given(attempt, library, given):
    data = call(global_("okay", "make"), *(pickle.dumps(value, 2)[2:-1] for value in given)) + b"."
    assert attempt(lambda: pickle.loads(proto() + data)) is None


DENIED = {
    "a denied function": call(global_("okay", "make"), global_("os", "system")),
    "a denied call": call(global_("okay", "make"), call(global_("os", "mkdir"), text("x"))),
    "an unread call": call(global_("okay", "make"), call(global_("acting", "Acts"), text("x"))),
    "what it returns is called": call(call(global_("okay", "make"), text("x")), text("y")),
    "another name of it": call(global_("okay", "More"), text("x")),
    "an attribute of it": call(stack_global("okay", "Fine.mro")),
    "an attribute by getattr": call(call(global_("builtins", "getattr"), global_("okay", "Fine"), text("mro"))),
    "a method of an instance": call(
        call(global_("builtins", "getattr"), global_("okay", "Fine") + b")\x81", text("__reduce_ex__")), b"K\x02"
    ),
    "a longer name": call(global_("okay", "make_more"), text("x")),
    "a shorter module": call(global_("oka", "make"), text("x")),
    "a module below": call(global_("okay.make", "f"), text("x")),
    "another case": call(global_("okay", "Make"), text("x")),
    "a writing that looks the same": call(global_("okаy", "make"), text("x")),
    "a wide writing": call(global_("ｏkay", "make"), text("x")),
    "writing into it": global_("okay", "Fine") + b"}" + text("p") + text("q") + b"sb",
}


@pytest.mark.parametrize("data", DENIED.values(), ids=DENIED)
def test_an_approved_name_covers_no_other(attempt, library, data):
    assert attempt(lambda: pickle.loads(proto() + data + b".")) is False


@pytest.mark.parametrize("data", [made("nearby", "Fine", "x"), call(global_("nearby", "make"), text("x"))])
@pytest.mark.parametrize("how", ["kept", "block"])
def test_an_approved_name_does_not_cover_a_module_that_came_with_the_model(
    attempt, library, tmp_path, marker, monkeypatch, data, how
):
    """What would be imported from beside the model is not what was read when the name was approved."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "nearby.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n" + PLACES["okay.py"])
    (folder / "m.pkl").write_bytes(proto() + data + b".")
    monkeypatch.syspath_prepend(str(folder))
    names = ("nearby.Fine", "nearby.make")
    if how == "block":
        with modelscan.allow(name=names[0]), modelscan.allow(name=names[1]):
            assert attempt(lambda: loaded(folder / "m.pkl")) is False
        return
    for name in names:
        approvals.add(name=name, reason="read it once")
    assert attempt(lambda: loaded(folder / "m.pkl")) is False
    import importlib

    importlib.import_module("nearby")  # who imports it, looked at it
    marker.rmdir()
    assert attempt(lambda: loaded(folder / "m.pkl")) is None


TEXTS = (
    *("*", "okay.*", "okay.[a-z]*", "okay.make()", "okay..make", "okay", "", ".", "okay.make\0", "okay/make"),
    *(
        "okay.make;os.system",
        "okay.make\nos.system",
        "okay.make,okay.More",
        "okay.ma\u200bke",
        "re:okay",
        "okay.{make}",
    ),
)


@pytest.mark.parametrize("spelled", TEXTS)
def test_what_looks_like_many_names_is_none(spelled):
    with pytest.raises(ValueError, match=r"no full name|CRITICAL"):
        approvals.add(name=spelled, reason="because")
    assert approvals.kept() == ()


ALIASES = [
    ("__builtin__.frozenset", ("builtins", "frozenset")),
    ("posix.mkdir", ("os", "mkdir")),
    ("os.mkdir", ("nt", "mkdir")),
]


@pytest.mark.parametrize(("approved", "asked"), ALIASES)
def test_an_alias_is_the_same_name(approved, asked):
    data = proto() + call(global_(*asked), text("x")) + b"."
    assert not modelscan.scan(data, Policy().with_allowed([approved])).refused
