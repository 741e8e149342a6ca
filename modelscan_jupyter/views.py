"""What the guard and the rules know, as tables."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict

from modelscan.guard.events import Event
from modelscan.guard.overview import LoaderStatus, Status
from modelscan.policy import WORDS, Policy
from modelscan.rules.match import Rule
from modelscan_jupyter.table import Table

ROWS = 50
"""Loads that `history` shows, the latest of them."""
REFUSES = {
    "strict": "everything that is not SAFE",
    "standard": "UNSAFE files, and what could not be read to its end",
    "warn": "nothing; what was found is shown",
    "off": "nothing, and shows nothing",
}


def status(guard: Status) -> Table:
    return Table(
        f"modelscan guard {'on' if guard.active else 'OFF'}, policy {guard.policy}",
        tuple((row.name, _state(row), f"{row.calls:,}", f"{row.refused:,}") for row in guard.loaders),
        ("loader", "state", "calls", "refused"),
    )


def _state(row: LoaderStatus) -> str:
    if row.guarded:
        return "guarded"
    return "NOT guarded" if row.imported else "when imported"


def policy(chosen: Policy) -> Table:
    limits = asdict(chosen.limits).items()
    return Table(
        f"modelscan policy: {chosen.word}",
        (
            ("refuses", REFUSES[chosen.word]),
            ("approved names", ", ".join(sorted(chosen.allowed)) or "none"),
            ("rules", chosen.digest),
            *((f"limit: {name}", f"{value:,}") for name, value in limits),
        ),
        notes=(f"Change it with %modelscan policy WORD: {', '.join(WORDS)}.",),
    )


def history(events: Iterable[Event]) -> Table:
    """The latest loads last."""
    rows = [
        (
            str(event.number),
            time.strftime("%H:%M:%S", time.localtime(event.time)),
            event.loader,
            event.source,
            event.verdict.value,
            event.decision.value,
            f"{event.milliseconds:.0f}",
        )
        for event in events
    ]
    more = (f"{len(rows) - ROWS} earlier ones are not shown.",) if len(rows) > ROWS else ()
    columns = ("no.", "time", "loader", "file", "verdict", "decision", "ms")
    title = "Guarded loads of this session" if rows else "Nothing was loaded under the guard yet."
    return Table(title, tuple(rows[-ROWS:]), columns if rows else (), more)


def rule(shown: Rule) -> Table:
    severity = shown.severity.name if shown.severity else "makes a report INCONCLUSIVE"
    rows = (("severity", severity), ("why", shown.why), ("fix", shown.fix), ("weakness", shown.cwe))
    references = tuple(("see", reference) for reference in shown.references)
    return Table(f"{shown.id}  {shown.title}", (*(row for row in rows if row[1]), *references))
