"""A note in a notebook's metadata that it was scanned. It is a claim of whoever wrote it, never a proof."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from modelscan.evidence import file_of
from modelscan.report import Report, Scanned, Severity, Verdict

KEY = "modelscan"
FORMAT = "Jupyter notebook"


def notebooks_in(report: Report) -> list[Path]:
    """The notebooks of a scan that are files of their own."""
    names = (row.name for row in report.artifacts if row.format == FORMAT)
    return [Path(name) for name in dict.fromkeys(names) if Path(name).is_file()]


def annotate(path: Path, report: Report) -> None:
    """Writes `metadata.modelscan`: version, verdict, time, and each model of the notebook's folder with its sha256.

    Everything else in the file stays as it is. Raises OSError if it cannot be written, ValueError if it is no notebook.
    """
    tree = json.loads(path.read_text("utf-8"))
    if not isinstance(tree, dict) or not isinstance(tree.setdefault("metadata", {}), dict):
        raise ValueError(f"{path} is no notebook")
    tree["metadata"][KEY] = note(path, report)
    text = json.dumps(tree, indent=1, ensure_ascii=False) + "\n"
    _replace(path, text.encode("utf-8", "surrogatepass"))


def note(path: Path, report: Report) -> dict[str, Any]:
    """What is written. JSON values only."""
    mine = [row for row in report.artifacts if file_of(row.name) != str(path)]
    beside = [row for row in mine if Path(row.name).is_relative_to(path.parent)]
    return {
        "version": report.versions.get("modelscan-jupyter", ""),
        "verdict": str(verdict_of(str(path), report)),
        "scanned_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "files": list(_files(path, beside, report)),
    }


def verdict_of(name: str, report: Report) -> Verdict:
    """Of one file of a scan, by the findings and failures about it and what is inside it."""
    worst = max((row.severity for row in report.findings if file_of(row.where.artifact) == name), default=None)
    if worst is not None and worst > Severity.LOW:
        return Verdict.UNSAFE
    if any(file_of(row.where.artifact) == name for row in report.failures):
        return Verdict.INCONCLUSIVE
    return Verdict.SAFE if worst is None else Verdict.UNVERIFIED


def _files(notebook: Path, models: Iterable[Scanned], report: Report) -> Iterable[Mapping[str, str]]:
    for name in dict.fromkeys(file_of(row.name) for row in models):
        with Path(name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        relative = Path(name).relative_to(notebook.parent).as_posix()
        yield {"name": relative, "sha256": digest, "verdict": str(verdict_of(name, report))}


def _replace(path: Path, data: bytes) -> None:
    """Whole or not at all, with the permissions it had."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(path.stat().st_mode & 0o7777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
