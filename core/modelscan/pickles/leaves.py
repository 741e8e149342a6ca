"""Plain data, decoded only when somebody asks: a name that STACK_GLOBAL uses, an argument a finding shows."""

from __future__ import annotations

import struct

from modelscan.pickles import text
from modelscan.pickles.opcodes import COUNTED, FIXED, NAMES, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap
    from typing import Any, TypeAlias

Buffer: TypeAlias = "bytes | mmap"

LONGEST = 65_536
"""Bytes of one leaf that are ever decoded."""

_UNSIGNED = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_CONSTANTS: dict[int, object] = {Op.NONE: None, Op.NEWTRUE: True, Op.NEWFALSE: False}
_NUMBERS = {Op.BININT1: "<B", Op.BININT2: "<H", Op.BININT: "<i", Op.BINFLOAT: ">d"}
_STRINGS = frozenset({Op.SHORT_BINUNICODE, Op.BINUNICODE, Op.BINUNICODE8})
_BYTE_STRINGS = frozenset({Op.BINSTRING, Op.SHORT_BINSTRING})


class Undecoded:
    """Stands for a leaf that is too long or malformed. `size` in bytes."""

    def __init__(self, opcode: str, size: int) -> None:
        self.opcode, self.size = opcode, size


def span(data: Buffer, at: int, end: int) -> tuple[int, int]:
    """Start and stop of the payload of the leaf whose opcode stands at `at`."""
    code = data[at]
    if code in FIXED:
        return at + 1, at + 1 + FIXED[code]
    if code in COUNTED:
        width = COUNTED[code]
        start = at + 1 + width
        return start, start + struct.unpack_from(_UNSIGNED[width], data, at + 1)[0]
    stop = data.find(b"\n", at + 1, end)
    return at + 1, stop if stop >= 0 else end


def decode(data: Buffer, at: int, end: int, longest: int = LONGEST) -> Any:
    """The Python value of a leaf, or `Undecoded` for what is malformed or longer than `longest` bytes."""
    code = data[at]
    if code == Op.BININT1 and at + 1 < end:
        return data[at + 1]
    if code in _CONSTANTS:
        return _CONSTANTS[code]
    start, stop = span(data, at, end)
    if stop > end or stop - start > longest:
        return Undecoded(NAMES.get(code, "?"), max(0, min(stop, end) - start))
    raw = bytes(data[start:stop])
    value = _decode(code, raw)
    return Undecoded(NAMES.get(code, "?"), len(raw)) if value is None else value


def _decode(code: int, raw: bytes) -> Any:
    if code in _NUMBERS:
        return struct.unpack(_NUMBERS[code], raw)[0]
    if code in _STRINGS:
        try:
            return raw.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None
    if code in _BYTE_STRINGS:
        return raw.decode("ascii") if raw.isascii() else None
    if code in (Op.LONG1, Op.LONG4):
        return int.from_bytes(raw, "little", signed=True) if len(raw) <= 1024 else None
    if code in (Op.BINBYTES, Op.SHORT_BINBYTES, Op.BINBYTES8):
        return raw
    if code == Op.BYTEARRAY8:
        return bytearray(raw)
    if code == Op.STRING:
        return text.string(raw)
    if code == Op.UNICODE:
        return text.unicode(raw)
    if code in (Op.INT, Op.LONG, Op.FLOAT):
        return _number(raw)
    return None


def _number(raw: bytes) -> Any:
    """Shown only; what C makes of odd spellings (octal, NUL) changes no name and no boundary."""
    word = raw.split(b"\0", 1)[0].strip().rstrip(b"L")
    if len(word) > 1024:
        return None
    for read in (lambda: int(word, 0), lambda: int(word), lambda: float(word)):
        try:
            return read()
        except ValueError:
            continue
    return None


def is_none(data: Buffer, value: Any) -> bool:
    """Is it a leaf that is None for the unpickler?"""
    return type(value) is int and data[value] == Op.NONE


def number(data: Buffer, value: Any, end: int) -> int | None:
    """The value of a leaf that is an integer for the unpickler, else None."""
    decoded = decode(data, value, end) if type(value) is int else None
    return int(decoded) if isinstance(decoded, int) else None


def string(data: Buffer, value: Any, end: int) -> str | None:
    """The text of a leaf that is a `str` for the unpickler, else None."""
    if type(value) is not int:
        return None
    decoded = decode(data, value, end)
    return decoded if isinstance(decoded, str) else None
