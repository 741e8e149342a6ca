"""Batches change how fast a stream is read, and nothing of what is said about it."""

from __future__ import annotations

import collections
import datetime
import pickle
import random

import pytest
from fuzz.streams import Generator
from samples import proto, text

from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles import batches, rows
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine

LIMITS = Limits()
X = text("x")


@pytest.fixture(autouse=True)
def _any_size_is_worth_it(monkeypatch):
    monkeypatch.setattr(batches, "SMALLEST", 0)
    monkeypatch.setattr(rows, "LATER", 500)
    monkeypatch.setattr(rows, "RECENT", 100)


def walked(data: bytes, bulk: bool):
    ledger = Ledger(data, len(data), "sample", LIMITS)
    machine = Machine(data, 0, len(data), ledger, LIMITS)
    machine.bulk = bulk
    machine.waits = 0
    walk = machine.run()
    return walk, [row(fact) for fact in ledger.evidence()]


def row(fact):
    """What a policy looks at; expressions are shortened where a batch stands for values."""
    detail = fact.detail
    names = tuple(tuple(detail.get(key, ())) for key in ("arguments", "carried"))
    return (
        fact.kind,
        detail.get("callee", fact.subject),
        fact.where,
        names,
        detail.get("indirect"),
    )


def agree(data: bytes) -> None:
    plain, facts = walked(data, bulk=False)
    fast, fast_facts = walked(data, bulk=True)
    assert (fast.end, fast.broken and fast.broken.code) == (plain.end, plain.broken and plain.broken.code)
    assert sorted(map(repr, fast_facts)) == sorted(map(repr, facts))


def includes(data: bytes) -> None:
    """A batch is not looked into for what the unpickler would trip over, so a broken stream may be read further."""
    plain, facts = walked(data, bulk=False)
    fast, fast_facts = walked(data, bulk=True)
    assert fast.end >= plain.end
    assert set(map(repr, facts)) <= set(map(repr, fast_facts))


def value(random_: random.Random, depth: int):
    pick = random_.random()
    if depth and pick < 0.5:
        size = random_.choice((0, 1, 2, 3, 7, 1200 if depth == 3 else 4))
        items = [value(random_, depth - 1) for _ in range(size)]
        kind = random_.choice(("list", "tuple", "dict", "set"))
        if kind == "dict":
            return {f"key {n % 5}{n}": item for n, item in enumerate(items)}
        return {"list": list, "tuple": tuple, "set": lambda these: {repr(item) for item in these}}[kind](items)
    shared = ["shared", 1.5, datetime.date(2020, 1, 1), collections.OrderedDict(a=1)]
    return random_.choice((None, True, 1, 300, 70_000, 2**40, 0.1, "x" * random_.randrange(300), b"b", *shared))


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_ordinary_pickles_read_the_same(seed, protocol):
    random_ = random.Random(seed)
    agree(pickle.dumps([value(random_, 3) for _ in range(6)], protocol))


@pytest.mark.parametrize("protocol", range(6))
def test_rows_across_many_frames_read_the_same(protocol):
    alike = [{"id": n, "name": f"row {n}", "score": n / 3, "tags": [n, "a"], "pair": (n, None)} for n in range(9000)]
    agree(
        pickle.dumps(
            {"rows": alike, "at": datetime.datetime(2020, 1, 1), "words": [str(n) for n in range(9000)]}, protocol
        )
    )


@pytest.mark.parametrize("seed", range(6))
def test_fuzzed_pickles_read_the_same(seed):
    generator = Generator(10_000 + seed)
    for _ in range(400):
        includes(generator.case())


def changing(random_: random.Random, count: int):
    """Rows of one shape in which other values become the usual ones all the time."""
    kinds = [None, True, False, (), 7, 300, 70_000, -1, 2**40, 0.5, "a", "x" * 40, "y" * 300, b"b"]
    some = random_.choices(kinds, k=3)
    for number in range(count):
        if random_.random() < 0.02:
            some = random_.choices(kinds, k=3)
        shared = random_.choice(("shared", f"new {number}"))
        yield {"id": number * 40, "some": random_.choice(some), shared: random_.choice(some), "list": some[:2]}


@pytest.mark.parametrize("protocol", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_rows_that_change_read_the_same(protocol, seed):
    random_ = random.Random(seed)
    flat = [random_.choice(("a" * random_.randrange(12), number % 3 == 0, None)) for number in range(3000)]
    agree(pickle.dumps([list(changing(random_, 2500)), flat, [str(n) for n in range(2000)]], protocol))


def test_the_usual_rows_are_those_of_late(monkeypatch):
    compiled = []
    looked = rows.Rows._look_again

    def look(self, items):
        looked(self, items)
        compiled.append(self.patterns[0].pattern if self.patterns else b"")

    monkeypatch.setattr(rows.Rows, "_look_again", look)
    data = pickle.dumps([{"id": n, "ok": True} for n in range(60_000, 90_000)], 4)
    walk, _ = walked(data, bulk=True)
    assert walk.end == len(data)
    assert b"h.M..h." in compiled[0].split(b"|")[0]
    assert b"h.J....h." in compiled[-1].split(b"|")[0]


def test_a_batch_is_really_taken(monkeypatch):
    taken = []
    find = batches.find
    monkeypatch.setattr(batches, "find", lambda *args: taken.append(find(*args)) or taken[-1])
    data = pickle.dumps([{"a": n, "b": str(n)} for n in range(20_000)], 4)
    walk, _ = walked(data, bulk=True)
    assert walk.end == len(data)
    assert len([one for one in taken if one]) >= 20


CARRIED = b"cos\nsystem\n\x94ccollections\nOrderedDict\n"
FRAME = b"\x95%c\0\0\0\0\0\0\0"

CRAFTED = {
    "names memoized in a batch": proto() + b"](" + text("os") + b"\x94" + text("system") + b"\x94e0h\x00h\x01\x93.",
    "names PUT in a batch": b"\x80\x02](X\x02\0\0\0osq\x07X\x06\0\0\0systemq\x09e0h\x07h\x09\x93.",
    "a name PUT again in a batch": b"\x80\x02X\x04\0\0\0safeq\x010](X\x02\0\0\0osq\x01e0h\x01X\x06\0\0\0system\x93.",
    "MEMOIZE counts a batch": proto() + b"](" + b"N\x94" * 300 + b"e0" + text("os") + b"\x94j\x2c\1\0\0" + X + b"\x93.",
    "a module filled by a batch": proto() + b"cnumpy\nsize\n(" + (text("k") + b"N") * 9 + b"u.",
    "a module from the memo filled in a batch": proto() + b"cnumpy\nsize\n\x94](h\x00(" + b"NN" * 9 + b"ue.",
    "a module carried by a batch": proto() + CARRIED + b"](" + b"h\x00" * 9 + b"e\x85R.",
    "a frame inside a frame": proto() + FRAME % 64 + b"](" + b"N" * 9 + FRAME % 2 + b"N" * 60 + b"e.",
    "an argument over a frame's end": proto() + FRAME % 8 + b"](NNN" + text("cos\nsystem\n") + b"e.",
    "a mark left open": proto() + b"](NNN(NNNe.",
    "too much taken": proto() + b"](N\x87e.",
    "cut off": proto() + b"](" + b"N\x94" * 50,
}  # fmt: skip


@pytest.mark.parametrize("data", CRAFTED.values(), ids=CRAFTED)
def test_crafted_pickles_read_the_same(data):
    includes(data)


def test_what_a_batch_holds_counts_as_an_argument():
    data = CRAFTED["a module carried by a batch"]
    _, facts = walked(data, bulk=True)
    call = next(fact for fact in facts if fact[0] is Kind.CALL)
    assert call[3][0] == ("os:system",)
