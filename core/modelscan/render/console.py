"""The console report: worst first, what would run, where, why, what to do, and everything that was not read."""

from __future__ import annotations

import io

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from modelscan.render.inert import inert
from modelscan.report import Failure, Finding, Report, Severity, Skip, Verdict

COLOURS = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
_VERDICTS = {
    Verdict.SAFE: ("green", "everything was read and everything it names is trusted"),
    Verdict.UNVERIFIED: ("cyan", "everything was read; some of what it names was never reviewed"),
    Verdict.UNSAFE: ("bold red", "do not load this"),
    Verdict.INCONCLUSIVE: ("magenta", "not everything could be read; this is not a verdict of safety"),
}
SKIPS = 10
"""Skipped files that are named; a folder may hold thousands."""


def render(report: Report) -> str:
    """Plain text, as it goes into a file or a pipe."""
    buffer = io.StringIO()
    show(report, Console(file=buffer, width=100, color_system=None))
    return buffer.getvalue().rstrip("\n")


def show(report: Report, console: Console) -> None:
    """Prints the report; colours and width are the console's."""
    colour, meaning = _VERDICTS[report.verdict]
    console.print(Text.assemble((report.verdict.value, colour), "  ", inert(report.source), style="bold"))
    console.print(Text(f"{meaning}; {_counts(report)}"))
    for finding in report.findings:
        _finding(console, finding)
    _rest(console, report.failures, report.skips)


def _counts(report: Report) -> str:
    found = ", ".join(f"{count} {severity.name}" for severity, count in report.counts().items() if count)
    plural = "" if len(report.artifacts) == 1 else "s"
    return f"{len(report.artifacts)} model{plural} read in {report.milliseconds:,.0f} ms, {found or 'no findings'}"


def _finding(console: Console, finding: Finding) -> None:
    console.print()
    console.print(
        Text.assemble(
            (f" {finding.severity.name} ", COLOURS[finding.severity]), " ", (inert(finding.expression, 400), "bold")
        ),
        soft_wrap=not console.is_terminal,
    )
    lines = {"where": str(finding.where), "rule": f"{finding.rule}  {finding.operator}", "why": finding.why}
    for label, text in (lines | {"fix": finding.fix}).items():
        console.print(Padding(Text.assemble((f"{label:<6}", "dim"), inert(text, 400)), (0, 0, 0, 2)))


def _rest(console: Console, failures: tuple[Failure, ...], skips: tuple[Skip, ...]) -> None:
    if failures:
        console.print("\nNot read to the end:", style="bold")
    for failure in failures:
        console.print(Text(f"  {inert(str(failure.where))}: {inert(failure.reason, 300)} [{failure.code}]"))
    if skips:
        console.print(f"\nSkipped, no model: {len(skips)}", style="bold")
    for skip in skips[:SKIPS]:
        console.print(Text(f"  {inert(skip.name)}: {skip.reason}"))
    if len(skips) > SKIPS:
        console.print(f"  … and {len(skips) - SKIPS} more (all of them in the JSON report)")
