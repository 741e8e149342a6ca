"""Classes of the house are dataclasses to everybody: shown, compared and copied as those that `dataclasses` makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys

import pytest

from modelscan import records
from modelscan.evidence import Evidence, Kind, Where
from modelscan.limits import Limits
from modelscan.policy import Policy
from modelscan.report import Finding, Report, Severity, Verdict


def written(decorator, field):
    """The same class by both makers."""

    @decorator(frozen=True, slots=True)
    class Row:
        """A row."""

        name: str
        size: int = 3
        held: dict = field(default_factory=dict, hash=False)
        quiet: list = field(default_factory=list, hash=False, repr=False)

        def twice(self) -> int:
            return self.size * 2

    return Row


OURS, THEIRS = written(records.dataclass, records.field), written(dataclasses.dataclass, dataclasses.field)


@pytest.mark.parametrize("values", [("a",), ("a", 4), ("a", 4, {"b": 1}), ("a", 4, {"b": 1}, [1])])
def test_what_is_made_is_shown_compared_and_taken_apart_as_ever(values):
    one, other = OURS(*values), THEIRS(*values)
    assert repr(one) == repr(other)
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert dataclasses.astuple(one) == dataclasses.astuple(other)
    assert one == OURS(*values)
    assert hash(one) == hash(OURS(*values))
    assert one != OURS("b")
    assert one != other
    assert one.twice() == other.twice()
    assert OURS.__match_args__ == THEIRS.__match_args__
    assert OURS.__slots__ == THEIRS.__slots__
    assert OURS.__doc__ == THEIRS.__doc__


@pytest.mark.parametrize("replace", [records.replace, dataclasses.replace, getattr(copy, "replace", records.replace)])
def test_a_copy_with_other_values(replace):
    one = replace(OURS("a"), size=5)
    assert one == OURS("a", 5)
    with pytest.raises(TypeError):
        replace(one, nonsense=1)


def test_nothing_is_written_into_what_is_frozen():
    one = OURS("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    with pytest.raises(AttributeError):
        object.__setattr__(one, "other", 1)
    with pytest.raises(TypeError):
        OURS()


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((), {"size": 1}), (("a", 1, {}, [], 5), {}), (("a",), {"name": "b"}), (("a",), {"other": 1})],
)
def test_what_is_no_value_of_it_is_told_as_ever(values, named):
    said = []
    for made in (OURS, THEIRS):
        with pytest.raises(TypeError) as wrong:
            made(*values, **named)
        said.append(str(wrong.value).removeprefix("written.<locals>."))
    assert said[0] == said[1]


def test_what_comes_after_the_fields_comes_for_every_instance():
    @records.dataclass(slots=True)
    class Row:
        size: int = 1

        def __post_init__(self) -> None:
            self.size *= 2

    assert [Row().size, Row(2).size, Row(size=3).size] == [2, 4, 6]


def test_what_can_change_has_no_hash():
    @records.dataclass(slots=True)
    class Row:
        size: int = 1

    one = Row()
    one.size = 2
    assert one == Row(2)
    with pytest.raises(TypeError):
        hash(one)


def test_no_two_share_what_a_factory_made():
    assert OURS("a").held is not OURS("a").held


def test_values_of_the_house_survive_a_copy_and_another_process():
    where = Where("m.pkl", 3)
    fact = Evidence(Kind.CALL, "os.system", where, {"callee": "os:system"})
    report = Report(
        "m.pkl", Verdict.UNSAFE, True, findings=(Finding("R", Severity.HIGH, "os.system", where, "w", "f", fact),)
    )
    for value in (where, fact, report, Limits(depth=2), Policy("strict", allowed=frozenset({"a.b"}))):
        assert copy.deepcopy(value) == value
        assert pickle.loads(pickle.dumps(value)) == value
        assert dataclasses.is_dataclass(value)
    assert Report.from_dict(report.to_dict()) == report


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace came with Python 3.13")
def test_copy_knows_them():
    assert copy.replace(Limits(), depth=2) == Limits(depth=2)
