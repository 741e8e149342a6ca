"""Paired timing: A B A B …, CPU seconds, and the ratio pair by pair.

A machine drifts; two figures taken one after the other drift together, so their ratio is what can be trusted.
"""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import apart


@dataclass(frozen=True, slots=True)
class Ratio:
    """Medians of CPU seconds, and of the ratio of each pair with its extremes."""

    first: float
    second: float
    ratio: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        spread = f"({self.low:.3f} to {self.high:.3f}, n={self.pairs})"
        return f"{self.first:9.4f} s {self.second:9.4f} s   {self.ratio:7.3f}  {spread}"


Run = Callable[[Path], object]


def compare(
    first: Run,
    second: Run,
    path: Path,
    small: Path,
    pairs: int = 5,
    before: tuple[Callable[[], object], Callable[[], object]] = (lambda: None, lambda: None),
) -> Ratio:
    """Runs both with `path` in turn, `pairs` times, each in a process of its own.

    `before` are done ahead of each, and then the same run with `small`, a file of the same kind, so that what is done
    once in a process is not timed: imports, and compiling of patterns.
    """

    def timed(run: Run, prepare: Callable[[], object]) -> float:
        return apart.run(lambda: run(path), lambda: (prepare(), run(small)))

    rows = [(timed(first, before[0]), timed(second, before[1])) for _ in range(pairs)]
    ratios = sorted(one / max(other, 1e-9) for one, other in rows)
    return Ratio(
        statistics.median(row[0] for row in rows),
        statistics.median(row[1] for row in rows),
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        pairs,
    )


def machine() -> str:
    """Where this ran, for a reader of the figures."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    shared = "" if apart.CAN_FORK else ", all runs in one process"
    return f"{python}, {platform.system()}, {os.cpu_count()} cores{load}{shared}"
