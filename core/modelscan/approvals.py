"""Decisions of a person to load something anyway.

`allow` is bound to a block, in this task and thread; `allow_once` is used up by one load; `add` keeps an approval in
the store, for every process of this user, until it is revoked. None of them lifts a CRITICAL denial of a name.

Who judges a load asks `allowed_names` first, which is in memory, and `kept_names` and `approval_of` only once
something was found: what is safe by itself never waits for a disk.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from modelscan import store
from modelscan.errors import StoreError
from modelscan.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEX = frozenset("0123456789abcdef")
_TICK = 200_000_000
"""Nanoseconds within which two writes to a file may leave it with the same time."""


@dataclass(frozen=True, slots=True)
class Approval:
    """`sha256` of a whole file (or of the bytes given to `loads`), or `name` as "package.module.Class".

    `created` is an ISO 8601 time in UTC, empty like `user` for approvals that are not kept.
    """

    sha256: str | None
    name: str | None
    reason: str
    created: str = ""
    user: str = ""

    @property
    def kind(self) -> str:
        return "name" if self.sha256 is None else "sha256"

    @property
    def value(self) -> str:
        return self.sha256 or self.name or ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store held when it was last read. `stamp` tells whether it was written to since."""

    stamp: object
    names: frozenset[str]
    hashes: dict[str, Approval]


_NONE = Kept(None, frozenset(), {})

_current: ContextVar[tuple[Approval, ...]] = ContextVar("modelscan_approvals", default=())
_once: dict[str, Approval] = {}
_lock = allocate_lock()
_read_before: dict[str, Kept] = {}
"""By the path of the store."""


@contextmanager
def allow(*, sha256: str | None = None, name: str | None = None, reason: str = "") -> Iterator[None]:
    """Lets one file (by its sha256) or one name be loaded inside the `with`, in this task and thread only.

    Nests; ends with the `with`. Raises ValueError without exactly one of the two, for what is no sha256, and for a
    name whose group is CRITICAL.
    """
    approval = checked(sha256, name, reason)
    token = _current.set((*_current.get(), approval))
    try:
        yield
    finally:
        _current.reset(token)


def checked(sha256: str | None, name: str | None, reason: str, created: str = "", user: str = "") -> Approval:
    """The approval, its name in the usual spelling. Raises ValueError as `allow` does."""
    if (sha256 is None) == (name is None):
        raise ValueError("an approval takes either sha256= or name=")
    if sha256 is not None:
        sha256 = sha256.strip().lower()
        if len(sha256) != 64 or not _HEX.issuperset(sha256):
            raise ValueError("sha256 must be the 64 hexadecimal digits of the whole file")
    if name is not None:
        from modelscan.policy import Policy

        (name,) = Policy().with_allowed([name.strip()]).allowed
    for text in (reason, created, user):
        if not _is_text(text):
            raise ValueError("an approval is written down as text, and UTF-8 has no such characters as are in this one")
    return Approval(sha256, name, reason, created, user)


def allowed_names() -> frozenset[str]:
    """Names approved in this block. Never touches the disk."""
    return frozenset(approval.name for approval in _current.get() if approval.name)


def kept_names() -> frozenset[str]:
    """Names approved for good."""
    return _read().names


def wants_hash() -> bool:
    """Is there any approval by hash that a refusal should be held against?"""
    return bool(_once) or any(approval.sha256 for approval in _current.get()) or bool(_read().hashes)


def approval_of(sha256: str) -> Approval | None:
    """The approval of this hash, if there is one; a "once" approval is used up by being asked for."""
    for approval in reversed(_current.get()):
        if approval.sha256 == sha256:
            return approval
    kept = _read().hashes.get(sha256)
    if kept is not None:
        return kept
    with _lock:
        return _once.pop(sha256, None)


def allow_once(sha256: str, reason: str) -> Approval:
    """The next load of this hash goes ahead, in whatever cell it is. Gone when the process ends."""
    approval = checked(sha256, None, reason)
    with _lock:
        _once[approval.value] = approval
    return approval


def add(*, sha256: str | None = None, name: str | None = None, reason: str) -> Approval:
    """Keeps an approval until it is revoked; one of the same file or name is replaced.

    Raises ValueError as `allow` does, and without a reason; StoreError where nothing can be kept.
    """
    approval = checked(sha256, name, reason.strip(), now(), user())
    add_all([approval])
    return approval


def add_all(rows: Iterable[Approval]) -> None:
    """Keeps checked approvals, all or none of them. Raises ValueError for one without a reason, and StoreError."""
    values = [(row.kind, row.value, row.reason, row.created or now(), row.user or user()) for row in rows]
    for _, value, reason, _, _ in values:
        if not reason:
            raise ValueError(f"say why {value} may be loaded: an approval needs a reason")
    with store.connect(required=True) as connection:
        connection.executemany("INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?, ?)", values)
    _read_before.clear()


def revoke(value: str) -> tuple[Approval, ...]:
    """Ends the kept approvals of this name, this sha256, or the one sha256 that begins with these 8 or more digits.

    Returns what was ended: nothing if there was none. Raises ValueError for digits that several begin with.
    """
    wanted = value.strip()
    digits = wanted.lower() if len(wanted) >= 8 and _HEX.issuperset(wanted.lower()) else None
    ended = [row for row in kept() if row.name == wanted or (digits and row.kind == "sha256" and _begins(row, digits))]
    if len(ended) > 1:
        raise ValueError(f"{value} is the beginning of {len(ended)} approved hashes: give more digits")
    if ended:
        with store.connect(required=True) as connection:
            connection.executemany(
                "DELETE FROM approvals WHERE kind = ? AND value = ?", [(row.kind, row.value) for row in ended]
            )
        _read_before.clear()
    return tuple(ended)


def kept() -> tuple[Approval, ...]:
    """All kept approvals, names first, in order. Empty where there is no store; StoreError where it cannot be read."""
    if not store.exists():
        return ()
    with store.connect(required=True) as connection:
        rows = connection.execute("SELECT kind, value, reason, created, user FROM approvals ORDER BY kind, value")
        return tuple(_from_row(*row) for row in rows)


def readable() -> tuple[Approval, ...]:
    """`kept`, or none and one sentence where the store cannot be read: then nothing is approved."""
    try:
        return kept()
    except StoreError as error:
        store.complain(str(error))
        return ()


HEAD = """# Approvals of modelscan. Each lets something be loaded in spite of what was found in it.
# Used by `modelscan scan --policy FILE`, kept for a user by `modelscan approvals import FILE`.
"""


def to_toml(rows: Iterable[Approval]) -> str:
    """A policy file: one table an approval, in order, so that a change is a change of few lines."""
    import tomlkit

    tables = tomlkit.aot()
    for row in sorted(rows, key=lambda row: (row.kind, row.value)):
        table = tomlkit.table()
        pairs = {row.kind: row.value, "reason": row.reason, "created": row.created, "user": row.user}
        table.update({key: value for key, value in pairs.items() if value})
        tables.append(table)
    return HEAD + (f"\n{tomlkit.dumps({'approved': tables})}" if len(tables) else "")


def now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def user() -> str:
    """Who this process runs as, as far as that can be told."""
    from getpass import getuser

    with suppress(OSError, KeyError, ImportError):
        return getuser()
    return ""


def _is_text(text: str) -> bool:
    """Half a surrogate pair is what is made of bytes of a command line that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _begins(row: Approval, digits: str) -> bool:
    return row.value.startswith(digits)


def _from_row(kind: str, value: str, *rest: Any) -> Approval:
    if not all(isinstance(part, str) for part in (value, *rest)):
        raise StoreError(f"modelscan cannot use {store.place()}: an approval in it is no text")
    return Approval(value, None, *rest) if kind == "sha256" else Approval(None, value, *rest)


def _read() -> Kept:
    """The kept approvals, read again only if the store was written to."""
    file = store.place()
    stamp, settled = _stamp(file)
    if stamp is None:
        return _NONE
    known = _read_before.get(file, _NONE)
    if settled and known.stamp == stamp:
        return known
    rows = readable()
    hashes = {row.sha256: row for row in rows if row.sha256}
    fresh = Kept(stamp if settled else None, frozenset(_lawful(row.name for row in rows if row.name)), hashes)
    _read_before[file] = fresh
    return fresh


def _lawful(names: Iterable[str]) -> Iterator[str]:
    """Without names whose group became CRITICAL after they were approved."""
    from modelscan.policy import Policy

    for name in names:
        with suppress(ValueError):
            yield from Policy().with_allowed([name]).allowed


def _stamp(file: str) -> tuple[object, bool]:
    """What changes with every commit; and whether a later commit could not look the same."""
    found = []
    for path in (file, f"{file}-wal"):
        with suppress(OSError):
            row = os.stat(path)  # noqa: PTH116 - as cheap as it gets
            found.append((row.st_ino, row.st_size, row.st_mtime_ns))
    if not found:
        return None, False
    newest = max(row[2] for row in found)
    return tuple(found), abs(time.time_ns() - newest) > _TICK
