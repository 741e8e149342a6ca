"""Denied names with which a file does nothing, told beside the harm that the same file does.

By themselves they are no finding: `getattr` on a trusted class is how enums are pickled. Where something else in the
file is harmful, whoever looks into it wants to know what else it names.
"""

from __future__ import annotations

from collections.abc import Iterable

from modelscan.evidence import Evidence, Kind
from modelscan.report import Finding, Severity


def cleared(evidence: Iterable[Evidence], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One a name and artifact, where a finding there is HIGH or worse."""
    told = {(row.operator, row.where.artifact) for row in findings}
    harmful = {row.where.artifact for row in findings if row.severity >= Severity.HIGH}
    found: dict[tuple[str, str], Finding] = {}
    if not harmful:
        return ()
    from modelscan.rules.match import Rules

    for fact in evidence:
        if fact.kind is not Kind.IMPORT or fact.where.artifact not in harmful:
            continue
        match = Rules.load().match(fact.detail["module"], fact.detail["name"])
        rule, key = match.rule, (match.name, fact.where.artifact)
        if rule is not None and rule.on_call and rule.severity is not None and key not in told:
            row = Finding(rule.id, rule.severity, match.name, fact.where, rule.why, rule.fix, fact)
            found.setdefault(key, row)
    return tuple(found.values())
