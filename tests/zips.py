"""Zip archives written field by field, so that what the directory says and what stands in the file can differ."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Entry:
    """A member. `local` and `central` replace single header fields: flags, method, crc, compressed, size, name, extra,
    and in the directory also header (the offset of the local header) and attributes."""

    name: str
    data: bytes
    method: int = 0
    raw: bytes | None = None
    """The bytes in the file, where they are not `data` compressed by `method`."""
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)
    listed: bool = True
    """Whether the directory has it."""

    def stored(self) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.method != 8:
            return self.data
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        return engine.compress(self.data) + engine.flush()

    def fields(self, changes: dict[str, Any]) -> dict[str, Any]:
        made = {"flags": 0x800, "method": self.method, "crc": zlib.crc32(self.data), "size": len(self.data)}
        return made | {"compressed": len(self.stored()), "name": self.name.encode(), "extra": b"", **changes}


def bodies(entries: list[Entry], start: int = 0) -> tuple[bytes, list[int]]:
    """Local headers with their data, and where each begins."""
    out, offsets = bytearray(), []
    for entry in entries:
        one = entry.fields(entry.local)
        offsets.append(start + len(out))
        sizes = (one["crc"], one["compressed"], one["size"], len(one["name"]), len(one["extra"]))
        out += struct.pack("<4s5H3L2H", b"PK\3\4", 20, one["flags"], one["method"], 0, 33, *sizes)
        out += one["name"] + one["extra"] + entry.stored()
    return bytes(out), offsets


def directory(entries: list[Entry], offsets: list[int]) -> bytes:
    out = b""
    for entry, offset in zip(entries, offsets, strict=True):
        if not entry.listed:
            continue
        one = entry.fields({"header": offset, "attributes": 0, **entry.central})
        sizes = (one["crc"], one["compressed"], one["size"], len(one["name"]), len(one["extra"]), 0)
        out += struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            20,
            20,
            one["flags"],
            one["method"],
            0,
            33,
            *sizes,
            0,
            0,
            one["attributes"],
            one["header"],
        )
        out += one["name"] + one["extra"]
    return out


def end(count: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, len(comment)) + comment


def end64(count: int, size: int, offset: int, at: int | None) -> bytes:
    """A zip64 end record with its locator, which says that the record is `at`."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)


def build(entries: list[Entry], prefix: bytes = b"", shifted: bool = True, comment: bytes = b"") -> bytes:
    """The archive. `shifted`: offsets count from the file's start although `prefix` stands there."""
    start = len(prefix) if shifted else 0
    body, offsets = bodies(entries, start)
    table = directory(entries, offsets)
    listed = sum(entry.listed for entry in entries)
    return prefix + body + table + end(listed, len(table), start + len(body), comment)


def two_directories(first: list[Entry], second: list[Entry]) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """Both entries' data, then both directories, without an end record; offset and size of each directory."""
    body, offsets = bodies(first + second)
    one, two = directory(first, offsets[: len(first)]), directory(second, offsets[len(first) :])
    return body + one + two, (len(body), len(one)), (len(body) + len(one), len(two))
