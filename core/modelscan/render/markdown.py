"""Markdown for a comment on a pull request. Whatever a file chose to be called can do nothing there.

Such text stands in code spans, whose fence is longer than any row of backticks in it, where neither links nor mentions
nor markup are made; a pipe in it is written so that it ends no table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelscan.contract import Terms
from modelscan.render import PLAIN, Options
from modelscan.render.inert import inert
from modelscan.render.words import acts, panel, place
from modelscan.report import Finding, Report

FINDINGS = 25
FILES = 25
"""Rows of a table: a comment holds 65,536 characters on GitHub."""
PATH = 200
_ACTING = re.compile(r"[@#<>&`|\[\]]|://|www\.")
EXPRESSION = 200


def render(report: Report, options: Options = PLAIN) -> str:
    """GitHub's and GitLab's dialect, some 50 kB at most."""
    return "\n".join(_lines(report, options))


def _lines(report: Report, options: Options) -> Iterator[str]:
    said, terms = panel(report), Terms(report, options.off)
    yield f"### modelscan: {report.verdict.value}"
    yield ""
    yield f"{code(said.name, PATH)} {code(said.about, PATH)}"
    counts = ", ".join(f"{count} {severity.name}" for severity, count in said.counts)
    if counts:
        yield ""
        yield f"**{counts}**"
    if report.verdict.value == "INCONCLUSIVE":
        yield ""
        yield "This is not a verdict of safety: not everything could be read."
    if said.headline:
        yield ""
        yield f"{said.headline[0]} {code(said.headline[1], EXPRESSION)}"
    if report.findings:
        yield ""
        rows = (_finding(report, finding) for finding in report.findings)
        yield from _table(("severity", "what", "where", "why", "rule"), rows, len(report.findings), FINDINGS)
    for title, entries in (("Not read to the end", terms.errors), ("Skipped", terms.skipped)):
        if entries and (title != "Skipped" or options.show_skipped):
            yield ""
            yield f"**{title}**"
            yield ""
            cells = ((code(terms.relative(entry.source), PATH), code(entry.description, PATH)) for entry in entries)
            yield from _table(("file", "reason"), cells, len(entries), FILES)
    if terms.skipped and not options.show_skipped:
        yield ""
        yield f"{len(terms.skipped)} files or members hold no model and were skipped."
    yield ""
    versions = ", ".join(f"{name} {value}" for name, value in report.versions.items())
    yield f"<sub>policy {code(report.policy, PATH)}, {code(versions, PATH)}</sub>"


def code(text: str, width: int) -> str:
    """`text` as a code span in which nothing acts, fit for a cell of a table."""
    shown = inert(text, width).replace("|", "\u2223")  # the sign "divides": a pipe would end the cell, escaped or not
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if not shown.strip() or shown[:1] in "` " or shown[-1:] in "` " else ""
    return f"{fence}{pad}{shown or ' '}{pad}{fence}"


def _finding(report: Report, finding: Finding) -> tuple[str, ...]:
    verb, what = acts(finding)
    where = code(place(finding.where, report.source), PATH)
    return (
        finding.severity.name,
        f"{verb} {code(what, EXPRESSION)}",
        where,
        sentence(finding.why),
        code(finding.rule, PATH),
    )


def sentence(text: str) -> str:
    """A sentence out of the rules, as text; as code where it holds what could act: a mention survives a backslash."""
    if _ACTING.search(text):
        return code(text, EXPRESSION)
    return re.sub(r"([\\*_{}()+!~-])", r"\\\1", inert(text, EXPRESSION))


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], count: int, limit: int) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for _, row in zip(range(limit), rows, strict=False):
        yield f"| {' | '.join(row)} |"
    if count > limit:
        yield ""
        yield f"… and {count - limit} more."
