"""Arrays of objects whose state has fewer objects than places, so that numpy takes what lies behind them in memory."""

from __future__ import annotations

import json
import pickle
import random
import struct
import subprocess
import sys

import pytest
from samples import call, global_, proto, text

import modelscan

numpy = pytest.importorskip("numpy")
MULTIARRAY = numpy.ndarray((0,)).__reduce__()[0].__module__
MADE = call(global_(MULTIARRAY, "_reconstruct"), global_("numpy", "ndarray"), b"K\0\x85", b"C\1b")
DTYPE = call(global_("numpy", "dtype"), text("O8"), b"\x89\x88") + b"(K\3" + text("|") + b"NNNJ" + b"\xff" * 4
DTYPE += b"J" + b"\xff" * 4 + b"K?tb"
RULE = "MS-S056"


def state(shape: bytes, items: bytes, before: bytes = b"K\1", behind: bytes = b"") -> bytes:
    return b"(" + before + shape + DTYPE + b"\x89" + items + behind + b"tb"


FIVE = b"K\5\x85"
SHORT = {
    "one of five": proto() + MADE + state(FIVE, b"]K\1a") + b".",
    "none of five": proto() + MADE + state(FIVE, b"]") + b".",
    "five of fifteen": proto() + MADE + state(b"K\5K\3\x86", b"](NNNNNe") + b".",
    "without a version": proto() + MADE + state(FIVE, b"](NNNNe", before=b"") + b".",
    "more after the state": proto() + MADE + b"](NNe\x940" + state(FIVE, b"h\0") + b"h\0(NNNNe0.",
    "by a function of dill": proto()
    + call(
        global_("dill._dill", "_create_array"),
        global_(MULTIARRAY, "_reconstruct"),
        b"(" + global_("numpy", "ndarray") + b"K\0\x85C\1bt",
        state(FIVE, b"]")[:-1],
    )
    + b".",
    "a list that was made": proto() + MADE + state(FIVE, call(global_("builtins", "list"))) + b".",
    "a shape that was made": proto() + MADE + state(call(global_("torch", "Size"), FIVE), b"]") + b".",
}


def counted(items: list, size: int) -> bytes:
    """An array of these items, whose shape says how many there are."""
    array = numpy.empty(len(items), dtype=object)
    array[:] = items
    data = pickle.dumps(array, 4)
    places = b"J" + struct.pack("<i", len(items))
    at = data.index(places + b"\x85")
    return data[:at] + b"J" + struct.pack("<i", size) + data[at + 5 :]


def kinds(count: int) -> dict[str, list]:
    """Items that are read in bulk, each kind in a way of its own."""
    odd = random.Random(7)
    some = [None, 1, 2.5, "a" * 300, (1, 2), [1, 2], {"a": 1}, (), (1,), (3, "x", None, 2.0), [], [[1]], {1: {}}]
    return {
        "texts": [f"name {n}" for n in range(count)],
        "repeated texts": [f"name {n % 1_000}" for n in range(count)],
        "constants": [None, 1.5] * (count // 2),
        "tuples": [(n, "q") for n in range(count)],
        "lists": [[n] for n in range(count)],
        "all sorts": [odd.choice(some) for _ in range(count)],
        "long texts": ["t" * odd.randrange(600) for _ in range(count)],
    }


@pytest.mark.parametrize("data", SHORT.values(), ids=SHORT)
def test_missing_items_are_told(data):
    report = modelscan.scan(data)
    assert report.verdict == "UNSAFE"
    assert RULE in {finding.rule for finding in report.findings}


def test_numpy_takes_what_is_not_there():
    """It makes the arrays without complaint, or crashes while it does. Nobody touches the items afterwards."""
    cases = {name: data.hex() for name, data in SHORT.items() if b"dill" not in data and b"Size" not in data}
    script = "import json, os, pickle, sys\n"
    script += "made = {name: pickle.loads(bytes.fromhex(data)) for name, data in json.load(sys.stdin).items()}\n"
    script += "print(json.dumps({name: array.shape for name, array in made.items()}), flush=True)\nos._exit(0)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    shapes = {name: [5, 3] if "fifteen" in name else [5] for name in cases}
    assert "Traceback" not in done.stderr, done.stderr
    assert json.loads(done.stdout or "{}") == (shapes if done.returncode == 0 else {})


@pytest.mark.parametrize("kind", kinds(2))
def test_items_read_in_bulk_are_counted(kind):
    items = kinds(80_000)[kind]
    assert modelscan.scan(counted(items, len(items))).verdict == "SAFE"
    assert {finding.rule for finding in modelscan.scan(counted(items, len(items) + 1)).findings} == {RULE}


def test_a_learned_row_does_not_hide_one():
    """Small arrays, one like the other but for the number of places."""
    row = b"h\0(h\1K\0\x85C\1btR(K\1K\2\x85h\2\x89](NNetb"
    names = global_(MULTIARRAY, "_reconstruct") + b"\x940" + global_("numpy", "ndarray") + b"\x940" + DTYPE + b"\x940"
    evil = row.replace(b"K\2\x85", b"K\3\x85")
    assert modelscan.scan(proto() + names + b"](" + row * 2_000 + b"e.").verdict == "SAFE"
    assert modelscan.scan(proto() + names + b"](" + row * 2_000 + evil + row * 9 + b"e.").verdict == "UNSAFE"


def test_alike_files_do_not_hide_one():
    def data(places: int) -> bytes:
        return proto() + MADE + state(b"K" + bytes([places]) + b"\x85", b"](NNe") + b"."

    assert {modelscan.scan(data(2)).verdict for _ in range(9)} == {"SAFE"}
    assert modelscan.scan(data(3)).verdict == "UNSAFE"


def test_other_states_with_lists_are_none_of_arrays():
    own = proto() + global_("package", "Thing") + b")\x81(K\1K\5\x85N\x89](NNetb."
    assert RULE not in {finding.rule for finding in modelscan.scan(own).findings}
    masked = numpy.ma.array(["a", None], dtype=object)
    records = numpy.array([("a", 1)], dtype=[("x", "O"), ("y", "i4")])
    for value in (masked, records):
        for protocol in range(6):
            found = modelscan.scan(pickle.dumps(value, protocol)).findings
            assert RULE not in {finding.rule for finding in found}


OBJECT, NUMBER = DTYPE, call(global_("numpy", "dtype"), text("i8"), b"\x89\x88")


def fields(names: str, *of: bytes, size: int = 16, flags: int = 27) -> bytes:
    """A dtype of these fields, each with its offset."""
    told = b"".join(text(name) for name in names)
    given = b"".join(text(name) + field for name, field in zip("ab", of, strict=True))
    state = b"(K\3" + text("|") + b"N(" + told + b"t}(" + given + b"uK" + bytes([size]) + b"K\1K" + bytes([flags])
    return call(global_("numpy", "dtype"), text(f"V{size}"), b"\x89\x88") + state + b"tb"


def at(dtype: bytes, offset: int) -> bytes:
    return dtype + b"K" + bytes([offset]) + b"\x86"


ORDINARY_FIELDS = fields("ab", at(OBJECT, 0), at(NUMBER, 8))
UNSAFE_FIELDS = {
    "a number over an object": fields("ab", at(OBJECT, 0), at(NUMBER, 4)),
    "an object over a number": fields("ab", at(NUMBER, 0), at(OBJECT, 7)),
    "objects over each other": fields("ab", at(OBJECT, 0), at(OBJECT, 1)),
    "a name without a field": fields("ax", at(OBJECT, 0), at(NUMBER, 8)),
    "more names than fields": fields("abx", at(OBJECT, 0), at(NUMBER, 8)),
    "objects that do not begin as zeros": fields("ab", at(OBJECT, 0), at(NUMBER, 8), flags=19),
    "an object that does not": OBJECT.replace(b"K?tb", b"K\x03tb"),
    "a number that is an address": fields("ab", at(NUMBER, 0), at(NUMBER, 8), flags=4),
}


@pytest.mark.parametrize("dtype", UNSAFE_FIELDS.values(), ids=UNSAFE_FIELDS)
def test_fields_that_numpy_would_not_make_are_told(dtype):
    report = modelscan.scan(proto() + dtype + b".")
    assert {finding.rule for finding in report.findings} == {"MS-S055"}


def test_fields_as_numpy_makes_them_are_not():
    made = pickle.loads(proto() + ORDINARY_FIELDS + b".")
    assert made == numpy.dtype([("a", "O"), ("b", "i8")])
    union = numpy.dtype({"names": ["a", "b"], "formats": ["i4", "u1"], "offsets": [0, 0]})
    titled = numpy.dtype([(("a title", "a"), "O"), (("b title", "b"), "O")])
    wide = numpy.dtype([(f"f{n}", "O" if n % 2 else "i8") for n in range(40)])
    inner = numpy.dtype([("x", [("y", "O"), ("z", "i2")], (2, 3)), ("w", "U7")], align=True)
    for dtype in (made, union, titled, wide, inner):
        for protocol in range(6):
            assert modelscan.scan(pickle.dumps(numpy.zeros(2, dtype), protocol)).verdict == "SAFE"


def test_numpy_writes_over_an_object():
    """What an unpickled array is then filled with is an address that the file has chosen."""
    overlap = UNSAFE_FIELDS["a number over an object"]
    dtype = pickle.loads(proto() + overlap + b".")
    assert [dtype.fields[name][1] for name in "ab"] == [0, 4]
    assert dtype.fields["a"][0].hasobject
