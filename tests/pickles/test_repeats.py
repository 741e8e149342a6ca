"""Repeats change how fast calls are read, and no name that is asked for or handed on."""

from __future__ import annotations

import collections
import datetime
import pickle
import random
import struct

import pytest
from samples import global_, proto, text

from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles import repeats
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine

LIMITS = Limits()
PUT = b"r"


def walked(data: bytes, monkeypatch, fast: bool):
    """The walk and the facts about it, the memo settled as if somebody had asked for all of it."""
    monkeypatch.setattr(repeats, "FIRST", 1 if fast else 1 << 60)
    ledger = Ledger(data, len(data), "sample", LIMITS, "torch")
    machine = Machine(data, 0, len(data), ledger, LIMITS)
    walk = machine.run()
    facts = [said(fact) for fact in ledger.evidence()]
    return walk, facts, machine


def said(fact):
    """What a policy looks at; of alike calls only some show their constants."""
    detail = fact.detail
    names = tuple(tuple(detail.get(key, ())) for key in ("arguments", "carried"))
    return fact.kind, detail.get("callee", fact.subject), names, detail.get("indirect"), detail.get("nested")


def learned(machine: Machine) -> int:
    return len(machine.repeats.templates)


def numbered(at: int) -> bytes:
    return PUT + struct.pack("<I", at)


class Writer:
    """Rows as a pickler writes them: each value it makes gets the next slot of the memo."""

    def __init__(self, memoize: bool, random_: random.Random) -> None:
        self.memoize, self.random, self.slot = memoize, random_, 300

    def memo(self) -> bytes:
        self.slot += 1
        return b"\x94" if self.memoize else numbered(self.slot - 1)

    def head(self) -> bytes:
        """300 slots in use, the first few of them names that rows take."""
        names = [
            global_("collections", "OrderedDict"),
            global_("lib", "f"),
            global_("lib", "Cls"),
            b"]",
            text("storage"),
        ]
        names += [global_("builtins", "getattr"), global_("os", "path"), text("posix"), text("system")]
        if self.memoize:
            used = b"".join(name + b"\x940" for name in names) + b"N\x940" * (300 - len(names))
        else:
            used = b"".join(name + b"q%c0" % at for at, name in enumerate(names)) + b"N" + numbered(299) + b"0"
        return proto(4 if self.memoize else 2) + used

    def leaf(self) -> bytes:
        return self.random.choice((b"K\x05", b"M\x05\x05", b"N", b"\x88", self.word()))

    def word(self) -> bytes:
        size = self.random.randint(1, 5)
        raw = "".join(self.random.choice("abcxyz") for _ in range(size)).encode()
        return b"X" + struct.pack("<I", size) + raw if not self.memoize else b"\x8c" + bytes([size]) + raw


def tensor(w: Writer) -> bytes:
    storage = b"(h\x04h\x02" + w.word() + w.memo() + b"K\x01t" + w.memo() + b"Q"
    return b"h\x01(" + storage + w.leaf() + b"K\x02K\x03\x86" + w.memo() + b"\x89h\x00)R" + w.memo() + b"tR" + w.memo()


def pair(w: Writer) -> bytes:
    return w.word() + w.memo() + tensor(w)


def instance(w: Writer) -> bytes:
    return b"h\x02)\x81" + w.memo() + b"}" + w.memo() + b"(" + w.word() + w.memo() + w.leaf() + b"ub"


def attribute(w: Writer) -> bytes:
    """What is reached hangs on the text."""
    return b"h\x05h\x06" + w.word() + w.memo() + b"\x86R" + w.memo()


def filled(w: Writer) -> bytes:
    """Writes into a list that was there before."""
    return b"h\x03h\x01)R" + w.memo() + b"a0h\x01" + w.leaf() + b"\x85R" + w.memo()


def tagged(w: Writer) -> bytes:
    """What a persistent id stands for hangs on the text in front."""
    tag = text("module") if w.random.random() < 0.3 else text("storage")
    return b"h\x01((" + tag + b"h\x02" + w.word() + w.memo() + b"tQtR" + w.memo()


def named(w: Writer) -> bytes:
    return b"h\x01" + (b"h\x07h\x08\x93" if w.random.random() < 0.05 else b"h\x02") + b"\x85R" + w.memo()


KINDS = (tensor, pair, instance, attribute, filled, tagged, named)

TAILS = {
    "nothing": lambda w: b"",
    "a name out of a row": lambda w: (
        b"j" + struct.pack("<I", w.slot - 3) + b"j" + struct.pack("<I", w.slot - 3) + b"\x930"
    ),
    "a result handed on": lambda w: b"h\x01j" + struct.pack("<I", w.slot - 1) + b"\x85R0",
    "a result written into": lambda w: b"j" + struct.pack("<I", w.slot - 2) + b"}" + text("k") + b"h\x06sb0",
    "an early one written into": lambda w: b"j" + struct.pack("<I", 310) + b"}" + text("k") + b"h\x06sb0",
    "beyond the memo": lambda w: b"j" + struct.pack("<I", w.slot + 5) + b"0",
    "more rows": lambda w: tensor(w) * 3,
}


@pytest.mark.parametrize("memoize", [True, False], ids=["MEMOIZE", "PUT"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_rows_read_the_same(kind, tail, memoize, monkeypatch):
    for seed in range(6):
        writer = Writer(memoize, random.Random(seed))
        data = writer.head() + b"](" + b"".join(kind(writer) for _ in range(60)) + b"e0" + tail(writer) + b"N."
        walk, facts, _ = walked(data, monkeypatch, fast=False)
        fast, fast_facts, machine = walked(data, monkeypatch, fast=True)
        assert (fast.end, fast.broken and fast.broken.code) == (walk.end, walk.broken and walk.broken.code), data
        missing = set(facts) - set(fast_facts)
        assert not missing, (missing, data)
        if kind in (tensor, pair, instance):
            assert learned(machine)


@pytest.mark.parametrize("memoize", [True, False], ids=["MEMOIZE", "PUT"])
def test_damaged_rows_are_read_at_least_as_far(memoize, monkeypatch):
    for seed in range(150):
        rng = random.Random(seed)
        writer = Writer(memoize, rng)
        rows = (
            b"".join(rng.choice((tensor, pair, instance))(writer) for _ in range(40))
            if seed % 3
            else (b"".join(pair(writer) for _ in range(40)))
        )
        data = bytearray(writer.head() + b"](" + rows + b"e0" + rng.choice(list(TAILS.values()))(writer) + b"N.")
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(1900, len(data))
            if rng.random() < 0.5:
                data[at] = rng.randrange(256)
            else:
                data[at:at] = rng.choice((b"0", b"h\x07h\x08\x930", b"(", b"h\x06", numbered(2), b"}b", b"2", b"1"))
        walk, facts, _ = walked(bytes(data), monkeypatch, fast=False)
        fast, fast_facts, _ = walked(bytes(data), monkeypatch, fast=True)
        assert fast.end >= walk.end
        asked = {fact for fact in facts if fact[0] in (Kind.IMPORT, Kind.ATTRIBUTE)}
        assert asked <= set(fast_facts), bytes(data)
        assert _names(facts) <= _names(fast_facts), bytes(data)


def _names(facts):
    """Who is called, and which names each callee is given."""
    return {(fact[0], fact[1], name) for fact in facts for name in (None, *fact[2][0])}


def test_a_name_set_anew_between_rows_is_not_taken_for_the_old_one(monkeypatch):
    """The rows after it hand on another object, though they look the same."""
    writer = Writer(False, random.Random(1))
    rows = [tensor(writer) for _ in range(40)]
    evil = global_("posix", "system") + b"q\x020"
    data = writer.head() + b"](" + b"".join(rows[:20]) + evil + b"".join(rows[20:]) + b"eN."
    _, facts, machine = walked(data, monkeypatch, fast=True)
    assert learned(machine)
    assert any("posix:system" in fact[2][0] for fact in facts if fact[1] == "lib:f")


def test_a_value_of_a_row_is_not_read_as_that_of_its_sample(monkeypatch):
    """A joblib wrapper gets its shape out of a row. Which row's it is has not been kept, so nothing is skipped."""
    monkeypatch.setattr(repeats, "FIRST", 1)
    writer = Writer(True, random.Random(2))
    dtype = global_("numpy", "dtype") + text("f8") + b"\x85R" + writer.memo() + b"0"
    state = [b"h\x02)\x81" + writer.memo() + b"}" + writer.memo() for _ in range(40)]
    fields = [text("shape") + b"K" + bytes([n]) + b"\x85" + text("dtype") + b"j\x2c\1\0\0" for n in range(40)]
    rows = b"".join(one + b"(" + other + b"ub" for one, other in zip(state, fields, strict=True))
    wrapper = global_("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81j" + struct.pack("<I", writer.slot - 1)
    data = writer.head() + dtype + b"](" + rows + b"e0" + wrapper + b"b" + bytes(39 * 8) + b"0N."
    ledger = Ledger(data, len(data), "sample", LIMITS)
    machine = Machine(data, 0, len(data), ledger, LIMITS, read_arrays=True)
    walk = machine.run()
    assert learned(machine)
    assert walk.broken.code == "array-unresolved"


REAL = {
    "datetimes": [datetime.datetime(2020, 1, 1 + n % 28) for n in range(3000)],
    "counters": [collections.Counter(a=n) for n in range(3000)],
    "times in dicts": [{"at": datetime.time(n % 24), "of": n} for n in range(3000)],
    "fractions": [__import__("fractions").Fraction(n + 1, 7) for n in range(3000)],
}  # fmt: skip


@pytest.mark.parametrize("value", REAL.values(), ids=REAL)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_real_pickles_read_the_same(value, protocol, monkeypatch):
    data = pickle.dumps(value, protocol)
    walk, facts, _ = walked(data, monkeypatch, fast=False)
    fast, fast_facts, machine = walked(data, monkeypatch, fast=True)
    assert (fast.end, fast.broken, set(fast_facts)) == (walk.end, walk.broken, set(facts))
    assert learned(machine)
    assert len(machine.memo.objects) < 3000
