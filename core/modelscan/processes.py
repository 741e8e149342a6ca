"""Scanning in several processes. A process that dies takes no other file's report with it."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context

from modelscan.evidence import Where
from modelscan.folder import Known, read_one
from modelscan.policy import Policy
from modelscan.records import dataclass, field
from modelscan.report import Failure, Report, Verdict
from modelscan.walk import Entry

CHUNK = 16
"""Files that a process takes at a time."""
AHEAD = 4
"""Chunks a process may be ahead of what was asked for, so that memory does not grow with the number of files."""

Done = list[tuple[Report, bool]]
_policy = Policy()


@dataclass(slots=True)
class Chunk:
    """Entries in order. `todo` are those that no cache answers, `future` is where their reports will be."""

    known: list[Known]
    todo: list[Entry]
    future: Future[Done] = field(default_factory=Future)


class Pool:
    """Started anew when one of its processes died."""

    def __init__(self, policy: Policy, jobs: int) -> None:
        self.policy, self.jobs = policy, jobs
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")  # the same everywhere, and nothing of this process is in it
        self.executor = ProcessPoolExecutor(self.jobs, context, _begin, (self.policy,))

    def submit(self, chunk: Chunk) -> None:
        chunk.future = self.executor.submit(_read_all, chunk.todo)

    def restart(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)
        self._start()

    def close(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)


def read(policy: Policy, known: Iterator[Known], jobs: int) -> Iterator[tuple[Entry, Report | None, bool, bool]]:
    """Entry, report, whether it will last, whether it is fresh; in the order of `known`."""
    pool = Pool(policy, jobs)
    ahead: deque[Chunk] = deque()
    try:
        while True:
            while len(ahead) < jobs * AHEAD and (rows := list(islice(known, CHUNK))):
                ahead.append(Chunk(rows, [entry for entry, report in rows if report is None and entry.stamp]))
                pool.submit(ahead[-1])
            if not ahead:
                return
            chunk = ahead.popleft()
            try:
                done = chunk.future.result()
            except BrokenProcessPool:
                pool.restart()
                done = [_alone(entry, policy) for entry in chunk.todo]
                for waiting in ahead:
                    pool.submit(waiting)
            yield from _in_order(chunk, done)
    finally:
        pool.close()


def _in_order(chunk: Chunk, done: Done) -> Iterator[tuple[Entry, Report | None, bool, bool]]:
    fresh = iter(done)
    for entry, report in chunk.known:
        if report is not None or not entry.stamp:
            yield entry, report, True, False
        else:
            yield entry, *next(fresh), True


def _alone(entry: Entry, policy: Policy) -> tuple[Report, bool]:
    """A file out of a chunk that a process died of, in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, (policy,)) as executor:
        try:
            return executor.submit(_read_all, [entry]).result()[0]
        except BrokenProcessPool:
            failure = Failure(Where(entry.path), "internal", "the process that read it died", unread=True)
            return policy.decide(Report(entry.path, Verdict.INCONCLUSIVE, refused=False, failures=(failure,))), False


def _begin(policy: Policy) -> None:
    global _policy  # noqa: PLW0603 - one per worker process
    _policy = policy
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process tells what was interrupted


def _read_all(entries: list[Entry]) -> Done:
    return [read_one(entry, _policy) for entry in entries]
