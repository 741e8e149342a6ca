"""Bulk data, a batch at a time: what stands between a MARK and the opcode that takes it, where that is plain data.

Most opcodes of a large pickle fill lists, dicts and tuples with numbers, strings and each other. One regular
expression takes such a batch at once. Nothing in it imports, calls or writes into an object that is not made in the
batch itself, and whatever it does to the stack happens above its MARK, below which the unpickler lets nothing reach.
So all that has to be known of it is where it ends, what it may hold (the memo entries it gets), and how it moves the
memo, and the latter two only if somebody asks.
"""

from __future__ import annotations

import functools
import re
from array import array
from collections.abc import Callable, Iterator, Sequence

from modelscan.pickles.leaves import Buffer
from modelscan.pickles.opcodes import COUNTED, FIXED, OPERANDS, Op
from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.pickles.rows import Rows

SMALLEST = 1024
"""Bytes of a batch that is worth it; smaller ones may be arguments or a description that somebody wants to read."""
ACROSS = 512
"""Opcodes of one value that lies across the end of a frame."""
FEW = 64
"""Values that are matched before rows are looked for again."""
NEAR = 8192
"""Bytes before the end of a frame in which such a value may begin."""

FILLS = frozenset({Op.APPENDS, Op.SETITEMS, Op.ADDITEMS})
GROUPS: dict[int, str] = {Op.TUPLE: "tuple", Op.LIST: "list", Op.DICT: "dict", Op.FROZENSET: "frozenset"}
TUPLES: dict[int, int] = {Op.TUPLE1: 1, Op.TUPLE2: 2, Op.TUPLE3: 3}
FRESH = frozenset({Op.EMPTY_LIST, Op.EMPTY_DICT, Op.EMPTY_SET})


_STEADY = frozenset({Op.MEMOIZE, Op.BINPUT, Op.LONG_BINPUT, Op.FRAME})

Span = tuple[int, int]


class Grammar:
    """The expressions for one way of numbering the memo: MEMOIZE from protocol 4 on, PUT before.

    A stream that mixes the two, or writes numbers as text, is not matched and walked opcode by opcode.
    """

    def __init__(self, memoize: bool) -> None:
        zeros = b"" if memoize else rb"\0\0\0"
        lengths = b"|".join(re.escape(bytes([size])) + zeros + b".{%d}" % size for size in range(256))
        counted = (rb"[\x8cUC\x8a]" if memoize else b"X") + b"(?:" + lengths + b")"
        leaves = [counted, rb"K.", rb"[N)\x88\x89]", rb"M..", rb"J.{4}", rb"G.{8}"]
        memos = [rb"\x94"] if memoize else [rb"r.{3}\0", rb"q."]
        gets = [rb"h.", rb"j.{4}"]
        # One flat alternation, the most frequent first: the engine tries them in order by their first byte.
        token = b"(?:" + b"|".join((*memos, *gets, *leaves, rb"[\x85-\x87]")) + b")"
        memo, inner = b"(?:" + b"|".join(memos) + b")", token + b"*+"
        inner = self._values(token, memo, inner) + b"*+"
        self.memoize = memoize
        self.segment = _compiled(self._values(token, memo, inner) + b"{1,%d}+" % FEW)
        self.token = _compiled(token)
        self._leaves, self._memos, self._gets = leaves, memos, gets
        self._rest = [*leaves, rb"[\x85-\x87(\]}\x8fetuld\x90\x91]", rb"\x95.{8}"]

    @staticmethod
    def _values(token: bytes, memo: bytes, inner: bytes) -> bytes:
        """Plain values, a container that is made and filled here, or one made of a MARK."""
        filled = rb"[\]}\x8f]" + memo + rb"?+(?:\(" + inner + rb"[eu\x90])*+(?!\()"
        grouped = rb"\(" + inner + rb"[tld\x91]"
        return b"(?:" + b"|".join((token + b"{1,%d}+" % FEW, filled, grouped)) + b")"

    @functools.cached_property
    def memos(self) -> re.Pattern[bytes]:
        return _compiled(_next(self._memos, [*self._rest, *self._gets]))

    @functools.cached_property
    def gets(self) -> re.Pattern[bytes]:
        return _compiled(_next(self._gets, [*self._rest, *self._memos]))

    @functools.cached_property
    def steps(self) -> re.Pattern[bytes]:
        """Group 1 is a memo opcode, group 2 a leaf."""
        known = (b"(" + b"|".join(self._memos) + b")", b"(" + b"|".join(self._leaves) + b")")
        return _compiled(b"|".join((*known, *self._rest, *self._gets)))


def _next(wanted: list[bytes], others: list[bytes]) -> bytes:
    """The next wanted opcode, or the end: a search that found nothing would start anew inside of an argument."""
    return b"(?:" + b"|".join(others) + b")*+(?:(" + b"|".join(wanted) + rb")|\Z)"


def _all(pattern: re.Pattern[bytes], data: Buffer, start: int, end: int) -> list[bytes]:
    return [opcode for opcode in pattern.findall(data, start, end) if opcode]


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_GRAMMARS: dict[bool, Grammar] = {}


def grammar(memoize: bool) -> Grammar:
    """Compiled when a stream is long enough to need it (30 to 50 ms)."""
    if memoize not in _GRAMMARS:
        _GRAMMARS[memoize] = Grammar(memoize)
    return _GRAMMARS[memoize]


def is_ready(memoize: bool) -> bool:
    return memoize in _GRAMMARS


class Batch:
    """The bytes `data[start:end]` between a MARK and the opcode that takes it, standing for the values in it."""

    __slots__ = ("_held", "_size", "_slots", "data", "end", "found", "grammar", "peek", "start")

    def __init__(self, data: Buffer, start: int, found: Found, grammar: Grammar, peek: Callable[[int], Any]) -> None:
        self.data, self.start, self.found, self.grammar, self.peek = data, start, found, grammar, peek
        self.end = found.stop
        self._held: list[Any] | None = None
        self._size: int | None = None
        self._slots: array[int] | None = None

    @property
    def memoize(self) -> bool:
        return self.grammar.memoize

    @property
    def floor(self) -> int:
        return 0

    def parts(self) -> Iterator[Any]:
        """What of the memo it holds; everything else in it is plain data."""
        if self._held is None and all(self.data.find(get, self.start, self.end) < 0 for get in (b"h", b"j")):
            self._held = []
        if self._held is None:
            indices = {_index(get) for get in _all(self.grammar.gets, self.data, self.start, self.end)}
            self._held = [value for value in map(self.peek, sorted(indices)) if value is not self]
        yield from self._held

    def indices(self, count: int) -> Sequence[int]:
        """The memo indices it sets, in order; `count` slots are in use before it."""
        if self.grammar.memoize:
            spans = (_all(self.grammar.memos, self.data, *span) for span in self.found.uncounted)
            return range(count, count + self.found.counted + sum(map(len, spans)))
        return [_index(opcode) for opcode in _all(self.grammar.memos, self.data, self.start, self.end)]

    def size(self) -> int:
        """How many values it has."""
        if self._size is None:
            found = self.found
            self._size = found.values + sum(_grown(self.data, *span) for span in found.unvalued)
        return self._size

    def slot(self, number: int) -> Any:
        """What its memo opcode of that number stores: a leaf's offset, or for a container the batch itself."""
        if self._slots is None:
            self._slots = array("q", self._stored())
        at = self._slots[number]
        return at if at >= 0 else self

    def _stored(self) -> Iterator[int]:
        leaf = -1
        for step in self.grammar.steps.finditer(self.data, self.start, self.end):
            if step.lastindex == 1:
                yield leaf
            elif step.lastindex == 2:
                leaf = step.start()
            else:
                leaf = -1


def _grown(data: Buffer, pos: int, stop: int) -> int:
    """By how much values from `pos` on let the stack grow above a mark; a frame may begin between two opcodes."""
    height, marks = 0, list[int]()
    while pos < stop:
        code = data[pos]
        if code in COUNTED:
            width = COUNTED[code]
            pos += 1 + width + int.from_bytes(data[pos + 1 : pos + 1 + width], "little")
            height += 1
            continue
        pos += 1 + FIXED.get(code, OPERANDS.get(code, 0))
        if code == Op.MARK:
            marks.append(height)
            height = 0
        elif code in FILLS or code in GROUPS:
            height = (marks.pop() if marks else 0) + (code in GROUPS)
        elif code in TUPLES:
            height -= TUPLES[code] - 1
        elif code not in _STEADY:
            height += 1
    return height


def _index(opcode: bytes) -> int:
    return int.from_bytes(opcode[1:], "little")


@dataclass(slots=True)
class Found:
    """Where a batch ends, and where the frame ends that is current there.

    It sets `counted` slots of the memo, and those that the memo opcodes in the spans `uncounted` set. It has `values`
    values, and those in the spans `unvalued`. Integers of any length may stand in the spans `wide`.
    """

    stop: int
    limit: int
    counted: int = 0
    uncounted: list[Span] = field(default_factory=list)
    values: int = 0
    unvalued: list[Span] = field(default_factory=list)
    wide: list[Span] = field(default_factory=list)

    def note(self, start: int, stop: int, memos: int | None, values: int | None, wide: bool = True) -> None:
        """Between `start` and `stop` there are so many memo opcodes, and so many values."""
        if stop == start:
            return
        if wide:
            _add(self.wide, start, stop)
        if memos is None:
            _add(self.uncounted, start, stop)
        else:
            self.counted += memos
        if values is None:
            _add(self.unvalued, start, stop)
        else:
            self.values += values


def _add(spans: list[Span], start: int, stop: int) -> None:
    if spans and spans[-1][1] == start:
        spans[-1] = spans[-1][0], stop
    else:
        spans.append((start, stop))


@dataclass(slots=True)
class _Place:
    """A position, and where its frame ends."""

    pos: int
    limit: int
    end: int

    def next_frame(self, data: Buffer) -> bool:
        """Steps over the end of a frame; False where there is nothing behind it or the next one is odd."""
        if self.pos != self.limit or self.limit >= self.end:
            return False
        if data[self.pos] != Op.FRAME or self.pos + 9 > self.end:
            self.limit = self.end
            return True
        size = int.from_bytes(data[self.pos + 1 : self.pos + 9], "little")
        self.pos += 9
        self.limit = self.pos + size
        return self.limit <= self.end


def find(data: Buffer, mark: int, limit: int, end: int, grammar: Grammar, rows: Rows) -> Found | None:
    """The batch behind the MARK at `mark`.

    None when there is something in it that is not plain data, or an argument lies across the end of a frame.
    """
    place = _Place(mark + 1, limit, end)
    found = Found(mark, limit)
    while True:
        start = place.pos
        wide = rows.wide
        place.pos, memos, values = rows.follow(data, start, place.limit)
        found.note(start, place.pos, memos, values, wide)
        if place.pos >= place.limit:
            if not place.next_frame(data):
                return None
            continue
        if data[place.pos] in FILLS or data[place.pos] in GROUPS:
            found.stop, found.limit = place.pos, place.limit
            return found
        start = place.pos
        match = grammar.segment.match(data, start, place.limit)
        if match is not None:
            place.pos = match.end()
            rows.missed(data, start, place.pos)
        elif not _across(data, place, grammar):
            return None
        found.note(start, place.pos, None, None)


def _across(data: Buffer, place: _Place, grammar: Grammar) -> bool:
    """Steps over one value that lies across the end of a frame; False for anything else."""
    if place.limit >= place.end or place.limit - place.pos > NEAR:
        return False
    opened: list[bool] = []
    fresh = False
    first_limit = place.limit
    for _ in range(ACROSS):
        if place.pos >= place.limit:
            if not place.next_frame(data):
                return False
            continue
        code = data[place.pos]
        token = grammar.token.match(data, place.pos, place.limit)
        if token:
            place.pos = token.end()
            fresh = fresh and code in (Op.MEMOIZE, Op.BINPUT, Op.LONG_BINPUT)
        elif not _bracket(code, opened, fresh):
            return False
        else:
            place.pos += 1
            fresh = code in FRESH or code in FILLS
        if not opened and not fresh:
            return place.limit != first_limit
        if not opened and code in FILLS:
            return place.limit != first_limit
    return False


def _bracket(code: int, opened: list[bool], fresh: bool) -> bool:
    """Keeps `opened`, the open MARKs: True for one whose values go into a container made right before it."""
    if code == Op.MARK:
        opened.append(fresh)
        return True
    if code in FRESH:
        return True
    if not opened or not (code in FILLS or code in GROUPS):
        return False
    return opened.pop() is (code in FILLS)
