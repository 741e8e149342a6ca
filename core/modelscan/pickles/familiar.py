"""Small pickles that look like others before them: a folder of models of one class, the payloads of one program.

A pickle that was walked is remembered by its outline: every opcode, every name and every place in the memo, with gaps
for plain values. Another one that fits to the byte does the same, so what was told of the first is told of it, each
fact at its own place. Remembered are only pickles of whose acts nobody wanted details and whose effect hangs on no
plain value, as for rows that repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from modelscan.evidence import Evidence, Kind
from modelscan.patterns import later
from modelscan.pickles import outline as outlines
from modelscan.pickles.leaves import Buffer
from modelscan.pickles.ledger import Wanted
from modelscan.pickles.machine import Machine
from modelscan.pickles.opcodes import LEAVES, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.pickles.rows import Step

LONGEST = 16_384
"""Bytes of a pickle that is remembered."""
HEAD = 48
"""Bytes by which those are found that may be alike."""
HEADS, ALIKE = 1_024, 8
"""Beginnings that are known at once, and outlines of each."""
LESSONS = 24
"""Pickles of one beginning that are learned from."""

_NUMBER = later(rb"K.|M..|J....|G.{8}", re.DOTALL)
"""A number, or a part of a text that looks like one: which is as good where only equal beginnings are looked for."""
_SHORT = frozenset({Kind.IMPORT, Kind.ATTRIBUTE, Kind.CALL, Kind.CONSTRUCT, Kind.STATE, Kind.FILL})

Fact = tuple[Kind, str, int, Mapping[str, "Any"]]
"""kind, subject, place, detail."""


class _Kind:
    """Pickles that are alike: what they have in common, and the facts about them, each with the number of its piece."""

    __slots__ = ("facts", "outline", "places", "row", "wanted")

    def __init__(self, row: list[outlines.Piece], facts: list[Fact], wanted: Wanted) -> None:
        self.row, self.facts, self.wanted = row, facts, wanted
        self.outline: outlines.Outline | None = None
        """None while only one of them has been seen."""
        self.places: list[tuple[int, int]] = []

    def take(self, row: list[outlines.Piece], facts: list[Fact]) -> bool:
        """Learns from another one; False where it is of another kind."""
        merged = outlines.merged(self.row, row) if facts == self.facts else None
        if merged is None:
            return False
        self.row = merged
        found, places = outlines.outline(merged)
        self.places = [places[number] for _, _, number, _ in facts]
        self.outline = found
        return True

    def told(self, data: Buffer, start: int, end: int) -> list[Fact] | None:
        """The facts about a pickle of this kind, None for any other."""
        stretches: list[outlines.Stretches] = []
        if self.outline is None or self.outline.follow(data, start, end, end, stretches) != (end, end):
            return None
        return [
            (kind, subject, outlines.place_of(stretches[number], behind), detail)
            for (kind, subject, _, detail), (number, behind) in zip(self.facts, self.places, strict=True)
        ]


class _Head:
    """Pickles that begin alike."""

    __slots__ = ("kinds", "lessons")

    def __init__(self) -> None:
        self.kinds: list[_Kind] = []
        self.lessons = 0


_HEADS: dict[bytes, _Head] = {}


def recall(data: Buffer, start: int, end: int, wanted: Wanted) -> list[Fact] | None:
    """The facts about the one pickle in `data[start:end]` where it is like others; their places are offsets in `data`.

    None where it has to be walked.
    """
    head = _HEADS.get(_key(data, start)) if end - start <= LONGEST else None
    for kind in head.kinds if head is not None else ():
        found = kind.told(data, start + 2, end) if kind.wanted is wanted else None
        if found is not None:
            return found
    return None


def remember(data: Buffer, start: int, end: int, machine: Machine, facts: Sequence[Evidence], wanted: Wanted) -> None:
    """After a walk of all of `data[start:end]`, a pickle by itself: these are the facts about it."""
    if end - start > LONGEST or not facts or not _is_ordinary(machine, facts):
        return
    key = _key(data, start)
    head = _HEADS.get(key)
    if head is None:  # most are seen once, so only the second of them is worth the work
        if len(_HEADS) >= HEADS:
            _HEADS.clear()
        _HEADS[key] = _Head()
    elif head.lessons < LESSONS:
        head.lessons += 1
        _learn(head, data, start, end, machine, facts, wanted)


def _learn(
    head: _Head, data: Buffer, start: int, end: int, machine: Machine, facts: Sequence[Evidence], wanted: Wanted
) -> None:
    steps = list(_steps(data, start + 2, end))
    numbers = {at: number for number, (_, at, _) in enumerate(steps)}
    places = [machine.ledger.base + (fact.where.offset or 0) for fact in facts]
    if not steps or steps[-1][2] != end or any(at not in numbers for at in places):
        return
    row = outlines.pieces(data, steps, LEAVES, frozenset(machine.spelled))
    told = [(fact.kind, fact.subject, numbers[at], fact.detail) for fact, at in zip(facts, places, strict=True)]
    if any(kind.take(row, told) for kind in head.kinds if kind.wanted is wanted):
        return
    if len(head.kinds) < ALIKE:
        head.kinds.append(_Kind(row, told, wanted))


def _key(data: Buffer, start: int) -> bytes:
    """The protocol, and the bytes behind it and the first frame's length, without what may be numbers."""
    at = start + 11 if data[start + 2 : start + 3] == b"\x95" else start + 2
    return bytes(data[start : start + 2]) + _NUMBER.sub(b"", data[at : at + HEAD + 16])[:HEAD]


def _is_ordinary(machine: Machine, facts: Sequence[Evidence]) -> bool:
    """Is all that was done to be seen in the opcodes and names, and told in short?"""
    ledger = machine.ledger
    if (
        machine.special
        or machine.ledger.among.gone_through
        or machine.careful
        or machine.ledger.arrays
        or machine.bulk
        or machine.repeats.templates
    ):
        return False
    if ledger.others or ledger.nested or ledger.lookups or ledger.sources or ledger.sides or ledger.doubt is not None:
        return False
    return all(fact.kind in _SHORT and "opcodes" not in fact.detail for fact in facts)


def _steps(data: Buffer, pos: int, end: int) -> Iterator[Step]:
    """All opcodes but frames."""
    from modelscan.pickles import trace  # where two are alike

    while pos < end:
        code = data[pos]
        after = trace.after(data, pos, end)
        if code != Op.FRAME:
            yield code, pos, after
        pos = after
