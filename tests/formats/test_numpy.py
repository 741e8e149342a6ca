"""NumPy's own format: what its header says decides whether numbers follow or a pickle."""

from __future__ import annotations

import io
import pickle
import random
import struct

import live
import numpy as np
import pytest
from live import Case
from samples import Payload

import modelscan
from modelscan.errors import FormatError
from modelscan.source import literal

NUMBERS = {
    "scalar": np.float64(1.5),
    "empty": np.zeros((0, 3)),
    "bool": np.ones(3, bool),
    "complex": np.ones((2, 3), complex),
    "half": np.ones(3, np.float16),
    "long double": np.ones(3, np.longdouble),
    "text": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"bcd"]),
    "nothing long": np.zeros(3, "S0"),
    "times": np.array(["2020-01-01"], "M8[ns]"),
    "spans": np.array([1], "m8[25s]"),
    "big-endian": np.arange(4, dtype=">i4"),
    "fortran": np.asfortranarray(np.ones((3, 4))),
    "void": np.zeros(2, "V5"),
    "record": np.zeros(2, [("x", "f4"), ("y", "i8", (2, 3))]),
    "nested record": np.zeros(2, [("x", [("a", "u1"), ("b", "f8", 2)]), ("y", "U3")]),
    "aligned record": np.zeros(2, np.dtype([("x", "u1"), ("y", "f8")], align=True)),
    "offsets": np.zeros(
        2, np.dtype({"names": ["a", "b"], "formats": ["u1", "f4"], "offsets": [3, 12], "itemsize": 24})
    ),
    "title": np.zeros(2, np.dtype([(("a title", "a"), "f4")])),
    "odd names": np.zeros(2, [("a'b", "f4"), ("\u00e9\u4e00", "i4"), ('q"\\', "i2")]),
}


def saved(*arrays):
    file = io.BytesIO()
    for array in arrays:
        np.save(file, array)
    return file.getvalue()


def headed(text, data=b"", version=b"\x01\0"):
    width = "<H" if version == b"\x01\0" else "<I"
    return b"\x93NUMPY" + version + struct.pack(width, len(text)) + text + data


@pytest.mark.filterwarnings("ignore:Stored array in format 3.0")
@pytest.mark.parametrize("array", NUMBERS.values(), ids=NUMBERS)
def test_numbers_and_text_are_safe_and_as_long_as_they_are_said_to_be(array):
    for data in (saved(array), saved(array, np.arange(2), array)):
        report = modelscan.scan(data)
        assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())
    report = modelscan.scan(saved(array) + b"xyz")
    assert [finding.rule for finding in report.findings] == ["MS-S007"]


def test_headers_of_python_2_are_read():
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 1L), }"
    assert modelscan.scan(headed(header, bytes(24))).verdict == "SAFE"


OBJECTS = {
    "O": "|O",
    "with a width": "|O8",
    "a field": [("a", "<f8"), ("b", "|O")],
    "a field of many": [("a", "|O", (2,))],
    "deep": [("a", [("b", [("c", "|O")], (2,))])],
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("npy")
    made = []

    def case(name, write, loader="numpy"):
        path, marker = folder / f"{name}.npy", folder / f"{name}.marker"
        path.write_bytes(write(Payload(marker)))
        made.append(Case(name, loader, path, marker))

    for name, descr in OBJECTS.items():
        text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': (1,)}}\n".encode()
        for version in (b"\x01\0", b"\x02\0", b"\x03\0"):
            case(f"{name} {version[0]}", lambda evil, t=text, v=version: headed(t, pickle.dumps(evil), v))
    long = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}" + b" " * 70_000
    case("long", lambda evil: headed(long, pickle.dumps(evil), b"\x02\0"))
    spelled = b"{'descr': '<f8', \"descr\": u'O', #\n'fortran_order': False, 'shape': ()}"
    case("twice", lambda evil: headed(spelled, pickle.dumps(evil)))
    case("subarray", lambda evil: headed(b"{'descr': ('O', (2,)), 'fortran_order': False, 'shape': ()}", _two(evil)))
    case("second", lambda evil: saved(np.arange(3), np.array([evil], object)), "arrays")
    case("pickle behind", lambda evil: saved(np.arange(3)) + pickle.dumps(evil), "array and pickle")
    live.load_unguarded(made)
    return made


def _two(evil):
    return pickle.dumps([evil, 1])


def test_objects_are_unpickled_and_found_however_the_header_says_so(cases):
    assert len(cases) == 3 * len(OBJECTS) + 5
    for case in cases:
        assert case.marker.exists(), f"{case.name}: the sample does nothing even without a guard"
        report = modelscan.scan(case.path)
        assert report.verdict == "UNSAFE", case.name
        assert "os.mkdir" in {finding.operator for finding in report.findings}


WRONG = {
    "no version": headed(b"{'descr': '<f8', 'fortran_order': False, 'shape': ()}", bytes(8), b"\x04\0"),
    "longer than the file": b"\x93NUMPY\x01\x00\xff\xff{}",
    "cut": saved(np.arange(30))[:-8],
    "another key": headed(b"{'descr': '<f8', 'd\\x65scr': 'O', 'fortran_order': False, 'shape': ()}", bytes(8)),
    "a key less": headed(b"{'descr': '<f8', 'shape': ()}", bytes(8)),
    "negative": headed(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", bytes(8)),
    "no dict": headed(b"[1, 2]"),
    "a call": headed(b"dict(descr='<f8')"),
    "nested": headed(b"[" * 900_000, b"", b"\x02\0"),
    "minus": headed(b"-" * 900_000 + b"1", b"", b"\x02\0"),
    "enormous": headed(b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"9" * 18 + b"," + b"9" * 18 + b")}"),
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_headers_that_cannot_be_followed_leave_the_scan_open(data):
    report = modelscan.scan(data)
    assert report.verdict == "INCONCLUSIVE"
    assert "numpy-header" in {failure.code for failure in report.failures}


VALUES = [
    "()",
    "(1,)",
    "(1)",
    "[1, 'a', None, ]",
    "{'a': (True, -5), 3: {}}",
    "u'x'",
    '"it\'s"',
    "[(('t', 'n'), '<f4', (2,))]",
]


@pytest.mark.parametrize("text", VALUES)
def test_literals_are_what_python_takes_them_for(text):
    import ast

    assert literal.parse(text) == literal.parse(f" \n{text} # said\n") == ast.literal_eval(text)


def test_other_text_is_no_literal():
    word = random.Random(0)
    for text in ("", "1 2", "(,)", "[1,,2]", "{'a'}", "{1: }", "'a' 'b'", "1.5", "f'x'", "{[]: 1}", "(1", "1)", "'\n'"):
        with pytest.raises(FormatError):
            literal.parse(text)
    for _ in range(500):
        try:
            literal.parse("".join(word.choice("[](){},:'ab1 -\\") for _ in range(12)))
        except FormatError:
            continue
