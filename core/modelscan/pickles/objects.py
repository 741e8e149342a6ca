"""Arrays of objects whose state has fewer objects than their shape has places.

numpy fills such an array from a list without asking for its length (`_setlist_pkl` in
numpy/_core/src/multiarray/methods.c), so the missing objects are whatever lies behind the list in memory, followed as
addresses.
"""

from __future__ import annotations

from functools import reduce
from operator import mul

from modelscan.pickles import dtypes, leaves
from modelscan.pickles.batches import Batch
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LISTS: dict[int, int] = {4: 3, 5: 4, 7: 4}
"""Where the items stand in a state of so many parts (the one of 7 is a masked array's), behind shape, dtype, order."""
_BYTES = frozenset({"bytes", "bytearray", "encode"})
"""Calls that make the items as bytes, whose number numpy compares."""


def shape_of(target: Made, given: Any) -> Any:
    """The shape in the state of an array that is filled from a list, None in any other state."""
    place = _LISTS.get(given.size) if type(given) is Group and given.kind == "tuple" else None
    if place is None:
        return None
    items, dtype = given.head[place], given.head[place - 2]
    if type(items) is Group:
        if items.kind != "list":
            return None
    elif type(items) is not Made or (type(items.callee) is Global and items.callee.name in _BYTES):
        return None
    root = target.root
    ours = root is not None and root.module.partition(".")[0] == "numpy"
    return given.head[place - 3] if ours or (type(dtype) is Made and dtypes.is_dtype(dtype)) else None


def is_short(data: leaves.Buffer, end: int, shape: Any, given: Group) -> bool:
    """Are there fewer items than the shape has places, or nobody knows how many there are?"""
    items, sizes = given.head[_LISTS[given.size]], shape.whole() if type(shape) is Group else None
    if type(items) is not Group or sizes is None:
        return True
    numbers = [leaves.number(data, size, end) for size in sizes]
    return None in numbers or reduce(mul, (number or 0 for number in numbers), 1) > count(items)


def count(items: Group) -> int:
    """More than there can be, where what was learned stands for several."""
    batches = [part for part in items.parts() if type(part) is Batch]
    return items.size - len(batches) + sum(batch.size() for batch in batches)
