"""Long rows, with arrays of any length and frames between, are followed to the byte or not at all."""

from __future__ import annotations

import collections
import pickle
import random
import struct
from contextlib import closing

import pytest
from pickles.test_repeats import LIMITS, said

from modelscan.pickles import outline, repeats
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine
from modelscan.pickles.opcodes import Op
from modelscan.source.mapped import Mapped


class Tree:
    """As an estimator is: settings, and arrays that may be larger than a frame."""

    def __init__(self, rng: random.Random, largest: int) -> None:
        self.depth, self.leaves, self.seed = rng.randrange(300), rng.randrange(70_000), rng.randrange(1 << 33)
        self.kind, self.flag, self.rate = rng.choice(("best", "random")), rng.random() < 0.5, rng.random()
        self.names = collections.OrderedDict(left=rng.randbytes(rng.choice((3, 300, largest))))
        self.parts = collections.Counter(a=rng.randrange(9)), collections.OrderedDict(b=(1, 2))
        self.array = bytearray(rng.randbytes(rng.choice((0, 255, 256, largest))))
        for number in range(20):
            setattr(self, f"attribute{number}", number * rng.randrange(3))


def forest(seed: int, protocol: int, largest: int, trees: int = 60) -> bytes:
    rng = random.Random(seed)
    return pickle.dumps([Tree(rng, largest) for _ in range(trees)], protocol)


def walked(data: bytes, monkeypatch, fast: bool):
    """How the walk went, what is told of it, and the memo at its end."""
    monkeypatch.setattr(repeats, "FIRST", 1 if fast else 1 << 60)
    ledger = Ledger(data, len(data), "sample", LIMITS)
    machine = Machine(data, 0, len(data), ledger, LIMITS)
    walk = machine.run()
    facts = {said(fact) for fact in ledger.evidence()}
    machine.memo.settle()
    memo = [machine.memo.peek(index) for index in range(machine.memo.count)] if walk.broken is None else []
    kept = [value if type(value) is int else type(value).__name__ for value in memo]
    return (walk.end, walk.broken and walk.broken.code, facts, kept), machine


def outlined(machine: Machine) -> bool:
    return any(isinstance(template, repeats.Outlined) for template in machine.repeats.templates)


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("largest", [300, 4_000, 70_000])
def test_rows_read_the_same(protocol, largest, monkeypatch):
    for seed in range(3):
        data = forest(seed, protocol, largest)
        plain, _ = walked(data, monkeypatch, fast=False)
        fast, machine = walked(data, monkeypatch, fast=True)
        assert fast == plain
        assert outlined(machine)


def damaged(seed: int) -> bytes:
    rng = random.Random(seed)
    data = bytearray(forest(seed % 5, 4 + seed % 2, 300 if seed % 4 else 66_000, 30))
    places = [found for found in range(len(data) // 3, len(data)) if data[found] in b"\x95\x96\x94(ubKMJ\x8ch\x81"]
    for _ in range(rng.randint(1, 3)):
        at = rng.choice(places)
        if rng.random() < 0.6:
            data[at + rng.randrange(9) if at + 9 < len(data) else at] = rng.randrange(256)
        else:
            data[at:at] = rng.choice((b"0", b"cposix\nsystem\n0", b"(", b"\x95" + struct.pack("<Q", 9), b"2", b"N"))
    return bytes(data)


def test_damaged_rows_read_the_same(monkeypatch):
    """Names, calls and anomalies: a row that does not fit is walked."""
    different = 0
    for seed in range(120):
        data = damaged(seed)
        plain, _ = walked(data, monkeypatch, fast=False)
        fast, machine = walked(data, monkeypatch, fast=True)
        different += outlined(machine)
        assert fast == plain, seed
    assert different > 50


@pytest.mark.parametrize("window", [1, outline.WINDOW])
def test_rows_of_a_map_read_the_same(tmp_path, monkeypatch, window):
    """A map is followed by what is read of it here and there; however little that is."""
    monkeypatch.setattr(outline, "WINDOW", window)
    cases = [forest(seed, 5, 70_000) for seed in range(2)] + [damaged(seed) for seed in range(30)]
    near = 0
    for number, data in enumerate(cases):
        path = tmp_path / f"{number}.pkl"
        path.write_bytes(data)
        with path.open("rb") as file, closing(Mapped.of(file)) as mapped:
            found, machine = walked(mapped, monkeypatch, fast=True)
            near += outlined(machine)
        assert found == walked(data, monkeypatch, fast=True)[0], number
    assert near > 10


def test_a_length_that_leads_past_a_frame_or_the_end_fits_nothing():
    row = [(b"(", None, False), (b"", frozenset({Op.BINBYTES}), True), (b"e", None, False)]
    found, places = outline.outline(row)
    assert places == [(0, 0), (1, 0), (2, 0)]
    data = b"(B\x03\0\0\0abce"
    assert found.follow(data, 0, len(data), len(data)) == (len(data), len(data))
    assert found.follow(data, 0, 8, len(data)) is None  # the frame ends inside of the bytes
    assert found.follow(data, 0, len(data) - 1, len(data)) == (len(data), len(data))  # and here right behind them
    assert found.follow(data[:-2], 0, len(data) - 2, len(data) - 2) is None
    inside = b"(B\x03\0\0\0abc" + b"\x95\x01" + bytes(7) + b"e"
    assert found.follow(inside, 0, 9, len(inside)) == (len(inside), len(inside))
    assert found.follow(b"(B\x03\0\0\x80abce", 0, 10, 10) is None


def test_a_memo_index_set_anew_ends_what_was_learned(monkeypatch):
    """The rows after it take another value from the same place."""
    data = forest(1, 4, 300)
    at = data.rindex(b")\x81\x94}\x94(") - 2  # before the last row: the class stands in the memo
    assert data[at : at + 1] == b"h"
    evil = b"cposix\nsystem\nq" + data[at + 1 : at + 2] + b"0"
    size = data.rindex(b"\x95", 0, at)
    grown = struct.unpack("<Q", data[size + 1 : size + 9])[0] + len(evil)
    changed = data[: size + 1] + struct.pack("<Q", grown) + data[size + 9 : at] + evil + data[at:]
    plain, _ = walked(changed, monkeypatch, fast=False)
    fast, machine = walked(changed, monkeypatch, fast=True)
    assert fast == plain
    assert outlined(machine)
    assert any(fact[1] == "posix:system" for fact in fast[2])


def test_a_frame_may_end_between_opcodes_of_a_constant_and_nowhere_else():
    row = [(b"K\x01", None, False), (b"K\x02", None, False), (b"\x8c\x01a", frozenset({0x8C}), False)]
    found, places = outline.outline([*row, (b"\x94", None, False)])
    frame = b"\x95\x04" + bytes(7)
    good = b"K\x01K\x02" + frame + b"\x8c\x01a\x94"
    stretches = []
    assert found.follow(good, 0, 4, len(good), stretches) == (len(good), len(good))
    number, behind = places[2]
    assert good[outline.place_of(stretches[number], behind)] == 0x8C
    assert found.follow(good, 0, len(good), len(good)) is None  # no frame ends there
    assert found.follow(b"K\x01K\x02\x8c\x01a\x94", 0, 4, 8) == (8, 8)  # it ends, and none begins
    assert found.follow(b"K\x01K" + frame + b"\x02\x8c\x01a\x94", 0, 3, 17) is None
