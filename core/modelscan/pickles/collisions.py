"""Integers that were chosen to have one hash: a dict or a set of n of them compares each with all others.

Python hashes an integer modulo 2**61 - 1, and what is made of integers by their hashes. Those of 64 bits have at most
eight to a hash, so only longer ones are looked at, wherever they stand: numbers by chance do not share a hash.
"""

from __future__ import annotations

from itertools import chain

from modelscan.patterns import later
from modelscan.pickles.leaves import Buffer

MODULUS = (1 << 61) - 1
SAME = 1_024
"""Integers of one hash; comparing these with each other takes a hundredth of a second."""
KEPT = 1 << 14
"""Hashes that are remembered at a time."""

_WIDE = (later(rb"(?s)\x8a(?:\x09(?=.{8}[^\0\xff])|[\x0a-\xff])"), later(rb"\x8b[\x09-\xff]\0\0\0"))
"""LONG1 and LONG4 of more than 64 bits with their lengths; inside of other values they are found as well. One
expression for each, because what begins with one byte is looked for much faster."""


def may_have_wide(pattern: bytes) -> bool:
    """May what this expression matches have such an integer in it? Its opcode would be spelled in the expression."""
    return b"\x8a" in pattern or b"\x8b" in pattern


class Collisions:
    """Of one stream."""

    __slots__ = ("first", "others")

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        """An integer of each hash."""
        self.others: dict[int, int] = {}
        """How many of a hash are not that one."""

    def among(self, data: Buffer, start: int, end: int) -> bool:
        """Are there, together with those before, too many of one hash in `data[start:end]`?"""
        first, others = self.first, self.others
        for found in chain.from_iterable(wide.finditer(data, start, end) for wide in _WIDE):
            size, after = data[found.start() + 1], found.end()
            value = int.from_bytes(data[after : after + size], "little", signed=True)
            key = value % MODULUS if value >= 0 else -(-value % MODULUS) - 1
            if first.setdefault(key, value) == value:
                continue
            count = others[key] = others.get(key, 0) + 1
            if count >= SAME:
                return True
            if len(first) > KEPT:
                first.clear()
        return False
