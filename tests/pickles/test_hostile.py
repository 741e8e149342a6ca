"""Inputs made to be slow that once were: without the cures these tests would run for minutes to days."""

from __future__ import annotations

import pytest
from samples import global_, proto, text

import modelscan


def test_a_name_of_thousands_of_parts():
    data = proto() + global_("m", "a." * 2000 + "_os.system") + b"."
    assert [finding.operator for finding in modelscan.scan(data).findings] == [f"m.{'a.' * 2000}_os.system"]


def test_attributes_of_attributes_end_at_a_budget():
    named = proto() + global_("builtins", "getattr") + b"q\0" + global_("m", "C") + b"q\1" + text("x") + b"q\2"
    report = modelscan.scan(named + b"h\0h\1h\2\x86Rq\1" * 4_000 + b".")
    assert report.refused
    assert [failure.code for failure in report.failures] == ["limit"]


def test_long_names_used_again_and_again_are_decoded_once():
    name = b"X" + (4000).to_bytes(4, "little") + b"n" * 4000
    report = modelscan.scan(proto() + name + b"\x94" + name + b"\x94" + b"h\0h\1\x93" * 50_000 + b".")
    assert report.imports == (f"{'n' * 4000}.{'n' * 4000}",)


@pytest.mark.parametrize("filling", [b"c" * 2_000_000, b"ca." * 500_000], ids=["a run", "a dotted run"])
def test_letters_behind_a_pickle_are_looked_at_once(filling):
    report = modelscan.scan(proto() + b"N.\xff" + filling + b"\n\ncos\nsystem\n)R.")
    assert "os.system" in report.imports


BEHIND = {
    "directly behind a dot": b".cos\nsystem\n)R.",
    "inside of a line": b"\xffcxcos\nsystem\n)R.",
    "where a text seems to begin": b"\xff\x8c\x05xcos\nsystem\n)R.",
    "behind a line that is none": b"\xff\ncos\ncnt\ncos\nsystem\n)R.",
}


@pytest.mark.parametrize("tail", BEHIND.values(), ids=BEHIND)
def test_names_behind_a_pickle_are_found(tail):
    report = modelscan.scan(proto() + b"N." + tail)
    assert "os.system" in report.imports
    assert report.verdict == "UNSAFE"
