"""Many records of one length, looked at column by column: one slice and one comparison for a byte of all of them.

Numbers of a column are put next to each other, 64 bits each, in one large integer, so that a sum or a difference of
two of these does the same to all at once. What comes out is right wherever each single result is a number from 0 to
2**63: a result below that borrows from its neighbour, and is one of more than 2**63 itself.
"""

from __future__ import annotations

import sys
from array import array

_LANE = 8


def alike(data: bytes, start: int, stop: int, stride: int, allowed: bytes) -> int:
    """How many of the bytes at `start`, `start + stride`, … are among `allowed` before the first that is not."""
    column = data[start:stop:stride]
    if len(allowed) == 1 and column == allowed * len(column):
        return len(column)
    return len(column) - len(column.lstrip(allowed))


def equal(data: bytes, one: int, other: int, stop: int, stride: int) -> int:
    """How many of the bytes at `one`, `one + stride`, … are the same as at `other` and so on."""
    first, second = data[one:stop:stride], data[other:stop:stride]
    if first == second:
        return len(first)
    return next((n for n, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), len(second))


def numbers(data: bytes, start: int, count: int, stride: int, width: int) -> bytes:
    """The little-endian numbers of `width` bytes at `start`, `start + stride`, … as lanes."""
    lanes = bytearray(_LANE * count)
    for place in range(width):
        lanes[place::_LANE] = data[start + place : start + place + count * stride : stride][:count]
    return bytes(lanes)


def total(lanes: bytes) -> int:
    """The large integer."""
    return int.from_bytes(lanes, "little")


def each(number: int, count: int) -> int:
    """`number` in every lane."""
    return int.from_bytes(number.to_bytes(_LANE, "little") * count, "little")


def lanes_of(sum_: int, count: int) -> bytes | None:
    """None where one of them is not what it should be."""
    if sum_ < 0 or sum_.bit_length() > 64 * count:
        return None
    return sum_.to_bytes(_LANE * count, "little")


def as_array(lanes: bytes) -> array[int]:
    found = array("Q", lanes)
    if sys.byteorder == "big":
        found.byteswap()
    return found
