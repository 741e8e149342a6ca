"""Repeats: calls that follow each other and differ only in plain data, such as the tensors of a checkpoint.

The machine walks the first of them opcode by opcode. What they have in common becomes an expression, and as long as it
matches, each further one does the same again: the same calls of the same names with arguments that hold the same
names. So what the walk of the sample left behind stands for all of them, with its plain data marked as unknown.
"""

from __future__ import annotations

import functools
import re
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Sequence

from modelscan.pickles import collisions
from modelscan.pickles import outline as outlines
from modelscan.pickles.leaves import Buffer
from modelscan.pickles.memo import Memo
from modelscan.pickles.storages import Claim, Storages
from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from modelscan.pickles.rows import Slot

ROWS = 4
"""Rows of a kind, one after the other, before one of them is learned."""
SAMPLES, FEW = 8, 4
"""Rows that are compared; a few are enough where only texts may turn out to be constant."""
FIRST = 128
"""Calls in rows that are walked before the first lesson; before each further one twice as many."""
BUSY, CHEAP = 8, 3
"""Calls of a row from which on each counts so many times: it will be an outline, which takes no time to compile."""
IDLE = 4_096
"""Ends of rows by one opcode that do not repeat, one after the other, before as many are passed without a look, and
then twice as many each time."""
TEMPLATES = 16
WIDEST = 4
"""Values that one row leaves on the stack."""
BLOCKS = (128, 8, 1)
LOW = 256
"""Memo indices below this one are set by no repeat, nor giant ones; those are walked and reported."""

PUT = rb"r.(?!\0\0\0)..\0"
"""Puts into the memo, but giant ones."""

Span = tuple[int, int]
Key = tuple[int, int]
"""An opcode, and how many marks there are below it."""
Part: TypeAlias = "bytes | Slot"


class _End:
    """Where a row may have ended: the height of the stack there, and what the row has grown it by.

    `special` counts what hangs on plain data up to there, `streak` the rows before it that have grown it as much.
    """

    __slots__ = ("grown", "height", "pos", "special", "start", "streak")

    def __init__(self, height: int, start: int, pos: int, special: int, grown: int = 0, streak: int = 0) -> None:
        self.height, self.start, self.pos, self.special = height, start, pos, special
        self.grown, self.streak = grown, streak


@dataclass(slots=True)
class _Track:
    """The ends of rows by one opcode under so many marks, the stack higher at each; what lies between is inside."""

    ends: list[_End] = field(default_factory=list)
    walked: int = 0
    seen: int = 0
    """Calls of the stream up to its last end."""
    patience: int = field(default_factory=lambda: FIRST)
    idle: int = 0
    """Ends of rows that were no rows, and, below 0, ends to pass without a look."""
    passing: int = IDLE

    def end(self, height: int, pos: int, special: int) -> _End:
        while self.ends and self.ends[-1].height >= height:
            self.ends.pop()
        if not self.ends:
            end = _End(height, pos, pos, special)
        else:
            last = self.ends[-1]
            grown = height - last.height
            if grown > WIDEST or special != last.special:
                grown = 0
            streak = last.streak + 1 if grown and grown == last.grown else 0
            end = _End(height, last.pos, pos, special, grown, streak)
        self.ends.append(end)
        if len(self.ends) > 4 * SAMPLES:
            del self.ends[: -2 * SAMPLES]
        return end

    def samples(self) -> list[Span]:
        return [(end.start, end.pos) for end in self.ends[-SAMPLES:] if end.grown]


class Template(ABC):
    """One kind of row: what it leaves behind, and in the subclasses how it is recognised."""

    def __init__(self, memoize: bool, depth: int, opcodes: int) -> None:
        self.memoize, self.depth, self.opcodes = memoize, depth, opcodes
        self.pushed: list[Any] = []
        """What a row leaves on the stack."""
        self.kept: list[Any] = []
        """What a row puts into the memo, in order; None: the plain value that stands there."""
        self.gets: list[tuple[int, Any]] = []
        """What a row takes out of the memo."""
        self.resets = 0
        """How often the memo had been set anew when it still held these."""
        self.wide = True
        """May there be integers of any length in a row (`collisions`)?"""
        self.waits = self.misses = 0
        """Places to pass without looking for rows, and how often looking was in vain."""

    def ask(self, storages: Storages, data: Buffer, start: int, stop: int, count: int) -> None:
        """Tells which storages the rows there ask for: none."""

    def stands(self, memo: Memo) -> bool:
        """Does the memo hold what it held for the samples?"""
        if self.gets and memo.floor <= self.gets[-1][0]:
            memo.settle()
        if memo.resets != self.resets:
            if not all(_same(memo.peek(index), value) for index, value in self.gets):
                return False
            self.resets = memo.resets
        return True

    def missed(self) -> None:
        """No row here: looks less often while that goes on."""
        self.misses = min(self.misses + 1, 12)
        self.waits = (1 << max(0, self.misses - 4)) - 1

    @abstractmethod
    def follow(self, data: Buffer, pos: int, limit: int, end: int) -> tuple[int, int, int]:
        """Where the rows from `pos` on end, how many there are, and where the frame ends that is current there."""

    @abstractmethod
    def stored(self, run: Run) -> Iterator[tuple[int, int]]:
        """Per memo opcode of the run the offset of the leaf it stores, -1 where it is none, and its index."""


class Pattern(Template):
    """A short row as an expression; many of them are matched at once."""

    def __init__(self, parts: list[Part], memoize: bool, depth: int) -> None:
        super().__init__(memoize, depth, len(parts))
        self.parts = parts
        pattern = b"(?:" + b"".join(self.patterns()) + b")"
        self.blocks = tuple(re.compile(pattern + b"{%d}+" % size, re.DOTALL) for size in BLOCKS)
        self.wide = collisions.may_have_wide(pattern)
        self.claims: tuple[Claim, ...] = ()
        """The storages that a row asks for."""

    def patterns(self) -> list[bytes]:
        return [self._pattern(part) for part in self.parts]

    @staticmethod
    def _pattern(part: Part) -> bytes:
        return part if isinstance(part, bytes) else part.pattern()

    @functools.cached_property
    def detailed(self) -> re.Pattern[bytes]:
        """A row with a group for each memo index, or for each value that MEMOIZE keeps and is plain data."""
        pattern, kept = b"", iter(self.kept)
        for part, after in zip(self.parts, [*self.parts[1:], b""], strict=True):
            text = self._pattern(part)
            if part == PUT:
                text = rb"r(.(?!\0\0\0)..\0)"
            elif after in (PUT, b"\x94") and next(kept) is None:
                text = b"(" + text + b")"
            pattern += text
        return re.compile(pattern, re.DOTALL)

    def ask(self, storages: Storages, data: Buffer, start: int, stop: int, count: int) -> None:
        storages.runs += [(claim, (data, start, stop, count)) for claim in self.claims]

    def follow(self, data: Buffer, pos: int, limit: int, end: int) -> tuple[int, int, int]:
        """Rows within one frame."""
        del end
        first = self.blocks[-1].match(data, pos, limit)  # most looks are in vain
        if first is None:
            return pos, 0, limit
        pos, count = first.end(), 1
        for pattern, size in zip(self.blocks, BLOCKS, strict=True):
            while found := pattern.match(data, pos, limit):
                pos = found.end()
                count += size
        return pos, count, limit

    def stored(self, run: Run) -> Iterator[tuple[int, int]]:
        for row in self.detailed.finditer(run.data, run.start, run.end):
            groups = iter(range(1, (row.lastindex or 0) + 1))
            for value in self.kept:
                offset = row.start(next(groups)) if value is None else -1
                yield offset, 0 if self.memoize else int.from_bytes(row[next(groups)], "little")


class Outlined(Template):
    """A long row, or one with arrays in it."""

    def __init__(self, row: list[outlines.Piece], depth: int) -> None:
        super().__init__(True, depth, len(row))
        self.outline, places = outlines.outline(row)
        memos = [number for number, piece in enumerate(row) if piece[0] == b"\x94"]
        self.places = [places[number - 1] for number in memos]
        """In which constant or gap what a memo opcode stores stands, and where in it."""

    def follow(self, data: Buffer, pos: int, limit: int, end: int) -> tuple[int, int, int]:
        count, follow = 0, self.outline.follow
        while place := follow(data, pos, limit, end):
            pos, limit = place
            count += 1
        return pos, count, limit

    def stored(self, run: Run) -> Iterator[tuple[int, int]]:
        place = run.start, run.limit
        for _ in range(run.count):
            stretches: list[outlines.Stretches] = []
            place = self.outline.follow(run.data, *place, run.bound, stretches) or place
            for value, (number, behind) in zip(self.kept, self.places, strict=True):
                yield outlines.place_of(stretches[number], behind) if value is None else -1, 0


class Run:
    """Rows of one template in `data[start:end]`, standing for what they put into the memo."""

    __slots__ = ("_slots", "bound", "count", "data", "end", "limit", "start", "template")

    def __init__(
        self, template: Template, data: Buffer, start: int, end: int, count: int, limit: int, bound: int
    ) -> None:
        self.template, self.data, self.start, self.end, self.count = template, data, start, end, count
        self.limit, self.bound = limit, bound
        """Where the frame ends that is current at `start`, and where the data ends."""
        self._slots: tuple[array[int], list[int]] | None = None

    @property
    def memoize(self) -> bool:
        return self.template.memoize

    @property
    def floor(self) -> int:
        return LOW

    def indices(self, count: int) -> Sequence[int]:
        """The memo indices it sets, in order; `count` slots are in use before it."""
        if self.memoize:
            return range(count, count + self.count * len(self.template.kept))
        return self._read()[1]

    def slot(self, number: int) -> Any:
        """What its memo opcode of that number stores."""
        value = self.template.kept[number % len(self.template.kept)]
        return self._read()[0][number] if value is None else value

    def _read(self) -> tuple[array[int], list[int]]:
        """Per memo opcode the offset of the leaf it stores, -1 where it is none, and its index."""
        if self._slots is None:
            offsets, indices = array("q"), []
            for offset, index in self.template.stored(self):
                offsets.append(offset)
                indices.append(index)
            self._slots = offsets, [] if self.memoize else indices
        return self._slots


class Repeats:
    """What has been learned from one stream."""

    def __init__(self) -> None:
        self.tracks: dict[Key, _Track] = {}
        self.templates: list[Template] = []
        self.calls = 0

    def row(self, key: Key, height: int, pos: int, special: int) -> list[Span] | None:
        """Takes note of what ends at `pos`. The rows to learn from, when it is time to."""
        track = self.tracks.get(key)
        if track is None:
            track = self.tracks[key] = _Track()
        if track.idle < 0:
            track.idle += 1
            return None
        self.calls += 1
        calls, track.seen = self.calls - track.seen, self.calls
        streak = track.end(height, pos, special).streak
        if streak:
            track.walked += calls * CHEAP if calls >= BUSY else calls
        if streak < ROWS:
            track.idle += 1
            if track.idle == IDLE:  # looks less often while nothing comes of it
                track.idle = -track.passing
                track.passing *= 2
                track.ends.clear()
            return None
        track.idle, track.passing = 0, IDLE
        if track.walked < track.patience or len(self.templates) >= TEMPLATES:
            return None
        track.walked, track.patience = 0, 2 * track.patience
        return track.samples()

    def moved(self, key: Key, height: int, pos: int, special: int) -> None:
        """Repeats have been stepped over."""
        self.tracks[key].ends = [_End(height, pos, pos, special)]


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is int and type(other) is int and one == other)
