"""The console report: what modelscan 0.8 printed, line for line, with what would run, where, why and the way on.

The verdict and the worst of it come first. Lines that programs look for are never wrapped; the prose around them is.
Plain text needs no library, so that a scan in CI does not pay for colours nobody sees.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from modelscan.contract import Issue, Terms
from modelscan.records import dataclass
from modelscan.render import PLAIN, Options
from modelscan.render.inert import inert
from modelscan.render.words import Panel, acts, entry, panel, place
from modelscan.report import Finding, Report, Severity, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = 100
NARROW = 40
PATH = 4_096
"""Characters of a path; a shortened one could not be pasted."""
SCANNED = 10
"""Scanned files that are named to a person at a terminal."""
SKIPPED = 10
"""Skipped files that are named without being asked for."""
TONES = {
    "CRITICAL": "bold white on red",
    "HIGH": "bold red",
    "MEDIUM": "yellow",
    "LOW": "cyan",
    "SAFE": "bold green",
    "UNKNOWN": "bold magenta",
}
_HEAD = "bold blue"
_FAINT = "dim"


@dataclass(frozen=True, slots=True)
class Line:
    """`spans` are text and style. With `hang`, a long line goes on below, indented by that much."""

    spans: tuple[tuple[str, str], ...] = ()
    hang: int | None = None

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.spans)


def render(report: Report, options: Options = PLAIN, width: int = COLUMNS) -> str:
    """Plain text, as it goes into a file or a pipe."""
    return "\n".join(rows(report, options, width))


def rows(report: Report, options: Options = PLAIN, width: int = COLUMNS) -> Iterator[str]:
    """The same row by row: a large folder has many."""
    return (text for line in lines(report, options) for text, _ in _wrapped(line, width))


def show(report: Report, console: Console, options: Options = PLAIN) -> None:
    """Prints the report; colours and width are the console's."""
    from rich.text import Text

    for line in lines(report, options, most=SCANNED):
        for text, whole in _wrapped(line, console.width):
            styled = Text.assemble(*line.spans) if whole else Text(text, line.spans[0][1])
            console.print(styled, soft_wrap=True)


def lines(report: Report, options: Options = PLAIN, most: int | None = None) -> Iterator[Line]:
    """The report, line by line. `most`: how many files that were scanned are named; a program wants them all."""
    terms, said = Terms(report, options.off), panel(report, len(report.findings))
    if options.first:
        yield _line(options.first)
        yield Line()
    if options.scanners and terms.total:
        for source, scanner in itertools.islice(terms.scanned(), most):
            yield _line(f"Scanning {inert(source, PATH)} using {scanner} model scan", _FAINT)
        if most is not None and terms.total > most:
            yield _line(f"and {terms.total - most:,} more", _FAINT)
        yield Line()
    yield from _verdict(said)
    yield Line()
    yield _line("--- Summary ---", _HEAD)
    yield Line()
    yield from _summary(terms) if terms.issues or not terms.clean else [_line(" No issues found! 🎉", TONES["SAFE"])]
    yield from _blocks(terms)
    yield from _errors(terms)
    yield from _skipped(terms, options)
    yield from _about(said)


def _verdict(said: Panel) -> Iterator[Line]:
    """A scan decides about nothing, so its verdict comes first, not whether a guard would refuse."""
    title = (said.verdict or said.word, TONES[said.tone]), ("  ", ""), (said.name, "bold"), (f"  {said.about}", _FAINT)
    yield Line(title, hang=4)
    if said.headline:
        yield _line(said.headline[0])
        yield Line(((f"  {said.headline[1]}", "bold"),), hang=4)
    for note in said.notes:
        yield Line(((note, ""),), hang=2)
    if not said.files:
        return
    yield Line()
    for file in said.files:
        yield Line((("  ", ""), (file.word, TONES[file.tone]), (f"  {file.name}  ", ""), (file.about, _FAINT)), hang=4)
    if said.safe:
        yield Line((("  ", ""), ("SAFE", TONES["SAFE"]), (f"  {said.safe:,} more", "")))


_PARTLY = "Nothing was found in what could be read, which was not everything."
_HIDDEN = "What was found is below the severity that was asked for, and not shown."
_NOTHING = {Verdict.UNSAFE: _HIDDEN, Verdict.UNVERIFIED: _HIDDEN}


def _summary(terms: Terms) -> Iterator[Line]:
    yield _line(f"Total Issues: {len(terms.issues)}", "bold")
    yield Line()
    if not terms.issues:
        yield _line(_NOTHING.get(terms.report.verdict, _PARTLY), TONES["UNKNOWN"])
        return
    yield _line("Total Issues By Severity:")
    yield Line()
    for severity in Severity:
        count = sum(issue.severity is severity for issue in terms.issues)
        yield Line(((f"    - {severity.name}: ", ""), (str(count), TONES[severity.name] if count else "green")))


def _blocks(terms: Terms) -> Iterator[Line]:
    if not terms.issues:
        return
    yield Line()
    yield _line("--- Issues by Severity ---", _HEAD)
    severity = None
    for issue, findings in terms.rows:
        if issue.severity is not severity:
            severity = issue.severity
            yield Line()
            yield _line(f"--- {severity.name} ---", _HEAD)
        yield Line()
        yield from _block(terms, issue, findings)


def _block(terms: Terms, issue: Issue, findings: list[Finding]) -> Iterator[Line]:
    yield _line("Unsafe operator found:", "bold")
    yield Line((("  - Severity: ", ""), (issue.severity.name, TONES[issue.severity.name])))
    yield _line(f"  - Description: {inert(issue.description, PATH)}")
    yield _line(f"  - Source: {inert(issue.source, PATH)}")
    for label, text in _rows(terms.report, findings, named=issue.description != findings[0].why):
        yield Line(((f"  - {label}: ", _FAINT), (text, "bold" if label == "Runs" else "")), hang=6)
    for fold in entry(findings[0], terms.report.source).folds:
        yield _line(f"  - {fold.label.capitalize()}:", _FAINT)
        yield from (_line(f"      {row}", _FAINT) for row in fold.lines)


def _rows(report: Report, findings: list[Finding], named: bool) -> Iterator[tuple[str, str]]:
    first = findings[0]
    verb, what = acts(first)
    yield verb.capitalize(), what
    more = f" and {len(findings) - 1} more places" if len(findings) > 1 else ""
    yield "Where", place(first.where, report.source) + more
    yield ("Why", f"{inert(first.why, PATH)} ({inert(first.rule)})") if named else ("Rule", inert(first.rule))
    yield "Fix", inert(first.fix, PATH)
    if first.approved:
        yield "Approved", inert(first.approved, PATH)


def _errors(terms: Terms) -> Iterator[Line]:
    """Every file that was not read to its end, by name and reason."""
    if not terms.errors:
        return
    yield Line()
    yield _line("--- Errors --- ", "bold red")
    for number, error in enumerate(terms.errors, 1):
        yield Line()
        yield _line(f"Error {number}:")
        yield Line(((f"{inert(error.source, PATH)}: {inert(error.description, PATH)}", ""),), hang=4)


def _skipped(terms: Terms, options: Options) -> Iterator[Line]:
    if not terms.skipped:
        return
    yield Line()
    yield _line("--- Skipped --- ", _HEAD)
    yield Line()
    yield _line(f"Total skipped: {len(terms.skipped)} - run with --show-skipped to see the full list.")
    rows = [(terms.source(row.name), row.reason) for row in terms.report.skips]
    if options.show_skipped:
        reasons = dict(rows)
        yield Line()
        yield _line("Skipped files list:")
        yield Line()
        rows = [(row.source, reasons.get(row.source) or row.description) for row in terms.skipped]
    elif rows:
        yield Line()
    for source, reason in rows if options.show_skipped else rows[:SKIPPED]:
        yield Line(((f"  {inert(source, PATH)}: {inert(reason, PATH)}", _FAINT),), hang=4)


def _about(said: Panel) -> Iterator[Line]:
    rows = [
        (row.label, text) for row in said.listings if row.label in ("imports", "sha256", "scan") for text in row.lines
    ]
    if rows:
        yield Line()
    for label, text in rows:
        yield Line(((f"{label}: {text}", _FAINT),), hang=4)


def _line(text: str, style: str = "") -> Line:
    return Line(((text, style),))


def _wrapped(line: Line, width: int) -> Iterable[tuple[str, bool]]:
    """The line's text in pieces, and whether a piece is the whole of it."""
    text = line.text
    if line.hang is None or len(text) <= max(NARROW, width):
        return [(text, True)]
    import textwrap

    room = max(NARROW, width)
    pieces = textwrap.wrap(text, room, subsequent_indent=" " * line.hang, break_on_hyphens=False, drop_whitespace=True)
    return [(piece, False) for piece in pieces]
