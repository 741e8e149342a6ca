"""Paired timing: A B A B … in one process, CPU seconds, and the ratio pair by pair.

A machine drifts; two figures taken one after the other drift together, so their ratio is what can be trusted.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


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


def compare(
    first: Callable[[], object],
    second: Callable[[], object],
    pairs: int = 5,
    before: tuple[Callable[[], object], Callable[[], object]] = (lambda: None, lambda: None),
) -> Ratio:
    """Runs both once unmeasured, then `pairs` times in turn. `before` are done ahead of each, and not timed."""
    _cpu(first, before[0])
    _cpu(second, before[1])
    rows = [(_cpu(first, before[0]), _cpu(second, before[1])) for _ in range(pairs)]
    ratios = sorted(one / max(other, 1e-9) for one, other in rows)
    return Ratio(
        statistics.median(row[0] for row in rows),
        statistics.median(row[1] for row in rows),
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        pairs,
    )


def _cpu(run: Callable[[], object], prepare: Callable[[], object]) -> float:
    prepare()
    gc.collect()
    started = time.process_time()
    result = run()
    spent = time.process_time() - started
    del result
    return spent


def machine() -> str:
    """Where this ran, for a reader of the figures."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()}, {os.cpu_count()} cores{load}"
