"""Pickles like others before them are told of without a walk, and what is told is the same."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import pickle
import random
import uuid

import pytest
from fuzz.streams import Generator
from samples import call, global_, proto, stack_global, text

import modelscan
from modelscan.pickles import familiar
from modelscan.policy import Policy
from modelscan.report import Severity

HEAD = text("what they begin with" * 3)


@pytest.fixture(autouse=True)
def _forgotten():
    familiar._HEADS.clear()
    yield
    familiar._HEADS.clear()


def told(data: bytes, policy: Policy | None = None):
    return dataclasses.replace(modelscan.scan(data, policy), milliseconds=0.0)


def afresh(data: bytes, monkeypatch, policy: Policy | None = None):
    """As if nothing had been seen before."""
    with monkeypatch.context() as patch:
        patch.setattr(familiar, "LONGEST", -1)
        return told(data, policy)


@pytest.fixture
def recalled(monkeypatch):
    """How often a pickle was recognised."""
    found: list[bool] = []
    plain = familiar.recall

    def recall(*given):
        facts = plain(*given)
        found.append(facts is not None)
        return facts

    monkeypatch.setattr(familiar, "recall", recall)
    return found


def record(rng: random.Random) -> object:
    words = "".join(rng.choice("abc") for _ in range(rng.randrange(6)))
    numbers = {"rate": rng.random(), "seed": rng.randrange(1 << 40), "flag": rng.random() < 0.5}
    return {
        "settings": collections.OrderedDict(name=words, **numbers),
        "made": [datetime.date(2020, 1, 1 + rng.randrange(28)), uuid.UUID(int=rng.getrandbits(128))],
        "sums": [decimal.Decimal(rng.randrange(1000)), complex(rng.random(), 1)],
        "raw": rng.randbytes(rng.choice((0, 5, 300, 3000))),
        "count": rng.choice((1, 300, 70_000)),
    }


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_alike_pickles_are_recognised_and_told_the_same(protocol, monkeypatch, recalled):
    rng = random.Random(protocol)
    for _ in range(40):
        data = pickle.dumps(record(rng), protocol)
        assert told(data) == afresh(data, monkeypatch)
    assert sum(recalled) > 15 or protocol == 2
    assert not any(recalled) or protocol > 2  # bytes are then made by a call that hangs on a text


def test_numbers_at_the_beginning_do_not_keep_alike_ones_apart(recalled):
    day = datetime.date(2026, 1, 1)
    for number in (1, 77, 300, 70_000, 12, 5):
        told(pickle.dumps({"id": number, "rate": number / 7, "day": day}, 4))
    assert recalled[3:] == [True] * 3


def test_damaged_ones_are_told_as_they_are(monkeypatch, recalled):
    """Whatever is changed in one of many: a name, an opcode, a length, a frame, a place in the memo."""
    rng = random.Random(7)
    protocol = 4
    for _ in range(12):
        told(pickle.dumps(record(rng), protocol))
    for _ in range(400):
        data = bytearray(pickle.dumps(record(rng), protocol))
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(data))
            if rng.random() < 0.7:
                data[at] = rng.randrange(256)
            else:
                data[at:at] = rng.choice((b"0", b"N", b"\x94", stack_global("os", "system") + b"0", b"2", b"."))
        assert told(bytes(data)) == afresh(bytes(data), monkeypatch), bytes(data)
    assert sum(recalled) > 50


def test_any_pickles_are_told_the_same(monkeypatch):
    """Each twice more, so that it is learned where that is possible, and once damaged."""
    for seed in range(150):
        data = Generator(seed).case()
        other = Generator(seed + 1).damaged(data)
        for one in (data, data, data, other):
            assert told(one) == afresh(one, monkeypatch), one


def test_a_name_is_never_taken_for_a_text(monkeypatch, recalled):
    """`decimal.Decimal` and `decimal.Context` differ in nothing but bytes of a text."""
    for name in ("Decimal", "Context", "Decimal", "Context", "Decimal", "localcontext", "getcontext"):
        data = proto() + call(stack_global("decimal", name)) + b"."
        assert told(data) == afresh(data, monkeypatch)
        assert told(data).imports == (f"decimal.{name}",)
    assert any(recalled)


def test_a_long_name_is_no_text_either(monkeypatch, recalled):
    """Texts of that length are gaps, whether or not samples differ in them."""
    for name in ("a" * 80, "a" * 80, "a" * 80, "a" * 80, "b" * 80, "a" * 80):
        data = proto() + HEAD + b"0" + stack_global("acme", name) + b"."
        assert told(data) == afresh(data, monkeypatch)
        assert told(data).imports == (f"acme.{name}",)
    assert any(recalled)


def test_a_finding_about_a_name_is_at_its_own_place(monkeypatch, recalled):
    for size in (3, 60, 7, 100, 9):
        data = proto() + b"(" + HEAD + text("x" * size) + global_("acme", "thing") + b"t."
        assert told(data) == afresh(data, monkeypatch)
        assert [row.where.offset for row in told(data).findings] == [data.index(b"cacme")]
    assert any(recalled)


def test_another_policy_judges_anew(recalled):
    decimal_ = call(global_("decimal", "Decimal"), text("1"))
    data = [proto() + b"(" + HEAD + text(name) + decimal_ + b"t." for name in "abcdef"]
    for one in data:
        assert told(one).verdict is modelscan.Verdict.SAFE
    assert any(recalled)
    strict = Policy(denied={"decimal.Decimal": Severity.HIGH})
    report = told(data[0], strict)
    assert report.refused
    assert "decimal.Decimal('1')" in {row.expression for row in report.findings}


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(familiar, "HEADS", 8)
    for number in range(40):
        told(proto() + b"(" + text(f"head{number}" * 5) + call(global_("decimal", "Decimal"), text("1")) + b"t.")
    assert len(familiar._HEADS) <= 8
    for number in range(60):
        row = text("same" * 20) + call(global_("decimal", "Decimal"), text("1")) + b"N" * number
        told(proto() + b"(" + row + b"t.")
    assert all(
        len(head.kinds) <= familiar.ALIKE and head.lessons <= familiar.LESSONS for head in familiar._HEADS.values()
    )
