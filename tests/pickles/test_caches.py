"""Objects of pandas with a cache that is no dictionary: compiled code follows its bytes as an address."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest
from samples import call, global_, proto, text

import modelscan
from modelscan import guard
from modelscan.errors import UnsafeModelError

pandas = pytest.importorskip("pandas")
BYTES = b"C\x20" + b"A" * 32
OWNER = global_("pandas.core.resample", "_GroupByMixin") + b")\x81"


def asked(state):
    return call(global_("builtins", "getattr"), OWNER + state + b"b", text("ndim"))


def entry(key, value=BYTES):
    return b"}" + key + value + b"s"


CACHE = text("_cache")
LIVE = {
    "bytes": asked(entry(CACHE)),
    "text": asked(entry(CACHE, text("A" * 40))),
    "a pair": asked(b"(N" + entry(CACHE) + b"t"),
    "the first of a pair": asked(b"(" + entry(CACHE) + b"}t"),
    "several entries": asked(b"}(" + text("obj") + b"N" + CACHE + BYTES + b"u"),
    "the last of many": asked(b"}(" + b"".join(text(f"k{at}") + b"N" for at in range(300)) + CACHE + BYTES + b"u"),
    "raw unicode": asked(b"}V\\u005fcache\n" + BYTES + b"s"),
    "a text of Python 2": asked(b"}S'\\x5fcache'\n" + BYTES + b"s"),
    "a text that is made": asked(entry(call(global_("builtins", "str"), b"C\x06_cache", text("ascii")))),
    "another mapping": asked(call(global_("collections", "OrderedDict"), b"](" + CACHE + BYTES + b"\x86e")),
    "after many that are fine": b"](" + b"".join(OWNER + entry(text(f"a{at:05}")) + b"b" for at in range(400))
    + asked(entry(CACHE)) + b"e",
}  # fmt: skip
FINE = {
    "none": asked(entry(CACHE, b"N")),
    "a dictionary": asked(entry(CACHE, b"}")),
    "another attribute": OWNER + entry(text("_cached")) + b"b",
}
CHILD = """
import os, pickle, sys, pandas
for data in {cases!r}:
    child = os.fork()
    if child == 0:
        try:
            pickle.loads(data)
        finally:
            os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each is tried in a fork")
def test_what_ends_the_process_is_refused():
    cases = [proto() + data + b"." for data in LIVE.values()]
    script = CHILD.format(cases=cases)
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert {*map(int, out.stdout.split())} <= {-11, -10, -6}, dict(zip(LIVE, out.stdout.split(), strict=True))
    for name, data in zip(LIVE, cases, strict=True):
        report = modelscan.scan(data)
        assert report.refused, name
        assert "MS-S069" in {row.rule for row in report.findings}, name


@pytest.mark.parametrize("data", FINE.values(), ids=FINE)
def test_what_is_a_dictionary_or_elsewhere_is_fine(data):
    assert modelscan.scan(proto() + data + b".").verdict == "SAFE"


def test_a_shape_that_was_safe_is_not_taken_for_it():
    """The guard remembers small pickles but for their texts."""
    guard.install()
    try:
        for _ in range(3):
            pickle.loads(proto() + OWNER + entry(text("_other")) + b"b.")
        with pytest.raises(UnsafeModelError):
            pickle.loads(proto() + OWNER + entry(CACHE) + b"b.")
    finally:
        guard.uninstall()


@pytest.mark.parametrize("number", range(6))
def test_ordinary_objects_are_none_of_these(number):
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}, index=pandas.interval_range(0, 2))
    frame["a"].sum()
    values = [frame, frame.index, frame["a"], pandas.date_range("2020", periods=3, freq="D"), pandas.Timedelta("1D")]
    values += [frame.groupby("b").grouper if hasattr(frame.groupby("b"), "grouper") else None, pandas.offsets.Day(2)]
    for value in values:
        report = modelscan.scan(pickle.dumps(value, number))
        assert "MS-S069" not in {row.rule for row in report.findings}
