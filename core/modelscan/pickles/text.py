"""Arguments written as text, read the way the C unpickler reads them (Modules/_pickle.c)."""

from __future__ import annotations

import re

from modelscan.errors import FormatError
from modelscan.patterns import later

_ESCAPE = later(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([\s\S]))")
_SIMPLE = {
    b"\n": b"",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}


def name(line: bytes, offset: int) -> str:
    """A module or attribute name of GLOBAL and INST: strict UTF-8 (load_global)."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("pickle-name", "a name that is not UTF-8", offset) from None


def index(line: bytes, offset: int) -> int:
    """A memo index of GET and PUT: `PyLong_FromString(s, NULL, 10)`, which stops at a NUL byte."""
    try:
        number = int(line.split(b"\0", 1)[0])
    except ValueError:
        raise FormatError("pickle-literal", "a memo index that is not a number", offset) from None
    if number < 0:
        raise FormatError("pickle-literal", "a negative memo index", offset)
    return number


def string(line: bytes) -> str | None:
    """The value of a STRING argument without quotes and escapes; None where the unpickler refuses it."""
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        return None
    try:
        return _ESCAPE.sub(_escaped, line[1:-1]).decode("ascii")
    except (UnicodeDecodeError, ValueError):
        return None


def _escaped(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, other = match.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if other == b"x":
        raise ValueError("incomplete escape")
    return _SIMPLE.get(other, b"\\" + other)


def unicode(line: bytes) -> str | None:
    """The value of a UNICODE argument (raw-unicode-escape), None where the unpickler refuses it."""
    try:
        return line.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        return None
