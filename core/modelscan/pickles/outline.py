"""Outlines: what rows that are alike have in common, as constant bytes with gaps for plain values between them.

A row of a hundred opcodes whose arrays are of any length is followed from gap to gap, each constant compared at once
and each value stepped over by the length it states. Frames may begin and end at a gap. What does not fit, to the byte,
is no such row.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.pickles.leaves import Buffer
from modelscan.pickles.opcodes import COUNTED, FIXED, SIGNED, Op
from modelscan.pickles.rows import Step
from modelscan.records import dataclass

CONSTANT = 64
"""Bytes of a text that are taken for a constant where all samples have the same."""

_NUMBERS = frozenset({Op.BININT1, Op.BININT2, Op.BININT, Op.LONG1})
_FLAGS = frozenset({Op.NEWTRUE, Op.NEWFALSE})
_FIXED = [FIXED.get(code, -1) for code in range(256)]
_NEGATIVE = 1 << 31
_FRAME = 9
"""Bytes of a FRAME opcode with its argument."""

Place = tuple[int, int]
"""A position in the data, and where the frame ends that is current there."""


@dataclass(frozen=True, slots=True)
class Outline:
    """`constants` with a gap behind each but the last; `gaps` are the opcodes that may stand in one."""

    constants: tuple[bytes, ...]
    gaps: tuple[frozenset[int], ...]

    def follow(self, data: Buffer, pos: int, limit: int, end: int, starts: list[int] | None = None) -> Place | None:
        """Where a row that begins at `pos` ends, None where there is no such row.

        `starts` takes the offset of each constant and of the gap behind it, in turn.
        """
        gaps = iter(self.gaps)
        for constant in self.constants:
            if pos >= limit or data[pos] == Op.FRAME:
                place = _framed(data, pos, limit, end)
                if place is None:
                    return None
                pos, limit = place
            stop = pos + len(constant)
            if stop > limit or data[pos:stop] != constant:
                return None
            if starts is not None:
                starts.append(pos)
            pos = stop
            gap = next(gaps, None)
            if gap is None:
                return pos, limit
            if pos >= limit or data[pos] == Op.FRAME:
                place = _framed(data, pos, limit, end)
                if place is None:
                    return None
                pos, limit = place
            code = data[pos]
            if code not in gap:
                return None
            if starts is not None:
                starts.append(pos)
            width = _FIXED[code]
            if width < 0:
                counted = COUNTED[code]
                width = int.from_bytes(data[pos + 1 : pos + 1 + counted], "little")
                if code in SIGNED and width >= _NEGATIVE:
                    return None
                width += counted
            pos += 1 + width
            if pos > limit:
                return None
        return pos, limit


def _framed(data: Buffer, pos: int, limit: int, end: int) -> Place | None:
    """Steps over the end of a frame and the beginning of the next one; None where either is odd."""
    if pos == limit:
        limit = end
    if pos >= limit:
        return None
    if data[pos] != Op.FRAME:
        return pos, limit
    if limit != end or pos + _FRAME > end:
        return None
    stop = pos + _FRAME + int.from_bytes(data[pos + 1 : pos + _FRAME], "little")
    return (pos + _FRAME, stop) if pos + _FRAME < stop <= end else None


Piece = tuple[bytes, frozenset[int] | None, bool]
"""An opcode with its argument, what may stand there if it is a plain value, and whether samples show different ones."""


def pieces(data: Buffer, steps: Sequence[Step], plain: frozenset[int]) -> list[Piece]:
    """A row as pieces. `plain` are opcodes of values; of these only short texts may be constants."""
    found: list[Piece] = []
    for code, at, after in steps:
        if code not in plain:
            found.append((bytes(data[at:after]), None, False))
        elif after - at > CONSTANT or code not in COUNTED:
            found.append((b"", _alike(code), True))
        else:
            found.append((bytes(data[at:after]), _alike(code), False))
    return found


def _alike(code: int) -> frozenset[int]:
    """Opcodes that stand for values of the same kind."""
    return next((group for group in (_NUMBERS, _FLAGS) if code in group), frozenset({code}))


def merged(one: list[Piece], other: list[Piece]) -> list[Piece] | None:
    """What two rows have in common; None where they are not alike."""
    if len(one) != len(other):
        return None
    found: list[Piece] = []
    for mine, theirs in zip(one, other, strict=True):
        if mine[1] is None or theirs[1] is None:
            if mine != theirs:
                return None
            found.append(mine)
        else:
            found.append((mine[0], mine[1] | theirs[1], mine[2] or theirs[2] or mine[0] != theirs[0]))
    return found


def outline(row: Sequence[Piece]) -> tuple[Outline, list[tuple[int, int]]]:
    """The outline, and per piece the index of its constant or gap in `starts` and its offset from there."""
    constants, gaps, places = [bytearray()], [], []
    for raw, alike, varies in row:
        if alike is None or not varies:
            places.append((2 * len(constants) - 2, len(constants[-1])))
            constants[-1] += raw
        else:
            places.append((2 * len(constants) - 1, 0))
            gaps.append(alike)
            constants.append(bytearray())
    return Outline(tuple(map(bytes, constants)), tuple(gaps)), places
