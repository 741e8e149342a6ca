"""Acts that say the same as one before are not kept, and nothing is lost by that."""

from __future__ import annotations

import pytest
from fuzz import blocks
from fuzz.streams import Generator
from samples import global_, proto, text

from modelscan.limits import Limits
from modelscan.pickles import values
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine

NAMED = global_("lib", "Cls") + b"\x940" + global_("lib", "f") + b"\x940" + global_("os", "system") + b"\x940"
AGAIN = {
    "an empty state": b"h\0)\x81" + b"}b" * 9,
    "a state that gets a name later": b"h\0)\x81}b}\x94b}b" + b"h\x03" + text("k") + b"h\x02s0",
    "a state that got a name before": b"h\0)\x81}b}" + text("k") + b"h\x02sb}b",
    "one argument that gets a name later": b"]\x940" + b"h\x01h\x03\x85R0" * 3 + b"h\x03h\x02a0" + b"h\x01h\x03\x85R",
    "plain instances": (b"h\x01h\0)R\x85R0") * 4,
    "an instance that is used twice": b"h\x01h\0)R2\x85R0" + b"h\x01h\0)R\x94\x85R0h\x03h\x02b0" + b"h\x01h\x03\x85R",
    "twice on the stack": b"]2h\x02a0h\x01]\x85R0\x85h\x01h\x03",
}


def facts(data: bytes, monkeypatch, short: bool) -> set[tuple[object, ...]]:
    with monkeypatch.context() as patch:
        if not short:
            patch.setattr(Ledger, "_is_again", lambda *_: False)
            patch.setattr(values, "SEVERAL", 1 << 60)
        ledger = Ledger(data, len(data), "sample", Limits())
        Machine(data, 0, len(data), ledger, Limits()).run()
        return {said(fact) for fact in ledger.evidence()}


def said(fact) -> tuple[object, ...]:
    detail = {key: str(value) for key, value in fact.detail.items() if key not in ("expression", "opcodes", "tree")}
    return fact.kind, fact.subject, tuple(sorted(detail.items()))


@pytest.mark.parametrize("steps", AGAIN.values(), ids=AGAIN)
def test_facts_are_the_same_with_every_act_kept(steps, monkeypatch):
    data = proto() + NAMED + steps + b"."
    assert facts(data, monkeypatch, short=True) == facts(data, monkeypatch, short=False)


@pytest.mark.parametrize("seed", range(3))
def test_facts_of_generated_pickles_are_the_same(seed, monkeypatch):
    generator = Generator(500 + seed)
    with blocks.eager():
        for _ in range(400):
            data = generator.case()
            assert facts(data, monkeypatch, short=True) == facts(data, monkeypatch, short=False), data


def test_equal_acts_are_kept_once():
    data = proto() + NAMED + b"h\0)\x81" + b"}b" * 1000 + b"0" + b"h\x01h\0)R\x85R0" * 1000 + b"N."
    ledger = Ledger(data, len(data), "sample", Limits())
    Machine(data, 0, len(data), ledger, Limits()).run()
    assert len(ledger.pending) < 50
