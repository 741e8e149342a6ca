"""Rows: the items of a long container mostly look alike, and an expression for just these is several times faster.

What the general expression of `batches` has matched is looked at a sample at a time: which opcodes its items are made
of, leaving open the values and, among plain values, their types. Such a shape only ever matches what the general
expression matches, so it changes how fast a batch is read and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from modelscan.pickles import collisions
from modelscan.pickles.leaves import Buffer
from modelscan.pickles.opcodes import COUNTED, FIXED, OPERANDS, Op
from modelscan.records import dataclass, field

SAMPLE, VALUES = 16_384, 256
"""Bytes, and values, that are looked at for one lesson."""
SHAPES = 8
"""Shapes that are known at once."""
FIRST = 4_096
"""Bytes matched by the general expression before the first lesson; before each further one twice as many."""
RECENT, LATER = 1_024, 65_536
"""Bytes of rows that are looked at again, and how many are followed before; before each further look twice as many."""
BLOCKS = (100, 10, 1)
"""Rows that are matched at once, so that they are counted at the speed of the expression. Picklers put a thousand items
between a MARK and what takes them."""
SPREAD = 48
"""Lengths between the shortest and the longest string of a slot, where all of them are expected."""
GROWTH = 5
"""Longer strings that are expected as well: what is numbered gets longer as the numbers do."""

_SLOT, _RUN, _MEMO = -1, -2, -3
"""A plain value or a get, any number of those, a memo opcode: parts of a shape beside plain opcodes."""

_GETS = frozenset({Op.BINGET, Op.LONG_BINGET})
_PUTS = frozenset({Op.MEMOIZE, Op.BINPUT, Op.LONG_BINPUT})
_FIXED = frozenset({Op.NONE, Op.NEWTRUE, Op.NEWFALSE, Op.EMPTY_TUPLE, Op.BININT1, Op.BININT2, Op.BININT, Op.BINFLOAT})
_SHORT = frozenset({Op.NONE, Op.NEWTRUE, Op.NEWFALSE, Op.EMPTY_TUPLE})
"""Values that are an opcode and nothing else."""
_FRESH = frozenset({Op.EMPTY_LIST, Op.EMPTY_DICT, Op.EMPTY_SET})
_OPEN = frozenset({Op.APPENDS, Op.ADDITEMS})
"""What closes a container that may hold any number of plain values."""
_CLOSE = frozenset({*_OPEN, Op.SETITEMS, Op.TUPLE, Op.LIST, Op.DICT, Op.FROZENSET})
_FILLS = frozenset({Op.APPENDS, Op.ADDITEMS, Op.SETITEMS})
_TUPLES: dict[int, int] = {Op.TUPLE1: 1, Op.TUPLE2: 2, Op.TUPLE3: 3}
_ALIKE = ((Op.BININT1, Op.BININT2, Op.BININT), (Op.NEWTRUE, Op.NEWFALSE), (Op.BINGET, Op.LONG_BINGET))
"""Where one of them is seen, the others are to be expected."""

Step = tuple[int, int, int]
"""opcode, its offset, the offset after its argument."""


@dataclass(slots=True)
class Slot:
    """What was seen in one place of a shape: opcodes, each with whether a memo opcode follows, and string lengths."""

    seen: Counter[tuple[int, bool]] = field(default_factory=Counter)
    sizes: dict[int, Counter[int]] = field(default_factory=dict)

    def add(self, code: int, memoized: bool, size: int) -> None:
        self.seen[code, memoized] += 1
        if code in COUNTED:
            self.sizes.setdefault(code, Counter())[size] += 1

    def take(self, other: Slot) -> None:
        self.seen.update(other.seen)
        for code, sizes in other.sizes.items():
            self.sizes.setdefault(code, Counter()).update(sizes)

    def pattern(self, memo: bytes = b"") -> bytes:
        """What may stand there, the most frequent first."""
        seen = self.seen.copy()
        for alike in _ALIKE:
            for code, memoized in self.seen:
                if code in alike:
                    seen.update({(other, memoized): 0 for other in alike})
        # With a memo opcode first: without one the same bytes match as well, and what follows then does not.
        order = sorted(seen, key=lambda key: (-seen[key], not key[1]))
        return b"(?:" + b"|".join(self._leaf(code) + (memo if memoized else b"") for code, memoized in order) + b")"

    def usual(self, memo: bytes) -> bytes:
        """What stands there nearly always and no more: an alternative costs more than what it matches."""
        (code, memoized), count = self.seen.most_common(1)[0]
        total = self.seen.total()
        short = [one for one, memo_follows in self.seen if one in _SHORT and not memo_follows]
        if code in _SHORT and not memoized and sum(self.seen[one, False] for one in short) * 2 > total:
            return b"[" + b"".join(re.escape(bytes([one])) for one in sorted({*short, *_alike(code)})) + b"]"
        if count * 2 < total:
            return self.pattern(memo)
        sizes = [size for size, often in self.sizes.get(code, {}).items() if often * 4 > count]
        return self._leaf(code, sizes or None) + (memo if memoized else b"")

    def _leaf(self, code: int, sizes: list[int] | None = None) -> bytes:
        opcode = re.escape(bytes([code]))
        if code not in COUNTED:
            return opcode + _any(FIXED.get(code, OPERANDS.get(code, 0)))
        width = COUNTED[code]
        wanted = sizes or _expected(self.sizes[code])
        texts = [re.escape(size.to_bytes(width, "little")) + _any(size) for size in wanted]
        return opcode + (texts[0] if len(texts) == 1 else b"(?:" + b"|".join(texts) + b")")


Shape = tuple[int, ...]


class Rows:
    """The shapes learned from one stream so far."""

    def __init__(self, memoize: bool) -> None:
        self.memo, self.often = (rb"\x94", rb"\x94") if memoize else (rb"(?:r...\0|q.)", rb"r...\0")
        self.memoize = memoize
        self.shapes: dict[Shape, list[Slot]] = {}
        self.patterns: tuple[re.Pattern[bytes], ...] = ()
        self.memos: int | None = None
        """MEMOIZE opcodes of a row, where all rows have as many."""
        self.whole = False
        """Is each row one value, made of nothing but what stands in it?"""
        self.wide = False
        """May there be integers of any length in a row (`collisions`)?"""
        self.unlearned = self.followed = 0
        self.patience, self.later = FIRST, LATER
        self.usual: dict[bytes, None] = {}
        """Expressions for the rows as they look at present, of which a long container has nothing else for a while."""

    def follow(self, data: Buffer, pos: int, limit: int) -> tuple[int, int | None, int | None]:
        """Where the rows from `pos` on end, how many slots of the memo they take and values they are, if known."""
        start = pos
        memos, whole = self.memos, self.whole
        pos, rows = self._follow(data, pos, limit)
        self.followed += pos - start
        if self.followed > self.later and pos - start > RECENT:
            self.followed, self.later = 0, 2 * self.later
            self._look_again(list(islice(_items(data, start, start + RECENT), VALUES)))
        return pos, None if memos is None else rows * memos, rows if whole else None

    def _follow(self, data: Buffer, pos: int, limit: int) -> tuple[int, int]:
        rows = 0
        for pattern, size in zip(self.patterns, BLOCKS, strict=False):
            while found := pattern.match(data, pos, limit):
                pos = found.end()
                rows += size
        return pos, rows

    def missed(self, data: Buffer, start: int, stop: int) -> None:
        """Bytes that no shape has matched and the general expression has."""
        self.unlearned += stop - start
        if self.unlearned < self.patience:
            return
        self.unlearned, self.patience = 0, 2 * self.patience
        items = list(islice(_items(data, start, min(stop, start + SAMPLE)), VALUES))
        for shape, slots in _shapes(items).items():
            known = self.shapes.get(shape)
            if known is None and len(self.shapes) < SHAPES:
                self.shapes[shape] = slots
            elif known is not None:
                _take(known, slots)
        self._look_again(items)
        self._compile()

    def _look_again(self, items: list[list[Step]]) -> None:
        """At rows that have been matched: values grow, and others become the usual ones."""
        shapes = {shape: slots for shape, slots in _shapes(items).items() if shape in self.shapes}
        usual = dict.fromkeys(self._row(shape, slots, True) for shape, slots in shapes.items())
        if usual.keys() != self.usual.keys():
            self.usual = usual
            self._compile()

    def _compile(self) -> None:
        if not self.shapes:
            return
        all_of_them = dict.fromkeys(self._row(shape, slots, False) for shape, slots in self.shapes.items())
        rows = b"(?:" + b"|".join(self.usual | all_of_them) + b")"
        self.wide = collisions.may_have_wide(rows)
        counts = {_memos(shape, slots) for shape, slots in self.shapes.items()}
        self.memos = counts.pop() if self.memoize and len(counts) == 1 else None
        self.whole = all(map(_is_value, self.shapes))
        self.patterns = tuple(re.compile(rows + b"{%d}+" % size, re.DOTALL) for size in BLOCKS)

    def _row(self, shape: Shape, slots: list[Slot], usual: bool) -> bytes:
        rest = iter(slots)
        return b"".join(self._part(code, rest, usual) for code in shape)

    def _part(self, code: int, slots: Iterator[Slot], usual: bool) -> bytes:
        memo = self.often if usual else self.memo
        if code == _SLOT:
            return next(slots).usual(memo) if usual else next(slots).pattern(memo)
        if code == _RUN:
            return next(slots).pattern(self.memo) + b"*+"
        return memo if code == _MEMO else re.escape(bytes([code]))


def _shapes(items: list[list[Step]]) -> dict[Shape, list[Slot]]:
    """The shapes of some values, those first that most of the bytes are in."""
    found: dict[Shape, list[Slot]] = {}
    taken: Counter[Shape] = Counter()
    for item in items:
        shape, slots = _shape(item)
        taken[shape] += item[-1][2] - item[0][1]
        if shape in found:
            _take(found[shape], slots)
        else:
            found[shape] = slots
    return {shape: found[shape] for shape, _ in taken.most_common()}


def _take(slots: list[Slot], others: list[Slot]) -> None:
    for mine, other in zip(slots, others, strict=True):
        mine.take(other)


def _alike(code: int) -> tuple[int, ...]:
    return next((alike for alike in _ALIKE if code in alike), ())


def _any(size: int) -> bytes:
    return b"." * size if size <= 16 else b".{%d}" % size


def _expected(sizes: Counter[int]) -> list[int]:
    """Lengths seen, the most frequent first, then those between and a few beside them."""
    low, high = min(sizes), max(sizes)
    near = range(max(0, low - 2), min(256, high + GROWTH + 1)) if high - low <= SPREAD else ()
    return [size for size, _ in sizes.most_common()] + [size for size in near if size not in sizes]


def _is_value(shape: Shape) -> bool:
    """Does it leave one value more, and take none of those below it?"""
    height, marks = 0, list[int]()
    for code in shape:
        if code == Op.MARK:
            marks.append(height)
            height = 0
        elif code in _CLOSE:
            if not marks or (code in _FILLS and not marks[-1]):
                return False
            height = marks.pop() + (code not in _FILLS)
        elif code in _TUPLES or code == _MEMO:
            if height < _TUPLES.get(code, 1):
                return False
            height -= _TUPLES.get(code, 1) - 1
        elif code == _RUN:
            continue
        else:
            height += 1
    return height == 1 and not marks


def _memos(shape: Shape, slots: list[Slot]) -> int | None:
    """MEMOIZE opcodes of each row of a shape, None where they differ."""
    count, rest = shape.count(_MEMO), iter(slots)
    for code in shape:
        if code not in (_SLOT, _RUN):
            continue
        memoized = {memo for _, memo in next(rest).seen}
        if len(memoized) > 1 or (code == _RUN and True in memoized):
            return None
        count += True in memoized
    return count


def _steps(data: Buffer, pos: int, stop: int) -> Iterator[Step]:
    """The opcodes of plain data up to the first other one, as far as they are whole."""
    while pos < stop:
        code = data[pos]
        if code in COUNTED:
            width = COUNTED[code]
            size = int.from_bytes(data[pos + 1 : pos + 1 + width], "little")
            after = pos + 1 + width + size if size < 256 else stop + 1
        elif code in _FIXED or code in _GETS or code in _PUTS:
            after = pos + 1 + FIXED.get(code, OPERANDS.get(code, 0))
        elif code == Op.MARK or code in _FRESH or code in _CLOSE or code in _TUPLES:
            after = pos + 1
        else:
            return
        if after > stop:
            return
        yield code, pos, after
        pos = after


def _items(data: Buffer, start: int, stop: int) -> Iterator[list[Step]]:
    """The values that stand next to each other from `start` on, each as its opcodes; the last one may be cut off."""
    items: list[list[Step]] = []
    depth = 0
    for step in _steps(data, start, stop):
        code = step[0]
        more = code in _PUTS or code in _TUPLES or (code == Op.MARK and items and items[-1][-1][0] in _FILLABLE)
        if depth or not items or more:
            if not items:
                items.append([])
            items[-1].append(step)
            size = _TUPLES.get(code, 0)
            if size > 1 and not depth and len(items) >= size:
                items[-size:] = [[step for item in items[-size:] for step in item]]
        else:
            items.append([step])
        depth += (code == Op.MARK) - (code in _CLOSE)
        if depth < 0:
            break
    yield from items[:-1]


_FILLABLE = _FRESH | _PUTS | _OPEN | {Op.SETITEMS}


def _shape(row: list[Step]) -> tuple[Shape, list[Slot]]:
    """The shape of one value, and what stands in its slots."""
    parts: list[tuple[int, Slot | None]] = []
    marks: list[int] = []
    at = 0
    while at < len(row):
        code, start, stop = row[at]
        at += 1
        if code in COUNTED or code in _FIXED or code in _GETS:
            slot = Slot()
            memoized = at < len(row) and row[at][0] in _PUTS
            slot.add(code, memoized, stop - start - 1 - COUNTED.get(code, 0))
            parts.append((_SLOT, slot))
            at += memoized
        elif code in _PUTS:
            parts.append((_MEMO, None))
        else:
            if code == Op.MARK:
                marks.append(len(parts))
            elif code in _CLOSE and marks:
                _gather(parts, marks.pop() + 1, code)
            parts.append((code, None))
    return tuple(code for code, _ in parts), [slot for _, slot in parts if slot is not None]


def _gather(parts: list[tuple[int, Slot | None]], first: int, code: int) -> None:
    """Plain values in a list or set may be any number."""
    slots = [slot for _, slot in parts[first:] if slot is not None]
    if code not in _OPEN or len(slots) < len(parts) - first or not slots:
        return
    for slot in slots[1:]:
        slots[0].take(slot)
    parts[first:] = [(_RUN, slots[0])]
