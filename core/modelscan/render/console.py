"""The console report: the verdict, the worst first, what would run and where, and everything that was not read."""

from __future__ import annotations

import io

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from modelscan.render.words import Entry, File, Panel, panel
from modelscan.report import Report

TONES = {
    "CRITICAL": "bold white on red",
    "HIGH": "bold red",
    "MEDIUM": "yellow",
    "LOW": "cyan",
    "SAFE": "bold green",
    "UNKNOWN": "bold magenta",
}


def render(report: Report) -> str:
    """Plain text, as it goes into a file or a pipe."""
    buffer = io.StringIO()
    show(report, Console(file=buffer, width=100, color_system=None))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def show(report: Report, console: Console) -> None:
    """Prints the report; colours and width are the console's."""
    said = panel(report)
    console.print(_title(said))
    if said.counts:
        console.print(Text("  ".join(f"{count} {severity}" for severity, count in said.counts)))
    for note in said.notes:
        console.print(Text(note))
    if said.headline:
        console.print()
        console.print(Text(said.headline[0]))
        console.print(Padding(Text(said.headline[1], style="bold"), (0, 0, 0, 2)))
    if said.files:
        console.print(_files(said.files))
    for entry in said.entries:
        console.print()
        console.print(Text.assemble((f" {entry.severity} ", TONES[str(entry.severity)]), " ", (entry.operator, "bold")))
        console.print(_rows(entry))
        for fold in entry.folds:
            console.print(Padding(Text(fold.label, style="dim"), (0, 0, 0, 2)))
            console.print(Padding(Text("\n".join(fold.lines)), (0, 0, 0, 4)))
    for listing in said.listings:
        console.print()
        console.print(Text(listing.label, style="dim"))
        for line in listing.lines:
            console.print(Padding(Text(line), (0, 0, 0, 2)))


def _files(files: tuple[File, ...]) -> Padding:
    """Every model that is not safe, worst first, and how many are."""
    table = Table.grid(padding=(0, 2))
    rows = [row for row in files if row.tone != "SAFE"]
    for row in rows:
        table.add_row(Text(row.word, style=TONES[row.tone]), Text(row.name), Text(row.about))
    if len(files) > len(rows):
        table.add_row(Text("SAFE", style=TONES["SAFE"]), Text(f"{len(files) - len(rows):,} more"))
    return Padding(table, (1, 0, 0, 2))


def _title(said: Panel) -> Text:
    """A scan decides about nothing, so its verdict comes first, not whether a guard would refuse."""
    return Text.assemble((said.verdict or said.word, TONES[said.tone]), "  ", (said.name, "bold"), f"  {said.about}")


def _rows(entry: Entry) -> Padding:
    table = Table.grid(padding=(0, 1))
    for label, text in (("where", f"{entry.place}  {entry.rule}"), *entry.rows):
        table.add_row(Text(label, style="dim"), Text(text))
    return Padding(table, (0, 0, 0, 2))
