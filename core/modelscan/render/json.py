"""JSON: the keys of modelscan 0.8, and everything richer under "modelscan_jupyter", which cannot clash with them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from modelscan.report import Failure, Finding, Report, Severity

_CATEGORIES = {"pickle": "PICKLE_GENOPS", "not": "PATH"}
"""First word of our code to the category callers of modelscan 0.8 know; everything else is MODEL_SCAN."""


def render(report: Report) -> str:
    """One JSON document, indented, ASCII only."""
    return json.dumps(document(report), indent=2, ensure_ascii=True)


def document(report: Report) -> dict[str, Any]:
    """The report as modelscan 0.8 shapes it."""
    source = Path(report.source)
    base = source if source.is_dir() else source.parent
    files = _files(report)
    return {
        "summary": {
            "total_issues_by_severity": {severity.name: report.counts()[severity] for severity in Severity},
            "total_issues": len(report.findings),
            "input_path": report.source,
            "absolute_path": str(base.absolute()),
            "modelscan_version": report.versions.get("modelscan-jupyter", ""),
            "timestamp": datetime.now().astimezone().isoformat(),
            "scanned": {"total_scanned": len(files)} | ({"scanned_files": _relative(files, base)} if files else {}),
            "skipped": {
                "total_skipped": len(report.skips),
                "skipped_files": [
                    {
                        "category": "SCAN_NOT_SUPPORTED",
                        "description": f"Model Scan did not scan file: {skip.reason}",
                        "source": _source(skip.name, base),
                    }
                    for skip in report.skips
                ],
            },
        },
        "issues": [_issue(finding, base) for finding in report.findings],
        "errors": [_error(failure, base) for failure in report.failures],
        "modelscan_jupyter": report.to_dict(),
    }


def _issue(finding: Finding, base: Path) -> dict[str, str]:
    detail = finding.evidence.detail
    module, _, name = str(detail.get("callee", "")).partition(":")
    module, name = detail.get("module", module), detail.get("name", name)
    return {
        "description": f"Use of unsafe operator '{name or finding.operator}' from module '{module}'",
        "operator": name or finding.operator,
        "module": module,
        "source": _source(finding.where.artifact, base),
        "scanner": "modelscan.scanners.PickleUnsafeOpScan",
        "severity": finding.severity.name,
    }


def _error(failure: Failure, base: Path) -> dict[str, str]:
    return {
        "category": _CATEGORIES.get(failure.code.split("-")[0], "MODEL_SCAN"),
        "description": failure.reason,
        "source": _source(failure.where.artifact, base),
    }


def _files(report: Report) -> list[str]:
    failed = {failure.where.artifact for failure in report.failures}
    return list(dict.fromkeys(row.name for row in report.artifacts if row.name not in failed))


def _relative(names: list[str], base: Path) -> list[str]:
    return [_source(name, base) for name in names]


def _source(name: str, base: Path) -> str:
    """ "folder/m.pt!archive/data.pkl" as "m.pt:archive/data.pkl"."""
    path, _, member = name.partition("!")
    with suppress(ValueError):  # bytes and streams have no place below the folder
        path = str(Path(path).absolute().relative_to(base.absolute()))
    return f"{path}:{member}" if member else path
