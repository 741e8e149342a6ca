"""Models of joblib before 0.10, which wrote each array into a file of its own beside the pickle."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
import warnings
import zlib
from dataclasses import replace

import joblib
import live
import numpy as np
import pytest
from joblib.numpy_pickle_compat import NDArrayWrapper, ZNDArrayWrapper
from live import Case
from samples import Payload, call, global_, proto, text
from sklearn.ensemble import RandomForestClassifier

import modelscan
from modelscan import guard
from modelscan.policy import Policy

WRAPPERS = ["joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle", "joblib.numpy_pickle_compat"]


class Old(pickle._Pickler):
    """Writes as NumpyPickler of joblib 0.9.4 does: arrays into `m.pkl_01.npy` and on, with `compress` as `.npy.z`."""

    def __init__(self, file, path, protocol, compress):
        super().__init__(file, protocol)
        self.path, self.compress, self.written = path, compress, 0

    def save(self, obj, save_persistent_id=True):
        if type(obj) is np.ndarray and not (self.compress and obj.dtype.hasobject):
            self.written += 1
            beside = self.path.with_name(f"{self.path.name}_{self.written:02}.npy" + ".z" * bool(self.compress))
            obj = self._compressed(beside, obj) if self.compress else self._saved(beside, obj)
        super().save(obj, save_persistent_id)

    def _saved(self, beside, array):
        np.save(beside, array)
        return NDArrayWrapper(beside.name, np.ndarray, True)

    def _compressed(self, beside, array):
        _, args, state = array.__reduce__()
        beside.write_bytes(zfile(state[-1], self.compress))
        return ZNDArrayWrapper(beside.name, args, state[:-1])


def zfile(data: bytes, level: int = 3) -> bytes:
    return b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data, level)


def dump(value, path, protocol=2, compress=0):
    import io

    target = io.BytesIO()
    Old(target, path, protocol, compress).dump(value)
    data = target.getvalue()
    if protocol < 4:  # where the class stood when these were written
        data = data.replace(b"joblib.numpy_pickle_compat", b"joblib.numpy_pickle")
    path.write_bytes(zfile(data, compress) if compress else data)


def wrapper(*state: bytes, place: str = "joblib.numpy_pickle") -> bytes:
    return global_(place, "NDArrayWrapper") + b")\x81}(" + b"".join(state) + b"ub"


@pytest.fixture(scope="module")
def forest():
    data = np.random.default_rng(0).random((60, 4))
    return RandomForestClassifier(3, random_state=0).fit(data, (data[:, 0] > 0.5).astype(int))


@pytest.mark.parametrize("compress", [0, 3])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_an_ordinary_old_dump_is_safe_with_its_files(tmp_path, forest, protocol, compress):
    value = {"model": forest, "data": [np.arange(40), np.array(["a", "b"]), np.asfortranarray(np.ones((3, 4)))]}
    dump(value, tmp_path / "m.pkl", protocol, compress)
    assert len(list(tmp_path.iterdir())) > 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = joblib.load(tmp_path / "m.pkl")
    assert np.array_equal(loaded["data"][2], value["data"][2])
    assert loaded["model"].predict(np.zeros((1, 4))) == forest.predict(np.zeros((1, 4)))
    report = modelscan.scan(tmp_path / "m.pkl")
    assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())
    assert {str(path) for path in tmp_path.iterdir()} <= {row.name for row in report.artifacts} | set(report.parts)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """A payload in a file beside the model, once as each thing that numpy.load unpickles."""
    made = []

    def case(name, write, opcodes=b"", suffix=".npy"):
        folder = tmp_path_factory.mktemp("old")
        path, marker = folder / "m.pkl", folder / "marker"
        path.write_bytes(proto(2) + (opcodes or wrapper(text("filename"), text(f"m.pkl_01{suffix}"))) + b".")
        write(folder / f"m.pkl_01{suffix}", Payload(marker))
        made.append(Case(name, "joblib", path, marker))

    case("objects", lambda path, evil: np.save(path, np.array([evil], object)))
    case("nested objects", lambda path, evil: np.save(path, nested(evil)))
    case("a pickle", lambda path, evil: path.write_bytes(pickle.dumps(evil)))
    folder = text("filename") + text("sub/m.npy")
    case("a folder below", _below, wrapper(folder))
    padding = b"".join(b"N0" for _ in range(70_000)) + b"](" + b"K\x01" * 3_000 + b"e0"
    late = padding + wrapper(text("filename"), text("m.pkl_01.npy"), *(text(f"{n}" * 240) + b"N" for n in range(6)))
    case("late in a long pickle", lambda path, evil: np.save(path, np.array([evil], object)), late)
    compressed = tmp_path_factory.mktemp("old")
    marker = compressed / "marker"
    dump([np.arange(3), Payload(marker)], compressed / "m.pkl", 2, 3)
    made.append(Case("compressed", "joblib", compressed / "m.pkl", marker))
    live.load_unguarded(made)
    return {case.name: case for case in made}


def nested(evil):
    array = np.zeros(1, [("a", [("b", "O")], (2,))])
    array["a"]["b"] = evil
    return array


def _below(path, evil):
    (path.parent / "sub").mkdir()
    np.save(path.parent / "sub" / "m.npy", np.array([evil], object))


NAMES = ["objects", "nested objects", "a pickle", "a folder below", "late in a long pickle", "compressed"]


@pytest.mark.parametrize("name", NAMES)
def test_a_live_payload_beside_the_model_is_found(cases, name):
    assert cases[name].marker.exists(), "the sample does nothing even without a guard"
    report = modelscan.scan(cases[name].path)
    assert report.verdict == "UNSAFE"
    assert {finding.operator for finding in report.findings} == {"os.mkdir"}


@pytest.mark.parametrize("place", WRAPPERS)
def test_every_spelling_of_the_wrapper_is_followed(tmp_path, place):
    np.save(tmp_path / "a.npy", np.array([Payload(tmp_path / "x")], object))
    (tmp_path / "m").write_bytes(proto(2) + wrapper(text("filename"), text("a.npy"), place=place) + b".")
    assert modelscan.scan(tmp_path / "m").verdict == "UNSAFE"


UNREAD = {
    "missing": wrapper(text("filename"), text("missing.npy")),
    "no name": wrapper(text("subclass"), b"N"),
    "a name that is none": wrapper(text("filename"), b"N"),
    "an unknown key": wrapper(call(global_("builtins", "str")), text("a.npy")),
    "a name given before": call(global_("joblib.numpy_pickle", "NDArrayWrapper"), text("a.npy"), b"N") + b"}b",
    "a folder": wrapper(text("filename"), text(".")),
}


@pytest.mark.parametrize("opcodes", UNREAD.values(), ids=UNREAD)
def test_a_file_that_cannot_be_read_leaves_the_scan_open(tmp_path, opcodes):
    (tmp_path / "m.pkl").write_bytes(proto(2) + opcodes + b".")
    report = modelscan.scan(tmp_path / "m.pkl")
    assert report.verdict in ("INCONCLUSIVE", "UNSAFE")
    assert "side-file" in {failure.code for failure in report.failures}
    assert report.refused


@pytest.mark.parametrize("name", ["../a.npy", "/etc/passwd", "C:a.npy", "..\\a.npy", "a\0b"])
def test_a_name_that_leaves_the_folder_is_a_finding(tmp_path, name):
    (tmp_path / "m.pkl").write_bytes(proto(2) + wrapper(text("filename"), text(name)) + b".")
    report = modelscan.scan(tmp_path / "m.pkl")
    assert report.verdict == "UNSAFE"
    assert [finding.rule for finding in report.findings] == ["MS-S053"]


def test_bytes_without_a_folder_leave_the_scan_open(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    data = proto(2) + wrapper(text("filename"), text("a.npy")) + b"."
    (tmp_path / "m.pkl").write_bytes(data)
    assert modelscan.scan(tmp_path / "m.pkl").verdict == "SAFE"
    for source in (data, io.BytesIO(data)):
        report = modelscan.scan(source)
        assert (report.verdict, report.failures[0].code) == ("INCONCLUSIVE", "side-file")


def test_what_is_remembered_of_the_model_says_nothing_of_the_files_beside_it(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    (tmp_path / "m.pkl").write_bytes(proto(2) + wrapper(text("filename"), text("a.npy")) + b".")
    first = modelscan.scan(tmp_path / "m.pkl")
    assert not first.alone
    np.save(tmp_path / "a.npy", np.array([Payload(tmp_path / "x")], object))
    poisoned = modelscan.scan(tmp_path / "m.pkl")
    assert poisoned.verdict == "UNSAFE"
    sha256 = hashlib.sha256((tmp_path / "m.pkl").read_bytes()).hexdigest()
    approved = replace(Policy(), approved={sha256: "looked at"})
    assert modelscan.scan(tmp_path / "m.pkl", approved).verdict == "UNSAFE"


def test_the_guard_follows_as_well(tmp_path, forest):
    dump([forest, np.arange(3)], tmp_path / "m.pkl")
    shutil.copytree(tmp_path, tmp_path / "bad")
    np.save(tmp_path / "bad" / "m.pkl_01.npy", np.array([Payload(tmp_path / "x")], object))
    guard.install()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.array_equal(joblib.load(tmp_path / "m.pkl")[1], np.arange(3))
        with pytest.raises(modelscan.UnsafeModelError):
            joblib.load(tmp_path / "bad" / "m.pkl")
    finally:
        guard.uninstall()
    assert not (tmp_path / "x").exists()
