"""What is told to be plain data without a walk is what the machine comes through without a fact."""

from __future__ import annotations

import pickle
import random

import pytest

from modelscan.formats import Context, hides
from modelscan.formats.walking import Stream
from modelscan.limits import Budget, Limits
from modelscan.pickles import plain
from modelscan.pickles.opcodes import NAMES
from modelscan.source.artifact import Artifact

CONTEXT = Context(Limits(), Budget(1 << 20), hides=hides)
LEAVES = (1, -1, 300, 1 << 40, 1 << 900, 2.5, None, True, False, "text", "é" * 200, b"bytes", b"x" * 300, "", b"", "id")


def walked(data: bytes) -> tuple[bool, list[object]]:
    """Does the machine come to the very end, and what has it to tell?"""
    found = Stream.of(Artifact.of_bytes("x.pkl", data), CONTEXT).walk(0)
    whole = found.walk.broken is None and found.walk.limit is None and found.walk.end == len(data)
    return whole, [*found.ledger.evidence()]


def value(draw: random.Random, deep: int = 0) -> object:
    kind = draw.randrange(9) if deep < 5 else 0
    if kind < 4:
        return draw.choice(LEAVES)
    rows = [value(draw, deep + 1) for _ in range(draw.randrange(6))]
    if kind == 4:
        return tuple(rows)
    if kind == 5:
        return {draw.choice(LEAVES) for _ in range(draw.randrange(4))}
    if kind == 6:
        return {draw.choice(LEAVES): row for row in rows}
    return rows


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_is_told(protocol):
    draw, told = random.Random(protocol), 0
    for _ in range(400):
        given = value(draw)
        data = pickle.dumps(given, protocol)
        if plain.is_plain(data, 0, len(data)):
            told += 1
            assert walked(data) == (True, [])
            assert plain.is_plain(b"before" + data + b"behind", 6, 6 + len(data))
    assert told > 150  # sets and bytes of older protocols name something, and what is kept twice is walked


STREAMS = (
    pickle.dumps({"id": 1, "rows": [(n, f"row {n}") for n in range(20)]}, 4),
    pickle.dumps({"id": 1, "rows": [(n, f"row {n}", ["x", {}, ()]) for n in range(9)]}, 2),
    pickle.dumps([{"a": 1.5, "b": None, "c": [()]}, {"a": 2.5, "b": (True, "a", b"b")}, {"a": {1, 2}}], 5),
)


@pytest.mark.parametrize("data", STREAMS, ids=["rows", "protocol-2", "dicts"])
def test_spoiled_data_is_told_as_the_machine_has_it(data):
    draw, told = random.Random(len(data)), 0
    codes = bytes(NAMES)
    for _ in range(6_000):
        spoiled = bytearray(data)
        for _ in range(draw.randrange(1, 3)):
            at = draw.randrange(2, len(spoiled))
            match draw.randrange(3):
                case 0:
                    spoiled[at] = draw.choice(codes)
                case 1:
                    del spoiled[at]
                case _:
                    spoiled.insert(at, draw.choice(codes))
        if spoiled[2:3] == b"\x95":
            spoiled[3:11] = (len(spoiled) - 11).to_bytes(8, "little")
        if plain.is_plain(bytes(spoiled), 0, len(spoiled)):
            told += 1
            assert walked(bytes(spoiled)) == (True, []), bytes(spoiled)
    assert told > 50


NO = {
    "a name": pickle.dumps(len),
    "a persistent id": b"\x80\x02K\x01Q.",
    "an extension": b"\x80\x02\x82\x01.",
    "bytes behind it": pickle.dumps([1]) + b"\n",
    "two": pickle.dumps([1]) * 2,
    "cut off": pickle.dumps([1, "text"])[:-1],
    "an argument that runs over the end": b"\x80\x02X\xff\0\0\0.",
    "nothing on the stack": b"\x80\x02.",
    "nothing above a mark": b"\x80\x02K\x01(.",
    "a tuple of what is below a mark": b"\x80\x02K\x01(K\x02\x86.",
    "a memo that was never set": b"\x80\x02h\0.",
    "a memo far away": b"\x80\x02K\x01r\0\0\0\x7f.",
    "a list in itself": b"\x80\x02]q\0h\0a.",
    "a frame that ends elsewhere": b"\x80\x04\x95\x02\0\0\0\0\0\0\0K\x01.",
    "a frame of nothing": b"\x80\x04\x95\0\0\0\0\0\0\0\0K\x01.",
    "an old protocol": pickle.dumps([1], 1),
    "a protocol to come": b"\x80\x06K\x01.",
    "too deep": b"\x80\x02" + b"]" * 20_000 + b"a" * 19_999 + b".",
    "doubled again and again": b"\x80\x02)q\0" + b"h\0h\0\x86q\0" * 60 + b".",
    "too long": pickle.dumps(list(range(40_000))),
}


@pytest.mark.parametrize("data", NO.values(), ids=NO)
def test_what_is_left_to_the_machine(data):
    assert not plain.is_plain(data, 0, len(data))
