"""Many files in one report: a folder, or several paths. One bad file never stops the rest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from modelscan.evidence import Where
from modelscan.many import Many
from modelscan.policy import Policy
from modelscan.progress import Meter
from modelscan.records import dataclass, replace
from modelscan.report import Failure, Finding, Report, Scanned, Skip, Verdict
from modelscan.scanner import scan_path, versions
from modelscan.spelling import absolute
from modelscan.version import version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.cache import Cache
    from modelscan.walk import Entry

HELD = 4_000
"""Files up to which a walk is remembered; a larger folder is walked once more to be scanned."""


Progress = Callable[[int, int | None], object]
"""Told how many files of a folder are done, and of how many if that is known."""
Known = tuple["Entry", Report | None]
Outcome = tuple["Entry", Report | None, bool]
"""An entry, its report, and whether both will be the same the next time."""


def _silent(done: int, total: int | None) -> None:
    """For who does not want to know."""


@dataclass(frozen=True, slots=True)
class Way:
    """How many files are scanned."""

    jobs: int = 1
    """Processes. 1 scans here, which is fastest for small files; 0 takes one a core."""
    cached: bool = True
    progress: Progress = _silent
    follow: bool = True
    """Also links that lead out of a folder."""


class Merged:
    """Reports of many files, becoming one. Of a file that is clean, its name, format and size are kept, packed."""

    def __init__(self, source: str, policy: Policy) -> None:
        self.source, self.policy = source, policy
        self.started = time.perf_counter()
        self.size = 0
        self._added = 0
        self._artifacts = Many(Scanned)
        self._doubtful: set[Scanned] = set()
        self.only = False
        """Is there one report to be added, whose rows are in it once?"""
        self.overlap = False
        """Does one of the paths lie below another?"""
        self._imports: set[str] = set()
        self._findings: list[Finding] = []
        self._skips = Many(Skip)
        self._parts = Many(str)
        self._cleared: list[Finding] = []
        self._failures: list[Failure] = []

    def add(self, report: Report) -> None:
        self.size += report.size
        self._added += 1
        self._artifacts.extend(report.artifacts)
        if not (self.only or report.alone):
            self._doubtful.update(report.artifacts)
        self._imports.update(report.imports)
        self._findings += report.findings
        self._skips.extend(report.skips)
        self._parts.extend(report.parts)
        self._cleared += report.cleared
        self._failures += report.failures

    def _rows(self) -> Many[Scanned]:
        return Many(Scanned, self._once()) if self._added > 1 and (self.overlap or self._doubtful) else self._artifacts

    def _once(self) -> Iterator[Scanned]:
        """Only what another report spoke of as well may be there twice, unless one path lies below another."""
        if self.overlap:
            yield from dict.fromkeys(self._artifacts)
            return
        met: set[Scanned] = set()
        for row in self._artifacts:
            if row in self._doubtful:
                if row in met:
                    continue
                met.add(row)
            yield row

    def fail(self, name: str, code: str, reason: str) -> None:
        self._failures.append(Failure(Where(name), code, reason, unread=True))

    def stop(self, done: int) -> None:
        """A person stopped the scan of `source` after so many files."""
        alone = os.path.isfile(self.source)  # noqa: PTH113 - of thousands of names
        place = self.source if alone else self.source.rstrip(os.sep) + os.sep
        self.fail(place, "interrupted", f"stopped by the user after {done:,} files, the rest was not scanned")

    def report(self, *, signed: bool = True) -> Report:
        """All of it so far, judged as a whole, worst first. A model is told once, also if a notebook led to it.

        `signed` as in `scan_path`.
        """
        return self.policy.decide(
            Report(
                source=self.source,
                verdict=Verdict.INCONCLUSIVE,
                refused=False,
                artifacts=self._rows().few(),
                imports=tuple(sorted(self._imports)),
                findings=tuple(sorted(dict.fromkeys(self._findings), key=lambda row: -row.severity)),
                skips=self._skips.few(),
                parts=self._parts.few(),
                cleared=tuple(self._cleared),
                failures=tuple(dict.fromkeys(self._failures)),
                policy=self.policy.word,
                digest=self.policy.digest if signed else "",
                size=self.size,
                milliseconds=round((time.perf_counter() - self.started) * 1000, 3),
                versions=versions(),
            )
        )


def scan_folder(folder: str | os.PathLike[str], policy: Policy, way: Way | None = None) -> Report:
    """Every file below `folder`, in one report."""
    merged = Merged(os.fspath(folder), policy)
    gather(merged, [os.fspath(folder)], way or Way())
    return merged.report()


def gather(merged: Merged, paths: Iterable[str], way: Way) -> None:
    """Scans files and folders into `merged`, which holds what was done when this is interrupted."""
    spelled, merged.overlap = _in_one_spelling(paths)
    merged.only = len(spelled) == 1
    for path in spelled:
        if not os.path.isdir(path):  # noqa: PTH112
            merged.add(scan_path(path, merged.policy, signed=False))
            continue
        from modelscan import cache

        rules = f"{merged.policy.digest} {version()}" if way.cached else ""
        with cache.opened(rules, way.cached) as kept:
            _folder(merged, path, kept, way)


def _in_one_spelling(paths: Iterable[str]) -> tuple[list[str], bool]:
    """The paths, those below another of them spelled as they are met there; and whether there are any."""
    given = list(paths)
    if len(given) < 2:
        return given, False
    whole = {absolute(path): path for path in reversed(given)}
    told, overlap = [], len(whole) < len(given)
    for path in given:
        place = absolute(path)
        outer = next(above for above in reversed([place, *_above(place)]) if above in whole)
        overlap |= outer != place
        below = place[len(outer.rstrip(os.sep)) :]
        told.append(whole[outer].rstrip(os.sep) + below if below else whole[outer])
    return told, overlap


def _above(path: str) -> Iterator[str]:
    while path != (path := os.path.dirname(path)):  # noqa: PTH120 - as they are spelled
        yield path


def _folder(merged: Merged, folder: str, kept: Cache, way: Way) -> None:
    from modelscan.cache import Stamp
    from modelscan.walk import walk

    entries, stamp = walk(folder, follow=way.follow), Stamp()
    held = list(islice(entries, HELD + 1))
    if len(held) > HELD and not kept.is_open:
        _scan_into(merged, folder, chain(held, entries), kept, way, None)
        return
    total = stamp.add(held) + sum(1 for _ in stamp.of(entries))
    known = kept.find(folder + os.sep, stamp.value)
    if known is not None:
        merged.add(known)
        return
    again = stamp
    if total > len(held):
        again = Stamp()
        entries = again.of(walk(folder, follow=way.follow))
    report = _scan_into(merged, folder, entries if total > len(held) else held, kept, way, total)
    if report is not None and again.value == stamp.value:
        kept.keep(folder + os.sep, stamp.value, report)


def _scan_into(
    merged: Merged, folder: str, entries: Iterable[Entry], kept: Cache, way: Way, total: int | None
) -> Report | None:
    """The report on the folder, if it can be kept as the answer for it; what was done of it, if it is interrupted."""
    mine, whole = Merged(folder, merged.policy), False
    try:
        whole = _scan(mine, entries, kept, way, total)
    finally:
        report = mine.report(signed=False)
        merged.add(report)
    return report if whole else None


def _scan(merged: Merged, entries: Iterable[Entry], kept: Cache, way: Way, total: int | None) -> bool:
    """Can what this adds to `merged` be kept as the answer for the folder?"""
    from modelscan.tally import Tally

    whole, tally = True, Tally()
    with Meter(merged.source, total or 0, "files", tally=tally) as meter:
        for entry, report, lasting in _scanned(merged.policy, entries, kept, way):
            whole &= lasting
            tally.add(_add(merged, entry, report))
            meter.inner = os.path.basename(entry.path)  # noqa: PTH119
            meter.next(1)
            way.progress(meter.done, total)
    return whole


def _add(merged: Merged, entry: Entry, report: Report | None) -> Report:
    """Adds what is known of an entry, and returns it."""
    known = _unread(entry) if report is None else report
    merged.add(known)
    return known


def _unread(entry: Entry) -> Report:
    report = Report(entry.path, Verdict.INCONCLUSIVE, refused=False)
    if entry.link:
        return replace(report, skips=(Skip(entry.path, entry.problem),))
    return replace(report, failures=(Failure(Where(entry.path), entry.code, entry.problem, unread=True),))


def _scanned(policy: Policy, entries: Iterable[Entry], kept: Cache, way: Way) -> Iterator[Outcome]:
    """Each entry with its report, if it is a file, in order; known ones from the cache, new ones into it."""
    known = ((entry, kept.find(entry.path, entry.stamp) if entry.stamp else None) for entry in entries)
    for entry, report, lasting, fresh in _read(policy, known, way.jobs, kept.is_open):
        if report is not None and fresh and lasting:
            kept.keep(entry.path, entry.stamp, report)
        yield entry, report, lasting


def _read(
    policy: Policy, known: Iterator[Known], jobs: int, kept: bool
) -> Iterator[tuple[Entry, Report | None, bool, bool]]:
    if jobs != 1:
        from modelscan.processes import read

        yield from read(policy, known, jobs or os.cpu_count() or 1)
        return
    for entry, report in known:
        if report is not None or not entry.stamp:
            yield entry, report, True, False
        elif kept:
            yield entry, *read_one(entry, policy), True
        else:
            yield entry, scan_path(entry.path, policy, signed=False), False, True


def read_one(entry: Entry, policy: Policy) -> tuple[Report, bool]:
    """The report on a file, and whether it holds for as long as the file is what the walk met."""
    from modelscan.cache import settled
    from modelscan.walk import stamp_of

    whole = settled(entry)
    report = scan_path(entry.path, policy, signed=False)
    try:
        return report, whole and report.alone and stamp_of(os.stat(entry.path)) == entry.stamp  # noqa: PTH116
    except OSError:
        return report, False
