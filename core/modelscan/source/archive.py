"""Zip archives, read for what any loader could see in them (APPNOTE 6.3.10).

Loaders differ. Python's zipfile finds the directory by its size, in front of the end record; PyTorch's reader (miniz)
finds it by its offset and reads as many entries as the end record counts; each finds a zip64 end record in its own
way. All of these views are read, and so are members that no directory lists. What does not agree is stated, never a
reason to stop.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.limits import Limits
from modelscan.records import dataclass, replace
from modelscan.source.artifact import Artifact
from modelscan.source.checkpoint import Directory, Row
from modelscan.source.hiding import Hides

END, CENTRAL, LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_SIGNATURE = b"PK\x05\x05"
"""Of the directory, by its writer; may stand at its end."""
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s4x2H4x3L3H4x2L")
"""signature, flags, method, CRC, both sizes, lengths of name, extra field and comment, attributes, offset."""
_LOCAL = struct.Struct("<4s5H3L2H")
_TAIL = _END.size + 65_536
_NEAR = 4_096
_GAP = 65_536
"""Bytes of a gap that are searched for a local header."""
_UTF8 = 0x800
_ENCRYPTED = 0x1 | 0x20 | 0x40
_FOLDER = 0x10
"""The attribute of DOS. miniz hands out such a member's memory as it found it, without reading the member."""
_ONES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `header` and `start` are the offsets of its local header and its data, `oddities` the rules of
    rules/structure.toml it breaks."""

    name: str
    header: int
    compressed: int
    size: int
    method: int
    encrypted: bool
    start: int
    crc: int
    oddities: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """What a view shows of it."""
        return self.name, self.header, self.compressed, self.size, self.method, self.encrypted

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/") and not self.compressed

    @property
    def end(self) -> int:
        return self.start + self.compressed


@dataclass(frozen=True, slots=True)
class Archive:
    """What all views together show. `broken`: a directory was followed only so far.

    `tensors` of a checkpoint, their bytes by their names, are no members: they are stored as they should be and begin
    like nothing else.
    """

    members: tuple[Member, ...]
    oddities: tuple[str, ...]
    broken: FormatError | None
    tensors: dict[bytes, int]


@dataclass(frozen=True, slots=True)
class _View:
    """One reading of where the directory is: `count` entries in `size` bytes from `table` on.

    `shift` is what this reading adds to the offsets in it.
    """

    table: int
    size: int
    count: int
    shift: int


@dataclass(frozen=True, slots=True)
class _Local:
    """What the header in front of the data says. `start` is where it ends."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    start: int


def is_zip(artifact: Artifact) -> bool:
    """By its first bytes, or by a directory that an end record leads to. Data of a model is not searched for one."""
    if artifact.head[:4] in (LOCAL, END):
        return True
    return not artifact.expected and any(_views(artifact))


def read(artifact: Artifact, limits: Limits, hides: Hides | None = None) -> Archive:
    """Every member that any loader would see. Raises FormatError when there is no directory to follow.

    `hides` tells what could be something else than a tensor; only with it tensors are told from members, and only
    in an archive that all loaders see alike.
    """
    views = list(_views(artifact))
    if not views:
        raise FormatError("zip-directory", "a zip file without a directory that can be found")
    if hides is not None and len(views) == 1:
        listing = _Listing(artifact, views[0], limits, hides)
        members = list(listing.entries())
        odd = any(member.oddities for member in members)
        if listing.is_orderly() and not odd and artifact.head[:4] == LOCAL:
            return Archive(tuple(members), tuple(listing.odd), None, listing.tensors)
    return _read(artifact, views, limits)


def _read(artifact: Artifact, views: list[_View], limits: Limits) -> Archive:
    found: dict[tuple[object, ...], Member] = {}
    odd: dict[str, None] = {}
    broken: FormatError | None = None
    seen: list[set[tuple[object, ...]]] = []
    for view in views:
        keys: set[tuple[object, ...]] = set()
        listing = _Listing(artifact, view, limits)
        for member in listing.entries():
            key = member.key
            found.setdefault(key, member)
            keys.add(key)
        odd |= listing.odd
        broken = listing.broken or broken
        seen.append(keys)
    if any(keys != seen[0] for keys in seen):
        odd["zip-views"] = None
    if artifact.head[:4] not in (LOCAL, END) and not _goes_on(artifact):
        odd["zip-prefix"] = None
    members = _overlapping(list(found.values()), views)
    members += _hidden(artifact, members, views, limits)
    return Archive(tuple(members), tuple(odd), broken, {})


def _goes_on(artifact: Artifact) -> bool:
    """Do bytes follow the archive? With bytes in front as well, it is a part of something else."""
    at = _find_end(artifact)
    if at is None:
        return False
    comment = int.from_bytes(artifact.read(at + _END.size - 2, 2), "little")
    return at + _END.size + comment < artifact.size


def _find_end(artifact: Artifact) -> int | None:
    """The last end record there is room for, as zipfile and miniz look for it."""
    for window in (_NEAR, _TAIL):
        start = max(0, artifact.size - window)
        data = artifact.read(start, window)
        found = data.rfind(END, 0, max(0, len(data) - _END.size + len(END)))
        if found >= 0:
            return start + found
    return None


def _views(artifact: Artifact) -> Iterator[_View]:
    """The readings that lead to a directory, each once.

    An earlier end record is none: members that only such a one lists are found as members that no directory lists.
    """
    end = _find_end(artifact)
    if end is None:
        return
    seen: set[tuple[int, int]] = set()
    for count, size, offset, behind in _records(artifact, end):
        for table, shift in ((behind - size, behind - size - offset), (offset, 0)):
            if table < 0 or (table, shift) in seen:
                continue
            if artifact.read(table, 4) == CENTRAL or (not count and not size and table == end):
                seen.add((table, shift))
                yield _View(table, size, count, shift)


def _records(artifact: Artifact, end: int) -> Iterator[tuple[int, int, int, int]]:
    """count, size, offset, and where the record itself begins: zip64 by its locator, zip64 in its place, classic.

    zipfile takes the zip64 record in front of the locator, miniz the one the locator points at. Behind one
    that says the same the classic record tells nothing of its own: 76 bytes off, where the first entry may just end,
    nobody looks.
    """
    _, _, _, _, count, size, offset, _ = _END.unpack(artifact.read(end, _END.size))
    behind = end
    locator = artifact.read(end - _LOCATOR.size, _LOCATOR.size) if end >= _LOCATOR.size else b""
    if locator[:4] == b"PK\x06\x07":
        for at in dict.fromkeys((_LOCATOR.unpack(locator)[2], end - _LOCATOR.size - _END64.size)):
            record = artifact.read(at, _END64.size) if at >= 0 else b""
            if record[:4] == b"PK\x06\x06" and len(record) == _END64.size:
                fields = _END64.unpack(record)
                yield fields[7], fields[8], fields[9], at
                if at == end - _LOCATOR.size - _END64.size and fields[7:10] == (count, size, offset):
                    behind = at
    yield count, size, offset, behind


class _Listing:
    """One reading of the directory. zipfile reads the whole table, miniz the number of entries that is stated."""

    def __init__(self, artifact: Artifact, view: _View, limits: Limits, hides: Hides | None = None) -> None:
        self.artifact, self.view, self.limits, self.hides = artifact, view, limits, hides
        self.odd: dict[str, None] = {}
        self.broken: FormatError | None = None
        self.tensors: dict[bytes, int] = {}
        self.edge: int | None = 0
        """Where the members so far end, None when they do not follow each other as they should."""
        self.names: set[bytes] = set()

    def is_orderly(self) -> bool:
        """Does each member follow the one before, with room for nothing between them but the sizes behind its data?"""
        return self.broken is None and self.edge is not None and 0 <= self.view.table - self.edge < _LOCAL.size

    def entries(self) -> Iterator[Member]:
        """The members of this reading, which are tensors among them only without `hides`."""
        view, limit = self.view, self.limits.members
        if view.size > self.limits.metadata:
            self.broken = FormatError(
                "limit", "the zip directory is larger than the limit (limit 'metadata')", view.table
            )
            return
        table = self.artifact.read(view.table, view.size)
        directory = Directory(self.artifact, table, view.shift, self.hides) if self.hides is not None else None
        at = number = 0
        while table[at : at + 4] == CENTRAL and at + _CENTRAL.size <= len(table):
            if number >= limit:
                self.broken = FormatError("limit", f"more than {limit:,} zip members (limit 'members')", view.table)
                return
            row = self._row(directory, at)
            if row is not None:
                at, number = row.after, number + row.count
                hidden = [_member(self.artifact, table, hiding, view.shift) for hiding in row.hiding]
                told = {raw_name for _, raw_name, _ in hidden}
                self.tensors |= zip(row.names, row.sizes, strict=True)
                for name in told:
                    self.tensors.pop(name, None)
                yield from (member for member, _, _ in hidden)
                continue
            member, raw_name, after = _member(self.artifact, table, at, view.shift)
            if raw_name in self.names:
                member = replace(member, oddities=("zip-duplicate", *member.oddities))
            self.names.add(raw_name)
            self._follow(member)
            yield member
            yield from _by_local_header(self.artifact, member)
            at, number = after, number + 1
        if number < view.count and at < len(table):
            reason = f"the zip directory breaks after {number} members"
            self.broken = FormatError("zip-directory", reason, view.table + at)
        elif (view.count - number) % 65_536 or (at < len(table) and table[at : at + 4] != _SIGNATURE):
            self.odd["zip-count"] = None

    def _row(self, directory: Directory | None, at: int) -> Row | None:
        if directory is None or self.edge is None:
            return None
        row = directory.row(at, self.edge)
        names = {*row.names} if row is not None else set()
        if row is None or len(names) < row.count or not self.names.isdisjoint(names):
            return None
        self.names |= names
        self.edge = row.edge
        return row

    def _follow(self, member: Member) -> None:
        if self.edge is not None:
            follows = 0 <= member.header - self.edge < _LOCAL.size
            self.edge = member.end if follows else None


def _member(artifact: Artifact, table: bytes, at: int, shift: int) -> tuple[Member, bytes, int]:
    """The member whose entry is at `at`, its name as it stands there, and where the next entry is."""
    fields = _CENTRAL.unpack_from(table, at)
    _, flags, method, crc, compressed, size, name_size, extra_size, comment_size, attributes, header = fields
    at += _CENTRAL.size
    raw_name, extra = table[at : at + name_size], table[at + name_size : at + name_size + extra_size]
    size, compressed, header = _wide(extra, size, compressed, header)
    header += shift
    name = _name(raw_name, flags)
    odd = ["zip-folder"] if size and (attributes & _FOLDER or raw_name.endswith(b"/")) else []
    local = _local(artifact, header, name_size)
    if local is None:
        odd.append("zip-header")
    else:
        odd += ["zip-name"] if local.name != raw_name or b"\0" in raw_name else []
        odd += ["zip-header"] if (local.flags ^ flags) & _ENCRYPTED or _differs(local, method, compressed, size) else []
        odd += ["zip-checksum"] if local.crc not in (0, crc) else []
    start = local.start if local else min(header + _LOCAL.size + name_size, artifact.size)
    member = Member(name, header, compressed, size, method, bool(flags & _ENCRYPTED), start, crc, tuple(odd))
    return member, raw_name, at + name_size + extra_size + comment_size


def _name(raw: bytes, flags: int) -> str:
    """As zipfile reads it, which cuts it at a NUL."""
    return raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace").partition("\0")[0]


def _local(artifact: Artifact, header: int, name_size: int = 0) -> _Local | None:
    data = artifact.read(header, _LOCAL.size + name_size) if header >= 0 else b""
    if len(data) < _LOCAL.size or data[:4] != LOCAL:
        return None
    _, _, flags, method, _, _, crc, compressed, size, name, extra = _LOCAL.unpack_from(data)
    raw_name = data[_LOCAL.size :] if name == name_size else artifact.read(header + _LOCAL.size, name)
    return _Local(raw_name, flags, method, crc, compressed, size, header + _LOCAL.size + name + extra)


def _differs(local: _Local, method: int, compressed: int, size: int) -> bool:
    """Sizes may be missing in front of the data, or stand in its zip64 field."""
    if local.method != method:
        return True
    stated = ((local.compressed, compressed), (local.size, size))
    return any(one not in (0, _ONES, other) for one, other in stated)


def _by_local_header(artifact: Artifact, member: Member) -> Iterator[Member]:
    """The member as a reader sees it that believes the header in front of the data."""
    if "zip-header" not in member.oddities:
        return
    local = _local(artifact, member.header)
    if local is not None and _differs(local, member.method, member.compressed, member.size):
        compressed = member.compressed if local.compressed in (0, _ONES) else local.compressed
        name, encrypted = _name(local.name, local.flags), bool(local.flags & _ENCRYPTED)
        yield Member(name, member.header, compressed, local.size, local.method, encrypted, local.start, local.crc)


def _wide(extra: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """Values of the zip64 extra field stand in for those that are all ones, in this order."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            numbers = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            size = next(numbers, size) if size == _ONES else size
            compressed = next(numbers, compressed) if compressed == _ONES else compressed
            header = next(numbers, header) if header == _ONES else header
            break
        at += 4 + length
    return size, compressed, header


def _overlapping(members: list[Member], views: list[_View]) -> list[Member]:
    """Members that share bytes with another or with the directory are marked so: zip bombs do (CVE-2024-0450)."""
    edge, last, shared = 0, -1, set()
    table = min(view.table for view in views)
    for number, member in sorted(enumerate(members), key=lambda pair: pair[1].header):
        header, end = member.header, member.start + member.compressed
        if header < edge or header < table < end:
            again = header == last and not member.oddities  # the same one by its local header
            if not again or header < table < end:
                shared.add(number)
        edge, last = max(edge, end), header
    for number in shared:
        members[number] = replace(members[number], oddities=(*members[number].oddities, "zip-overlap"))
    return members


def _hidden(artifact: Artifact, members: list[Member], views: list[_View], limits: Limits) -> list[Member]:
    """Members between the listed ones that no directory lists: a reader that takes the file as a stream sees them."""
    found: list[Member] = []
    taken = sorted(
        [(member.header, member.end) for member in members] + [(one.table, one.table + one.size) for one in views]
    )
    at = 0
    for start, end in taken:
        while start - at >= _LOCAL.size and len(found) + len(members) < limits.members:
            inside = artifact.read(at, min(start - at, _GAP)).find(LOCAL)
            local = _local(artifact, at + inside) if inside >= 0 else None
            if local is None or local.start > start:
                break
            room = start - local.start
            compressed = room if local.compressed in (0, _ONES) else min(local.compressed, room)
            name = _name(local.name, local.flags)
            odd, encrypted = ("zip-hidden",), bool(local.flags & _ENCRYPTED)
            sizes = (compressed, local.size, local.method, encrypted)
            found.append(Member(name, at + inside, *sizes, local.start, local.crc, odd))
            at = local.start + compressed
        at = max(at, end)
    return found
