"""The unpickler's memo, compact: most of it is plain data, which is one 64-bit offset a slot, or lies in a batch."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

from modelscan.errors import FormatError
from modelscan.pickles.values import share
from modelscan.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Part(Protocol):
        """Many slots at once, read only when somebody asks for one."""

        @property
        def memoize(self) -> bool:
            """Are its slots numbered by MEMOIZE?"""

        @property
        def floor(self) -> int:
            """If not: it sets no index below this one."""

        def indices(self, count: int) -> Sequence[int]:
            """The indices it sets, in order; `count` slots are in use before it."""

        def slot(self, number: int) -> Any:
            """What it stores by its memo opcode of that number."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the memo opcode of that number in a batch stores."""

    batch: Part
    number: int


NONE = 1 << 62
"""More than any index."""


class Memo:
    """Index to value. Counts occupied slots, as `MEMOIZE` does in C (`memo_len`).

    What a batch puts into the memo is looked at when the memo is next used: often that is never.
    """

    __slots__ = ("base", "count", "deferred", "floor", "objects", "older", "resets", "slots", "sparse", "starts")

    def __init__(self) -> None:
        self.count = 0
        """Occupied slots, those of deferred batches not yet among them."""
        self.slots = array("q")
        """Per index from `base` on: the offset of a leaf, or ~k for `objects[k]`."""
        self.base = 0
        self.older: list[array[int] | Part] = []
        """What holds the indices before `base`, each from its entry in `starts` on."""
        self.starts: list[int] = []
        self.objects: list[Any] = []
        self.sparse: dict[int, Any] = {}
        """Indices that left a gap before them, and those before `base` that were set again."""
        self.deferred: list[Part] = []
        self.resets = 0
        """How often an index was set that had been set before, as far as deferred ones are settled."""
        self.floor = NONE
        """The lowest index that what is deferred sets, other than by MEMOIZE."""

    def add(self, value: Any) -> None:
        """MEMOIZE: the next index is the number of slots in use."""
        if self.deferred:
            self.settle()
        if self.sparse:
            self.put(self.count, value)
        else:
            self.slots.append(self._code(value))
            self.count += 1

    def put(self, index: int, value: Any) -> None:
        if self.deferred:
            self.settle()
        end = self.base + len(self.slots)
        if index == end and not self.sparse:
            self.slots.append(self._code(value))
            self.count += 1
        elif index in self.sparse or index < self.base:
            self.resets += 1
            self.sparse[index] = share(value)
        elif index < end:
            self.resets += 1
            self.slots[index - self.base] = self._code(value)
        else:
            self.count += 1
            if index == end:
                self.slots.append(self._code(value))
            else:
                self.sparse[index] = share(value)

    def get(self, index: int, at: int) -> Any:
        """The value at `index`; raises FormatError, with the offset `at`, where the unpickler would not find one."""
        if not self.deferred and not self.sparse and 0 <= (offset := index - self.base) < len(self.slots):
            code = self.slots[offset]  # as a rule
            if code >= 0:
                return code
            value = self.objects[~code]
            return value.batch.slot(value.number) if type(value) is _Stored else value
        if self.deferred and (index >= self.floor or index >= self.base + len(self.slots)):
            self.settle()
        if self.sparse and index in self.sparse:
            value = self.sparse[index]
        elif index >= self.base + len(self.slots):
            raise FormatError("pickle-memo", f"memo index {index} was never set", at)
        else:
            part, offset = self._part(index)
            if not isinstance(part, array):
                return part.slot(offset)
            code = part[offset]
            if code >= 0:
                return code
            value = self.objects[~code]
        return value.batch.slot(value.number) if type(value) is _Stored else value

    def peek(self, index: int) -> Any:
        """The value at `index`, and plain data where there is none."""
        try:
            return self.get(index, 0)
        except FormatError:
            return 0

    def defer(self, part: Part) -> None:
        """Takes what a part of the stream stores."""
        self.deferred.append(part)
        if not part.memoize:
            self.floor = min(self.floor, part.floor)

    def settle(self) -> None:
        """Numbers what the batches so far have stored."""
        batches, self.deferred, self.floor = self.deferred, [], NONE
        for batch in batches:
            indices = batch.indices(self.count)
            in_order = not self.sparse and self.count == self.base + len(self.slots)
            if in_order and (batch.memoize or indices == list(range(self.count, self.count + len(indices)))):
                self._append(batch, len(indices))
                continue
            for number, index in enumerate(indices):
                self.put(self.count if batch.memoize else index, _Stored(batch, number))

    def _append(self, batch: Part, size: int) -> None:
        for part, length in ((self.slots, len(self.slots)), (batch, size)):
            if length:
                self.older.append(part)
                self.starts.append(self.base)
                self.base += length
        self.slots = array("q")
        self.count += size

    def _part(self, index: int) -> tuple[array[int] | Part, int]:
        if index >= self.base:
            return self.slots, index - self.base
        number = bisect_right(self.starts, index) - 1
        return self.older[number], index - self.starts[number]

    def _code(self, value: Any) -> int:
        if type(value) is int:
            return value
        self.objects.append(share(value))
        return ~(len(self.objects) - 1)
