"""In which order findings are told, and which of them say nothing new."""

from __future__ import annotations

from collections.abc import Iterable

from modelscan.evidence import Kind
from modelscan.report import Finding, Severity


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first, then in file order. A name that is called needs no second row for having been named."""
    rows = list(findings)
    acted = {(row.rule, row.operator, row.where.artifact) for row in rows if row.evidence.kind is not Kind.IMPORT}
    graded = {_about(row) for row in rows if row.severity > Severity.LOW}
    kept: dict[tuple[object, ...], Finding] = {}
    for row in rows:
        named = row.evidence.kind is Kind.IMPORT
        if named and (row.rule, row.operator, row.where.artifact) in acted:
            continue
        if row.severity is Severity.LOW and _about(row) in graded:
            continue
        kept.setdefault((row.rule, row.operator, row.where), row)
    return tuple(sorted(kept.values(), key=lambda row: (-row.severity, row.where.artifact, row.where.offset or 0)))


def _about(finding: Finding) -> tuple[str, str, str]:
    """What a worse finding makes a lesser one superfluous about: a name in a file, or in a line of a notebook."""
    line = finding.where.path or "" if finding.evidence.kind is Kind.SOURCE else ""
    return finding.operator, finding.where.artifact, line
