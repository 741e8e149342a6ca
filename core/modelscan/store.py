"""What is kept between processes, in one SQLite file: approvals, history, results of scans.

`with connect() as connection:` is one transaction. Many kernels at once may use it: the file is in WAL mode, writers
wait for each other, and a process that is killed in the middle leaves what was there before. Where the file cannot be
used, everything is kept in memory for as long as the process lives, and one sentence on stderr says so.
"""

from __future__ import annotations

import os
import time
from _thread import RLock
from collections.abc import Iterator
from contextlib import closing, contextmanager

from modelscan import folders
from modelscan.errors import StoreError
from modelscan.folders import HOME  # noqa: F401 - `store.HOME` is how the tests say it

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection

FILE = "modelscan.sqlite3"
WAIT = 20.0
"""Seconds that a writer waits for another one."""
PAUSE = 0.005
"""Seconds between two tries to open the file."""

MIGRATIONS: tuple[str, ...] = (
    """CREATE TABLE approvals (
        kind TEXT NOT NULL CHECK (kind IN ('sha256', 'name')),
        value TEXT NOT NULL,
        reason TEXT NOT NULL,
        created TEXT NOT NULL,
        user TEXT NOT NULL,
        PRIMARY KEY (kind, value)
    ) WITHOUT ROWID""",
    """CREATE TABLE results (
        path BLOB NOT NULL,
        rules TEXT NOT NULL,
        stamp BLOB NOT NULL,
        report TEXT NOT NULL,
        day INTEGER NOT NULL,
        PRIMARY KEY (path, rules)
    )""",
    """CREATE TABLE history (
        number INTEGER PRIMARY KEY,
        time REAL NOT NULL,
        process INTEGER NOT NULL,
        loader TEXT NOT NULL,
        source TEXT NOT NULL,
        sha256 TEXT,
        verdict TEXT NOT NULL,
        decision TEXT NOT NULL,
        milliseconds REAL NOT NULL,
        caller TEXT,
        about TEXT NOT NULL
    )""",
)
"""One statement a row, run once each and in this order; `PRAGMA user_version` counts them. Rows are only ever added."""

_lock = RLock()
_memory: dict[str, Connection] = {}
"""Stands in for a file that cannot be used, by the path of the file."""
_told: set[str] = set()
"""What was complained about: once is enough for a process."""
_SPOILED = (11, 26)
"""SQLITE_CORRUPT and SQLITE_NOTADB (sqlite.org/rescode.html): no waiting and no right of access mends that."""


def home() -> Path:
    """The folder of the store, whether it is there or not."""
    from pathlib import Path

    return Path(folders.home())


def path() -> Path:
    return home() / FILE


def place() -> str:
    """`path` as text."""
    return os.path.join(folders.home(), FILE)  # noqa: PTH118 - pathlib takes as long to import as a file to scan


def exists() -> bool:
    """Was anything ever kept? Also True for what stands there and cannot be used: opening it says why."""
    return os.path.lexists(place())


@contextmanager
def connect(*, required: bool = False) -> Iterator[Connection]:
    """One transaction: committed when the block ends, undone when it raises.

    Raises StoreError for whatever SQLite complains about inside the block, and with `required` also where the file
    cannot be used; otherwise the block then works in memory. What is `required` is on the disk when the block ends:
    without, the last blocks before a power cut may be undone, though never half of one.
    """
    import sqlite3

    file = path()
    try:
        connection = _opened(file)
    except (OSError, sqlite3.Error, StoreError) as error:
        if required:
            raise StoreError(_complaint(file, error)) from None
        with _lock:
            yield from _used(_in_memory(file, error))
        return
    with closing(connection):
        if required:
            connection.execute("PRAGMA synchronous = FULL")
        yield from _used(connection)


def _used(connection: Connection) -> Iterator[Connection]:
    import sqlite3

    try:
        with connection:
            yield connection
    except sqlite3.Error as error:
        raise StoreError(_complaint(path(), error)) from error


def _opened(file: Path) -> Connection:
    """Waits itself where SQLite does not: a file that is just becoming WAL, or whose last user is just leaving, answers
    SQLITE_BUSY at once (sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode").
    """
    import sqlite3

    last = time.monotonic() + WAIT
    while True:
        try:
            return _prepared(file)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
        time.sleep(PAUSE)


def _prepared(file: Path) -> Connection:
    import sqlite3

    _create(file)
    connection = sqlite3.connect(file, timeout=WAIT, isolation_level="IMMEDIATE")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(file: Path) -> None:
    """For its owner alone: what is approved in there will be loaded."""
    from modelscan.ownership import shared

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    if problem := shared(str(file)):
        raise StoreError(problem)


def _migrate(connection: Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        done = _version(connection)  # once more: another process may have been faster
        if done > len(MIGRATIONS):
            raise StoreError("it was written by a newer version of modelscan")
        for statement in MIGRATIONS[done:]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def complain(complaint: str) -> None:
    """Tells whoever uses this process, once, and what follows from it."""
    import logging

    if complaint not in _told:
        _told.add(complaint)
        follows = "nothing that was approved in it counts, and decisions may be kept in memory only"
        logging.getLogger("modelscan").warning("%s; %s", complaint, follows)


def _in_memory(file: Path, error: Exception) -> Connection:
    import sqlite3

    key = str(file)
    if key not in _memory:
        connection = sqlite3.connect(":memory:", isolation_level="IMMEDIATE", check_same_thread=False)
        _migrate(connection)
        _memory[key] = connection
        complain(_complaint(file, error))
    return _memory[key]


def _complaint(file: Path, error: Exception) -> str:
    from modelscan.render.inert import inert

    reason = getattr(error, "strerror", None) or str(error)
    advice = " (move it away to begin a new one)" if getattr(error, "sqlite_errorcode", 0) & 0xFF in _SPOILED else ""
    return inert(f"modelscan cannot use {file}: {reason}{advice}", 4096)
