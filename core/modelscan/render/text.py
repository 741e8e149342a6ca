"""The panel as plain text: at most 80 columns, no colour, the verdict first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from modelscan.evidence import file_of
from modelscan.render.words import Entry, Listing, Panel, entry, panel
from modelscan.report import Finding, Report

COLUMNS = 80
ROWS = 20
"""Files of a folder that are listed."""


def render(report: Report) -> str:
    """The report as a person reads it in a terminal, a log or a saved notebook."""
    return "\n".join(_lines(panel(report)))


def render_finding(finding: Finding) -> str:
    """One finding, as it stands in the report."""
    return "\n".join(_entry(entry(finding, file_of(finding.where.artifact))))


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
    yield from _files(shown)
    for row in shown.entries:
        yield ""
        yield from _entry(row)
    if shown.listings and shown.entries:
        yield ""
    for listing in shown.listings:
        yield from _listing(listing)


def _files(shown: Panel) -> Iterator[str]:
    """Those to look at, then how many are safe."""
    for row in shown.files[:ROWS]:
        yield from _wrap(f"  {row.word:<12}  {row.name}   {row.about}", " " * 16)
    if len(shown.files) > ROWS:
        yield f"  and {len(shown.files) - ROWS} more"
    if shown.safe:
        yield f"  {shown.safe:,} safe"


def _entry(row: Entry) -> Iterator[str]:
    yield from _wrap(f"[{row.severity.name}] {row.operator}   {row.place}   {row.rule}", "    ")
    width = max(len(label) for label, _ in row.rows)
    for label, text in row.rows:
        yield from _wrap(f"    {label:<{width}}  {text}", " " * (width + 6))
    for fold in row.folds:
        if any(line.startswith(" ") for line in fold.lines):
            yield f"    {fold.label}"
            for line in fold.lines:
                yield from _wrap(" " * 8 + line, " " * 12)
        else:
            yield from _wrap(f"    {fold.label}  {' / '.join(fold.lines)}", " " * 8)


def _listing(listing: Listing) -> Iterator[str]:
    for line in listing.lines:
        yield from _wrap(f"{listing.label}: {line}", "    ")


def _wrap(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, COLUMNS, subsequent_indent=indent, break_on_hyphens=False)
