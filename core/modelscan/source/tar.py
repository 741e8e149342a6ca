"""Tar archives as Python's tarfile reads them (POSIX.1-2001 pax, GNU and V7), header by header.

Not by tarfile itself: it takes quadratic time over a hostile pax header (CVE-2024-6232), loops for ever over a
negative size (CVE-2025-8194) and keeps every header in memory. Where it stops, the search goes on for members behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelscan.errors import FormatError, LimitExceeded
from modelscan.limits import Limits
from modelscan.records import dataclass, field
from modelscan.source.artifact import CHUNK, Artifact

BLOCK = 512
DESCRIPTION = 1 << 20
"""Bytes of one pax header or long name."""
BEHIND = 16 << 20
"""Bytes behind the end that are searched for more members."""

_REGULAR = frozenset({b"0", b"\0", b"7", b"S"})
_KNOWN = _REGULAR | {b"1", b"2", b"3", b"4", b"5", b"6"}
_LONG = frozenset({b"L", b"K"})
_PAX = frozenset({b"x", b"g", b"X"})
_ASCII = bytes(range(128))
_RECORD = re.compile(rb"(\d{1,20}) ([^=]{1,1024})=")


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `start` is the offset of its data; `behind`: it stands where tarfile no longer looks."""

    name: str
    kind: bytes
    start: int
    size: int
    link: str = ""
    sparse: bool = False
    behind: bool = False

    @property
    def is_file(self) -> bool:
        """tarfile takes kinds it does not know for files."""
        return self.kind in _REGULAR or self.kind not in _KNOWN

    @property
    def is_link(self) -> bool:
        return self.kind in (b"1", b"2")

    @property
    def is_device(self) -> bool:
        return self.kind in (b"3", b"4", b"6")


@dataclass(slots=True)
class _Said:
    """What headers in front of a member say about it."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    sparse: bool = False
    everywhere: dict[bytes, bytes] = field(default_factory=dict)
    """Of a global pax header: about every member from there on, and never where the next header is."""


def is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar" or (len(head) >= BLOCK and _is_header(head[:BLOCK]))


def members(artifact: Artifact, limits: Limits) -> Iterator[Member]:
    """Entries in order. Raises FormatError where a header cannot be followed."""
    at, behind, said = 0, False, _Said()
    for _ in range(limits.members):
        block = artifact.read(at, BLOCK)
        if not _is_header(block):
            if at == 0:
                raise FormatError("tar-header", "the first header of a tar archive has a wrong checksum", 0)
            found = _next_header(artifact, at)
            if found is None:
                return
            at, behind, said = found, True, _Said()
            continue
        size = _number(block[124:136])
        if size is None or size < 0:
            raise FormatError("tar-header", "the size of a tar member cannot be read", at)
        kind = block[156:157]
        if kind in _LONG or kind in _PAX:
            _describe(said, kind, _description(artifact, at, size))
            at += BLOCK + _blocks(size)
            continue
        start = _sparse_map_end(artifact, at) if kind == b"S" else at + BLOCK
        member = _member(block, kind, start, size, said, behind)
        yield member
        at = start + (_blocks(member.size if said.size is not None else size) if member.is_file else 0)
        said = _Said(everywhere=said.everywhere)
    raise LimitExceeded("members", f"more than {limits.members:,} tar members")


def _member(block: bytes, kind: bytes, start: int, size: int, said: _Said, behind: bool) -> Member:
    prefix, plain = _until_nul(block[345:500]), _until_nul(block[:100])
    spelled = prefix + b"/" + plain if prefix and kind not in (b"S", b"L", b"K") else plain
    if kind == b"\0" and plain.endswith(b"/"):
        kind = b"5"  # how V7 wrote folders
    name = said.name if said.name is not None else said.everywhere.get(b"path", spelled)
    link = said.link if said.link is not None else said.everywhere.get(b"linkpath", _until_nul(block[157:257]))
    size = said.size if said.size is not None else size
    texts = (name.decode("utf-8", "replace"), link.decode("utf-8", "replace"))
    return Member(texts[0], kind, start, size, texts[1], said.sparse or kind == b"S", behind)


def _describe(said: _Said, kind: bytes, data: bytes) -> None:
    """Takes in a long name, or the records of a pax header."""
    if kind == b"L":
        said.name = _until_nul(data)
        return
    if kind == b"K":
        said.link = _until_nul(data)
        return
    records = dict(_records(data))
    if kind == b"g":
        said.everywhere |= records
        return
    said.name = records.get(b"path", records.get(b"GNU.sparse.name", said.name))
    said.link = records.get(b"linkpath", said.link)
    said.sparse = said.sparse or any(key.startswith(b"GNU.sparse") for key in records)
    if b"size" in records:
        text = records[b"size"]
        said.size = int(text) if len(text) <= 20 and text.isdigit() else 0


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """key and value of "length key=value\\n" lines, as far as they follow that."""
    at = 0
    while (found := _RECORD.match(data, at)) is not None and int(found[1]):
        yield found[2], data[found.end() : at + int(found[1]) - 1]
        at += int(found[1])


def _description(artifact: Artifact, at: int, size: int) -> bytes:
    if size > DESCRIPTION:
        raise FormatError("tar-header", f"a tar header of {size:,} bytes", at)
    return artifact.read(at + BLOCK, size)


def _sparse_map_end(artifact: Artifact, at: int) -> int:
    """Behind the blocks in which GNU tar continues the map of a sparse file."""
    more, at = artifact.read(at + 482, 1) not in (b"", b"\0"), at + BLOCK
    while more:
        block = artifact.read(at, BLOCK)
        more, at = block[504:505] not in (b"", b"\0"), at + BLOCK
    return at


def _next_header(artifact: Artifact, at: int) -> int | None:
    """Where a tar goes on behind its end, for a reader that ignores the end."""
    stop = min(artifact.size, at + BEHIND)
    while at < stop:
        data = artifact.read(at, CHUNK)
        if data.strip(b"\0"):
            for inside in range(0, len(data) - BLOCK + 1, BLOCK):
                if _is_header(data[inside : inside + BLOCK]):
                    return at + inside
        at += CHUNK
    return None


def _is_header(block: bytes) -> bool:
    """By its checksum, which old writers took over signed bytes."""
    if len(block) < BLOCK:
        return False
    stated = _number(block[148:156])
    if stated is None or not -256 * BLOCK < stated < 256 * BLOCK:
        return False
    rest = block[:148] + block[156:]
    plain = 8 * 32 + sum(rest)
    return stated in (plain, plain - 256 * len(rest.translate(None, _ASCII)))


def _number(data: bytes) -> int | None:
    """Octal text, or binary where the first byte says so; read as loosely as tarfile does."""
    if data[:1] in (b"\x80", b"\xff"):
        value = int.from_bytes(data[1:], "big")
        return value if data[:1] == b"\x80" else value - 256 ** (len(data) - 1)
    try:
        return int(_until_nul(data).decode("ascii").strip() or "0", 8)
    except ValueError:
        return None


def _until_nul(data: bytes) -> bytes:
    return data.partition(b"\0")[0]


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
