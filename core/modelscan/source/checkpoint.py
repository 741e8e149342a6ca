"""A checkpoint's tensors, told from its directory many at a time: stored under numbers, one behind the other.

What a row of entries has in common is compared as bytes, as is each local header with its entry, so nothing that
`archive` would find odd passes here; whatever is not exactly usual ends the row and is read there.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from modelscan.records import dataclass

PEEK = 16
"""Bytes of a tensor that are looked at."""

_COMMON = struct.Struct("<16s12x14s")
"""Signature to date; then the lengths of name, extra field and comment, and the attributes."""
_ENTRY, _LOCAL = 46, 30
_UNSTATED = bytes(12)
"""In front of the data, where torch writes checksum and sizes behind it."""
_PREFIX = re.compile(rb"[^/\\:\0\x80-\xff]+/data/")

Look = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """`count` entries up to the offset `after` in the directory; the data of the last one ends at `edge`."""

    after: int
    count: int
    edge: int
    names: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Directory:
    """An archive of `size` bytes that `look` reads, and its directory; `shift` is added to the offsets in it."""

    look: Look
    size: int
    table: bytes
    shift: int

    def row(self, at: int, edge: int, hides: Callable[[bytes], bool]) -> Row | None:
        """The tensors whose entries begin at `at`, behind a member that ends at `edge`. None where there are none.

        `hides`: could what begins with these bytes be something else than a tensor?
        """
        if at + _ENTRY > len(self.table):
            return None
        head, tail = _COMMON.unpack_from(self.table, at)
        length = int.from_bytes(tail[:2], "little")
        prefix = _PREFIX.match(self.table, at + _ENTRY, at + _ENTRY + length)
        if prefix is None or not _is_usual(head, tail):
            return None
        names, edge = self._follow(at, edge, head, tail, hides)
        numbers = b"".join([name[prefix.end() - prefix.start() :] for name in names])
        alike = all(name.startswith(prefix[0]) for name in names) and numbers.isdigit()
        found = frozenset(names)
        if not names or not alike or len(found) < len(names):
            return None
        return Row(at + len(names) * (_ENTRY + length), len(names), edge, found)

    def _follow(
        self, at: int, edge: int, head: bytes, tail: bytes, hides: Callable[[bytes], bool]
    ) -> tuple[list[bytes], int]:
        """The names of members that follow each other as they should, and where the last of them ends."""
        look, last, shift = self.look, self.size, self.shift
        length = int.from_bytes(tail[:2], "little")
        entry = struct.Struct(f"<16s4xLL14sL{length}s")
        begin = int.from_bytes(self.table[at + 42 : at + 46], "little") + shift
        local = look(begin, begin + 6) if 0 <= begin < last else b""
        usual = b"PK\x03\x04" + local[4:] + head[8:] + _UNSTATED + tail[:2]
        names: list[bytes] = []
        stop = at + (len(self.table) - at) // entry.size * entry.size
        for one, packed, size, other, header, name in entry.iter_unpack(memoryview(self.table)[at:stop]):
            begin = header + shift
            gap = begin - edge
            if one != head or other != tail or packed != size or gap < 0 or gap >= _LOCAL:
                break
            local = look(begin, begin + _LOCAL + length)
            if local[:28] != usual or local[_LOCAL:] != name:
                break
            start = begin + _LOCAL + length + (local[28] | local[29] << 8)
            if start + size > last or (size and hides(look(start, start + min(PEEK, size)))):
                break
            edge = start + size
            names.append(name)
        return names, edge


def _is_usual(head: bytes, tail: bytes) -> bool:
    """An entry's signature, stored and not encrypted, without extra field, comment or the attribute of a folder."""
    encrypted = (head[8] & 0x61) | head[9] & 0x20
    return head[:4] == b"PK\x01\x02" and head[10:12] == b"\0\0" and not (encrypted or any(tail[2:6]) or tail[10] & 0x10)
