"""Files of thousands of tiny pickles: what is told of copies, and that none of them is stepped over unseen."""

from __future__ import annotations

import pickle
import random
from collections import OrderedDict
from fractions import Fraction

import pytest
from samples import proto, text

import modelscan
from modelscan.formats.again import ALIKE, Again


def told(data: bytes) -> tuple[object, ...]:
    report = modelscan.scan(data)
    said = {(row.rule, row.operator, row.severity) for row in report.findings}
    return report.verdict, report.imports, said, [(row.code, row.where) for row in report.failures]


PARTS = [
    *(
        pickle.dumps(value, protocol)
        for value in (1, 2.5, None, (), (1, 2), "text", OrderedDict())
        for protocol in (2, 4)
    ),
    b"cm\nn\n.",
    b"cos\nsystem\n.",
    proto() + b"\x95\x01\0\0\0\0\0\0\0N.",
    proto() + b"\x95\x05\0\0\0\0\0\0\0N.",  # the next one is in this frame
    proto() + b"\x95\xff\xff\0\0\0\0\0\0N.",  # and here there is none that long
    proto() + text("a.b") + b".",
    b"K.0N.",
    b"K..",
    b"\x80\x06N.",
    b"h\0.",
]


@pytest.mark.parametrize("seed", range(40))
def test_files_say_the_same_with_and_without_looking_for_copies(seed, monkeypatch):
    choose = random.Random(seed)
    parts = choose.sample(PARTS, 5)
    sound = [part for part in parts if part not in PARTS[-2:]] or [b"N."]
    data = b"".join(choose.choices(sound, k=120)) + b"".join(choose.choices(parts, k=20))
    found = told(data)
    monkeypatch.setattr(Again, "after", lambda self, pos: 0)
    monkeypatch.setattr(Again, "is_news", lambda self, fact: True)
    assert told(data) == found


def test_copies_are_told_a_few_times_and_what_is_new_is_told_behind_thousands_of_them():
    report = modelscan.scan(b"cm\nn\n." * 5_000 + b"cm\nother\n." + b"cos\nsystem\n)R.")
    assert {"m.n", "m.other", "os.system"} == set(report.imports)
    assert report.verdict == "UNSAFE"
    assert 0 < sum(row.operator == "m.n" for row in report.findings) <= 2 * ALIKE


def test_many_small_ordinary_pickles_in_one_file_meet_no_limit():
    rows = [{"id": n, "name": f"row {n}"} for n in range(4_000)] + [Fraction(n, 7) for n in range(4_000)]
    data = b"".join(map(pickle.dumps, rows))
    report = modelscan.scan(data + pickle.dumps(list(range(9_000))) + b"".join(map(pickle.dumps, range(9_000))))
    assert report.verdict == "SAFE", report.failures
