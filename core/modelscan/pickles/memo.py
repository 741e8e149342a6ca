"""The unpickler's memo, compact: most of it is plain data, which is one 64-bit offset a slot."""

from __future__ import annotations

from array import array
from typing import Any

from modelscan.errors import FormatError


class Memo:
    """Index to value. Counts occupied slots, as `MEMOIZE` does in C (`memo_len`)."""

    __slots__ = ("objects", "slots", "sparse")

    def __init__(self) -> None:
        self.slots = array("q")
        """Per index: the offset of a leaf, or ~k for `objects[k]`."""
        self.objects: list[Any] = []
        self.sparse: dict[int, Any] = {}
        """Indices that left a gap before them."""

    def __len__(self) -> int:
        return len(self.slots) + len(self.sparse)

    def add(self, value: Any) -> None:
        """MEMOIZE: the next index is the number of slots in use."""
        if self.sparse:
            self.put(len(self), value)
        else:
            self.slots.append(self._code(value))

    def put(self, index: int, value: Any) -> None:
        if index < len(self.slots):
            self.slots[index] = self._code(value)
        elif index == len(self.slots) and index not in self.sparse:
            self.slots.append(self._code(value))
        else:
            self.sparse[index] = value

    def get(self, index: int, at: int) -> Any:
        """The value at `index`; raises FormatError, with the offset `at`, where the unpickler would not find one."""
        if index < len(self.slots):
            code = self.slots[index]
            return code if code >= 0 else self.objects[~code]
        if index not in self.sparse:
            raise FormatError("pickle-memo", f"memo index {index} was never set", at)
        return self.sparse[index]

    def _code(self, value: Any) -> int:
        if type(value) is int:
            return value
        self.objects.append(value)
        return ~(len(self.objects) - 1)
