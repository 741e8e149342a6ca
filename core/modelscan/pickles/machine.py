"""An abstract unpickler: the stack, marks and memo of Modules/_pickle.c with facts instead of effects.

It stops where the C unpickler must stop (an unknown opcode, an empty stack, a missing memo index, the end of the
data) and goes on where only a real object could tell (a list that is no list): what it collects is a superset of
what a load asks for. It reads a stream by its bytes and not by `pickletools`, whose stricter parsing can be used to
hide what follows (threats P25 to P28).
"""

from __future__ import annotations

import time
from itertools import repeat

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles import batches, leaves
from modelscan.pickles.collisions import Collisions
from modelscan.pickles.handlers import HANDLERS
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.opcodes import COUNTED, EMPTY, NAMES, Op, widths
from modelscan.pickles.repeats import Repeats, Run
from modelscan.pickles.state import State, underflow
from modelscan.pickles.values import Group
from modelscan.progress import reached
from modelscan.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.pickles.rows import Rows

STRIDE = 4_096
"""Opcodes between two looks at the budgets."""
LATE, SOON = 65_536, 4_096
"""Opcodes of a stream before batches are looked for; soon where the expression for them has been compiled already."""

GIANT, SPARE = 1 << 24, 64
"""A memo index beyond this, and so many times the slots in use: the unpickler allocates all slots up to it."""

SHORT, NEAR, DENSE = 1 << 14, 1 << 20, 256
"""Streams up to so many bytes have too few integers to collide; so many bytes of opcodes are looked through for them,
and repeats of so many bytes each: what is longer has large values in it."""

_WIDTHS = widths()
_MEMOS = (Op.MEMOIZE, Op.LONG_BINPUT)
_SHORT = [COUNTED.get(code) == 1 for code in range(256)]
_EMPTY: list[str] = [EMPTY.get(code, "") for code in range(256)]


@dataclass(frozen=True, slots=True)
class Walk:
    """How a stream went. `end` is the offset after the last byte read.

    `broken` says where the stream breaks for the unpickler too, `limit` which budget of ours ran out before its end.
    """

    end: int
    broken: FormatError | None = None
    limit: LimitExceeded | None = None


class Machine(State):
    """Walks one pickle in `data[start:end]` and writes what it does into `ledger`.

    `read_arrays` follows joblib, which puts an array's bytes between the opcodes and reads them when it has built the
    array's wrapper; without it the same bytes are opcodes, as they are for `pickle.load`.
    """

    bulk = False
    """Is the stream long enough for batches to be looked for?"""
    rows: Rows | None = None
    """What the rows of the batches so far looked like."""
    waits = misses = 0
    """MARKs to pass without looking for a batch, and how often looking was in vain."""
    small = passes = inside = 0
    """Small batches one after the other, MARKs to pass for them, and below how many others these have to be."""
    opcodes = 0

    def __init__(
        self, data: leaves.Buffer, start: int, end: int, ledger: Ledger, limits: Limits, read_arrays: bool = False
    ) -> None:
        super().__init__(data, end, ledger, limits, self._inner if read_arrays else None)
        self.start = start
        self.repeats = Repeats()
        self.collisions = Collisions()
        self.seen = start
        """Up to where integers have been looked for."""
        self.deadline = time.monotonic() + limits.seconds

    def run(self) -> Walk:
        """To STOP, to where the stream breaks, or to a limit."""
        walk = self._walk()
        self._walked_to(walk.end)
        if self.memo.sparse and max(self.memo.sparse) > max(GIANT, SPARE * self.memo.count):
            self.ledger.note(Kind.ANOMALY, "memo-index", self.start)
        return walk

    def _walk(self) -> Walk:
        try:
            end = self._loop(self.start)
        except FormatError as error:
            return Walk(error.offset if error.offset is not None else self.end, broken=error)
        except LimitExceeded as error:
            return Walk(self.end, limit=error)
        if self.overlong is not None:
            self.ledger.note(Kind.ANOMALY, "frame-straddle", self.overlong)
        elif end < self.limit < self.end:  # pickle.py reads a frame at once: its next load goes on behind it
            self.ledger.note(Kind.ANOMALY, "frame-straddle", end)
        return Walk(end)

    def _loop(self, pos: int) -> int:
        """The one hot loop; what most pickles consist of is handled in place, the rest by `HANDLERS`."""
        data, memo, width_of, short, empty = self.data, self.memo, _WIDTHS, _SHORT, _EMPTY
        stack, limit, end, repeats = self.stack, self.limit, self.end, self.repeats
        while True:
            self.bulk = self.bulk or self.opcodes >= (SOON if batches.is_ready(self.memoize) else LATE)
            self.opcodes += STRIDE
            for _ in repeat(None, STRIDE):
                if pos >= limit:
                    limit = self._boundary(pos)
                code = data[pos]
                width = width_of[code]
                if width >= 0:
                    stack.append(pos)
                    pos += 1 + width
                elif short[code]:
                    stack.append(pos)
                    pos = pos + 2 + data[pos + 1] if pos + 1 < end else end
                elif code == 0x94:  # MEMOIZE
                    if not stack:
                        raise underflow(pos)
                    memo.add(stack[-1])
                    pos += 1
                elif code == 0x68 and pos + 1 < end:  # BINGET
                    stack.append(memo.get(data[pos + 1], pos))
                    pos += 2
                elif code == 0x72 and pos + 4 < end:  # LONG_BINPUT
                    if not stack:
                        raise underflow(pos)
                    memo.put(int.from_bytes(data[pos + 1 : pos + 5], "little"), stack[-1])
                    pos += 5
                elif empty[code]:
                    stack.append(Group(empty[code]))
                    pos += 1
                elif code == 0x28:  # MARK
                    if (self.bulk or repeats.templates) and (after := self.batch(pos)):
                        pos, limit, stack = after, self.limit, self.stack
                        continue
                    self.marks.append(stack)
                    stack = self.stack = []
                    pos += 1
                elif code == 0x2E:  # STOP
                    self.ledger.result = self.top(pos)
                    return pos + 1
                else:
                    handler = HANDLERS.get(code)
                    if handler is None:
                        raise FormatError("pickle-opcode", f"byte 0x{code:02x} is no opcode", pos)
                    pos = handler(self, pos, code)
                    stack, limit = self.stack, self.limit
            self._check_budgets()
            self._walked_to(pos)
            reached(pos - self.start)

    def _walked_to(self, pos: int) -> None:
        if pos - self.seen <= NEAR:
            self._collide(self.seen, pos)
        self.seen = pos

    def _collide(self, start: int, end: int) -> None:
        if end - self.start > SHORT and self.collisions.among(self.data, start, end):
            self.ledger.note(Kind.ANOMALY, "hash-bomb", start)

    def _check_budgets(self) -> None:
        if self.opcodes >= self.limits.opcodes:
            raise LimitExceeded("opcodes", f"more than {self.limits.opcodes:,} opcodes")
        if self.memo.count + len(self.stack) + len(self.marks) > self.limits.values:
            raise LimitExceeded("values", f"more than {self.limits.values:,} live values")
        if time.monotonic() > self.deadline:
            raise LimitExceeded("seconds", f"more than {self.limits.seconds:g} s in one pickle")

    def _boundary(self, pos: int) -> int:
        """`pos` has reached or passed the end of the frame, or of the data."""
        self.reaches(pos)
        if pos >= self.end:
            raise FormatError("pickle-truncated", "the stream ends in the middle", self.end)
        self.limit = self.end
        return self.end

    def batch(self, mark: int) -> int:
        """Takes what is known of behind the MARK at `mark`; where to go on, or 0 to go through it opcode by opcode."""
        if self.careful:
            return 0
        if self.repeats.templates:
            self.marks.append(self.stack)
            self.stack = []
            after = self._repeat(mark + 1)
            if after > mark + 1:
                return after
            self.stack = self.marks.pop()
        if self.waits or not self.bulk:
            self.waits -= self.waits > 0
            return 0
        if self.passes and len(self.marks) >= self.inside:
            self.passes -= 1
            return 0
        grammar = batches.grammar(self.memoize)
        if self.rows is None or self.rows.memoize is not self.memoize:
            from modelscan.pickles.rows import Rows  # long streams only

            self.rows = Rows(self.memoize)
        found = batches.find(self.data, mark, self.limit, self.end, grammar, self.rows)
        if found is None:  # looking was in vain, so look less often while that goes on
            self.misses = min(self.misses + 1, 10)
            self.waits = (1 << self.misses) - 1
            return 0
        if found.stop - mark < batches.SMALLEST:
            self.small, self.inside = min(self.small + 1, 6), len(self.marks)
            self.passes = (1 << self.small) - 1
            return 0
        self.misses = self.small = self.passes = 0
        stop, self.limit = found.stop, found.limit
        self._walked_to(mark)
        for span in found.wide:
            self._collide(*span)
        self.seen = stop
        batch = batches.Batch(self.data, mark + 1, found, grammar, self.memo.peek)
        self.memo.defer(batch)
        code = self.data[stop]
        if code in batches.FILLS:
            self.filled(NAMES[code], self.top(stop), [batch], stop)
        else:
            group = Group(batches.GROUPS[code])
            group.fill(batch)
            self.stack.append(group)
        return stop + 1

    def acted(self, opcode: int, pos: int) -> int:
        """Where the repeats of what has been walked up to `pos` end."""
        if pos < self.limit and self.data[pos] in _MEMOS:
            pos = self._memoized(pos)
        key, repeats = (opcode, len(self.marks)), self.repeats
        spans = repeats.row(key, len(self.stack), pos, self.special + self.typed)
        if spans is not None:
            from modelscan.pickles.learning import learn

            template = learn(self.data, spans, self.memo, self.stack, key, self.memoize)
            repeats.templates += [template] if template is not None else []
        if not repeats.templates:
            return pos
        after = self._repeat(pos)
        if after > pos:
            repeats.moved(key, len(self.stack), after, self.special + self.typed)
        return after

    def _memoized(self, pos: int) -> int:
        """Does what a memo opcode at `pos` says, so that it counts to the call before it."""
        if self.data[pos] == Op.MEMOIZE:
            self.memo.add(self.stack[-1])
            return pos + 1
        if pos + 5 <= self.limit:
            self.memo.put(int.from_bytes(self.data[pos + 1 : pos + 5], "little"), self.stack[-1])
            return pos + 5
        return pos

    def _repeat(self, pos: int) -> int:
        """Steps over the repeats at `pos`."""
        depth = len(self.marks)
        again = True
        while again:
            again = False
            for template in self.repeats.templates:
                if template.depth != depth or template.memoize is not self.memoize:
                    continue
                if template.waits:
                    template.waits -= 1
                    continue
                after, count, limit = template.follow(self.data, pos, self.limit, self.end)
                if not count or not template.stands(self.memo):
                    template.missed()
                    continue
                template.misses = 0
                if self.ledger.loader == "torch":
                    template.ask(self.ledger.storages, self.data, pos, after, count)
                if after - pos > SHORT:
                    self._walked_to(pos)
                    if template.wide and after - pos < DENSE * count:
                        self._collide(pos, after)
                    self.seen = after
                self.stack += template.pushed * count
                self.opcodes += template.opcodes * count
                if template.kept:
                    self.memo.defer(Run(template, self.data, pos, after, count, self.limit, self.end))
                pos, self.limit, again = after, limit, True
        return pos

    def _inner(self, pos: int) -> int:
        walk = Machine(self.data, pos, self.end, self.ledger, self.limits).run()
        if error := walk.broken or walk.limit:
            raise error
        return walk.end
