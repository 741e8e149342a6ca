"""What a folder turned out to be so far: how many files of each verdict, and the worst of them.

A scan adds to it file by file; whoever shows how far the scan is looks at it meanwhile, from another thread.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter

from modelscan.records import dataclass, field
from modelscan.report import Report, Severity, Verdict

KEPT = 20
"""Files that are worth a row before the scan has ended."""
_RANKS = {Verdict.INCONCLUSIVE: 0, Verdict.UNVERIFIED: 1, Verdict.SAFE: 2, Verdict.UNSAFE: 0}


def rank(report: Report) -> int:
    """Low for what has to be looked at first, as in the report on the whole folder."""
    worst = report.worst
    return -int(worst) if worst is not None and worst > Severity.LOW else _RANKS[report.verdict]


@dataclass(slots=True)
class Tally:
    """`worst` are the reports on at most `KEPT` files, worst first; a file that is no model counts for nothing."""

    counts: Counter[Verdict] = field(default_factory=Counter)
    worst: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        if not report.artifacts and not report.failures:
            return
        self.counts[report.verdict] += 1
        if report.verdict is not Verdict.SAFE:
            insort(self.worst, report, key=rank)
            del self.worst[KEPT:]
