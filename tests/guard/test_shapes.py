"""Pickles of one shape are judged alike, and what differs in a name or an opcode is another shape."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import pickle
import random
import sys

import numpy
import pytest
import samples
from fuzz.streams import Generator

from modelscan.errors import UnsafeModelError
from modelscan.guard import shapes
from modelscan.guard.outline import outline
from modelscan.guard.state import STATE
from modelscan.scanner import Examination, examine
from modelscan.source.artifact import Artifact


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Config:
    name: str
    when: datetime.date


VALUES = [
    [datetime.date(2020, 1, 2), decimal.Decimal("1.5")],
    collections.OrderedDict(a=datetime.timedelta(1), b=complex(1, 2)),
    collections.defaultdict(list, a=[1]),
    {"array": numpy.arange(3.0), "scalar": numpy.float32(1)},
    frozenset({datetime.time(1)}),
    [datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)] * 2,
]


@pytest.fixture(autouse=True)
def fresh():
    shapes._known.clear()
    shapes._drawn.clear()


def found(data: bytes) -> Examination:
    from modelscan.formats import pickle as reader

    return examine(Artifact.of_bytes("x", data), STATE.policy, single=True, loader="pickle", reader=reader.READER)


def judgement(data: bytes):
    facts = found(data)
    rows = {row.rule for row in STATE.policy.findings(facts.evidence)}
    return rows, facts.names(), {row.code for row in STATE.policy.failures(facts.evidence)}


@pytest.mark.parametrize("seed", range(4))
def test_one_shape_one_judgement(seed):
    """Bytes are changed at random; wherever the shape stays, so does what a scan finds."""
    generator, dice, same = Generator(seed + 100), random.Random(seed), 0
    for _ in range(500):
        data = generator.case()
        key = shapes.shape(data)
        if key is None:
            continue
        expected = judgement(data)
        if not expected[2]:
            assert expected[1] == frozenset(key[1]), data
        for _ in range(6):
            changed = bytearray(data)
            changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            if shapes.shape(bytes(changed)) == key:
                same += 1
                assert judgement(bytes(changed))[:2] == expected[:2], (data, bytes(changed))
    assert same > 50


def changed(data: bytes, dice: random.Random) -> bytes:
    """With some bytes changed, put in or taken out, often such as begin a text, a name or a place in the memo."""
    made, telling = bytearray(data), b"h.\x8cK\x93\x94RCXG\x00\x01\x02"
    for _ in range(dice.randrange(3)):
        at = dice.randrange(len(made))
        what = dice.choice(telling)
        made[at : at + dice.randrange(2)] = bytes([dice.choice((what, made[at] ^ 1 << dice.randrange(8)))])
    return bytes(made)


@pytest.mark.parametrize("seed", range(2))
def test_one_outline_one_shape(seed):
    """What is recalled by its outline would have been recalled by its shape."""
    generator, dice = Generator(seed), random.Random(seed)
    written = [pickle.dumps(value, protocol) for value in VALUES for protocol in range(2, 6)]
    keys: dict[tuple[bytes, ...], tuple[bytes, shapes.Key]] = {}
    for data in (generator.case() if number % 2 else dice.choice(written) for number in range(3_000)):
        made = changed(data, dice)
        key = shapes.shape(made)
        if key is not None and shapes._is_told_by_outline(made, key):
            assert keys.setdefault(outline(made), (made, key))[1] == key
    same = 0
    for made, key in [*keys.values()]:
        for _ in range(20):
            other = changed(made, dice)
            if not shapes._is_unusual(other) and keys.get(outline(other), (b"", None))[1] == key:
                same += other != made
                assert shapes.shape(other) == key or b"codecs" in other, (made, other)
    assert same > 80


@pytest.mark.parametrize("more", [b"h.", b"\x93h.", b"j...."], ids=repr)
def test_what_is_behind_an_outline_counts(more):
    data = b"\x80\x02cdatetime\ndate\nK\x01"
    assert outline(data + more) != outline(data + b".")
    assert outline(data + more + b".") != outline(data + b".")


@pytest.mark.parametrize("length", [1, 63, 64, 255, 256, 3_000])
def test_texts_of_any_length_are_recalled(guard, monkeypatch, length):
    value = [datetime.date(2020, 1, 2), "x" * length]
    pickle.loads(pickle.dumps(value))
    monkeypatch.setattr("modelscan.guard.admission.scanned", None)
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_ordinary_values_are_scanned_once(guard, monkeypatch, value, protocol):
    data = pickle.dumps(value, protocol)
    first = repr(pickle.loads(data))
    assert shapes.names(data, STATE.policy) == frozenset(shapes.shape(data)[1])
    monkeypatch.setattr("modelscan.guard.admission.scanned", None)
    assert repr(pickle.loads(data)) == first == repr(value)


def test_another_text_needs_no_scan_and_another_name_does(guard, marker):
    pickle.loads(pickle.dumps(datetime.date(2020, 1, 2)))
    assert shapes.names(pickle.dumps(datetime.date(1999, 3, 4)), STATE.policy)
    assert shapes.names(pickle.dumps(datetime.time(1)), STATE.policy) is None
    evil = pickle.dumps(decimal.Decimal("1")).replace(b"decimal", b"posixxx")
    assert shapes.names(evil, STATE.policy) is None


def test_objects_of_the_user_are_known_by_what_they_are(guard, monkeypatch):
    data = pickle.dumps(Config("a", datetime.date(2020, 1, 2)))
    pickle.loads(data)
    assert shapes.names(data, STATE.policy)
    monkeypatch.setattr(sys.modules[__name__], "Config", type("Config", (), {"__module__": __name__}))
    assert shapes.names(data, STATE.policy) is None


def test_an_enum_is_known(guard):
    data = pickle.dumps(Colour.RED)
    assert pickle.loads(data) is Colour.RED
    assert shapes.names(data, STATE.policy)


def test_another_policy_knows_nothing(guard):
    data = pickle.dumps(datetime.date(2020, 1, 2))
    pickle.loads(data)
    guard.install("strict")
    assert shapes.names(data, STATE.policy) is None


def test_what_was_approved_for_a_while_is_not_remembered(guard, evil, marker):
    import modelscan

    with modelscan.allow(name="os.mkdir"):
        pickle.loads(evil)
    marker.rmdir()
    with pytest.raises(UnsafeModelError):
        pickle.loads(evil)


def test_unverified_shapes_are_not_remembered(guard, unverified, told):
    pickle.loads(unverified)
    pickle.loads(unverified)
    assert len(told) == 2


GETATTR = samples.global_("builtins", "getattr")


@pytest.mark.parametrize("name", ["max", "resolution"])
def test_where_a_text_may_matter_every_pickle_is_scanned(guard, name):
    data = samples.proto() + samples.call(GETATTR, samples.global_("datetime", "date"), samples.text(name)) + b"."
    assert pickle.loads(data)
    assert shapes.names(data, STATE.policy) is None


def test_a_text_that_may_be_a_hook_is_never_passed_over(guard):
    data = pickle.dumps({"a": datetime.date(2020, 1, 2), "__setstate__": 1})
    pickle.loads(data)
    assert shapes.names(data, STATE.policy) is None


def test_a_load_of_a_known_shape_is_bound_all_the_same(guard, marker):
    """A class of the user's own that unpickles a part of its state meets the guard again."""
    harmless, evil = (samples.proto() + body + b"." for body in (b"N", samples.payload(marker)))
    states = [
        samples.proto()
        + samples.global_(__name__, "Opener")
        + b")\x81B"
        + len(data).to_bytes(4, "little")
        + data
        + b"b."
        for data in (harmless, evil)
    ]
    pickle.loads(states[0])
    assert shapes.names(states[1], STATE.policy)
    with pytest.raises(UnsafeModelError):
        pickle.loads(states[1])
    assert not marker.exists()


class Opener:
    def __setstate__(self, state):
        pickle.loads(state)


def test_memory_is_bounded(guard, monkeypatch):
    monkeypatch.setattr(shapes, "KEPT", 3)
    for number in range(10):
        pickle.loads(pickle.dumps([datetime.date(2020, 1, 2)] + [None] * number))
    assert len(shapes._known) <= 3
