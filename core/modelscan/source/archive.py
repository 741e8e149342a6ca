"""Zip archives, read for what any loader could see in them (APPNOTE 6.3.10; PyTorch's reader is miniz).

The central directory says which members there are; each local header is held against it, since some loaders follow
one and some the other. What does not agree is stated, never a reason to stop.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from modelscan.errors import FormatError, LimitExceeded
from modelscan.limits import Limits
from modelscan.source.artifact import Artifact
from modelscan.source.codecs import Budget

END = b"PK\x05\x06"
CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
_TAIL = 22 + 65_535
_NEAR = 4_096
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_UTF8 = 0x800
_ENCRYPTED = 0x1 | 0x40
STORED, DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `start` is the offset of its data, `oddities` the rules of rules/structure.toml it breaks."""

    name: str
    start: int
    compressed: int
    size: int
    method: int
    crc: int
    encrypted: bool
    oddities: tuple[str, ...]

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/") and not self.compressed


@dataclass(frozen=True, slots=True)
class _Directory:
    offset: int
    size: int
    count: int
    shift: int
    """Bytes that stand before the archive."""


def is_zip(artifact: Artifact) -> bool:
    return artifact.head[:4] in (LOCAL, END) or _find_end(artifact, _NEAR) is not None


def members(artifact: Artifact, limits: Limits) -> Iterator[Member]:
    """Entries in directory order. Raises FormatError when there is no directory to follow."""
    directory = _directory(artifact)
    if directory.size > limits.metadata:
        raise LimitExceeded("metadata", "the zip directory is larger than the limit")
    table = artifact.read(directory.offset, directory.size)
    seen: set[str] = set()
    at = 0
    for number in range(directory.count):
        if number >= limits.members:
            raise LimitExceeded("members", f"more than {limits.members:,} zip members")
        if table[at : at + 4] != CENTRAL or at + _CENTRAL.size > len(table):
            raise FormatError(
                "zip-directory", f"the zip directory breaks after {number} members", directory.offset + at
            )
        member, at = _member(artifact, table, at, directory.shift, seen)
        yield member


def oddities(artifact: Artifact) -> Iterator[str]:
    """What is odd about the archive as a whole."""
    if _directory(artifact).shift > 0:
        yield "zip-prefix"


def extract(artifact: Artifact, member: Member, budget: Budget) -> tuple[Artifact, str | None]:
    """The member's bytes as a child, and the code of what was odd about them. Raises FormatError.

    The encryption flag is not looked at: there are loaders that ignore it (CVE-2025-1945).
    """
    if member.method == STORED:
        return artifact.part(member.name, member.start, min(member.compressed, artifact.size - member.start)), None
    if member.method != DEFLATED:
        raise FormatError("zip-method", f"member {member.name!r} uses compression method {member.method}", member.start)
    data = _inflate(artifact, member, budget)
    odd = "zip-checksum" if zlib.crc32(data) != member.crc or len(data) != member.size else None
    return artifact.child(member.name, data), odd


def peek(artifact: Artifact, member: Member, length: int) -> bytes:
    """The first bytes of a member without extracting it; empty where that is not possible."""
    raw = artifact.read(member.start, min(member.compressed, length))
    if member.method == STORED:
        return raw
    if member.method != DEFLATED:
        return b""
    try:
        return zlib.decompressobj(-15).decompress(raw, length)
    except zlib.error:
        return b""


def _inflate(artifact: Artifact, member: Member, budget: Budget) -> bytes:
    engine, parts, at = zlib.decompressobj(-15), [], member.start
    stop = min(member.start + member.compressed, artifact.size)
    try:
        while at < stop and not engine.eof:
            chunk = artifact.read(at, min(1 << 18, stop - at))
            at += len(chunk)
            while chunk:
                part = engine.decompress(chunk, 1 << 20)
                budget.spend(len(part))
                parts.append(part)
                chunk = engine.unconsumed_tail
    except zlib.error as error:
        raise FormatError("zip-data", f"member {member.name!r} cannot be inflated: {error}", member.start) from None
    return b"".join(parts)


def _find_end(artifact: Artifact, window: int) -> int | None:
    """Offset of the last end record, as zipfile and miniz look for it."""
    start = max(0, artifact.size - window)
    found = artifact.read(start, window).rfind(END)
    return start + found if found >= 0 and start + found + _END.size <= artifact.size else None


def _directory(artifact: Artifact) -> _Directory:
    at = _find_end(artifact, _NEAR)
    if at is None:
        at = _find_end(artifact, _TAIL)
    if at is None:
        raise FormatError("zip-directory", "a zip file without an end record")
    _, _, _, _, count, size, offset, _ = _END.unpack(artifact.read(at, _END.size))
    behind = at
    locator = artifact.read(at - _LOCATOR.size, _LOCATOR.size) if at >= _LOCATOR.size + _END64.size else b""
    if locator[:4] == b"PK\x06\x07":
        found = _end64(artifact, at)
        if found is not None:
            count, size, offset, behind = found
    shift = behind - size - offset
    if shift < 0:
        raise FormatError("zip-directory", "the zip directory lies outside the file", at)
    return _Directory(offset + shift, size, count, shift)


def _end64(artifact: Artifact, end: int) -> tuple[int, int, int, int] | None:
    start = end - _LOCATOR.size - _END64.size
    fields = _END64.unpack(artifact.read(start, _END64.size))
    return (fields[7], fields[8], fields[9], start) if fields[0] == b"PK\x06\x06" else None


def _member(artifact: Artifact, table: bytes, at: int, shift: int, seen: set[str]) -> tuple[Member, int]:
    fields = _CENTRAL.unpack_from(table, at)
    flags, method, crc, compressed, size = fields[5], fields[6], fields[9], fields[10], fields[11]
    name_size, extra_size, comment_size, header = fields[12], fields[13], fields[14], fields[18]
    at += _CENTRAL.size
    raw_name, extra = table[at : at + name_size], table[at + name_size : at + name_size + extra_size]
    size, compressed, header = _wide(extra, size, compressed, header)
    name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    odd = ["zip-duplicate"] if name in seen else []
    seen.add(name)
    local = artifact.read(header + shift, _LOCAL.size)
    start = header + shift + _LOCAL.size
    encrypted = bool(flags & _ENCRYPTED)
    if len(local) < _LOCAL.size or local[:4] != LOCAL:
        odd.append("zip-header")
    else:
        _, _, local_flags, local_method, _, _, _, _, _, local_name, local_extra = _LOCAL.unpack(local)
        if artifact.read(start, local_name) != raw_name:
            odd.append("zip-name")
        if (local_flags ^ flags) & _ENCRYPTED or local_method != method:
            odd.append("zip-header")
        start += local_name + local_extra
    member = Member(name, start, compressed, size, method, crc, encrypted, tuple(odd))
    return member, at + name_size + extra_size + comment_size


def _wide(extra: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """Values of the zip64 extra field stand in for those that are all ones, in this order."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            numbers = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            size = next(numbers, size) if size == 0xFFFFFFFF else size
            compressed = next(numbers, compressed) if compressed == 0xFFFFFFFF else compressed
            header = next(numbers, header) if header == 0xFFFFFFFF else header
            break
        at += 4 + length
    return size, compressed, header
