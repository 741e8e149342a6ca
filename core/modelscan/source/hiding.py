"""What may hide in the place of a tensor, told from first bytes. Formats know it, and archives ask.

A tensor may begin like anything, and a checkpoint has thousands of them. So most are told by two of their bytes, for
all of them at once; only those that show a sign are looked at one by one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from modelscan.patterns import later
from modelscan.records import dataclass

_BITS = 8
"""Signs that are looked for at once: a byte has a bit for each."""
_MARKED = later(rb"[^\0]")


@dataclass(frozen=True, slots=True)
class Sign:
    """One of `first` stands first, and one of `allowed` at `place` behind it; with place 0 it stands for itself."""

    first: bytes
    place: int
    allowed: bytes


Signs = Callable[[], tuple[Sign, ...]]
"""Told only when they are asked for: most scans meet no tensors."""


def magic(*starts: bytes) -> Signs:
    """The first two bytes of formats that always begin so."""
    return lambda: tuple(Sign(start[:1], 1, start[1:2]) for start in starts)


@dataclass(frozen=True, slots=True)
class Hides:
    """Could a tensor of so many bytes that begins like this be something else? Not unless it shows one of `signs`."""

    signs: Signs
    begins: Callable[[bytes, int], bool]

    def __call__(self, head: bytes, size: int) -> bool:
        return bool(head) and self.begins(head, size)

    def shown(self, records: bytes, width: int, at: int = 0) -> Iterator[int]:
        """The numbers of those records of `width` bytes in which what begins at `at` shows a sign."""
        first = records[at::width]
        found = 0
        for place, firsts, others in _tables(self.signs):
            there = records[at + place :: width].translate(others)
            found |= int.from_bytes(first.translate(firsts), "little") & int.from_bytes(there, "little")
        return (mark.start() for mark in _MARKED.finditer(found.to_bytes(len(first), "little")))


@functools.cache
def _tables(signs: Signs) -> list[tuple[int, bytes, bytes]]:
    """Places, each with what to translate first bytes and those at the place into: a bit for each of some signs."""
    found, known = [], signs()
    for place in sorted({sign.place for sign in known}):
        there = [sign for sign in known if sign.place == place]
        for start in range(0, len(there), _BITS):
            some = there[start : start + _BITS]
            found.append((place, _table(sign.first for sign in some), _table(sign.allowed for sign in some)))
    return found


def _table(sets: Iterable[bytes]) -> bytes:
    table = bytearray(256)
    for number, members in enumerate(sets):
        for byte in members:
            table[byte] |= 1 << number
    return bytes(table)
