"""States that make numpy take bytes of the file for pointers, or reach beyond an array's memory.

A dtype's state says which fields it has, how large an item is, and in its flags whether there are Python objects in it.
numpy believes all of it (`arraydescr_setstate` in numpy/_core/src/multiarray/descriptor.c): objects without their flags
are eight bytes that the file chose, followed as an address by whoever looks at the array.
"""

from __future__ import annotations

from collections.abc import Collection

from modelscan.patterns import later
from modelscan.pickles import leaves
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LETTER = later(r"[<>|=]?([?a-zA-Z])(\d*)")
_SIZES: dict[str, int] = {
    **dict.fromkeys("?bBcuSaUV", 1),
    **dict.fromkeys("hHe", 2),
    **dict.fromkeys("iIf", 4),
    **dict.fromkeys("lLqQdFOMmpP", 8),
    **dict.fromkeys("Dg", 16),
    "G": 32,
}
BY_STATE = frozenset("SaUV")
"""Kinds whose size is in their state."""
_DATED = frozenset("mM")
"""Kinds whose unit is in the ninth part of their state; numpy follows a null pointer where there is none."""
SIZED_BY_STATE = frozenset({"numpy.record", "numpy.rec.record", "numpy.void"}) | {
    f"ml_dtypes.{name}"
    for name in (
        *("bfloat16", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3"),
        *("float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"),
        *("float8_e8m0fnu", "int2", "int4", "uint2", "uint4"),
    )
}
"""Types that a dtype is made of and that leave its size to its state."""
WIDE = 4
"""Bytes of a character of `U`."""
LENGTHS, VERSIONS, ELSIZE, ALIGNMENT, FLAGS = (8, 9), (3, 4), 5, 6, 7
"""Of a state: version, order, base, names, fields, size, alignment, flags, and in version 4 metadata."""
_ALIGNMENTS = frozenset({1, 2, 4, 8, 16})
"""By which numpy divides addresses."""
HAS_OBJECTS, _AS_LIST, _POINTER, _CLEARED, _LOCKED = 1, 2, 4, 8, 16
"""Flags: items are counted references, are pickled as a list, are addresses, begin as zeros, need the interpreter."""
_COUNTED = HAS_OBJECTS | _AS_LIST
_ALL = 63
"""What numpy writes for objects."""
_WITH_OBJECTS = _COUNTED | _CLEARED | _LOCKED
"""And for what has some in it."""

Item = tuple[int, bool]
"""Bytes of an item, and whether it has Python objects in it."""


def is_root(root: Global) -> bool:
    return root.name == "dtype" and root.module.partition(".")[0] == "numpy"


def is_dtype(target: Made) -> bool:
    return target.root is not None and is_root(target.root)


def hangs_on(target: Made, given: Any) -> list[int]:
    """Offsets of the plain data that decides what kind of dtype an ordinary one is."""
    return [part for part in (*whole(target.args), *whole(given)) if type(part) is int]


def size_of(data: leaves.Buffer, end: int, given: Any) -> int:
    """Bytes of an item, as the state has them."""
    parts = whole(given)
    return (leaves.number(data, parts[ELSIZE], end) or 0) if len(parts) in LENGTHS else 0


def is_structured(given: Any) -> bool:
    """Has it fields or a base, and not plain data alone?"""
    return any(type(part) is not int for part in whole(given)[:5])


def is_raw(data: leaves.Buffer, end: int, target: Made, given: Any) -> bool:
    """Does this state contradict itself or the dtype that it is given to, or is it none that numpy writes?"""
    parts, made = whole(given), _made(data, end, target)
    if made is None or target.held or len(parts) not in LENGTHS:
        return True
    version, stated, flags = (leaves.number(data, parts[place], end) for place in (0, ELSIZE, FLAGS))
    if version not in VERSIONS or stated is None or flags is None:
        return True
    letter, size, objects = made
    if letter in _DATED and len(parts) != LENGTHS[1]:
        return True
    size = stated if letter in BY_STATE else size
    if letter in BY_STATE and leaves.number(data, parts[ALIGNMENT], end) not in _ALIGNMENTS:
        return True
    inner = _inner(data, end, parts, size)
    if inner is None or size < 0 or not _has_all(data, end, parts[3], parts[4]):
        return True
    needed, known = (_ALL, _ALL) if objects else (_WITH_OBJECTS, _WITH_OBJECTS) if inner else (_COUNTED | _POINTER, 0)
    return flags & needed != known


def _has_all(data: leaves.Buffer, end: int, names: Any, fields: Any) -> bool:
    """Is there a field for each name, as far as these are known? numpy does not ask, and follows what it has not."""
    if not isinstance(fields, Group):
        return leaves.is_none(data, names)
    if not isinstance(names, Group) or 2 * names.size > fields.size:
        return False
    pairs = fields.pairs()
    found = {leaves.string(data, key, end) or key for key, _ in pairs} if pairs is not None else None
    wanted = [leaves.string(data, name, end) or name for name in names.head]
    return all(isinstance(name, str | int) for name in wanted) and (found is None or found.issuperset(wanted))


def _made(data: leaves.Buffer, end: int, target: Made) -> tuple[str, int, bool] | None:
    """Letter, size and whether it holds objects, of a dtype that is a copy of its own: `dtype("f8", False, True)`."""
    args = whole(target.args)
    if len(args) != 3 or not leaves.number(data, args[2], end):
        return None
    return _letter(data, end, args[0])


def _letter(data: leaves.Buffer, end: int, of: Any) -> tuple[str, int, bool] | None:
    if isinstance(of, Global):
        return ("V", 0, False) if of.dotted in SIZED_BY_STATE else ("O", _SIZES["O"], True)
    match = _LETTER.fullmatch(leaves.string(data, of, end) or "")
    if match is None or match[1] not in _SIZES:
        return None
    letter, digits = match.groups()
    size = int(digits) * (WIDE if letter == "U" else 1) if digits else _SIZES[letter]
    return letter, size, letter == "O"


def _inner(data: leaves.Buffer, end: int, parts: list[Any], size: int) -> bool | None:
    """Do its fields, or what it repeats, hold objects? None where they are not all inside of an item."""
    base, fields = parts[2], parts[4]
    found: list[Item | None] = []
    if not leaves.is_none(data, base):
        found.append(_base(data, end, base, size))
    if isinstance(fields, Group) and fields.kind == "dict" and fields.spelled:
        held = {id(field): field for field in fields.parts() if type(field) is not int}.values()
        found += [_field(data, end, field, size) for field in held]
        if None not in found and _overlap(data, end, held):
            return None
    elif not leaves.is_none(data, fields):
        return None
    return None if None in found else any(item[1] for item in found if item is not None)


def _overlap(data: leaves.Buffer, end: int, fields: Collection[Any]) -> bool:
    """Do bytes of one field lie over an object in another?"""
    spans = []
    for field in fields:
        item, offset = _item(data, end, field.head[0]), leaves.number(data, field.head[1], end)
        if item is not None and offset is not None:
            spans.append((offset, offset + item[0], item[1]))
    stop, objects = 0, 0
    for first, last, holds in sorted(spans):
        if first < (stop if holds else objects):
            return True
        stop, objects = max(stop, last), max(objects, last if holds else 0)
    return False


def _base(data: leaves.Buffer, end: int, base: Any, size: int) -> Item | None:
    """What is repeated, if it fills an item."""
    parts = whole(base)
    item = _item(data, end, parts[0]) if len(parts) == 2 else None
    if item is None:
        return None
    count = 1
    for length in whole(parts[1]) or parts[1:]:
        times = leaves.number(data, length, end)
        if times is None or times < 0:
            return None
        count *= times
    return item if item[0] * count == size else None


def _field(data: leaves.Buffer, end: int, field: Any, size: int) -> Item | None:
    """A field as (dtype, offset) or (dtype, offset, title), if it ends before the item does."""
    parts = whole(field)
    item = _item(data, end, parts[0]) if len(parts) in (2, 3) else None
    offset = leaves.number(data, parts[1], end) if item is not None else None
    return item if item is not None and offset is not None and 0 <= offset <= size - item[0] else None


def _item(data: leaves.Buffer, end: int, value: Any) -> Item | None:
    """Of a dtype inside of another; its own state has been looked at when it was given."""
    args = whole(value.args) if isinstance(value, Made) and is_dtype(value) else []
    made = _letter(data, end, args[0]) if args else None
    if made is None:
        return None
    letter, size, objects = made
    state = whole(value.held[0]) if value.held else []
    if not value.held:
        return size, objects
    stated, flags = (
        leaves.number(data, state[place], end) if len(state) in LENGTHS else None for place in (ELSIZE, FLAGS)
    )
    if stated is None or flags is None:
        return None
    return stated if letter in BY_STATE else size, bool(flags & _COUNTED)


def whole(value: Any) -> list[Any]:
    """The items of a tuple, nothing of what is none or not known to its end."""
    return (value.whole() or []) if isinstance(value, Group) and value.kind == "tuple" else []
