"""The storages that a checkpoint's pickle asks for by persistent ids, and how many bytes each of them claims to have.

torch before 2.10 takes a record of the archive for as many numbers as the persistent id says, whatever its size is:
tensors of such a storage read and write what lies behind it in memory (CVE-2026-24747,
torch/csrc/jit/python/init.cpp, `get_storage_from_record`).
"""

from __future__ import annotations

import functools
import re
from itertools import repeat

from modelscan.pickles import leaves
from modelscan.pickles.opcodes import FIXED, Op
from modelscan.pickles.values import Global, Group
from modelscan.source.storage_records import Records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ITEM = {
    **dict.fromkeys(("UntypedStorage", "_UntypedStorage", "QUInt4x2Storage", "QUInt2x4Storage"), 1),
    **dict.fromkeys(("CharStorage", "ByteStorage", "BoolStorage", "QInt8Storage", "QUInt8Storage"), 1),
    **dict.fromkeys(("HalfStorage", "ShortStorage", "BFloat16Storage"), 2),
    **dict.fromkeys(("FloatStorage", "IntStorage", "QInt32Storage"), 4),
    **dict.fromkeys(("DoubleStorage", "LongStorage", "ComplexFloatStorage"), 8),
    "ComplexDoubleStorage": 16,
}
"""Bytes of what is counted in each of torch's storages: numbers, or bytes where these are packed or of no type."""
MOST = 16
"""Of whatever else has a type of numbers, such as `torch.DoubleTensor`."""
NAME = 1 << 16
"""Bytes of the longest name in a zip archive."""
COMPUTED = "a storage whose key or size is not spelled out"
TAG, KEY, COUNT = "storage", 2, 4
"""What stands first in ("storage", type, key, location, count), and the places of two others."""

_LENGTH = 5
"""Bytes of BINUNICODE with the length of the text."""
_NUMBERS = frozenset({Op.BININT1, Op.BININT2, Op.BININT})

Asked = list[tuple[bytes, int]]
"""Keys and counts."""
Rows = tuple[leaves.Buffer, int, int, int]
"""Data with the start, the end and the number of rows in it."""


class Claim:
    """A storage that each row of a repeat asks for: `item` bytes times a count, under a key.

    `key` and `count` are leaves with their opcodes, or the number of the part of a row where one stands; `parts` are
    expressions. `before` are the constant bytes in front of the key, none where they could overlap each other, and
    `between` is how many bytes stand between the two.
    """

    def __init__(
        self, item: int, key: bytes | int, count: bytes | int, parts: list[bytes], before: bytes, between: int
    ) -> None:
        self.item, self.key, self.count, self.parts = item, key, count, parts
        self.before, self.between = before, between

    @functools.cached_property
    def _row(self) -> re.Pattern[bytes]:
        names = {self.key: b"key", self.count: b"count"}
        named = ((names.get(number), part) for number, part in enumerate(self.parts))
        return re.compile(b"".join(b"(?P<%b>%b)" % (name, part) if name else part for name, part in named), re.DOTALL)

    def most(self, rows: Rows) -> int | None:
        """The largest size that one of them claims; None where they are not as long as each other to the byte."""
        data, start, end, count = rows
        block = bytes(data[start:end])
        stride, rest = divmod(len(block), count)
        at = block.find(self.before) if self.before else -1
        key = at + len(self.before)
        # Each row has the bytes before the key once at least: as many in all, a row apart, are these.
        if rest or at < 0 or block.count(self.before) != count or block[key] != Op.BINUNICODE:
            return None
        opcode = leaves.span(block, key, len(block))[1] + self.between
        if opcode >= stride or block[opcode] not in _NUMBERS:
            return None
        fixed = (*range(at, key + _LENGTH), opcode)
        if any(block[place::stride] != block[place : place + 1] * count for place in fixed):
            return None
        places = range(opcode + 1, opcode + 1 + FIXED[block[opcode]])
        counts = {*zip(*(block[place::stride] for place in places), strict=True)}
        return self.item * max(int.from_bytes(bytes(number), "little") for number in counts)

    def asked(self, rows: Rows) -> Asked:
        """What each of them asks for."""
        data, start, end, _ = rows
        told = [row.groupdict() for row in self._row.finditer(data, start, end)]
        keys = repeat(_text(self.key)) if isinstance(self.key, bytes) else (_text(row["key"]) for row in told)
        counts = repeat(self.count) if isinstance(self.count, bytes) else (row["count"] for row in told)
        return [(key, _number(count)) for key, count, _ in zip(keys, counts, told, strict=False)]


class Storages:
    """Of one pickle. A checkpoint may ask for very many, so nobody looks at them one by one who needs not."""

    __slots__ = ("computed", "runs", "walked")

    def __init__(self) -> None:
        self.computed = False
        """Does one leave its key or its count to what a call returns?"""
        self.walked: dict[tuple[int, int], int] = {}
        """The bytes of a number, by the offsets of key and count."""
        self.runs: list[tuple[Claim, Rows]] = []

    def take(self, pid: Group) -> None:
        """A persistent id that has been walked."""
        if len(pid.head) <= COUNT:
            return
        key, count = pid.head[KEY], pid.head[COUNT]
        if type(key) is int and type(count) is int:
            self.walked[key, count] = max(item_of(pid.head[1]), self.walked.get((key, count), 0))
        else:
            self.computed = True

    def beyond(self, data: leaves.Buffer, end: int, records: Records) -> str | None:
        """Which storage claims more bytes than its record has; torch itself refuses where there is none."""
        if self.computed:
            return COMPUTED
        most: dict[bytes, int] = {}
        texts = {key: _text(_leaf(data, key, end)) for key, _ in self.walked}
        for (key, count), item in self.walked.items():
            _claim(most, item, [(texts[key], _number(_leaf(data, count, end)))])
        least = records.least() if self.runs else 0
        for asking, rows in self.runs:
            largest = asking.most(rows)
            if largest is None or largest > least:
                _claim(most, asking.item, asking.asked(rows))
        keys = list(most)
        for name, size in zip(keys, records.sizes(keys), strict=True):
            if size is not None and most[name] > size:
                return f"data/{name.decode('utf-8', 'replace')}"
        return None


def _claim(most: dict[bytes, int], item: int, asked: Asked) -> None:
    for key, count in asked:
        if item * count > most.get(key, 0):
            most[key] = item * count


def _leaf(data: leaves.Buffer, at: int, end: int) -> bytes:
    return bytes(data[at : leaves.span(data, at, end)[1]])


def _number(count: bytes) -> int:
    return leaves.number(count, 0, len(count)) or 0


def item_of(kind: Any) -> int:
    return ITEM.get(kind.name, MOST) if type(kind) is Global else MOST


def _text(leaf: bytes) -> bytes:
    """A key as it stands in a name, which any constant can do; a torch.package has numbers."""
    key = leaves.decode(leaf, 0, len(leaf), NAME)
    if isinstance(key, leaves.Undecoded) or (type(key) is int and key >> 64):
        return b""
    return str(key).encode("utf-8", "surrogatepass")
