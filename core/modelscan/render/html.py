"""The panel as one static piece of HTML.

Measured in JupyterLab, Notebook 7 and nbconvert, light and dark, trusted and not: only inline styles with plain values
and native elements survive everywhere. So no style sheet, no variables, no classes, no headings, no script; colours of
text and page are the theme's own, and a colour never says what a word does not.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from modelscan.evidence import file_of
from modelscan.render.words import FINDINGS, MOST, Entry, File, Listing, Panel, entry, panel
from modelscan.report import Finding, Report

COLOURS = {
    "CRITICAL": "#8c1d18",
    "HIGH": "#a33b00",
    "MEDIUM": "#7a5200",
    "LOW": "#2f5375",
    "SAFE": "#1e6b34",
    "UNKNOWN": "#5a4a7a",
}
"""White text on each has a contrast of 6.5 or more."""

TINT = "rgba(128,128,128,0.15)"
"""Visible on a white page and on a black one."""
_PANEL = "max-width:860px;padding:10px 16px;margin:4px 0;font-size:14px;line-height:1.5;overflow-wrap:anywhere"
_CHIP = "display:inline-block;padding:0 8px;border-radius:4px;color:#ffffff;font-weight:600;font-size:12px"
_CODE = (
    f"margin:2px 0 0 0;padding:6px 10px;border-radius:4px;background-color:{TINT};font-family:monospace;font-size:13px;"
    "overflow:auto;white-space:pre-wrap"
)
_MONO = "font-family:monospace"
_FAINT = "opacity:0.8;font-size:13px"
_FOLD = "margin:8px 0 0 0"
_LABEL = "text-align:left;vertical-align:top;font-weight:400;opacity:0.8;padding:1px 12px 1px 0;white-space:nowrap"
_CELL = "text-align:left;vertical-align:top;padding:1px 0"
_TABLE = "border-collapse:collapse;margin:2px 0 4px 16px;font-size:13px;border:none"
ROWS = 20
"""Files of a folder that are shown unfolded."""
_BESIDE = ("imports", "sha256", "scan")
"""Listings that are folded away: they explain the scan, not the file."""


def render(report: Report, limit: int = FINDINGS) -> str:
    """A fragment that reads well anywhere, escaped throughout, with `limit` findings spelled out."""
    shown = panel(report, limit)
    return _framed("".join(_parts(shown)), shown.tone)


def render_finding(finding: Finding) -> str:
    """One finding, as it stands in the panel of its report."""
    style = f"{_PANEL};border-left:4px solid {COLOURS[finding.severity.name]};background-color:rgba(128,128,128,0.06)"
    return f'<div style="{style}">{_entry(entry(finding, file_of(finding.where.artifact)), unfolded=True)}</div>'


def _framed(content: str, tone: str) -> str:
    style = f"{_PANEL};border-left:4px solid {COLOURS[tone]};background-color:rgba(128,128,128,0.06)"
    return f'<div style="{style}">{content}</div>'


def escape(text: str) -> str:
    """Text of the file's choosing, isolated from the direction of what surrounds it."""
    return f"<bdi>{html.escape(text, quote=True)}</bdi>"


def chip(text: str, tone: str) -> str:
    return f'<span style="{_CHIP};background-color:{COLOURS[tone]}">{html.escape(text)}</span>'


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Label and text, one row each; the labels are row headers."""
    body = "".join(
        f'<tr style="background-color:transparent"><th scope="row" style="{_LABEL}">{html.escape(label)}</th>'
        f'<td style="{_CELL}">{escape(text)}</td></tr>'
        for label, text in rows
    )
    return f'<table style="{_TABLE}"><tbody>{body}</tbody></table>'


def _parts(shown: Panel) -> Iterator[str]:
    yield (
        f'<div>{chip(shown.word, shown.tone)} <strong style="margin-left:4px">{escape(shown.name)}</strong> '
        f'<span style="{_FAINT}">{html.escape(shown.about)}</span></div>'
    )
    if not (shown.entries or shown.listings or shown.notes or shown.files or shown.safe):
        return
    yield _counts(shown)
    if shown.headline:
        lead, expression = shown.headline
        yield f'<div style="margin-top:6px">{lead}</div><pre style="{_CODE}">{escape(expression)}</pre>'
    for note in shown.notes:
        yield f'<div style="margin-top:6px">{escape(note)}</div>'
    yield from _files(shown)
    for number, row in enumerate(shown.entries):
        yield _entry(row, unfolded=number == 0)
    yield from _listings(shown.listings)


def _counts(shown: Panel) -> str:
    chips = " ".join(chip(f"{count} {severity.name}", severity.name) for severity, count in shown.counts)
    words = " ".join(part for part in (shown.verdict + (":" if chips and shown.verdict else ""), chips) if part)
    return f'<div style="margin-top:6px">{words}</div>' if words else ""


def _files(shown: Panel) -> Iterator[str]:
    """A table of what has to be looked at; the safe ones are folded away, and many of any kind as well."""
    if shown.files:
        table = _table(shown.files[:MOST], len(shown.files))
        yield table if len(shown.files) <= ROWS else _folded(f"{len(shown.files):,} to look at", table)
    if shown.safe:
        yield _folded(f"{shown.safe:,} safe", _table(shown.named, shown.safe))


def _table(rows: Sequence[File], total: int) -> str:
    return rows_of(rows) + (f"<div>and {total - len(rows)} more</div>" if total > len(rows) else "")


def _folded(title: str, inner: str) -> str:
    return f'<details style="{_FOLD}"><summary style="cursor:pointer">{title}</summary>{inner}</details>'


def rows_of(files: Iterable[File]) -> str:
    """Files of a folder, one row each."""
    return f'<table style="{_TABLE};margin:8px 0"><tbody>{"".join(map(_file, files))}</tbody></table>'


def _file(row: File) -> str:
    wide = "text-align:left;vertical-align:baseline;padding:3px 12px 3px 0"
    return (
        f'<tr style="background-color:transparent"><td style="{wide}">{chip(row.word, row.tone)}</td>'
        f'<th scope="row" style="{wide};font-weight:600">{escape(row.name)}</th>'
        f'<td style="{wide};{_MONO}">{escape(row.about)}</td></tr>'
    )


def _entry(row: Entry, unfolded: bool) -> str:
    return (
        f'<details style="{_FOLD}"{" open" if unfolded else ""}>'
        f'<summary style="cursor:pointer">{chip(row.severity.name, row.severity.name)} '
        f'<strong style="{_MONO}">{escape(row.operator)}</strong> '
        f'<span style="{_FAINT};margin-left:8px">{escape(row.place)}</span> '
        f'<span style="{_FAINT};margin-left:8px">{html.escape(row.rule)}</span></summary>'
        f"{table(row.rows)}{''.join(map(_fold, row.folds))}</details>"
    )


def _fold(listing: Listing) -> str:
    lines = "<br>".join(escape(line) for line in listing.lines)
    return (
        f'<details style="margin:2px 0 4px 16px"><summary style="cursor:pointer;{_FAINT}">{html.escape(listing.label)}'
        f'</summary><pre style="{_CODE}">{lines}</pre></details>'
    )


def _listings(listings: tuple[Listing, ...]) -> Iterator[str]:
    shown = [(row.label, line) for row in listings if row.label not in _BESIDE for line in row.lines]
    folded = [(row.label, line) for row in listings if row.label in _BESIDE for line in row.lines]
    if shown:
        yield table(shown)
    if folded:
        summary = '<summary style="cursor:pointer">About this scan</summary>'
        yield f'<details style="{_FOLD};{_FAINT}">{summary}{table(folded)}</details>'
