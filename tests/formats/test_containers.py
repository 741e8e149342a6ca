"""A payload in every container, written by the real libraries: first proved live, then found without loading."""

from __future__ import annotations

import pickle

import joblib
import live
import numpy as np
import pytest
from live import Case
from samples import Payload, call, global_, legacy_torch, payload, proto, text, zipped
from sklearn.ensemble import RandomForestClassifier

import modelscan

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="torch is not installed: its containers are not tested")

CODECS = ["raw", "zlib", "gzip", "bz2", "xz", "lzma", "lz4"]


@pytest.fixture(scope="module")
def forest():
    data = np.random.default_rng(0).random((60, 4))
    return RandomForestClassifier(5, random_state=0).fit(data, (data[:, 0] > 0.5).astype(int))


@pytest.fixture(scope="module")
def cases(tmp_path_factory, forest):
    """Each file once, with a marker of its own, all loaded in one unguarded child."""
    folder = tmp_path_factory.mktemp("poisoned")
    made: dict[str, Case] = {}

    def case(name, loader, suffix, write):
        path, marker = folder / f"{name}{suffix}", folder / f"{name}.marker"
        write(path, Payload(marker), marker)
        made[name] = Case(name, loader, path, marker)

    for protocol in range(6):
        case(f"pickle {protocol}", "pickle", ".pkl", lambda p, e, _, n=protocol: p.write_bytes(pickle.dumps([1, e], n)))
    case("second pickle", "pickles", ".pkl", lambda p, e, _: p.write_bytes(pickle.dumps(1) + pickle.dumps(e)))
    case("no STOP", "pickle", ".pkl", lambda p, _, m: p.write_bytes(proto() + payload(m)))
    case("odd extension", "pickle", ".safetensors", lambda p, e, _: p.write_bytes(pickle.dumps(e)))
    for codec in CODECS:
        how = 0 if codec == "raw" else (codec, 3)
        case(f"joblib {codec}", "joblib", ".joblib", lambda p, e, _, c=how: joblib.dump([forest, e], p, compress=c))
    objects = {"a": np.arange(3), "o": np.array(["x", None], dtype=object)}
    case("joblib objects", "joblib", ".joblib", lambda p, e, _: joblib.dump([objects, forest, e], p))
    case("joblib in an object array", "joblib", ".joblib", lambda p, e, _: joblib.dump(np.array([1, e], object), p))
    fortran = [np.asfortranarray(np.ones((3, 4))), np.zeros(3, "U7"), np.zeros(2, [("a", "f8"), ("b", "i2")])]
    case("joblib layouts", "joblib", ".joblib", lambda p, e, _: joblib.dump([*fortran, np.float32(1), e], p))
    case("npy", "numpy", ".npy", lambda p, e, _: np.save(p, np.array([1, e], object)))
    fields = np.dtype([("a", "f8"), ("b", "O")])
    case("npy fields", "numpy", ".npy", lambda p, e, _: np.save(p, np.array([(1.0, e)], fields)))
    case("npz", "npz", ".npz", lambda p, e, _: np.savez(p, a=np.arange(3), b=np.array([e], object)))
    case("npz deflated", "npz", ".npz", lambda p, e, _: np.savez_compressed(p, b=np.array([e], object)))
    if torch is not None:
        torch_cases(case)
    case("gzipped pickle", "pandas", ".pkl.gz", gzipped)
    live.load_unguarded(list(made.values()))
    return made


def torch_cases(case):
    state = torch.nn.Linear(3, 2).state_dict()
    case("torch zip", "torch", ".pt", lambda p, e, _: torch.save({"state": state, "x": e}, p))
    legacy = {"_use_new_zipfile_serialization": False}
    case("torch legacy", "torch", ".pt", lambda p, e, _: torch.save({"state": state, "x": e}, p, **legacy))
    for at in range(5):
        evil = "torch legacy at"
        case(f"{evil} {at}", "torch", ".pt", lambda p, e, _, n=at: p.write_bytes(legacy_torch(n, pickle.dumps(e, 2))))
    case("torch module", "torch", ".pt", lambda p, e, _: torch.save(module_with(e), p))


def module_with(evil):
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    module.extra = evil
    return module


def gzipped(path, evil, _):
    import gzip

    path.write_bytes(gzip.compress(pickle.dumps(evil)))


TORCH_NAMES = ["torch zip", "torch legacy", *(f"torch legacy at {at}" for at in range(5)), "torch module"]
NAMES = [
    *(f"pickle {number}" for number in range(6)),
    *("second pickle", "no STOP", "odd extension"),
    *(f"joblib {codec}" for codec in CODECS),
    *("joblib objects", "joblib in an object array", "joblib layouts", "npy", "npy fields", "npz", "npz deflated"),
    "gzipped pickle",
    *(pytest.param(name, marks=needs_torch) for name in TORCH_NAMES),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_live_payload_is_found(cases, name):
    case = cases[name]
    if name != "torch legacy at 0":  # torch compares the first value before it goes on, after having unpickled it
        assert case.marker.exists(), "the sample does nothing even without a guard"
    report = modelscan.scan(case.path)
    assert report.verdict == "UNSAFE"
    assert report.refused
    assert report.findings[0].operator == "os.mkdir"
    assert report.findings[0].expression.startswith("os.mkdir('")
    assert report.findings[0].where.offset is not None
    assert any(name.endswith(".mkdir") for name in report.imports)


def test_the_names_above_are_all_of_them(cases):
    assert set(cases) | set(TORCH_NAMES) == {getattr(name, "values", [name])[0] for name in NAMES}


def test_the_payload_behind_the_first_array_has_its_offset(cases):
    case = cases["joblib raw"]
    finding = modelscan.scan(case.path).findings[0]
    data = case.path.read_bytes()
    assert data[finding.where.offset : finding.where.offset + 1] == b"R"
    assert finding.where.offset > data.index(b"NumpyArrayWrapper") + 500


@pytest.mark.parametrize("codec", CODECS)
def test_a_clean_forest_is_safe(tmp_path, forest, codec):
    joblib.dump(forest, tmp_path / "m.joblib", compress=0 if codec == "raw" else (codec, 3))
    report = modelscan.scan(tmp_path / "m.joblib")
    assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())


@needs_torch
@pytest.mark.parametrize("zipped_format", [True, False])
def test_a_clean_checkpoint_is_safe(tmp_path, zipped_format):
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU())
    optimizer = torch.optim.Adam(model.parameters())
    value = {"model": model, "state": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(value, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped_format)
    report = modelscan.scan(tmp_path / "m.pt")
    assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())


def test_plain_arrays_are_safe(tmp_path):
    np.savez(
        tmp_path / "a.npz", a=np.arange(5), b=np.zeros((2, 2), "U5"), c=np.zeros(2, [("x", "f4"), ("y", "i8", (2,))])
    )
    report = modelscan.scan(tmp_path / "a.npz")
    assert (report.verdict, report.findings, report.skips) == ("SAFE", (), ())


@needs_torch
def test_a_tensor_in_a_plain_pickle_is_scanned_through(tmp_path):
    """torch tensors pickled without torch.save carry a whole legacy checkpoint as bytes."""
    good = pickle.dumps({"weights": torch.ones(3)})
    assert modelscan.scan(good).verdict == "SAFE"
    marker = tmp_path / "marker"
    evil = legacy_torch(3, pickle.dumps(Payload(marker), 2))
    loads = b"\x80\x04ctorch.storage\n_load_from_bytes\nB" + len(evil).to_bytes(4, "little") + evil + b"\x85R."
    report = modelscan.scan(loads)
    assert report.verdict == "UNSAFE"
    assert "bytes@0x" in report.findings[0].where.artifact


def test_a_zip_of_models_is_read_member_by_member(tmp_path):
    inner = zipped({"deep/m.pkl": pickle.dumps(Payload(tmp_path / "x"))})
    (tmp_path / "all.zip").write_bytes(zipped({"good.pkl": pickle.dumps([1]), "in.zip": inner, "READ.ME": b"hello"}))
    report = modelscan.scan(tmp_path / "all.zip")
    assert report.findings[0].where.artifact.endswith("all.zip!in.zip!deep/m.pkl")
    assert [skip.name.split("!")[-1] for skip in report.skips] == ["READ.ME"]


OBJECTS = [
    [np.array(["x", None, "x"], object), np.array([{"a": 1}], object)],
    {"numpy": np.array([b"C", ("shape", "dtype")], object), "classes": np.array(["a", "b"], object)},
    [["numpy.core"] * 9, {"order": 1, "dtype": 2}, np.array(["numpy", "dtype", 1.5], object), np.ones(3)],
]


@pytest.mark.parametrize("number", range(len(OBJECTS)))
def test_arrays_of_objects_in_joblib_files_are_safe(tmp_path, number):
    """pickle.load would take the array's own pickle for a continuation of the outer one, with the outer one's memo."""
    joblib.dump(OBJECTS[number], tmp_path / "m.joblib")
    report = modelscan.scan(tmp_path / "m.joblib")
    assert (report.verdict, report.findings) == ("SAFE", ())


def test_opcodes_where_joblib_skips_an_array_are_read_as_well(tmp_path):
    """A file that joblib.load takes for an array, and pickle.load for opcodes."""
    evil = payload(tmp_path / "x") + b"."
    state = text("shape") + b"K" + bytes([len(evil)]) + b"\x85" + text("dtype")
    state += call(global_("numpy", "dtype"), text("u1"), b"\x89", b"\x88")
    data = proto(2) + global_("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(" + state + b"ub" + evil + b"."
    with pytest.raises(FileNotFoundError):
        pickle.loads(data.replace(str(tmp_path).encode(), b"/" + b"n" * (len(str(tmp_path)) - 1)))
    report = modelscan.scan(data)
    assert report.findings[0].operator == "os.mkdir"


@needs_torch
def test_raw_tensors_are_not_taken_for_pickles(tmp_path):
    """Whatever bytes a tensor starts with: every opcode, and what looks like names."""
    starts = [bytes([code]) + b"\x01N\x93.c\n\n" * 3 for code in range(256)] + [b"cdata\nset\n.", b"cnumpy\nf o\n"]
    state = {str(n): torch.frombuffer(bytearray(start), dtype=torch.uint8) for n, start in enumerate(starts)}
    torch.save(state, tmp_path / "m.pt")
    report = modelscan.scan(tmp_path / "m.pt")
    unexpected = {finding.operator for finding in report.findings} - {"data.set"}
    assert not unexpected
    assert not report.failures
    assert not report.skips
