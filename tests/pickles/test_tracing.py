"""What values hold, whether it is worked out by recursion or for all that reach each other together."""

from __future__ import annotations

import random

from modelscan.pickles import tracing
from modelscan.pickles.values import Global, Group, Made


def graph(rng: random.Random) -> list[Group | Made]:
    """Values that hold names, plain data and each other, also themselves."""
    names = [Global("m", name, 0, "GLOBAL") for name in "abcdef"]
    values: list[Group | Made] = []
    for _ in range(rng.randrange(1, 30)):
        pool = [*names, 0, *values[-6:]]
        if rng.random() < 0.5:
            values.append(Group("list", rng.choices(pool, k=rng.randrange(4))))
        else:
            values.append(Made(rng.choice(pool), rng.choice(pool), 0, rng.choice(("result", "instance"))))
    for _ in range(rng.randrange(5)):
        target, value = rng.choice(values), rng.choice(values)
        if isinstance(target, Group):
            target.extend([value])
        else:
            target.hold([value])
    return values


def test_both_ways_say_the_same(monkeypatch):
    for seed in range(500):
        values = graph(random.Random(seed))
        fast = tracing.Tracing()
        found = [[*map(fast.spelled, masks)] for masks in map(fast.of, values)]
        with monkeypatch.context() as patch:
            patch.setattr(tracing, "SHALLOW", 0)
            slow = tracing.Tracing()
            assert found == [[*map(slow.spelled, masks)] for masks in map(slow.of, values)], seed


def test_one_value_in_another_without_end_is_looked_at():
    value: Group | Made = Group("list", [Global("os", "system", 0, "GLOBAL")])
    for _ in range(5_000):
        value = Group("list", [value, value])
    found = tracing.Tracing()
    assert found.spelled(found.of(value)[0]) == ["os:system"]


def test_a_name_stands_for_itself_or_for_what_was_made_by_it():
    cls, other = Global("m", "Cls", 0, "GLOBAL"), Global("m", "Other", 0, "GLOBAL")
    inner = Made(cls, Group("tuple"), 0, "instance")
    for value, expected in (
        (inner, [["m:Cls"], [], [], []]),
        (Made(other, Group("tuple", [inner]), 0, "instance"), [["m:Cls", "m:Other"], ["m:Cls"], [], []]),
        (Made(other, Group("tuple", [cls]), 0, "instance"), [["m:Cls", "m:Other"], ["m:Cls"], ["m:Cls"], ["m:Cls"]]),
        (Made(other, Group("tuple", [cls]), 0, "result"), [["m:Cls", "m:Other"], ["m:Cls"], [], []]),
        (Group("list", [cls, inner]), [["m:Cls"], [], ["m:Cls"], []]),
    ):
        found = tracing.Tracing()
        assert [*map(found.spelled, found.of(value))] == expected
