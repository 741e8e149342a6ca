"""The arrays that joblib writes between opcodes, by the arithmetic of its NumpyArrayWrapper (joblib 0.10 to 1.6), and
the wrappers of joblib before 0.10, which name a file that lies beside (joblib/numpy_pickle_compat.py).

The description comes from the file, so every number in it is hostile: products are exact, and an array that does not
fit into what is left of the file is refused.
"""

from __future__ import annotations

import functools
import re

from modelscan.errors import FormatError
from modelscan.patterns import later
from modelscan.pickles import leaves
from modelscan.pickles.dtypes import BY_STATE, ELSIZE, FLAGS, HAS_OBJECTS, LENGTHS, SIZED_BY_STATE, VERSIONS, WIDE
from modelscan.pickles.values import Global, Group, Made, name_of
from modelscan.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WRAPPER = later(r"(.*\.)?numpy_pickle\.NumpyArrayWrapper", re.DOTALL)
"""joblib's class, by whatever module and attributes it is reached."""
_NAMING = later(r"(.*\.)?numpy_pickle(_compat)?\.Z?NDArrayWrapper", re.DOTALL)
"""Classes at whose BUILD joblib opens a file beside the pickle: with numpy.load, or for the raw bytes of an array."""
_DTYPES = frozenset({"numpy.dtype", "numpy:dtype"})
_TYPESTRING = later(r"[<>|=]?([?bBhHiIlLqQefdgFDGcSUVmMOu])(\d*)")
REMEMBERED = 1_024
"""Words and types of arrays that are kept."""
_FIELDS = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"})
"""What joblib writes into a wrapper; anything else could take the place of its methods, which joblib calls."""
_SIDE_FIELDS = frozenset({"filename", "subclass", "allow_mmap", "init_args", "state"})
"""The same of a wrapper that names a file."""
_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "e": 2, "f": 4, "d": 8, "F": 8, "D": 16}


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes of data, whether a padding byte stands before them, and whether they are a nested pickle instead."""

    size: int
    padded: bool
    objects: bool
    dtype: Any = None
    """What stands for the dtype, where an item is one byte."""


@dataclass(frozen=True, slots=True)
class Side:
    """A file beside the pickle, None where its name cannot be told. `raw`: it holds compressed numbers."""

    name: str | None
    raw: bool


def is_wrapper(target: Made) -> bool:
    """Is this the object at whose BUILD joblib reads an array?"""
    cls = target.root
    if cls is None or not cls.name.endswith("NumpyArrayWrapper") or target.kind == "array":
        return False
    return _is_wrappers(cls.module, cls.name)


@functools.lru_cache(256)
def _is_wrappers(module: str, name: str) -> bool:
    return _WRAPPER.fullmatch(f"{module}.{name}") is not None


def names_file(cls: Global | None) -> bool:
    """Is this a class at whose BUILD joblib opens a file beside the pickle?"""
    return cls is not None and cls.name.endswith("NDArrayWrapper") and _NAMING.fullmatch(cls.dotted) is not None


def side_file(data: leaves.Buffer, end: int, target: Made, state: Any) -> Side:
    """The file that joblib would open after this state was set."""
    pairs = state.pairs() if isinstance(state, Group) else None
    raw = target.root is not None and target.root.name.endswith("ZNDArrayWrapper")
    name: str | None = None
    for key, value in pairs or ():
        word = leaves.string(data, key, end)
        if word is None or (word not in _SIDE_FIELDS and _may_act(value)):
            return Side(None, raw)
        if word == "filename":
            name = leaves.string(data, value, end)
    return Side(name, raw)


def _may_act(value: Any) -> bool:
    """Could it be called, or asked for attributes: is it neither a constant nor a container?"""
    return type(value) is not int and type(value) is not Group


@dataclass(frozen=True, slots=True)
class Raw:
    """The bytes `start` to `stop` of an array that joblib reads, and the value that stands for its dtype."""

    start: int
    stop: int
    dtype: Any


class Layouts:
    """The arrays of one stream. Their keys and types mostly come out of the memo, so each is read once."""

    __slots__ = ("data", "dtypes", "end", "words")

    def __init__(self, data: leaves.Buffer, end: int) -> None:
        self.data, self.end = data, end
        self.words: dict[int, str | None] = {}
        self.dtypes: dict[int, tuple[Made, tuple[int, bool] | None]] = {}
        """By identity, with the object itself: while it lives nothing else has it."""

    def of(self, target: Made, state: Any) -> Layout | None:
        """What joblib would read after this state was set; None where it cannot be worked out.

        A wrapper that was called, or given a state before, has attributes that this state does not tell of.
        """
        pairs = state.pairs() if isinstance(state, Group) else None
        if pairs is None or target.kind != "instance" or target.built:
            return None
        fields = {self._word(key): value for key, value in pairs}
        if None in fields or any(key not in _FIELDS and _may_act(value) for key, value in fields.items()):
            return None  # a key that is not spelled out may turn out to be any of the others
        dtype = self._dtype(fields.get("dtype"))
        count = _count(self.data, self.end, fields.get("shape"))
        if dtype is None or count is None:
            return None
        size, objects = dtype
        single = fields.get("dtype") if size == 1 else None
        return Layout(size * count, _is_padded(self.data, self.end, fields), objects, single)

    def _word(self, key: Any) -> str | None:
        if type(key) is not int:
            return None
        if key not in self.words:
            if len(self.words) >= REMEMBERED:
                self.words.clear()
            self.words[key] = leaves.string(self.data, key, self.end)
        return self.words[key]

    def _dtype(self, dtype: Any) -> tuple[int, bool] | None:
        """Bytes of an item and whether it holds Python objects. One that was given a state may be given another."""
        if type(dtype) is not Made or dtype.held is not None:
            return itemsize(self.data, self.end, dtype)
        known = self.dtypes.get(id(dtype))
        if known is None:
            if len(self.dtypes) >= REMEMBERED:
                self.dtypes.clear()
            known = self.dtypes[id(dtype)] = (dtype, itemsize(self.data, self.end, dtype))
        return known[1]


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


def itemsize(data: leaves.Buffer, end: int, dtype: Any) -> tuple[int, bool] | None:
    """Bytes of an item and whether it holds Python objects, from `dtype('f8', False, True)` and its state."""
    if not isinstance(dtype, Made):
        return None
    cls = name_of(dtype.callee)
    args = dtype.args.whole() if isinstance(dtype.args, Group) else None
    if cls is None or cls.dotted not in _DTYPES or not args:
        return None
    held = dtype.held or []
    if len(held) > 1:  # the last one counts, and of several not all are kept
        return None
    stated = _stated(data, end, held[0]) if held else None
    if held and stated is None:
        return None
    if isinstance(args[0], Global):
        letter, size = "V", stated[0] if stated and args[0].dotted in SIZED_BY_STATE else None
    else:
        match = _TYPESTRING.fullmatch(leaves.string(data, args[0], end) or "")
        if match is None:
            return None
        letter, digits = match.groups()
        size = int(digits or 0) if letter in BY_STATE or digits else _SIZES.get(letter)
        size = size * WIDE if letter == "U" and size else size
    objects = letter == "O"
    if stated is not None:
        elsize, holds = stated
        if (objects and not holds) or (letter in BY_STATE and elsize != size):
            return None
        objects = holds
    if objects:
        return 0, True
    return None if size is None or size < 0 else (size, False)


def _stated(data: leaves.Buffer, end: int, state: Any) -> tuple[int, bool] | None:
    """Size and whether there are objects, as numpy takes both out of a dtype's state.

    arraydescr_setstate (numpy/_core/src/multiarray/descriptor.c); as written since numpy 1.7.
    """
    parts = state.whole() if isinstance(state, Group) and state.kind == "tuple" else None
    if parts is None or len(parts) not in LENGTHS:
        return None
    places = (parts[0], parts[ELSIZE], parts[FLAGS])
    values = [leaves.decode(data, place, end) for place in places if type(place) is int]
    numbers = [value for value in values if type(value) is int]
    if len(numbers) != len(places) or numbers[0] not in VERSIONS or min(numbers) < -1:
        return None
    return numbers[1], bool(numbers[2] & HAS_OBJECTS)
