"""The HTML report as a file of its own: the notebook's panel without script, style sheet or anything remote."""

from __future__ import annotations

import html
from collections.abc import Iterator

from modelscan.contract import Terms
from modelscan.render import PLAIN, Options
from modelscan.render import html as fragment
from modelscan.render.inert import inert
from modelscan.report import Report

PATH = 4_096
FINDINGS = 2_000
"""A file may be longer than what a notebook shows."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_BODY = (
    "margin:24px auto;max-width:960px;padding:0 16px;font-family:system-ui,sans-serif;font-size:14px;line-height:1.5"
)
_HEADING = "font-size:16px;margin:24px 0 4px 0"


def render(report: Report, options: Options = PLAIN) -> str:
    """A whole document. It reads the same from a disk, a mail or an artifact store."""
    title = html.escape(f"modelscan: {report.verdict.value} {inert(report.source)}")
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
    )
    body = "\n".join((fragment.render(report, FINDINGS), *_sections(report, options)))
    top = f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}<title>{title}</title></head>\n'
    return f'{top}<body style="{_BODY}">\n{body}\n</body>\n</html>'


def _sections(report: Report, options: Options) -> Iterator[str]:
    """In full what the panel shortens."""
    terms = Terms(report, options.off)
    if terms.errors:
        yield _section("Not read to the end", ((entry.source, entry.description) for entry in terms.errors))
    if report.skips and not options.show_skipped:
        yield _section("Skipped", ((terms.source(row.name), row.reason) for row in report.skips))
    elif terms.skipped and options.show_skipped:
        yield _section("Skipped", ((entry.source, entry.description) for entry in terms.skipped))


def _section(title: str, rows: Iterator[tuple[str, str]]) -> str:
    shown = ((inert(source, PATH), inert(reason, PATH)) for source, reason in rows)
    return f'<section><h2 style="{_HEADING}">{title}</h2>{_table(shown)}</section>'


def _table(rows: Iterator[tuple[str, str]]) -> str:
    cell = "text-align:left;vertical-align:top;padding:2px 16px 2px 0;font-weight:400;overflow-wrap:anywhere"
    body = "".join(
        f'<tr><th scope="row" style="{cell};font-family:monospace">{fragment.escape(source)}</th>'
        f'<td style="{cell}">{fragment.escape(reason)}</td></tr>'
        for source, reason in rows
    )
    return f"<table><tbody>{body}</tbody></table>"
