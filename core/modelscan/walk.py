"""The files below a folder: all of them, hidden ones too, in an order that does not change.

Links to files are followed, and so are links to folders, each real folder once: not to one that was walked already,
and not to one that lies around the folder itself. In a Hugging Face cache (`blobs`, `refs`, `snapshots`) a blob goes
by the first snapshot that links to it, and is not met again.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from struct import Struct

from modelscan.records import dataclass
from modelscan.source.artifact import no_file

Inode = tuple[int, int]

ELSEWHERE = "a link to a folder that is scanned under another name, or lies around this one"
OUTSIDE = "a link that leads out of this folder, which was not to be followed"
_STAMP = Struct("<QQqqq")
_ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or something of that name that is none.

    `stamp` tells this state of it from any other: device, inode, size, mtime and ctime in ns; empty where there is no
    such thing. `problem` says why it cannot be read, `link` that it is only a link, with which nothing is lost.
    """

    path: str
    stamp: bytes = b""
    newest: int = 0
    """The later of mtime and ctime, in ns."""
    problem: str = ""
    code: str = "not-accessible"
    """What kind of problem: a rule of rules/structure.toml."""
    link: bool = False


def walk(folder: str | os.PathLike[str], *, follow: bool = True) -> Iterator[Entry]:
    """Every file below `folder`. What cannot be opened is an entry as well, and so is a link out of it, if those are
    not to be followed.
    """
    root = os.fspath(folder)
    seen: set[Inode] = set()
    try:
        real = os.path.realpath(root)
        fence = "" if follow else os.path.join(real, "")  # noqa: PTH118
        while real != (above := os.path.dirname(real)):  # noqa: PTH120 - pathlib takes three times as long
            found = os.stat(above)  # noqa: PTH116
            seen.add((found.st_dev, found.st_ino))
            real = above
    except OSError as error:
        yield Entry(root, problem=_words(error))
        return
    yield from _below(root, seen, fence=fence)


def stamp_of(found: os.stat_result) -> bytes:
    """What a file is told by."""
    return _STAMP.pack(found.st_dev & _ALL, found.st_ino & _ALL, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _below(folder: str, seen: set[Inode], met: frozenset[Inode] = frozenset(), *, fence: str = "") -> Iterator[Entry]:
    """Folders first, and then what is only linked to. `met` are blobs that went by their snapshot's name, `fence` the
    folder out of which no link is followed.
    """
    pending: list[str] = [folder]
    linked: list[str] = []
    while pending or linked:
        place = pending.pop() if pending else linked.pop()
        try:
            here = os.stat(place)  # noqa: PTH116
            with os.scandir(place) as found:
                rows = sorted(found, key=_name)
        except OSError as error:
            yield Entry(place, problem=_words(error))
            continue
        if (here.st_dev, here.st_ino) in seen:
            yield Entry(place, problem=ELSEWHERE, link=True)
            continue
        seen.add((here.st_dev, here.st_ino))
        folders: list[os.DirEntry[str]] = []
        for row in rows:
            try:
                if fence and row.is_symlink() and not os.path.realpath(row.path).startswith(fence):
                    yield Entry(row.path, problem=OUTSIDE, link=True)
                elif row.is_dir():
                    folders.append(row)
                elif (entry := _entry(row, met)) is not None:
                    yield entry
            except OSError as error:
                yield _lost(row, error)
        if {"blobs", "snapshots"} <= {row.name for row in folders}:
            yield from _hub(place, seen, fence)
            folders = [row for row in folders if row.name not in ("blobs", "snapshots")]
        pending += [row.path for row in reversed(folders) if not row.is_symlink()]
        linked[:0] = [row.path for row in reversed(folders) if row.is_symlink()]


def _entry(row: os.DirEntry[str], met: frozenset[Inode]) -> Entry | None:
    found = row.stat()
    if met and (found.st_dev, found.st_ino) in met:
        return None
    if not stat.S_ISREG(found.st_mode):
        return Entry(row.path, problem=no_file(found.st_mode), code="not-a-file")
    return Entry(row.path, stamp_of(found), max(found.st_mtime_ns, found.st_ctime_ns))


def _lost(row: os.DirEntry[str], error: OSError) -> Entry:
    if row.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return Entry(row.path, problem="a link that leads nowhere", link=True)
    return Entry(row.path, problem=_words(error))


def _hub(folder: str, seen: set[Inode], fence: str) -> Iterator[Entry]:
    """The repository of a Hugging Face cache: snapshots, each blob by the first of its names, then what is left."""
    blobs = os.path.join(folder, "blobs")  # noqa: PTH118
    known: set[Inode] = set()
    with suppress(OSError), os.scandir(blobs) as rows:
        known = {(found.st_dev, found.st_ino) for found in map(os.DirEntry.stat, rows)}
    met: set[Inode] = set()
    for entry in _below(os.path.join(folder, "snapshots"), seen, fence=fence):  # noqa: PTH118
        inode = _STAMP.unpack(entry.stamp)[:2] if entry.stamp else None
        if inode in met:
            continue
        if inode in known:
            met.add(inode)
        yield entry
    yield from _below(blobs, seen, frozenset(met), fence=fence)


def _name(row: os.DirEntry[str]) -> str:
    return row.name


def _words(error: OSError) -> str:
    return error.strerror or str(error)
