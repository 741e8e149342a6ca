"""python -m benchmarks.pools [--pairs 20] [--floor] [NAME …]: pools, loaders of data and copies, guarded and bare.

Two pools of a kind live side by side, one begun under the guard and one without; each is given the same work in turn.
Figures are CPU seconds of this process and of the workers, each of which says with a result what it has used so far.

`--floor` times what one task of a `ProcessPoolExecutor` sends through a pipe and back, in processes of their own: bare,
with an audit hook that merely returns, and with the guard.
"""

from __future__ import annotations

import argparse
import copy
import functools
import gc
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import _CallItem, _process_chunk, _ResultItem  # type: ignore[attr-defined]
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.pairs import machine
from modelscan import guard

TASKS = [{"n": n, "array": np.arange(500.0)} for n in range(1000)]
Used = tuple[int, float]
"""A process, and the CPU seconds that it has used."""
Work = Callable[[], Iterable[Used]]


def work(task: dict[str, Any]) -> dict[str, Any]:
    """As little as a task can be: what is timed is the way there and back."""
    return {"n": task["n"], "sum": task["array"] * 2, "used": (os.getpid(), time.process_time())}


def _used(results: Iterable[dict[str, Any]]) -> list[Used]:
    return [result["used"] for result in results]


def _joblib(backend: str) -> Callable[[ExitStack], Work]:
    def begin(stack: ExitStack) -> Work:
        from joblib import Parallel, delayed

        parallel = stack.enter_context(Parallel(n_jobs=2, backend=backend))
        return lambda: _used(parallel(delayed(work)(task) for task in TASKS))

    return begin


def _pool(method: str) -> Callable[[ExitStack], Work]:
    def begin(stack: ExitStack) -> Work:
        pool = stack.enter_context(multiprocessing.get_context(method).Pool(2))
        return lambda: _used(pool.map(work, TASKS, chunksize=10))

    return begin


def _executor(method: str) -> Callable[[ExitStack], Work]:
    def begin(stack: ExitStack) -> Work:
        pool = stack.enter_context(ProcessPoolExecutor(2, multiprocessing.get_context(method)))
        return lambda: _used(pool.map(work, TASKS))

    return begin


class Rows:
    """A data set, as torch asks for one."""

    def __len__(self) -> int:
        return len(TASKS)

    def __getitem__(self, index: int) -> Any:
        return work(TASKS[index])


def _data_loader(_: ExitStack) -> Work:
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(Rows(), batch_size=10, num_workers=2, persistent_workers=True)  # type: ignore[arg-type]

    def run() -> Iterable[Used]:
        for batch in loader:
            yield from zip(*(values.tolist() for values in batch["used"]), strict=True)

    return run


def _dask(stack: ExitStack) -> Work:
    import dask

    pool = stack.enter_context(ProcessPoolExecutor(2, multiprocessing.get_context("spawn")))
    tasks = [dask.delayed(work)(task) for task in TASKS[:200]]
    return lambda: _used(dask.compute(*tasks, scheduler="processes", pool=pool))


def _copies(_: ExitStack) -> Work:
    def run() -> Iterable[Used]:
        for _ in range(4):
            copy.deepcopy(TASKS)
        return ()

    return run


ROWS: dict[str, Callable[[ExitStack], Work]] = {
    "joblib.Parallel, loky": _joblib("loky"),
    "joblib.Parallel, threading": _joblib("threading"),
    "joblib.Parallel, multiprocessing": _joblib("multiprocessing"),
    "Pool, fork": _pool("fork"),
    "Pool, spawn": _pool("spawn"),
    "ProcessPoolExecutor, fork": _executor("fork"),
    "ProcessPoolExecutor, spawn": _executor("spawn"),
    "DataLoader, 2 workers": _data_loader,
    "dask, processes": _dask,
    "copy.deepcopy": _copies,
}


class Timed:
    """The same work again and again, in the same processes."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.before: dict[int, float] = {}
        self.seconds()

    def seconds(self) -> float:
        """CPU seconds of one more round, those of a worker up to its last result."""
        gc.collect()
        started = time.process_time()
        used = list(self.work())
        spent = time.process_time() - started
        now = {process: max(seconds for other, seconds in used if other == process) for process, _ in used}
        now.pop(os.getpid(), None)
        spent += sum(seconds - self.before.get(process, seconds) for process, seconds in now.items())
        self.before |= now
        return spent


def compared(begin: Callable[[ExitStack], Work], pairs: int) -> Iterator[tuple[float, float]]:
    """CPU seconds with the guard and without it, in turn."""
    with ExitStack() as guarded, ExitStack() as bare:
        other = Timed(begin(bare))
        guard.install()
        one = Timed(begin(guarded))
        for _ in range(pairs):
            guard.install()
            first = one.seconds()
            guard.uninstall()
            yield first, other.seconds()


MESSAGES = 3000
"""Tasks of one timing of `way`, each with its result."""


def way(mode: str) -> float:
    """CPU microseconds that a task and its result take through a pipe, in a process that is not used for another mode.

    An audit hook stays for as long as its process.
    """
    if mode == "guard":
        guard.install()
    elif mode == "hook":
        sys.addaudithook(lambda *_: None)
    task = _CallItem(1, functools.partial(_process_chunk, work), ((TASKS[0],),), {})
    result = _ResultItem(1, result=[work(TASKS[0])])
    there, here = multiprocessing.Pipe(duplex=False)
    with there, here:
        return min(_sent(here, there, (task, result)) for _ in range(5))


def _sent(here: Connection, there: Connection, messages: tuple[object, ...]) -> float:
    started = time.process_time()
    for _ in range(MESSAGES):
        for message in messages:
            here.send(message)
            there.recv()
    return (time.process_time() - started) / MESSAGES * 1e6


def floor(rounds: int) -> None:
    """Prints medians of the three, taken in turn."""
    took: dict[str, list[float]] = {"bare": [], "hook": [], "guard": []}
    for _ in range(rounds):
        for mode, times in took.items():
            program = f"from benchmarks.pools import way; print(way({mode!r}))"
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
            times.append(float(done.stdout))
    for mode, times in took.items():
        more = statistics.median(one - bare for one, bare in zip(times, took["bare"], strict=True))
        print(f"{mode:<10}{statistics.median(times):7.1f} us a task  {more:+6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--floor", action="store_true", help="what a hook alone costs the way there and back")
    parser.add_argument("names", nargs="*", help="parts of row names; all of them if none is given")
    options = parser.parse_args()
    if options.floor:
        print(f"{machine()}; CPU, medians of {options.pairs} rounds\n")
        floor(options.pairs)
        return
    print(f"{machine()}; CPU seconds, medians of {options.pairs} interleaved pairs\n")
    print(f"{'work':<34}{'guarded':>9}{'bare':>9}    ratio  (middle half of the pairs)")
    for name, begin in ROWS.items():
        if options.names and not any(part in name for part in options.names):
            continue
        pairs = [*compared(begin, options.pairs)]
        one, other = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        low, middle, high = statistics.quantiles([first / second for first, second in pairs], n=4)
        print(f"{name:<34}{one:9.4f}{other:9.4f}{middle:9.3f}  ({low:.2f} to {high:.2f})", flush=True)


if __name__ == "__main__":
    main()
