"""What the guard and the rules know, as tables."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from modelscan.guard.events import Event
from modelscan.guard.journal import Entry
from modelscan.guard.overview import LoaderStatus, Status
from modelscan.policy import WORDS, Policy
from modelscan.report import Report
from modelscan.rules.match import Rule
from modelscan.scanner import versions
from modelscan_jupyter.options import Options
from modelscan_jupyter.table import Table

ROWS = 50
"""Loads that `history` shows, the latest of them."""
REFUSES = {
    "strict": "everything that is not SAFE",
    "standard": "UNSAFE files, and what could not be read to its end",
    "warn": "nothing; what was found is shown",
    "off": "nothing, and shows nothing",
}


def status(guard: Status, options: Options) -> Table:
    return Table(
        f"modelscan guard {'on' if guard.active else 'OFF'}, policy {guard.policy}",
        tuple((row.name, _state(row), f"{row.calls:,}", f"{row.refused:,}") for row in guard.loaders),
        ("loader", "state", "calls", "refused"),
        (*options.problems, ", ".join(f"{name} {value}" for name, value in versions().items())),
    )


def loaders(guard: Status) -> Table:
    return Table(
        f"{len(guard.loaders)} loaders, guard {'on' if guard.active else 'OFF'}",
        tuple((row.name, row.module, _state(row)) for row in guard.loaders),
        ("loader", "module", "state"),
        ("A name bound before the guard was on is bound anew before every cell. Other unpicklers ask the guard too.",),
    )


def _state(row: LoaderStatus) -> str:
    if row.guarded:
        return "guarded"
    return "NOT guarded" if row.imported else "when imported"


def policy(chosen: Policy, options: Options) -> Table:
    """Every setting with its origin, and what the session changed of them by other means."""
    rows = [row if row[0] != "policy" else (*_policy(chosen, row),) for row in options.rows()]
    approved = (("approved names", ", ".join(sorted(chosen.allowed)), "settings"),) if chosen.allowed else ()
    return Table(
        f"modelscan policy: {chosen.word}, refuses {REFUSES[chosen.word]}",
        (*rows, *approved, ("rules", chosen.digest, "this package")),
        ("setting", "value", "comes from"),
        (
            f"Change the policy with %modelscan policy WORD ({', '.join(WORDS)}), the rest with %config ModelScan.",
            *options.problems,
        ),
    )


def _policy(chosen: Policy, row: tuple[str, str, str]) -> tuple[str, str, str]:
    return row if row[1] == chosen.word else (row[0], chosen.word, "guard.install()")


def history(events: Iterable[Event], cells: Mapping[int, int], most: int = ROWS) -> Table:
    """The latest loads last."""
    rows = [
        (
            str(event.number),
            time.strftime("%H:%M:%S", time.localtime(event.time)),
            f"[{cells[event.number]}]" if event.number in cells else "",
            event.loader,
            event.source,
            event.verdict.value,
            event.decision.value,
            f"{event.milliseconds:.0f}",
        )
        for event in events
    ]
    more = (f"{len(rows) - most} earlier ones are not shown.",) if len(rows) > most else ()
    columns = ("no.", "time", "cell", "loader", "file", "verdict", "decision", "ms")
    title = "Guarded loads" if rows else "Nothing was loaded under the guard yet."
    return Table(title, tuple(rows[-most:]), columns if rows else (), more)


def kept_history(entries: Iterable[Entry]) -> Table:
    """Decisions of every session of this user, the latest last."""
    rows = tuple(
        (
            time.strftime("%Y-%m-%d %H:%M", time.localtime(row.time)),
            row.loader,
            row.source,
            row.verdict,
            row.decision,
            row.about,
            row.caller or "",
        )
        for row in entries
    )
    columns = ("time", "loader", "file", "verdict", "decision", "found", "asked by")
    return Table("Decisions of all sessions" if rows else "Nothing was decided yet.", rows, columns if rows else ())


def difference(before: Report, after: Report) -> Table:
    """The names that only one of two files asks for, and the findings that came or went."""
    names = _changes(set(before.imports), set(after.imports))
    rows = [
        *(("name", name, change) for name, change in names),
        *(("finding", found, change) for found, change in _changes(_judged(before), _judged(after))),
    ]
    title = f"{before.source}: {before.verdict.value}  ->  {after.source}: {after.verdict.value}"
    note = () if rows else ("Both ask for the same names and are judged alike; their data may differ.",)
    return Table(title, tuple(rows), ("what", "which", "change") if rows else (), note)


def _changes(before: set[str], after: set[str]) -> list[tuple[str, str]]:
    return [(text, "gone" if text in before else "new") for text in sorted(before ^ after)]


def _judged(report: Report) -> set[str]:
    return {f"{row.severity} {row.rule}: {row.expression}" for row in report.findings}


def rule(shown: Rule) -> Table:
    severity = shown.severity.name if shown.severity else "makes a report INCONCLUSIVE"
    rows = (("severity", severity), ("why", shown.why), ("fix", shown.fix), ("weakness", shown.cwe))
    references = tuple(("see", reference) for reference in shown.references)
    return Table(f"{shown.id}  {shown.title}", (*(row for row in rows if row[1]), *references))
