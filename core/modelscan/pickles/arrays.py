"""The arrays that joblib writes between opcodes, by the arithmetic of its NumpyArrayWrapper (joblib 0.10 to 1.6), and
the wrappers of joblib before 0.10, which name a file that lies beside (joblib/numpy_pickle_compat.py).

The description comes from the file, so every number in it is hostile: products are exact, and an array that does not
fit into what is left of the file is refused.
"""

from __future__ import annotations

import re
from typing import Any

from modelscan.errors import FormatError
from modelscan.pickles import leaves
from modelscan.pickles.values import Global, Group, Made, name_of
from modelscan.records import dataclass

_WRAPPERS = frozenset(
    {"joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper"}
)
_PLACES = ("joblib.numpy_pickle", "joblib.numpy_pickle_compat")
_NAMING = {
    f"{before}{place}.{name}": raw
    for before in ("", "sklearn.externals.")
    for place in _PLACES
    for name, raw in (("NDArrayWrapper", False), ("ZNDArrayWrapper", True))
}
"""Classes at whose BUILD joblib opens a file beside the pickle: with numpy.load, or for the raw bytes of an array."""
_DTYPES = frozenset({"numpy.dtype", "numpy:dtype"})
_TYPESTRING = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDGcSUVmMOu])(\d*)")
_WIDE_CHARACTER = 4
_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "e": 2, "f": 4, "d": 8, "F": 8, "D": 16}


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes of data, whether a padding byte stands before them, and whether they are a nested pickle instead."""

    size: int
    padded: bool
    objects: bool


@dataclass(frozen=True, slots=True)
class Side:
    """A file beside the pickle, None where its name cannot be told. `raw`: it holds compressed numbers."""

    name: str | None
    raw: bool


def is_wrapper(target: Made) -> bool:
    """Is this the object at whose BUILD joblib reads an array?"""
    cls = target.root
    return cls is not None and cls.name == "NumpyArrayWrapper" and target.kind != "array" and cls.dotted in _WRAPPERS


def names_file(cls: Global | None) -> bool:
    """Is this a class at whose BUILD joblib opens a file beside the pickle?"""
    return cls is not None and cls.name.endswith("ArrayWrapper") and cls.dotted in _NAMING


def side_file(data: leaves.Buffer, end: int, target: Made, state: Any) -> Side:
    """The file that joblib would open after this state was set."""
    pairs = state.pairs() if isinstance(state, Group) else None
    raw = target.root is not None and _NAMING[target.root.dotted]
    name: str | None = None
    for key, value in pairs or ():
        word = leaves.string(data, key, end)
        if word is None:
            return Side(None, raw)
        if word == "filename":
            name = leaves.string(data, value, end)
    return Side(name, raw)


def layout(data: leaves.Buffer, end: int, state: Any) -> Layout | None:
    """What joblib would read after this state was set; None where it cannot be worked out."""
    pairs = state.pairs() if isinstance(state, Group) else None
    if pairs is None:
        return None
    fields = {leaves.string(data, key, end): value for key, value in pairs}
    dtype = _itemsize(data, end, fields.get("dtype"))
    count = _count(data, end, fields.get("shape"))
    if dtype is None or count is None:
        return None
    size, objects = dtype
    return Layout(size * count, _is_padded(data, end, fields), objects)


def skip(data: leaves.Buffer, pos: int, end: int, layout: Layout) -> int:
    """The offset after an array's bytes. Raises FormatError when they are not there."""
    if layout.padded:
        if pos >= end:
            raise FormatError("pickle-truncated", "the stream ends before an array", end)
        pos += 1 + data[pos]
    if pos + layout.size > end:
        raise FormatError("pickle-truncated", "the stream ends in the middle of an array", end)
    return pos + layout.size


def _is_padded(data: leaves.Buffer, end: int, fields: dict[str | None, Any]) -> bool:
    value = fields.get("numpy_array_alignment_bytes")
    return value is not None and not (type(value) is int and leaves.decode(data, value, end) is None)


def _count(data: leaves.Buffer, end: int, shape: Any) -> int | None:
    sizes = shape.whole() if isinstance(shape, Group) and shape.kind in ("tuple", "list") else None
    if sizes is None:
        return None
    count = 1
    for size in sizes:
        number = leaves.decode(data, size, end) if type(size) is int else None
        if type(number) is not int or number < 0:
            return None
        count *= number
    return count if count < 1 << 62 else None


def _itemsize(data: leaves.Buffer, end: int, dtype: Any) -> tuple[int, bool] | None:
    """Bytes of an item and whether it holds Python objects, from `dtype('f8', False, True)` and its state."""
    if not isinstance(dtype, Made):
        return None
    cls = name_of(dtype.callee)
    args = dtype.args.whole() if isinstance(dtype.args, Group) else None
    if cls is None or cls.dotted not in _DTYPES or not args:
        return None
    match = _TYPESTRING.fullmatch(leaves.string(data, args[0], end) or "")
    if match is None:
        return None
    letter, digits = match.groups()
    if letter == "O" or any(_holds_objects(data, end, part, 0) for part in dtype.held or ()):
        return 0, True
    if letter == "U":
        return _WIDE_CHARACTER * int(digits or 0), False
    size = int(digits) if digits else _SIZES.get(letter)
    return None if size is None else (size, False)


def _holds_objects(data: leaves.Buffer, end: int, value: Any, depth: int) -> bool:
    """Does a structured dtype's state name a field of objects? Too deep counts as yes: then a pickle must follow."""
    if depth > 16:
        return True
    if isinstance(value, Made):
        found = _itemsize(data, end, value) if depth < 8 else None
        return found is None or found[1]
    if isinstance(value, Group):
        return any(_holds_objects(data, end, part, depth + 1) for part in value.parts())
    return False
