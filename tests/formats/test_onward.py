"""What `pickle.load` reads next in a file of joblib's where joblib has stepped over an array of objects."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict

import joblib
import numpy as np
import pytest
from fuzz import blocks
from live import Case, load_unguarded
from samples import payload, proto, text

import modelscan

DTYPE = b"cnumpy\ndtype\n"
TYPED = b"\x89\x88\x87R"


def array(shape: bytes, dtype: bytes, data: bytes) -> bytes:
    state = text("shape") + shape + text("order") + text("C") + text("dtype") + DTYPE + dtype + TYPED
    state += text("subclass") + b"cnumpy\nndarray\n" + text("allow_mmap") + b"\x89"
    state += text("numpy_array_alignment_bytes") + b"N"
    return b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" + state + b"ub" + data


def file(numbers: bytes) -> bytes:
    """A list of an array of objects, and of one of bytes."""
    shape = b"M" + len(numbers).to_bytes(2, "little") + b"\x85"
    return (
        proto()
        + b"]("
        + array(b"K\1\x85", text("O8"), pickle.dumps(np.array([None])))
        + array(shape, text("u1"), numbers)
        + b"e."
    )


def test_a_pickle_that_ends_among_numbers_runs_with_the_second_load_and_is_refused(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "m.joblib"
    path.write_bytes(file(payload(marker) + b"."))
    joblib.load(path)
    assert not marker.exists()
    said = load_unguarded([Case("twice", "pickles", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path).verdict == "UNSAFE"


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        (b"cpkg_of_nobody\nf\n)R.", "UNSAFE"),
        (b"cpkg_of_nobody\nf\n.", "UNVERIFIED"),
        (b"cpkg_of_nobody\nf\n)R0", "SAFE"),
    ],
    ids=["called in a whole pickle", "named in a whole pickle", "called in front of where it breaks off"],
)
def test_names_that_only_the_second_load_asks_for_are_imports(numbers, verdict):
    """What breaks off is doubtful, as the bytes of any array are: its names are told, and nothing is guessed."""
    data = file(numbers)
    ((asked, _),) = blocks.oracle([data])
    assert ("pkg_of_nobody", "f") in asked
    report = modelscan.scan(data)
    assert "pkg_of_nobody.f" in report.imports
    assert report.verdict == verdict


def test_a_limit_that_only_the_other_reading_meets_is_none_to_pass_over():
    """For joblib all of it is the bytes of an array; `pickle.load` goes through thousands of names to the last."""
    names = b"".join(b"cnumpy\nx%d\n0" % n for n in range(3_000))
    for numbers in (names + b"cos\nsystem\n.", b"cm\n" + b"a." * 3_000 + b"a\ncos\nsystem\n."):
        shape = b"M" + len(numbers).to_bytes(2, "little") + b"\x85"
        report = modelscan.scan(proto() + array(shape, text("u1"), numbers) + b".")
        assert report.refused


ORDINARY = {
    "alone": np.array([None, 1, "a"], dtype=object),
    "among others": {"a": np.array([{}, [1]], dtype=object), "b": np.arange(5), "c": np.array(["x"], dtype=object)},
    "twice": [np.array([np.float64(1), OrderedDict(a=1)], dtype=object)] * 2 + [3],
}


@pytest.mark.parametrize("model", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_arrays_of_objects_stay_safe(model):
    joblib.dump(model, target := io.BytesIO())
    assert modelscan.scan(target.getvalue()).verdict == "SAFE"
