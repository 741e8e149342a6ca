"""States of numpy's dtypes: bytes of the file that numpy would follow as addresses, and what numpy writes itself."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from samples import call, global_, proto, text

import modelscan

ADDRESS = b"C\x08" + b"\x41" * 8
MINUS = b"J\xff\xff\xff\xff"


def dtype(kind: bytes, flags: int = 0, fields: bytes = b"NN", base: bytes = b"N", size: bytes = MINUS * 2) -> bytes:
    """`numpy.dtype(kind, False, True)` and its state; `fields` are their names and the dict of them."""
    state = b"(K\x03" + text("|") + base + fields + size + b"K" + bytes([flags]) + b"t"
    return call(global_("numpy", "dtype"), kind, b"\x89", b"\x88") + state + b"b"


def array(of: bytes, content: bytes = ADDRESS) -> bytes:
    made = call(global_("numpy._core.multiarray", "_reconstruct"), global_("numpy", "ndarray"), b"(K\x00t", b"C\x01b")
    return made + b"(K\x01(K\x01t" + of + b"\x89" + content + b"tb"


def field(of: bytes, at: bytes = b"K\x00") -> bytes:
    return b"(" + text("a") + b"t}" + text("a") + b"(" + of + at + b"ts"


EIGHT = b"K\x08K\x01"
OBJECT, NUMBER = call(global_("numpy", "dtype"), text("O")), call(global_("numpy", "dtype"), text("i8"))
INNER = dtype(text("V8"), 27, field(OBJECT), size=EIGHT)
RAW = {
    "objects without their flag": dtype(text("O8")),
    "a field of objects": dtype(text("V8"), 0, field(OBJECT), size=EIGHT),
    "a field of a field": dtype(text("V8"), 0, field(INNER), size=EIGHT),
    "repeated objects": dtype(text("V8"), 0, base=b"(" + OBJECT + b"(K\x01tt", size=EIGHT),
    "a class": dtype(global_("builtins", "dict")),
    "a field behind the item": dtype(text("V8"), 0, field(NUMBER, b"J\x00\x00\x00\x70"), size=EIGHT),
    "a field before the item": dtype(text("V8"), 0, field(NUMBER, b"J\x00\x00\x00\x90"), size=EIGHT),
    "more than an item repeated": dtype(text("V8"), 0, base=b"(" + NUMBER + b"(J\x00\x00\x00\x70tt", size=EIGHT),
    "dates without a unit": dtype(text("M8")),
    "spans without a unit": dtype(text("m8")),
    "an alignment of nothing": dtype(text("S8"), size=b"K\x08K\x00"),
    "an alignment that is nothing in 32 bits": dtype(text("S8"), size=b"K\x08\x8a\x05\0\0\0\0\x01"),
    "numbers for references": dtype(text("i8"), 63),
    "fields that were there before": dtype(b"](" + text("a") + text("O") + b"ta", size=EIGHT),
    "a type that all arrays share": call(global_("numpy", "dtype"), text("f8"))
    + b"(K\x03"
    + text(">")
    + b"NNNNNK\x00tb",
    "a state that is made by a call": call(global_("numpy", "dtype"), text("O8"), b"\x89", b"\x88")
    + call(global_("builtins", "tuple"), b"](K\x03" + text("|") + b"NNN" + MINUS * 2 + b"K\x00e")
    + b"b",
}
LOOK = """
import pickle, sys
array = pickle.load(sys.stdin.buffer)
print("loaded", flush=True)
for item in array:
    repr(item.tolist())
"""
CRASHING = ("objects without their flag", "a field of objects", "a field behind the item")


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_taken_for_pointers_are_refused(name):
    report = modelscan.scan(proto() + array(RAW[name]) + b".")
    assert "MS-S055" in [row.rule for row in report.findings]
    assert report.refused


@pytest.mark.skipif(sys.platform == "win32", reason="a crash shows as a signal")
@pytest.mark.parametrize("name", CRASHING)
def test_numpy_follows_them(name):
    """What looks at the array crashes at once, here on an address that nothing is mapped at."""
    data = proto() + array(RAW[name]) + b"."
    done = subprocess.run([sys.executable, "-c", LOOK], input=data, capture_output=True, check=False)
    assert done.stdout.startswith(b"loaded"), done.stderr
    assert done.returncode < 0, done.stderr


@pytest.mark.parametrize("more", [1, 40])
def test_it_is_seen_among_others_like_it(more):
    """Whatever was learned of the states before."""
    plain = array(dtype(text("f8")), b"C\x08" + bytes(8))
    for count in (more, 400 * more):
        rows = proto() + b"](" + plain * count + array(RAW["objects without their flag"]) + b"e."
        assert modelscan.scan(proto() + b"](" + plain * count + b"e.").verdict == "SAFE"
        assert modelscan.scan(rows).refused
    for _ in range(more):
        assert modelscan.scan(proto() + plain + b".").verdict == "SAFE"
    assert modelscan.scan(proto() + plain.replace(text("f8"), text("O8")) + b".").refused
    assert modelscan.scan(proto() + plain.replace(b"K\x00tb", b"K\x3ftb") + b".").refused


KINDS = [
    *np.typecodes["All"],
    "f8",
    ">i4",
    "u1",
    "u8",
    "O",
    "S5",
    "U7",
    "V9",
    "M8[ns]",
    "?",
    "D",
    "g",
    "U0",
    [("a", "f8"), ("b", "O")],
    ("f4", (2, 3)),
]
KINDS += [[("a", [("b", "O"), ("c", "i2")]), ("d", "U3")], (np.record, [("a", "i4")]), [("s", "O", (3,))]]
KINDS += [[(f"f{n}", "U3" if n % 3 else "O") for n in range(40)], [(("title", "a"), "i4")]]
KINDS += [{"names": ["a", "b"], "formats": ["i4", "O"], "offsets": [4, 16], "itemsize": 40}]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_numpy_writes_is_data(kind):
    made = np.dtype(kind)
    for value in (made, np.zeros(3, made), np.zeros(2, made)[0]):
        for protocol in range(6):
            assert modelscan.scan(pickle.dumps(value, protocol)).verdict == "SAFE"
