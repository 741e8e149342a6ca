"""A checkpoint's tensors, told from its directory many at a time: stored under numbers, one behind the other.

What a row of entries has in common is compared byte by byte of an entry, for all of them at once, and so are the local
headers with their entries; nothing that `archive` would find odd passes here. Whatever is not exactly usual ends the
row and is read there.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import repeat
from operator import add

from modelscan.patterns import later
from modelscan.records import dataclass
from modelscan.source import columns
from modelscan.source.artifact import Artifact
from modelscan.source.hiding import Hides

PEEK, LOOK = 16, 512
"""Bytes of a tensor that are looked at, and of one that could be something else by these. They tell whether a format
begins here. Every loader of the archive takes them for numbers; who takes them out to load them has a file by then."""
FEWEST, GROWTH = 16, 8
"""Entries of the first row that is looked for, and how many times as many of each next one."""
MOST = 4_096
"""Entries of a row: what is read of them fits into memory that the next row uses again."""
PADDING = 4_096
"""Bytes of an extra field, which writers fill up so that the tensor behind it is aligned."""

_COMMON = struct.Struct("<16s12x14s")
"""Signature to date; then the lengths of name, extra field and comment, and the attributes."""
_ENTRY, _LOCAL = 46, 30
_PACKED, _SIZE, _TAIL, _OFFSET = 20, 24, 28, 42
"""Where fields of an entry stand: both sizes, what is common again, offset."""
_UNSTATED = bytes(12)
"""In front of the data, where torch writes checksum and sizes behind it."""
_PREFIX = later(rb"[^/\\:\0\x80-\xff]+/data/")
_DIGITS = b"0123456789"


@dataclass(frozen=True, slots=True)
class Row:
    """`count` entries up to the offset `after` in the directory; the data of the last one ends at `edge`.

    `hiding` are the offsets of those entries whose tensor could be something else by its first bytes.
    """

    after: int
    count: int
    edge: int
    names: list[bytes]
    sizes: Sequence[int]
    hiding: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries that differ in checksum, size, offset and number alone: what the first one has in common with them."""

    head: bytes
    tail: bytes
    prefix: bytes
    length: int
    """Of each name."""

    @property
    def stride(self) -> int:
        return _ENTRY + self.length

    @property
    def header(self) -> int:
        """Bytes of a local header with its name."""
        return _LOCAL + self.length

    def count(self, table: bytes, at: int, most: int) -> int:
        """How many there are at `at`."""
        stride = self.stride
        stop = at + min(most, (len(table) - at) // stride) * stride
        fixed = [*enumerate(self.head), *enumerate(self.tail, _TAIL), *enumerate(self.prefix, _ENTRY)]
        wanted = [(place, bytes([byte])) for place, byte in fixed]
        wanted += [(place, _DIGITS) for place in range(_ENTRY + len(self.prefix), stride)]
        for place, allowed in wanted:
            stop = at + columns.alike(table, at + place, stop, stride, allowed) * stride
        for place in range(4):
            stop = at + columns.equal(table, at + _PACKED + place, at + _SIZE + place, stop, stride) * stride
        return (stop - at) // stride


class Directory:
    """An archive's directory `table`; `shift` is added to the offsets in it.

    Rows grow as long as all of their members are as they should be, so that looking in vain costs little.
    """

    def __init__(self, artifact: Artifact, table: bytes, shift: int, hides: Hides) -> None:
        self.artifact, self.table, self.shift, self.hides = artifact, table, shift, hides
        self.most = FEWEST

    def row(self, at: int, edge: int) -> Row | None:
        """The tensors whose entries begin at `at`, behind a member that ends at `edge`. None where there are none."""
        if at + _ENTRY > len(self.table) or self.shift < 0:
            return None
        head, tail = _COMMON.unpack_from(self.table, at)
        length = int.from_bytes(tail[:2], "little")
        prefix = _PREFIX.match(self.table, at + _ENTRY, at + _ENTRY + length)
        if prefix is None or not _is_usual(head, tail):
            return None
        entries = Entries(head, tail, prefix[0], length)
        count = entries.count(self.table, at, self.most)
        found = self._follow(at, edge, entries, count) if count else None
        if found is None or found.count < count:
            self.most = FEWEST
        elif count == self.most:
            self.most = min(GROWTH * self.most, MOST)
        return found

    def _follow(self, at: int, edge: int, entries: Entries, count: int) -> Row | None:
        """Those of the members that follow each other as they should."""
        members = _Members(self.artifact, self.table, at, self.shift, entries, count)
        members.follow(edge)
        good = members.good
        if not good:
            return None
        hiding = tuple(at + number * entries.stride for number in members.suspects(self.hides))
        return Row(at + good * entries.stride, good, members.edge, members.names(), members.sizes[:good], hiding)


class _Members:
    """What `count` entries from `at` on say of their members, held against these.

    The first `good` of them are as they should be; the data of the last of these ends at `edge`.
    """

    def __init__(self, artifact: Artifact, table: bytes, at: int, shift: int, entries: Entries, count: int) -> None:
        self.artifact, self.table, self.at, self.entries, self.count = artifact, table, at, entries, count
        self.good = self.edge = 0
        stride = entries.stride
        self.size_lanes = columns.numbers(table, at + _SIZE, count, stride, 4)
        begins = columns.numbers(table, at + _OFFSET, count, stride, 4)
        if shift:
            begins = (columns.total(begins) + columns.each(shift, count)).to_bytes(len(begins), "little")
        self.begin_lanes = begins
        self.sizes, self.begins = columns.as_array(self.size_lanes), columns.as_array(begins)
        self.extras = columns.as_array(b"")
        """Bytes of the extra field of each good member."""
        self.records, self.width = b"", 1
        """Of the first members, the local header and, at the end of `width` bytes each, the first bytes of the data."""
        local = artifact.read(self.begins[0], 6)
        self.usual = b"PK\x03\x04" + local[4:] + entries.head[8:] + _UNSTATED + entries.tail[:2]
        """What each local header begins with, up to the length of its extra field."""

    def names(self) -> list[bytes]:
        first, stride, length = self.at + _ENTRY, self.entries.stride, self.entries.length
        return [self.table[at : at + length] for at in range(first, first + self.good * stride, stride)]

    def start(self, number: int) -> int:
        """Where the data of a good member begins."""
        return self.begins[number] + self.entries.header + self.extras[number]

    def follow(self, edge: int) -> None:
        """From a member on that ends at `edge`."""
        self.edge = edge
        if self._next():
            self._all()
        while self.good < self.count and self._next():
            continue

    def _next(self) -> bool:
        """One more member. False: it is not as it should be."""
        begin, header = self.begins[self.good], self.entries.header
        if not 0 <= begin - self.edge < _LOCAL:
            return False
        local = self.artifact.read(begin, header)
        name = self.at + self.good * self.entries.stride + _ENTRY
        if local[:28] != self.usual or local[_LOCAL:] != self.table[name : name + self.entries.length]:
            return False
        extra = int.from_bytes(local[28:_LOCAL], "little")
        edge = begin + header + extra + self.sizes[self.good]
        if edge > self.artifact.size:
            return False
        self.extras.append(extra)
        self.edge = edge
        self.good += 1
        return True

    def _all(self) -> None:
        """All but the last at once, if they all end as far in front of the next as the first one does."""
        count, header = self.count - 1, self.entries.header
        apart = self.begins[1] - self.edge if self.count >= FEWEST else -1
        if not 0 <= apart < _LOCAL or self.begins[-1] + PEEK > self.artifact.size:
            return
        # Where the data ends and how long it is tell where it begins, and so how long the extra field has to be.
        ends = columns.total(self.begin_lanes[8:])
        taken = columns.total(self.begin_lanes[:-8]) + columns.total(self.size_lanes[:-8])
        lanes = columns.lanes_of(ends - taken - columns.each(header + apart, count), count)
        extras = columns.as_array(lanes or b"")
        if lanes is None or max(extras) > PADDING:
            return
        read = self.artifact.pieces(self.begins[:-1], map(add, extras, repeat(header + PEEK)))
        self.width = header + PEEK
        if min(extras) == max(extras):
            self.width += extras[0]
            records = b"".join(read)
        else:
            records = b"".join([piece[:header] + piece[-PEEK:] for piece in read])
        if self._agree(records, lanes, count):
            self.records, self.extras, self.good = records, extras, count
            self.edge = self.start(count - 1) + self.sizes[count - 1]

    def _agree(self, local: bytes, extras: bytes, count: int) -> bool:
        """Do all local headers, one in each record, say the same as the entries do?"""
        header, stride, width = self.entries.header, self.entries.stride, self.width
        names, stop = self.at + _ENTRY, self.at + count * stride
        return (
            len(local) == count * width
            and all(local[place::width] == bytes([byte]) * count for place, byte in enumerate(self.usual))
            and local[28::width] == extras[::8]
            and local[29::width] == extras[1::8]
            and all(local[_LOCAL + n :: width] == self.table[names + n : stop : stride] for n in range(header - _LOCAL))
        )

    def suspects(self, hides: Hides) -> list[int]:
        """The numbers of those good ones that could be something else by their first bytes."""
        sizes, width, records = self.sizes, self.width, self.records
        count, at = len(records) // width, width - PEEK
        wanted = {*hides.shown(records, width, at)} if count else set()
        if count and min(sizes[:count]) < PEEK:  # what stands behind a tensor that is shorter says nothing of it
            wanted.update(number for number, size in enumerate(sizes[:count]) if size < PEEK)
        first = [(number, records[number * width + at : (number + 1) * width]) for number in sorted(wanted)]
        found = [number for number, head in first if hides(head[: sizes[number]], sizes[number])]
        # Most of what could be something else by a few bytes could not by some more.
        found += range(count, self.good)
        heads = self.artifact.pieces(map(self.start, found), [min(LOOK, sizes[number]) for number in found])
        return [number for number, head in zip(found, heads, strict=True) if hides(head, sizes[number])]


def _is_usual(head: bytes, tail: bytes) -> bool:
    """An entry's signature, stored and not encrypted, without extra field, comment or the attribute of a folder."""
    encrypted = (head[8] & 0x61) | head[9] & 0x20
    return head[:4] == b"PK\x01\x02" and head[10:12] == b"\0\0" and not (encrypted or any(tail[2:6]) or tail[10] & 0x10)
