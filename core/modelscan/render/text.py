"""The panel as plain text: at most 80 columns, no colour, the verdict first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from modelscan.render.words import Entry, Listing, Panel, panel
from modelscan.report import Report

COLUMNS = 80


def render(report: Report) -> str:
    """The report as a person reads it in a terminal, a log or a saved notebook."""
    return "\n".join(_lines(panel(report)))


def _lines(shown: Panel) -> Iterator[str]:
    yield from _wrap(f"{shown.word} - {shown.name}  {shown.about}", "    ")
    if counts := ", ".join(f"{count} {severity.name}" for severity, count in shown.counts):
        yield f"{shown.verdict}: {counts}" if shown.verdict else counts
    elif shown.verdict:
        yield shown.verdict
    if shown.headline:
        yield from _wrap("  ".join(shown.headline), "    ")
    for note in shown.notes:
        yield from _wrap(note, "    ")
    for entry in shown.entries:
        yield ""
        yield from _entry(entry)
    if shown.listings and shown.entries:
        yield ""
    for listing in shown.listings:
        yield from _listing(listing)


def _entry(entry: Entry) -> Iterator[str]:
    yield from _wrap(f"[{entry.severity.name}] {entry.operator}   {entry.place}   {entry.rule}", "    ")
    width = max(len(label) for label, _ in entry.rows)
    for label, text in entry.rows:
        yield from _wrap(f"    {label:<{width}}  {text}", " " * (width + 6))


def _listing(listing: Listing) -> Iterator[str]:
    for line in listing.lines:
        yield from _wrap(f"{listing.label}: {line}", "    ")


def _wrap(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, COLUMNS, subsequent_indent=indent, break_on_hyphens=False)
