"""Outlines: what rows that are alike have in common, as constant bytes with gaps for plain values between them.

A row of a hundred opcodes whose arrays are of any length is followed from gap to gap, each constant compared at once
and each value stepped over by the length it states. Frames may end and begin between any two opcodes. What does not
fit, to the byte, is no such row.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.pickles.leaves import Buffer
from modelscan.pickles.opcodes import COUNTED, FIXED, SIGNED, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.pickles.rows import Step

CONSTANT = 64
"""Bytes of a text that are taken for a constant where all samples have the same."""

_NUMBERS = frozenset({Op.BININT1, Op.BININT2, Op.BININT, Op.LONG1})
_FLAGS = frozenset({Op.NEWTRUE, Op.NEWFALSE})
_NEGATIVE = 1 << 31
_FRAME = 9
"""Bytes of a FRAME opcode with its argument."""
WINDOW = 2_048
"""Bytes of a mapped file that are read at once."""

Place = tuple[int, int]
"""A position in the data, and where the frame ends that is current there."""


Gap = dict[int, int]
"""The opcodes that may stand in a gap: bytes of the opcode with its argument, or the negative bytes of its length."""

Stretches = list[tuple[int, int]]
"""Where the bytes of a constant stand: from the first number on in it, from the second on in the data."""


class Outline:
    """Constants with a gap behind each but the last; in a gap may stand one of the opcodes of `gaps`.

    `cuts` are, for each constant, the places in it where an opcode begins.
    """

    __slots__ = ("_cuts", "_parts")

    def __init__(
        self, constants: Sequence[bytes], gaps: Sequence[frozenset[int]], cuts: Sequence[frozenset[int]]
    ) -> None:
        found: list[Gap | None] = [{code: _width(code) for code in gap} for gap in gaps]
        self._parts = [
            (constant, len(constant), _ahead(constant), gap)
            for constant, gap in zip(constants, [*found, None], strict=True)
        ]
        self._cuts = dict(zip(constants, cuts, strict=True))

    def follow(
        self, data: Buffer, pos: int, limit: int, end: int, stretches: list[Stretches] | None = None
    ) -> Place | None:
        """Where a row that begins at `pos` ends, None where there is no such row.

        `stretches` takes where each constant stands and the gap behind it, in turn.
        """
        base, room, fetch = 0, end, getattr(data, "near", None) if stretches is None else None
        if fetch is not None:
            room = -1  # positions count from `base` on, where what has been read of the map begins
        for constant, size, ahead, gap in self._parts:
            if fetch is not None and pos + ahead > room:
                data = fetch(base + pos, max(WINDOW, ahead))
                base, limit, end, pos, room = base + pos, limit - pos, end - pos, 0, len(data)
            found: Stretches = []
            start, stop = pos, pos + size
            if stop > limit or data[pos:stop] != constant:
                place = self._in_frames(constant, data, pos, limit, end, found)
                if place is None:
                    return None
                stop, limit = place
            pos = stop
            if gap is None:
                if stretches is not None:
                    stretches.append(found or [(0, start)])
                return base + pos, base + limit
            width = gap.get(data[pos]) if pos < limit else None
            if width is None:
                place = _framed(data, pos, limit, end)
                width = gap.get(data[place[0]]) if place is not None else None
                if place is None or width is None:
                    return None
                pos, limit = place
            if stretches is not None:
                stretches += (found or [(0, start)], [(0, pos)])
            if width < 0:
                counted = int.from_bytes(data[pos + 1 : pos + 1 - width], "little")
                if counted >= _NEGATIVE and data[pos] in SIGNED:
                    return None
                width = 1 - width + counted
            pos += width
            if pos > limit:
                return None
        return None

    def _in_frames(
        self, constant: bytes, data: Buffer, pos: int, limit: int, end: int, found: Stretches
    ) -> Place | None:
        """Where a constant ends that frames end and begin in; between two opcodes, or it is none."""
        done, cuts = 0, self._cuts[constant]
        while True:
            if pos >= limit or data[pos] == Op.FRAME:
                place = _framed(data, pos, limit, end)
                if place is None:
                    return None
                pos, limit = place
            take = min(len(constant) - done, limit - pos)
            if data[pos : pos + take] != constant[done : done + take]:
                return None
            found.append((done, pos))
            done, pos = done + take, pos + take
            if done == len(constant):
                return pos, limit
            if done not in cuts:
                return None


def place_of(stretches: Stretches, behind: int) -> int:
    """Offset in the data of what stands so far behind the beginning of a constant."""
    start, at = next(found for found in reversed(stretches) if found[0] <= behind)
    return at + behind - start


def _width(code: int) -> int:
    return 1 + FIXED[code] if code in FIXED else -COUNTED[code]


def _ahead(constant: bytes) -> int:
    """Bytes that are looked at from a constant on: a frame may begin before each of its own and before the gap."""
    return (len(constant) + 2) * (1 + _FRAME) + _FRAME


def _framed(data: Buffer, pos: int, limit: int, end: int) -> Place | None:
    """Steps over the end of a frame and the beginning of the next one; None where neither is here, or one is odd."""
    begins = pos < end and data[pos] == Op.FRAME
    if pos == limit < end and not begins:
        return pos, end
    if not begins or limit not in (pos, end) or pos + _FRAME > end:
        return None
    stop = pos + _FRAME + int.from_bytes(data[pos + 1 : pos + _FRAME], "little")
    return (pos + _FRAME, stop) if pos + _FRAME < stop <= end else None


Piece = tuple[bytes, frozenset[int] | None, bool]
"""An opcode with its argument, what may stand there if it is a plain value, and whether samples show different ones."""


def pieces(
    data: Buffer, steps: Sequence[Step], plain: frozenset[int], names: frozenset[int] = frozenset()
) -> list[Piece]:
    """A row as pieces. `plain` are opcodes of values; of these only short texts may be constants, and those at the
    offsets `names` have to be."""
    found: list[Piece] = []
    for code, at, after in steps:
        if code not in plain or at in names:
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
    """The outline, and per piece the number of its constant or gap in `stretches` and its place in that."""
    constants, gaps, places = [bytearray()], [], []
    cuts: list[set[int]] = [set()]
    for raw, alike, varies in row:
        if alike is None or not varies:
            places.append((2 * len(constants) - 2, len(constants[-1])))
            cuts[-1].add(len(constants[-1]))
            constants[-1] += raw
        else:
            places.append((2 * len(constants) - 1, 0))
            gaps.append(alike)
            constants.append(bytearray())
            cuts.append(set())
    return Outline([*map(bytes, constants)], gaps, [*map(frozenset, cuts)]), places
