"""What the guard decided, kept between sessions: refusals, overrides, warnings, and loads of what nobody reviewed.

Loads that were simply safe are never written; they wait for no disk. What cannot be written is not: no load fails,
and none is refused, because of its own record.
"""

from __future__ import annotations

import os
from contextlib import suppress

from modelscan import store
from modelscan.guard.events import Event
from modelscan.records import dataclass

KEPT = 50_000
"""Entries; older ones make room."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. `time` in seconds since the epoch, `process` an id of the system, `milliseconds` of the scan.

    `source` is a path in full, or a word in angle brackets; `caller` a line of a cell, or "file.py:12".
    """

    time: float
    process: int
    loader: str
    source: str
    sha256: str | None
    verdict: str
    decision: str
    milliseconds: float
    caller: str | None
    about: str
    """The worst findings, as "CRITICAL os.system", or why it was not analysed."""


_INSERT = """INSERT INTO history (time, process, loader, source, sha256, verdict, decision, milliseconds, caller, about)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SELECT = """SELECT time, process, loader, source, sha256, verdict, decision, milliseconds, caller, about
FROM history ORDER BY number DESC LIMIT ?"""
_PRUNE = "DELETE FROM history WHERE number <= (SELECT max(number) FROM history) - ?"
_ABOUT = 5


def keep(event: Event) -> None:
    """Writes it down; whatever goes wrong with that goes unsaid."""
    with suppress(Exception), store.connect() as connection:
        row = _entry(event)
        connection.execute(_INSERT, tuple(getattr(row, name) for name in Entry.__match_args__))
        connection.execute(_PRUNE, (KEPT,))


def kept(limit: int = 1000) -> tuple[Entry, ...]:
    """The latest entries, oldest first. Raises StoreError where there is a store that cannot be read."""
    with store.connect() as connection:
        rows = connection.execute(_SELECT, (limit,)).fetchall()
    return tuple(Entry(*row) for row in reversed(rows))


def _entry(event: Event) -> Entry:
    report = event.report
    return Entry(
        event.time,
        os.getpid(),
        event.loader,
        event.source if event.source.startswith("<") else os.path.abspath(event.source),  # noqa: PTH100
        report.sha256,
        event.verdict.value,
        event.decision.value,
        event.milliseconds,
        event.caller,
        _about(event),
    )


def _about(event: Event) -> str:
    rows = dict.fromkeys(f"{row.severity} {row.operator}" for row in event.report.findings)
    return ", ".join([*rows][:_ABOUT]) or next((row.reason for row in event.report.failures), "")
