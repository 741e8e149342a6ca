"""Results of earlier scans, so that a folder that did not change is not read again.

A row belongs to one state of one file (`walk.Entry.stamp`: device, inode, size, mtime, ctime), or to one state of
everything in a folder, and to one set of rules and settings. It only spares a report that was made before: no load
is ever allowed because of one, and the guard does not look here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

from modelscan import store
from modelscan.many import Many
from modelscan.records import replace
from modelscan.report import Report, Scanned, Skip
from modelscan.walk import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any, TypeVar

    T = TypeVar("T")

BATCH = 1_000
DAYS = 30
"""A row that was not used for so long goes."""
LARGEST = 256 << 20
"""Bytes of the store at which all results go."""
TICK = 20_000_000
"""Nanoseconds within which two writes may leave a file with the same times, where a clock ticks 50 times a second."""


class Cache:
    """Rows for one set of rules and settings, which `rules` names. Without a connection it knows nothing.

    What goes wrong with it stops no scan: from then on it knows nothing either.
    """

    def __init__(self, connection: Connection | None, rules: str) -> None:
        self._connection, self._rules = connection, rules
        self._fresh: list[tuple[bytes, str, bytes, str, int]] = []
        self._day = int(time.time() // 86_400)

    @property
    def is_open(self) -> bool:
        """Is there anything to find, or to keep results in?"""
        return self._connection is not None

    def find(self, path: str, stamp: bytes) -> Report | None:
        """The report on this state of a file or folder."""
        row = self._row(_key(path)) if self.is_open else None
        if row is None or row[0] != stamp:
            return None
        if row[2] != self._day:
            self._add((_key(path), self._rules, stamp, row[1], self._day))
        return unpack(row[1])

    def keep(self, path: str, stamp: bytes, report: Report) -> None:
        if self._connection is not None:
            self._add((_key(path), self._rules, stamp, pack(report), self._day))

    def write(self) -> None:
        """Writes what is new."""
        if self._connection is None or not self._fresh:
            return
        import sqlite3

        try:
            self._write(self._connection)
        except sqlite3.Error:
            self._connection = None
        self._fresh.clear()

    def _add(self, row: tuple[bytes, str, bytes, str, int]) -> None:
        self._fresh.append(row)
        if len(self._fresh) >= BATCH:
            self.write()

    def _row(self, key: bytes) -> tuple[bytes, str, int] | None:
        if self._connection is None:
            return None
        import sqlite3

        query = "SELECT stamp, report, day FROM results WHERE path = ? AND rules = ?"
        try:
            return self._connection.execute(query, (key, self._rules)).fetchone()  # type: ignore[no-any-return]
        except sqlite3.Error:
            self._connection = None
            return None

    def _write(self, connection: Connection) -> None:
        connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", self._fresh)
        connection.execute("DELETE FROM results WHERE day < ?", (self._day - DAYS,))
        connection.commit()
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * size > LARGEST:
            connection.execute("DELETE FROM results")
            connection.commit()
            connection.execute("VACUUM")


@contextmanager
def opened(rules: str, wanted: bool = True) -> Iterator[Cache]:
    """The cache for one scan, written when it ends, also when it is interrupted."""
    if not wanted:
        yield Cache(None, rules)
        return
    with store.connect() as connection:
        cache = Cache(connection, rules)
        try:
            yield cache
        finally:
            cache.write()


def settled(entry: Entry) -> bool:
    """Would a later write to this file show in its times? If not, waits until it would."""
    if not entry.stamp:
        return False
    age = time.time_ns() - entry.newest
    if 0 <= age < TICK:
        time.sleep((TICK - age) / 1e9)
    return age >= 0 and entry.newest % 1_000_000_000 != 0


class Stamp:
    """Of everything that a walk met."""

    def __init__(self) -> None:
        from hashlib import blake2b

        self._hash = blake2b(digest_size=32)

    def add(self, entries: Collection[Entry]) -> int:
        """How many they are."""
        parts: list[bytes] = []
        for entry in entries:
            parts += (os.fsencode(entry.path), entry.stamp or os.fsencode(entry.problem))
        self._hash.update(b"".join([b"%b\0" % part for part in parts]))
        return len(entries)

    def of(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """The entries, counted before they go on."""
        while batch := list(islice(entries, BATCH)):
            self.add(batch)
            yield from batch

    @property
    def value(self) -> bytes:
        return self._hash.digest()


def pack(report: Report) -> str:
    """A report as it is kept; what is the same in all of them is left out."""
    import json

    row: dict[str, Any] = {"verdict": report.verdict, "refused": report.refused, "size": report.size}
    row |= {"artifacts": _rows(report.artifacts, lambda one: (one.name, one.format, one.size))}
    row |= {"skips": _rows(report.skips, lambda one: (one.name, one.reason)), "imports": report.imports}
    row |= {"parts": _rows(report.parts, str)}
    if report.findings or report.failures or report.cleared:
        row["full"] = replace(report, artifacts=(), skips=(), parts=(), imports=()).to_dict()
    return json.dumps(row)


def unpack(text: str) -> Report | None:
    """None for what is no row of ours."""
    import json

    with suppress(ValueError, TypeError, KeyError, AttributeError):
        row = json.loads(text)
        full = row.pop("full", None)
        row["artifacts"] = _back(row["artifacts"], Scanned, lambda one: Scanned(*one))
        row["skips"] = _back(row["skips"], Skip, lambda one: Skip(*one))
        row["imports"], row["parts"] = tuple(row["imports"]), _back(row["parts"], str, str)
        if full is None:
            return Report("", **row)
        return replace(Report.from_dict(full), **row)
    return None


def _rows(rows: Sequence[T], plain: Callable[[T], object]) -> object:
    """A list, or the chunks in which there are many."""
    if not isinstance(rows, Many):
        return [plain(row) for row in rows]
    from base64 import b64encode

    return {"packed": [b64encode(chunk).decode() for chunk in rows.packed], "count": len(rows)}


def _back(rows: Any, kind: type[T], made: Callable[[Any], T]) -> Sequence[T]:
    """Raises ValueError, TypeError or KeyError for what is no such thing."""
    if isinstance(rows, list):
        return tuple([made(row) for row in rows])
    from base64 import b64decode

    return Many.of(kind, [b64decode(chunk) for chunk in rows["packed"]], rows["count"])


def _key(path: str) -> bytes:
    """As it was spelled, which is how a report names it, and where that was."""
    return os.fsencode(f"{path}\0{os.path.abspath(path)}")  # noqa: PTH100 - links stay as they are
