"""Files that cannot be read: a sentence and INCONCLUSIVE, never SAFE, never an exception."""

from __future__ import annotations

import errno
import os
import pickle
import random
import struct

import pytest
from samples import global_, payload, proto, stack_global, text, zipped

import modelscan
from modelscan.formats import pickle as pickle_format
from modelscan.limits import Limits
from modelscan.policy import Policy
from modelscan.scanner import examine
from modelscan.source.artifact import Artifact

BROKEN = {
    "empty": b"",
    "one byte": b".",
    "half a pickle": pickle.dumps(list(range(5000)))[:-40],
    "pickle header only": b"\x80\x04",
    "random": random.Random(0).randbytes(4096),
    "random behind a header": b"\x80\x04" + random.Random(1).randbytes(4096),
    "text": b"just some words\nand more\n",
    "half a zip": zipped({"a.pkl": pickle.dumps([1])})[:-30],
    "zip with a torn directory": zipped({"a.pkl": b"N.", "b.pkl": b"N."}).replace(b"PK\x01\x02", b"PK\x01\x09"),
    "half a gzip": b"\x1f\x8b\x08\x00" + bytes(20),
    "numpy without a header": b"\x93NUMPY\x01\x00\xff\xff",
    "numpy with nonsense": b"\x93NUMPY\x01\x00\x10\x00" + b"[" * 16,
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "a frame longer than the file": b"\x80\x04\x95" + bytes([255] * 6) + b"\0\0]",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("policy", ["strict", "standard", "warn", "off"])
def test_what_cannot_be_read_is_inconclusive_with_a_reason(tmp_path, data, policy):
    (tmp_path / "m.bin").write_bytes(data)
    report = modelscan.scan(tmp_path / "m.bin", policy)
    assert report.verdict == "INCONCLUSIVE"
    assert [*report.failures, *report.skips]
    assert all(row.reason and "Traceback" not in row.reason for row in (*report.failures, *report.skips))
    assert modelscan.Report.from_dict(report.to_dict()) == report


def test_every_reason_has_a_rule():
    rules = Policy().rules.structure
    for data in BROKEN.values():
        assert {failure.code for failure in modelscan.scan(data).failures} <= set(rules)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_pickles_never_raise(seed):
    random_ = random.Random(seed)
    data = bytearray(pickle.dumps({"a": [1.5, "x", b"y", (None, {2})], "b": Policy()}, seed % 6))
    for _ in range(random_.randint(1, 6)):
        data[random_.randrange(len(data))] = random_.randrange(256)
    report = modelscan.scan(bytes(data))
    assert not any(failure.code == "internal" for failure in report.failures), report.failures


def test_an_encrypted_member_is_refused():
    data = bytearray(zipped({"m.pkl": pickle.dumps([1])}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    report = modelscan.scan(bytes(data))
    assert report.verdict == "INCONCLUSIVE"
    assert report.refused
    assert "encrypted" in report.failures[0].reason


def test_a_flag_that_only_claims_encryption_hides_nothing(tmp_path):
    """CVE-2025-1945: torch ignores the flag, zipfile refuses to read on."""
    data = bytearray(zipped({"m/data.pkl": proto() + stack_global("os", "system") + text("x") + b"\x85R."}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    report = modelscan.scan(bytes(data))
    assert report.verdict == "UNSAFE"
    assert "os.system" in {finding.operator for finding in report.findings}


def test_two_names_for_one_member_are_a_finding():
    """CVE-2025-1944."""
    data = zipped({"m/data.pkl": pickle.dumps([1])}).replace(b"m/data.pkl", b"m/dat0.pkl", 1)
    assert "MS-S020" in {finding.rule for finding in modelscan.scan(data).findings}


def test_a_wrong_checksum_hides_nothing():
    """CVE-2025-10156."""
    evil = proto() + stack_global("os", "system") + text("x") + b"\x85R."
    data = bytearray(zipped({"m/data.pkl": evil}, 8))
    data[data.index(b"PK\x01\x02") + 16] ^= 0xFF
    rules = {finding.rule for finding in modelscan.scan(bytes(data)).findings}
    assert "MS-S022" in rules
    assert "os.system" in {finding.operator for finding in modelscan.scan(bytes(data)).findings}


def test_an_unreadable_file_is_a_row(tmp_path, monkeypatch):
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(1))

    def refuse(*args, **kwargs):  # chmod does not bind an administrator, nor anybody on Windows
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("modelscan.source.artifact.open", refuse, raising=False)
    report = modelscan.scan(path)
    assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)
    assert report.failures[0].reason == "Permission denied"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pkl")
    assert "not a regular file" in modelscan.scan(tmp_path / "pipe.pkl").failures[0].reason


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (Limits(opcodes=1), proto() + b"N0" * 100_000 + b"N."),
        (Limits(values=10), proto() + b"N" * 100_000 + b"."),
        (Limits(name=20), global_("a" * 30, "b") + b"."),
        (Limits(depth=2), zipped({"a": zipped({"b": zipped({"c": zipped({"d.pkl": b"N."})})})})),
        (Limits(expanded=1000), zipped({"a.pkl": b"\x80\x04" + b"N0" * 9000}, 8)),
        (Limits(members=2), zipped({f"{n}.pkl": b"N." for n in range(5)})),
        (Limits(rows=5), b"".join(global_("m", f"n{n}") + b"0" for n in range(50)) + b"N."),
    ],
    ids=["opcodes", "values", "name", "depth", "expanded", "members", "rows"],
)
def test_a_limit_is_inconclusive_and_refused(limits, data):
    report = modelscan.scan(data, Policy(limits=limits))
    assert report.refused
    assert any(failure.unread for failure in report.failures), report


def test_what_was_found_before_a_limit_is_kept():
    data = global_("os", "system") + text("x") + b"\x85R0" + b"N0" * 200_000 + b"N."
    report = modelscan.scan(data, Policy(limits=Limits(opcodes=70_000)))
    assert report.verdict == "UNSAFE"
    assert report.failures[0].code == "limit"


def test_hostile_array_arithmetic_is_refused():
    """A joblib array whose shape overflows or is negative, with opcodes where its bytes should be."""
    head = proto(2) + global_("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}("
    dtype = text("dtype") + global_("numpy", "dtype") + text("f8") + b"\x85R"
    evil = global_("os", "system") + text("x") + b"\x85R."
    for shape in (b"J" + struct.pack("<i", -1) + b"\x85", b"J\xff\xff\xff\x7f" * 3 + b"\x87", b"N"):
        state = text("shape") + shape + dtype + b"ub"
        report = modelscan.scan(head + state + evil)
        assert report.verdict == "UNSAFE"  # the same bytes are opcodes for pickle.load
        assert report.refused


DECOYS = {
    "beginnings": b"\x80\x04.." * 300,
    "beginnings that are walked to the end": b"\x80\x04" + b"N0" * 2_000 + b"\x80\x04(" * 200,
    "zeros": bytes(17 << 20),
}


@pytest.mark.parametrize("decoys", DECOYS.values(), ids=DECOYS)
@pytest.mark.parametrize("head", [b"\x80\x04N.", b"N."])
def test_a_pickle_behind_more_decoys_than_are_looked_at_is_not_passed_over(tmp_path, head, decoys):
    evil = payload(tmp_path / "x") + b"."
    assert modelscan.scan(head + evil).verdict == "UNSAFE"
    report = modelscan.scan(head + decoys + proto() + evil)
    assert report.verdict in ("UNSAFE", "INCONCLUSIVE")
    assert report.verdict == "UNSAFE" or report.failures or report.skips


def test_bytes_that_are_taken_for_a_pickle_may_be_none_at_all():
    artifact = Artifact.of_bytes("m", b"")
    assert examine(artifact, Policy(), single=True, reader=pickle_format.READER).evidence
