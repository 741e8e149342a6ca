"""JSON: the keys of modelscan 0.8, and everything richer under "modelscan_jupyter", which cannot clash with them.

report.schema.json beside this file describes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from modelscan.contract import Entry, Issue, Terms
from modelscan.render import PLAIN, Options
from modelscan.report import Report, Severity


def render(report: Report, options: Options = PLAIN) -> str:
    """One JSON document on one line, ASCII only."""
    made = document(Terms(report, options.off))
    if not options.show_skipped:
        del made["summary"]["skipped"]
    return json.dumps(made, ensure_ascii=True)


def schema() -> Mapping[str, Any]:
    """The JSON Schema of what `render` writes."""
    text = (resources.files("modelscan.render") / "report.schema.json").read_text("utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def document(terms: Terms) -> dict[str, Any]:
    """The report as modelscan 0.8 shapes it, what was skipped included."""
    report = terms.report
    return layout(
        input_path=report.source,
        folder=terms.folder,
        version=report.versions.get("modelscan-jupyter", ""),
        issues=[_issue(terms, issue) for issue in terms.issues],
        errors=[_entry(terms, entry) for entry in terms.errors],
        scanned=[terms.relative(source) for source, _ in terms.scanned()],
        skipped=[_entry(terms, entry) for entry in terms.skipped],
        report=report,
    )


def layout(
    *,
    input_path: str,
    folder: str,
    version: str,
    issues: list[dict[str, str]],
    errors: list[dict[str, str]],
    scanned: list[str],
    skipped: list[dict[str, str]],
    report: Report,
) -> dict[str, Any]:
    """The keys, in their order. Rows are as they will be written."""
    counts = dict.fromkeys((severity.name for severity in Severity), 0)
    for issue in issues:
        counts[issue["severity"]] += 1
    return {
        "summary": {
            "total_issues_by_severity": counts,
            "total_issues": len(issues),
            "input_path": input_path,
            "absolute_path": folder,
            "modelscan_version": version,
            "timestamp": datetime.now().isoformat(),
            "scanned": {"total_scanned": len(scanned)} | ({"scanned_files": scanned} if scanned else {}),
            "skipped": {"total_skipped": len(skipped), "skipped_files": skipped},
        },
        "issues": issues,
        "errors": errors,
        "modelscan_jupyter": report.to_dict(),
    }


def _issue(terms: Terms, issue: Issue) -> dict[str, str]:
    return {
        "description": issue.description,
        "operator": issue.operator,
        "module": issue.module,
        "source": terms.relative(issue.source),
        "scanner": issue.scanner,
        "severity": issue.severity.name,
    }


def _entry(terms: Terms, entry: Entry) -> dict[str, str]:
    source = terms.relative(entry.source)
    return {"category": entry.category, "description": entry.description, "source": source}
