"""python -m benchmarks.commands [--peer PROGRAM]: whole processes, against the fastest public scanner in the same run.

The peer is `picklescan`, installed anywhere; without it only our own figures are printed. CPU seconds of a process
and its children, by interleaved pairs.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import os
import pickle
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pairs import machine

FILES, FOLDERS = 2_000, 41
FEW, MANY = 10_000, 40_000
"""Files of the two scans whose memory is compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """`write` makes what is scanned, `goal` is the ratio to the peer to reach, where there is one."""

    name: str
    write: Callable[[Path], object]
    goal: float | None = None


def checkpoint(path: Path) -> None:
    import torch

    torch.save({f"layer.{n}.weight": torch.zeros(3_200_000) for n in range(16)}, path)


def plain(number: int, rows: int) -> object:
    return [(n, f"row {n} of {number}") for n in range(rows)]


def numbers(number: int, rows: int) -> object:
    return [number / (n + 3) for n in range(rows)]


def array(number: int, rows: int) -> object:
    import numpy as np

    return [np.random.default_rng(number).random(500), plain(number, rows)]


def tree(rows: int, make: Callable[[int, int], object] = plain) -> Callable[[Path], None]:
    """Small pickles in several folders."""

    def write(path: Path) -> None:
        for number in range(FILES):
            folder = path / f"folder{number % FOLDERS:02}"
            folder.mkdir(parents=True, exist_ok=True)
            data = {"id": number, "rows": make(number, rows)}
            (folder / f"model{number:04}.pkl").write_bytes(pickle.dumps(data, 4))

    return write


def estimators(path: Path) -> None:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    path.mkdir()
    for number in range(FILES):
        data = np.random.default_rng(number).random((20, 5))
        model = LogisticRegression().fit(data, data[:, 0] > 0.5)
        (path / f"model{number:04}.pkl").write_bytes(pickle.dumps(model))


def dense(name: str, scale: float) -> Callable[[Path], None]:
    """One of the workloads that a scan is held against its load on."""

    def write(path: Path) -> None:
        from benchmarks.workloads import WORKLOADS

        path.mkdir()
        next(one for one in WORKLOADS if one.name == name).write(path / "model.pkl", scale)

    return write


ROWS = (
    Row("1M dicts, protocol 4", dense("1M dicts, protocol 4", 1.0), 0.04),
    Row("DataFrame 1M x 5 strings", dense("DataFrame 1M x 5 strings", 1.0), 0.04),
    Row("torch zip, 16 tensors, 200 MB", checkpoint, 0.5),
    Row("2,000 files, 10 MB of rows", tree(240), 0.4),
    Row("2,000 files, 10 MB of numbers", tree(550, numbers), 0.4),
    Row("2,000 files of some 100 opcodes", tree(20)),
    Row("2,000 files of rows and an array", tree(50, array)),
    Row("2,000 fitted estimators", estimators),
)


@functools.cache
def surroundings() -> tuple[dict[str, str], str]:
    """Variables and working folder of both programs: as a user has them, and nothing set or kept.

    With PYTHONDONTWRITEBYTECODE, say, every start would compile what it imports.
    """
    empty = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, empty, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "MODELSCAN_HOME": str(Path(empty, "home"))}, empty


def cpu(*command: str) -> float:
    """Of a child process, whatever it says and however it ends."""
    variables, folder = surroundings()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables, cwd=folder
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def against(program: list[str], peer: str | None, row: Row, pairs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "models")
        row.write(path)
        ours = (*program, "-p", str(path), "--no-cache")
        theirs = (peer, "-p", str(path)) if peer else ()
        cpu(*ours)
        found = [(cpu(*ours), cpu(*theirs) if theirs else float("nan")) for _ in range(pairs)]
    ratios = sorted(one / other for one, other in found)
    medians = [statistics.median(column) for column in zip(*found, strict=True)]
    spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f}, n={pairs})"
    shown = f"{medians[0]:9.3f} s {medians[1]:9.3f} s   {statistics.median(ratios):7.2f}  {spread}"
    return f"{row.name:<36}{shown}" + ("" if row.goal is None else f"  <= {row.goal:g}")


def again(pairs: int) -> str:
    """An unchanged folder in this process, wall time: what a notebook waits for."""
    import modelscan

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        os.environ["MODELSCAN_HOME"] = home
        tree(20)(Path(folder))
        modelscan.scan(folder)
        times, used = [], []
        for _ in range(pairs * 4):
            started, before = time.perf_counter(), time.process_time()
            modelscan.scan(folder)
            times.append((time.perf_counter() - started) * 1000)
            used.append((time.process_time() - before) * 1000)
    about = f"lowest {min(times):.1f}; CPU {statistics.median(used):.1f}, lowest {min(used):.1f}"
    return f"{'2,000 files, unchanged':<36}{statistics.median(times):9.1f} ms ({about})  <= 15 ms"


def start(program: list[str], pairs: int) -> str:
    """Over bare Python."""
    found = [(cpu(sys.executable, "-c", "import modelscan"), cpu(sys.executable, "-c", "pass")) for _ in range(pairs)]
    over = statistics.median(one - other for one, other in found) * 1000
    version = statistics.median(cpu(*program, "--version") for _ in range(pairs))
    return f"{'import modelscan':<36}{over:9.1f} ms  <= 30 ms\n{'modelscan --version':<36}{version:9.3f} s   <= 0.1 s"


FLOOR = {
    "bare Python": "pass",
    "with re, enum, typing": "import re, enum, typing",
    "with click": "import click",
    "with dataclasses": "import dataclasses",
}
"""What a Python program that does nothing costs, before any of ours is imported."""


def floor(program: list[str], peer: str | None, pairs: int) -> str:
    """What is left to win of a small scan, in turn with what the peer takes for it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pkl")
        path.write_bytes(pickle.dumps([1, 2]))
        python = shutil.which("python", path=str(Path(program[0]).parent)) or sys.executable
        calls: dict[str, tuple[str, ...]] = {name: (python, "-c", code) for name, code in FLOOR.items()}
        calls["scan of a file of 10 bytes"] = (*program, "-p", str(path), "--no-cache")
        if peer:
            calls["the same by the peer"] = (peer, "-p", str(path))
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(pairs + 1):
            for name, call in calls.items():
                found[name].append(cpu(*call))
    rows = {name: statistics.median(times[1:]) * 1000 for name, times in found.items()}
    last = rows.get("the same by the peer", float("nan"))
    return "\n".join(f"{name:<36}{time:9.1f} ms   {time / last:7.2f}" for name, time in rows.items())


_PEAK = """
import os, resource, sys
from modelscan.cli import main
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
try:
    main(sys.argv[1:])
except SystemExit:
    pass
os.write(out, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss).encode())
"""


def memory() -> str:
    """Peak resident memory of a scan by the number of files, each of some ten bytes."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        peaks: dict[str, list[int]] = {form: [] for form in ("console", "json")}
        for count in FEW, MANY:
            below = Path(folder, str(count))
            for number in range(count):
                place = below / f"folder{number // 1000:03}"
                place.mkdir(parents=True, exist_ok=True)
                (place / f"model{number:06}.pkl").write_bytes(b"\x80\x04]\x94(K\x01K\x02e.")
            for form, found in peaks.items():
                words = [sys.executable, "-c", _PEAK, str(below), "--no-cache", "-r", form]
                found.append(int(subprocess.run(words, check=True, capture_output=True).stdout))
    for form, (few, many) in peaks.items():
        each = (many - few) * 1024 / (MANY - FEW)
        name, before = f"{MANY:,} files, -r {form}", f"{few / 1024:.1f} at {FEW:,}"
        rows.append(f"{name:<36}{many / 1024:9.1f} MB  {before}; {each:,.0f} bytes a file")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commands", description=__doc__)
    parser.add_argument("--peer", default=shutil.which("picklescan"), help="the program picklescan")
    parser.add_argument("--ours", default=f"{sys.executable} -m modelscan", help="how modelscan is called")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument(
        "--floor", action="store_true", help="instead: what is left to win of a small scan, and the memory"
    )
    parser.add_argument("names", nargs="*", help="parts of the names of rows; all of them if none is given")
    options = parser.parse_args()
    if options.floor:
        # First, since a child's peak is never below what its parent had when it began.
        print(f"{machine()}; peak memory, then CPU of whole processes, median of {options.pairs}\n\n{memory()}\n")
        print(floor(shlex.split(options.ours), options.peer, options.pairs), flush=True)
        return
    print(f"{machine()}; CPU seconds of whole processes, median of {options.pairs} interleaved pairs\n")
    print(f"{'':<36}{'modelscan':>11} {'picklescan':>11}   {'ratio':>7}  (lowest to highest)  goal")
    wanted = [row for row in ROWS if not options.names or any(part in row.name for part in options.names)]
    for row in wanted:
        print(against(shlex.split(options.ours), options.peer, row, options.pairs), flush=True)
    if options.names:
        return
    print(again(options.pairs), flush=True)
    print(start(shlex.split(options.ours), options.pairs), flush=True)


if __name__ == "__main__":
    main()
