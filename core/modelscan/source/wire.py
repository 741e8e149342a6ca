"""Protocol-buffer bytes (https://protobuf.dev/programming-guides/encoding), walked without their message classes.

A field that is not wanted costs one step, however large it is, and no version of the protobuf library in the user's
environment matters. Numbers may be written longer than they need to be, and fields may stand in any order and come
several times, as every parser allows.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

from modelscan.errors import FormatError

Data = bytes | mmap.mmap
Span = tuple[int, int]
"""First byte and the one after the last, in the same buffer."""

BYTES = 2
_FIXED = {1: 8, 5: 4}


ROW = 10_000
"""Fields of a message in a row that are plain numbers. Writers pack repeated ones into a field of bytes."""


class NoField(FormatError):
    """What stands here begins no field, whatever follows."""


def varint(data: Data, at: int, end: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise FormatError("protobuf-data", "a number that does not end", at)


def fields(data: Data, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, first byte and end of each field of bytes in a message; other fields are left out.

    Any data may look like numbers without end, so only so many of these are passed in a row.
    """
    at, row = start, 0
    while at < end:
        tag = data[at]
        if tag < 0x80:
            at += 1
        else:
            tag, at = varint(data, at, end)
        kind = tag & 7
        if kind == BYTES:
            size = data[at] if at < end else 0x80
            if size < 0x80:
                at += 1
            else:
                size, at = varint(data, at, end)
            if size > end - at:
                raise FormatError("protobuf-data", "a field longer than its message", at)
            yield tag >> 3, at, at + size
            at += size
            row = 0
        else:
            row += 1
            if row > ROW or tag < 8:
                raise NoField("protobuf-data", "numbers without end, or of no field", at)
            at = _skip(data, at, end, kind)


def _skip(data: Data, at: int, end: int, kind: int) -> int:
    """Past a field that is no bytes."""
    if kind == 0:
        return varint(data, at, end)[1]
    size = _FIXED.get(kind)
    if size is None:  # groups, which no message of TensorFlow has
        raise NoField("protobuf-data", f"a field of kind {kind}", at)
    if size > end - at:
        raise FormatError("protobuf-data", f"a field of kind {kind}", at)
    return at + size


def numbers(data: Data, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Number and value of each varint field of a message."""
    at = start
    while at < end:
        tag, at = varint(data, at, end)
        if tag & 7 == 0:
            value, at = varint(data, at, end)
            yield tag >> 3, value
        elif tag & 7 == BYTES:
            size, at = varint(data, at, end)
            at += size
            if at > end:
                raise FormatError("protobuf-data", "a field longer than its message", at)
        else:
            at = _skip(data, at, end, tag & 7)


def places(data: Data, span: Span, number: int) -> tuple[list[int], list[int]]:
    """First bytes and ends of every field of this number, for messages that have very many of them."""
    starts: list[int] = []
    stops: list[int] = []
    begun, ended = starts.append, stops.append
    mark = number << 3 | BYTES
    at, end = span
    last = end - 2
    while at < end:
        if data[at] != mark or at > last:  # also a mark that is written longer
            found = next(((one, start, stop) for one, start, stop in fields(data, at, end)), None)
            if found is None:
                break
            at = found[2]
            if found[0] == number:
                begun(found[1])
                ended(at)
            continue
        size = data[at + 1]
        at += 2
        if size > 0x7F:
            size, at = varint(data, at - 1, end)
        begun(at)
        at += size
        ended(at)
        if at > end:
            raise FormatError("protobuf-data", "a field longer than its message", at)
    return starts, stops


def all_of(data: Data, span: Span, number: int) -> Iterator[Span]:
    """Every field of this number."""
    return ((at, stop) for found, at, stop in fields(data, *span) if found == number)


def path(data: Data, span: Span, *way: int) -> Iterator[Span]:
    """Every field that this way of numbers leads to."""
    if not way:
        yield span
        return
    for inner in all_of(data, span, way[0]):
        yield from path(data, inner, *way[1:])


def text(data: Data, span: Span) -> str:
    return data[span[0] : span[1]].decode("utf-8", "backslashreplace")


def last_text(data: Data, span: Span, number: int) -> str:
    """The value of a text field: the last one counts."""
    found = ""
    for inner in all_of(data, span, number):
        found = text(data, inner)
    return found
