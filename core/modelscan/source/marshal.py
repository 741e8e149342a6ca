"""Code objects that a file carries in Python's marshal format, read without making any.

`marshal.loads` crashes the interpreter on hostile bytes and builds objects that could be run; this reader only takes
apart. The format is that of CPython's Python/marshal.c, versions 0 to 5; the fields of a code object changed with
Python 3.8 and 3.11, and no version stands in the bytes, so each layout is tried.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from modelscan.errors import FormatError
from modelscan.records import dataclass

DEPTH = 100
"""Values inside values; marshal itself stops at 2,000."""
VALUES = 200_000
BYTES = 16 << 20

_REFERENCE = 0x80
_NULL = object()
_UNFINISHED = object()


@dataclass(frozen=True, slots=True)
class Code:
    """A function's code. `names` are its globals and attributes, `constants` may hold more code."""

    layout: str
    """The Python versions that write this order of fields."""
    name: str
    filename: str
    line: int
    arguments: int
    names: tuple[str, ...]
    variables: tuple[str, ...]
    constants: tuple[Any, ...]
    bytecode: bytes


@dataclass(frozen=True, slots=True)
class _Layout:
    """Fields in the order of the stream: `numbers` that come first, then objects; "#" is a number, "" is not kept."""

    name: str
    numbers: int
    fields: tuple[str, ...]


_NEW = ("bytecode", "constants", "names", "variables", "kinds", "filename", "name", "", "#line", "", "")
_OLD = ("bytecode", "constants", "names", "variables", "", "", "filename", "name", "#line", "")
LAYOUTS = (
    _Layout("3.11 or newer", 5, _NEW),
    _Layout("3.8 to 3.10", 6, _OLD),
    _Layout("3.0 to 3.7", 5, _OLD),
    _Layout("2", 4, _OLD),
)


def starts_like_code(data: bytes) -> bool:
    return data[:1] in (b"c", b"\xe3")


def read(data: bytes) -> Code:
    """The code object that `data` begins with. Raises FormatError for bytes that no Python from 2.7 to 3.14 wrote."""
    if not starts_like_code(data):
        raise FormatError("marshal", "no code object", 0)
    if len(data) > BYTES:
        raise FormatError("marshal", f"code of {len(data):,} bytes", 0)
    furthest = FormatError("marshal", "no code object", 0)
    for layout in LAYOUTS:
        try:
            found = _Reader(data, layout).value()
        except FormatError as error:
            furthest = max(furthest, error, key=lambda one: one.offset or 0)
            continue
        if isinstance(found, Code):
            return found
    raise furthest


def nested(code: Code) -> Iterator[Code]:
    """The code itself, then all code among its constants, each once however often it is referred to."""
    waiting: deque[Any] = deque([code])
    seen: set[int] = set()
    while waiting:
        value = waiting.popleft()
        if not isinstance(value, Code | tuple | list) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Code):
            yield value
        waiting.extend(value.constants if isinstance(value, Code) else value)


class _Reader:
    def __init__(self, data: bytes, layout: _Layout) -> None:
        self.data, self.layout, self.at, self.left = data, layout, 0, VALUES
        self.known: list[Any] = []

    def value(self, depth: int = 0) -> Any:
        start, mark = self.at, self.take(1)[0]
        self.left -= 1
        if depth > DEPTH or self.left < 0:
            raise FormatError("marshal", "values nested too deeply, or too many of them", start)
        kind = mark & ~_REFERENCE
        make = _CONTAINERS.get(kind)
        if make is not None:
            return self._container(make, bool(mark & _REFERENCE), depth)
        if kind in _CONSTANTS:  # marshal gives these no number, whatever the mark says
            return _CONSTANTS[kind]
        leaf = _LEAVES.get(kind)
        if leaf is None:
            raise FormatError("marshal", f"unknown type {mark:#04x}", start)
        found = leaf(self)
        if mark & _REFERENCE:
            self.known.append(found)
        return found

    def _container(self, make: Callable[[_Reader, int], Any], kept: bool, depth: int) -> Any:
        """Its number is given before what is in it, as marshal does."""
        place = len(self.known)
        if kept:
            self.known.append(_UNFINISHED)
        found = make(self, depth + 1)
        if kept:
            self.known[place] = found
        return found

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self.data) - self.at:
            raise FormatError("marshal", "the code ends early", self.at)
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little", signed=True)

    def many(self, count: int, depth: int) -> Iterator[Any]:
        if count < 0 or count > len(self.data) - self.at:
            raise FormatError("marshal", "more values than bytes", self.at)
        return (self.value(depth) for _ in range(count))

    def until_null(self, depth: int) -> Iterator[Any]:
        while (found := self.value(depth)) is not _NULL:
            yield found

    def long(self) -> int | str:
        count = self.number()
        digits = struct.unpack(f"<{abs(count)}H", self.take(2 * abs(count)))
        if abs(count) > 200:
            return f"<a number of {abs(count) * 15:,} bits>"
        value: int = sum(digit << 15 * place for place, digit in enumerate(digits))
        return value if count > 0 else -value

    def code(self, depth: int) -> Code:
        numbers = [self.number() for _ in range(self.layout.numbers)]
        kept: dict[str, Any] = {}
        for field in self.layout.fields:
            at = self.at
            kept[field] = found = self.number() if field.startswith("#") else self.value(depth)
            fits = _FITS.get(field)
            if fits is not None and not fits(found):
                raise FormatError("marshal", f"a field of the code is {type(found).__name__}", at)
        return Code(
            layout=self.layout.name,
            name=_text(kept["name"]),
            filename=_text(kept["filename"]),
            line=kept["#line"],
            arguments=numbers[0],
            names=tuple(_text(name) for name in kept["names"]),
            variables=tuple(_text(name) for name in kept["variables"]),
            constants=kept["constants"],
            bytecode=kept["bytecode"],
        )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes)


def _is_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(_is_text(item) for item in value)


_FITS: dict[str, Callable[[Any], bool]] = {
    "bytecode": _is_bytes,
    "constants": lambda value: isinstance(value, tuple),
    "names": _is_texts,
    "variables": _is_texts,
    "kinds": _is_bytes,
    "filename": _is_text,
    "name": _is_text,
}


def _reference(reader: _Reader) -> Any:
    at, number = reader.at, reader.number()
    if not 0 <= number < len(reader.known) or reader.known[number] is _UNFINISHED:
        raise FormatError("marshal", "a reference to nothing", at)
    return reader.known[number]


def _short(reader: _Reader) -> str:
    return reader.take(reader.take(1)[0]).decode("latin-1")


def _interned_in_two(reader: _Reader) -> str:
    """Python 2's interned strings have a numbering of their own, which nothing here depends on."""
    return reader.take(reader.number()).decode("utf-8", "backslashreplace")


def _mapping(reader: _Reader, depth: int) -> list[Any]:
    return [(key, reader.value(depth)) for key in reader.until_null(depth)]


_CONSTANTS: dict[int, Any] = {
    ord("0"): _NULL,
    ord("N"): None,
    ord("F"): False,
    ord("T"): True,
    ord("S"): StopIteration,
    ord("."): Ellipsis,
}
_LEAVES: dict[int, Callable[[_Reader], Any]] = {
    ord("i"): lambda reader: reader.number(),
    ord("I"): lambda reader: int.from_bytes(reader.take(8), "little", signed=True),
    ord("l"): lambda reader: reader.long(),
    ord("f"): _short,
    ord("g"): lambda reader: struct.unpack("<d", reader.take(8))[0],
    ord("x"): lambda reader: f"{_short(reader)}+{_short(reader)}j",
    ord("y"): lambda reader: complex(*struct.unpack("<dd", reader.take(16))),
    ord("s"): lambda reader: reader.take(reader.number()),
    ord("t"): _interned_in_two,
    ord("u"): lambda reader: reader.take(reader.number()).decode("utf-8", "backslashreplace"),
    ord("a"): lambda reader: reader.take(reader.number()).decode("latin-1"),
    ord("A"): lambda reader: reader.take(reader.number()).decode("latin-1"),
    ord("z"): _short,
    ord("Z"): _short,
    ord("r"): _reference,
    ord("R"): lambda reader: f"<name {reader.number()}>",
}
_CONTAINERS: dict[int, Callable[[_Reader, int], Any]] = {
    ord("("): lambda reader, depth: tuple(reader.many(reader.number(), depth)),
    ord(")"): lambda reader, depth: tuple(reader.many(reader.take(1)[0], depth)),
    ord("["): lambda reader, depth: list(reader.many(reader.number(), depth)),
    ord("<"): lambda reader, depth: list(reader.many(reader.number(), depth)),
    ord(">"): lambda reader, depth: list(reader.many(reader.number(), depth)),
    ord("{"): _mapping,
    ord(":"): lambda reader, depth: tuple(reader.many(3, depth)),
    ord("c"): lambda reader, depth: reader.code(depth),
}
