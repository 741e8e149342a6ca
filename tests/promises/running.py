"""Tries rows in child processes, and goes on behind whatever ends one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .groups import Row

BATCH = 100
"""Names that one process tries, in a fork each."""
SECONDS = 7200
"""For one batch: forks are stopped after a while, an import is not."""
FIRST = ("numpy", "pandas", "torch", "sklearn", "decimal", "operator", "zoneinfo", "argparse", "pathlib", "statistics")
"""What a process that loads models has imported before."""
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "KERAS_BACKEND": "torch",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def tried(rows: Sequence[Row], first: Sequence[str] = FIRST) -> Iterator[tuple[Row, dict[str, Any]]]:
    """What happened, name by name."""
    for package in dict.fromkeys(row.package for row in rows):
        left = [row for row in rows if row.package == package]
        while left:
            batch = left[:BATCH]
            said = list(_run(batch, first))
            yield from zip(batch, said, strict=False)
            left = left[len(said) :]


def _run(batch: list[Row], first: Sequence[str]) -> Iterator[dict[str, Any]]:
    rows = [[row.module, row.of, row.use] for row in batch]
    given = {"package": batch[0].package, "first": list(first), "rows": rows}
    with tempfile.TemporaryDirectory(prefix="promises-") as folder:
        out, how = _child(json.dumps(given), folder)
        files = sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))
    lines = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
    if files and lines:
        lines[-1].setdefault("left", files[:5])
    yield from lines
    if how and len(lines) < len(batch):
        yield {"name": batch[len(lines)].name, "crashed": [{"how": how, "label": "its import", "refused": False}]}


def _child(given: str, folder: str) -> tuple[str, str]:
    """What it wrote, and how it ended if not well."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "promises.child"],
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            cwd=folder,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(), "hung"
    return done.stdout, f"ended with {done.returncode}: {done.stderr[-300:]}" if done.returncode else ""
