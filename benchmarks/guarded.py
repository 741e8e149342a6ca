"""python -m benchmarks.guarded [--scale 0.1] [--pairs 20] [NAME …]: loads with the guard against loads without it.

Each load has a process of its own. The guard is put in place outside of what is timed; a guarded load is scan and load
together.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import gc
import mmap
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import modelscan
from benchmarks.pairs import compare, machine
from benchmarks.workloads import WORKLOADS, Write, written
from modelscan import guard

Load = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Row:
    """`other` is what a guarded `load` is held against, without the guard."""

    name: str
    against: str
    write: Write
    load: Load
    other: Load
    goal: float | None = None


def paused(load: Load) -> Load:
    """The same load with Python's garbage collector standing still."""

    def run(path: Path) -> object:
        gc.disable()
        try:
            return load(path)
        finally:
            gc.enable()

    return run


def unpickle(path: Path) -> object:
    with path.open("rb") as file:
        return pickle.load(file)


def from_a_map(path: Path) -> object:
    """The least that reading can cost: the unpickler copies nothing but what becomes an object."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return pickle.loads(data)


def weights_only(path: Path) -> object:
    import torch

    return torch.load(path, weights_only=True)


def small(value: object) -> Write:
    return lambda path, _: _write(path, value)


def _write(path: Path, value: object) -> None:
    path.write_bytes(pickle.dumps(value))


def many_loads(path: Path) -> object:
    data = path.read_bytes()
    for _ in range(SMALL):
        pickle.loads(data)
    return None


SMALL = 20_000
"""Calls of one timing of `many_loads`."""
NAMES = [datetime.date(2020, 1, 2), decimal.Decimal("1.5")]


def records(protocol: int) -> Write:
    """Dictionaries that hold a list each: 21 opcodes and 76 or 54 bytes, as those with which the goal was set.

    One that holds plain values alone is no business of the collector's.
    """

    def write(path: Path, scale: float) -> None:
        rows = [_record(n) for n in range(int(1e6 * scale))]
        path.write_bytes(pickle.dumps(rows, protocol))

    return write


def _record(n: int) -> dict[str, object]:
    return {"id": n, "name": f"row {n}", "tags": ["a", f"t{n % 1000}"], "score": n / 3, "ok": n % 2 == 0}


_BY_NAME = {workload.name: workload for workload in WORKLOADS}


def _rows() -> Iterator[Row]:
    for protocol in (2, 4):
        name, write = f"1M dicts with lists, protocol {protocol}", records(protocol)
        yield Row(name, "bare", write, unpickle, unpickle, 0.60)
        yield Row(name, "bare, collector paused", write, unpickle, paused(unpickle))
    for name, goal in GOALS.items():
        workload = _BY_NAME[name]
        yield Row(name, "bare", workload.write, workload.load, workload.load, goal)
        if "dicts" in name:
            yield Row(name, "bare, collector paused", workload.write, workload.load, paused(workload.load))
        if workload.load is WORKLOADS[0].load:
            yield Row(name, "bare, out of a map", workload.write, workload.load, from_a_map)
    tensors = _BY_NAME["torch zip, 20,000 tensors"]
    yield Row(tensors.name, "weights_only", tensors.write, tensors.load, weights_only, 0.70)
    yield Row(f"{SMALL:,} x loads, small dict", "bare", small({"a": 1, "b": [2, 3]}), many_loads, many_loads)
    yield Row(f"{SMALL:,} x loads, two names", "bare", small(NAMES), many_loads, many_loads)


GOALS = {
    "1M dicts, protocol 2": 1.25,
    "1M dicts, protocol 4": 1.25,
    "DataFrame 1M x 5 strings": 1.72,
    "forest of 200 trees, pickle": 1.07,
    "torch zip, 20,000 tensors": 1.04,
}
"""The ratio to reach: 1.0 + 0.85 x the goal of scan / load, where there is none of its own."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guarded", description=__doc__)
    parser.add_argument("--scale", type=float, default=0.2, help="size of the workloads; 1.0 is what their names say")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("names", nargs="*", help="parts of workload names; all of them if none is given")
    options = parser.parse_args()
    print(f"{machine()}; scale {options.scale:g}; CPU seconds, median of {options.pairs} interleaved pairs\n")
    print(
        f"{'guarded load':<32}{'against':<26}{'guarded':>11} {'other':>11}   {'ratio':>7}  (lowest to highest)   goal"
    )
    with tempfile.TemporaryDirectory() as folder:
        for row in _rows():
            if options.names and not any(name in f"{row.name}, {row.against}" for name in options.names):
                continue
            path, small_file = written(row.write, Path(folder), options.scale)
            modelscan.scan(path)  # compiles what a small file does not need
            ratio = compare(row.load, row.other, path, small_file, options.pairs, (guard.install, lambda: None))
            goal = f"<= {row.goal:g}" if row.goal is not None else _each(ratio.first - ratio.second, row)
            print(f"{row.name:<32}{row.against:<26}{ratio}  {goal}")


def _each(seconds: float, row: Row) -> str:
    """Microseconds that the guard adds to one small call."""
    return f"{seconds / SMALL * 1e6:+.1f} us a call (goal <= 20)" if row.load is many_loads else ""


if __name__ == "__main__":
    main()
