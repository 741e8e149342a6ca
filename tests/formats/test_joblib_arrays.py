"""joblib's arrays between the opcodes: a size that is not what it seems, and types whose size is in their state."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from live import Case, load_unguarded
from samples import call, global_, payload, proto, text

import modelscan

NUMPY = b"cnumpy\ndtype\n"
STATE = b"(K\x03X\x01\x00\x00\x00|NNNK%cK\x01K%ctb"


def wrapped(dtype: bytes, array: bytes, alignment: bytes = b"N", made: bytes = b")\x81", after: bytes = b"") -> bytes:
    """A joblib file of one array, which holds one item of this type."""
    state = b"X\x05\x00\x00\x00shapeK\x01\x85X\x05\x00\x00\x00orderX\x01\x00\x00\x00CX\x05\x00\x00\x00dtype" + dtype
    state += b"X\x08\x00\x00\x00subclasscnumpy\nndarray\nX\x0a\x00\x00\x00allow_mmap\x89"
    state += b"X\x1b\x00\x00\x00numpy_array_alignment_bytes" + alignment if alignment else b""
    return proto() + b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n" + made + b"}(" + state + b"ub" + array + after + b"."


def sizes(size: int):
    """Types of two bytes, however many their names promise, and a type of one byte of which two are read."""
    named = {kind: text(f"{kind}{size}") + b"\x89\x88\x87R" + STATE % (2, 0) for kind in "VS"}
    named |= {"twice": text(f"V{size}") + b"\x89\x88\x87R" + STATE % (size, 0) * 2 + STATE % (2, 0)}
    named |= {"a class": b"cnumpy\nfloat16\n\x89\x88\x87R", "another name": text("int16") + b"\x89\x88\x87R"}
    named |= {"fields": text("u1,u1") + b"\x89\x88\x87R", "bytes": b"C\x02u2\x89\x88\x87R"}
    return {name: NUMPY + dtype for name, dtype in named.items()}


def test_an_array_that_is_smaller_than_it_seems_hides_nothing(tmp_path):
    """What stands in the constant behind the wrapper runs when joblib reads fewer bytes than a scan skips."""
    cases = []
    for number, name in enumerate(sizes(0)):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.joblib"
        hidden = payload(marker) + b"."
        path.write_bytes(wrapped(sizes(len(hidden) + 2)[name], b"C" + bytes([len(hidden)]) + hidden))
        cases.append(Case(name, "joblib", path, marker))
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    for case in cases:
        report = modelscan.scan(case.path)
        assert (case.name, report.refused) == (case.name, True)
        assert report.verdict in ("INCONCLUSIVE", "UNSAFE")


@pytest.mark.parametrize("names", ["dotted", "of its module", "of another module"])
def test_the_wrapper_by_other_names_is_the_wrapper(tmp_path, names):
    plain = wrapped(NUMPY + text("u1") + b"\x89\x88\x87R", b"", b"N")
    reached = {
        "dotted": text("joblib") + text("numpy_pickle.NumpyArrayWrapper") + b"\x93",
        "of its module": call(
            global_("builtins", "getattr"), global_("joblib", "numpy_pickle"), text("NumpyArrayWrapper")
        ),
        "of another module": text("joblib._store_backends") + text("numpy_pickle.NumpyArrayWrapper") + b"\x93",
    }[names]
    marker, path = tmp_path / "marker", tmp_path / "m.joblib"
    hidden = payload(marker) + b"."
    array = b"C" + bytes([len(hidden)]) + hidden + b"."
    described = plain.replace(b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n", reached).replace(b"K\x01\x85", b"K\x02\x85")
    path.write_bytes(b"\x80\x04" + described[2:-1] + array)
    said = load_unguarded([Case("m", "joblib", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path).verdict == "UNSAFE"


def test_a_wrapper_with_attributes_of_before_is_not_followed():
    """`__init__` sets an alignment that the state of a wrapper need not repeat; so does a state before the last."""
    eight = NUMPY + text("u1") + b"\x89\x88\x87R"
    called = b"(cnumpy\nndarray\nK\x01\x85X\x01\x00\x00\x00C" + eight + b"tR"
    assert modelscan.scan(wrapped(eight, b"\0", alignment=b"", made=called)).refused
    again = b")\x81q\x01}X\x1b\x00\x00\x00numpy_array_alignment_bytesK\x10sb0h\x01"
    assert modelscan.scan(wrapped(eight, b"\0", alignment=b"", made=again)).refused
    spelled = b"cbuiltins\nstr\n" + text("dtype") + b"\x85R" + eight
    assert modelscan.scan(wrapped(eight + spelled, b"\0")).refused
    assert modelscan.scan(wrapped(eight, b"\0")).verdict == "SAFE"


def test_a_size_below_nothing_does_not_lead_back():
    backwards = NUMPY + b"cnumpy\nrecord\n\x89\x88\x87R" + b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffK\x01K\x00tb"
    report = modelscan.scan(wrapped(backwards, b""))
    assert (report.refused, [failure.code for failure in report.failures]) == (True, ["array-unresolved"])


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_types_whose_size_is_in_their_state_are_read(tmp_path, protocol):
    few = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed: its arrays are not tested")
    kinds = ["f8", "S5", "U7", "M8[ns]", "V3", few.bfloat16, np.dtype((np.record, [("a", "f4"), ("b", "S3")]))]
    kinds += [[("a", "f4"), ("b", "O")], np.dtype([("a", "i1"), ("b", "f8", (2,)), ("c", [("d", "U2")])], align=True)]
    joblib.dump([np.zeros(3, kind) for kind in kinds], tmp_path / "m.joblib", protocol=protocol)
    report = modelscan.scan(tmp_path / "m.joblib")
    assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())
