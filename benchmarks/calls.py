"""python -m benchmarks.calls [--pairs 20] [--calls 5000]: what the guard adds to one small call, and to one name.

An audit hook stays in its process for good, so each figure is taken in a process of its own, guarded and bare in turn.
"""

from __future__ import annotations

import argparse
import builtins
import collections
import datetime
import decimal
import io
import json
import pickle
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping

from benchmarks.pairs import machine

NAMES = [kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, Exception)]
"""Each is one name in a pickle, and nothing else."""
TWO = [datetime.date(2020, 1, 2), decimal.Decimal("1.5")]
FIVE = [*TWO, datetime.timedelta(1), uuid.UUID(int=7), collections.OrderedDict(a=1)]


class Point:
    """A class of the user's own."""

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y


SMALL: Mapping[str, object] = {
    "small dict": {"a": 1, "b": [2, 3]},
    "an object of one's own": Point(1.5, 2.5),
    "two names": TWO,
    "five names": FIVE,
}
IN_SCOPE, WHOLE = "a name, in scope", "a name, in all"


def _runner() -> Callable[[bytes], object]:
    """Installs the guard; unpickles in the scope of a load, past what comes before one."""
    from modelscan import guard
    from modelscan.guard.scope import Scope
    from modelscan.guard.scope import run as run_in_scope

    guard.install()
    original = pickle.loads.__wrapped__  # type: ignore[attr-defined]
    names = frozenset(("builtins", kind.__name__) for kind in NAMES)

    def run(data: bytes) -> object:
        return run_in_scope(Scope(names), original, (data,), {})

    return run


def figures(guarded: bool, calls: int) -> Iterator[tuple[str, float]]:
    """Microseconds a call, by row, in this process."""
    data = {name: pickle.dumps(value) for name, value in SMALL.items()}
    many = pickle.dumps(NAMES)
    run = _runner() if guarded else pickle.loads
    for name, raw in data.items():
        yield name, timed(lambda raw=raw: pickle.loads(raw), calls)
    yield "two names, of a file object", timed(lambda: pickle.load(io.BytesIO(data["two names"])), calls)
    few = max(calls // 20, 1)
    yield IN_SCOPE, timed(lambda: run(many), few) / len(NAMES)
    yield WHOLE, timed(lambda: pickle.loads(many), few) / len(NAMES)


def timed(call: Callable[[], object], calls: int) -> float:
    """Microseconds of CPU a call; the first one is not counted."""
    call()
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls * 1e6


def child(kind: str, calls: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.calls", "--child", kind, "--calls", str(calls)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--calls", type=int, default=5000, help="of one timing")
    parser.add_argument("--child", choices=("guarded", "bare"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(dict(figures(options.child == "guarded", options.calls))))
        return
    print(f"{machine()}; microseconds of CPU a call, medians of {options.pairs} interleaved pairs of processes\n")
    print(f"{'pickle.loads of':<30}{'guarded':>9}{'bare':>9}{'more':>9}  (lowest to highest)   goal")
    pairs = [(child("guarded", options.calls), child("bare", options.calls)) for _ in range(options.pairs)]
    for name in pairs[0][0]:
        more = sorted(one[name] - other[name] for one, other in pairs)
        one, other = (statistics.median(pair[side][name] for pair in pairs) for side in (0, 1))
        goal = 1 if name in (IN_SCOPE, WHOLE) else 20
        spread = f"({more[0]:.2f} to {more[-1]:.2f})"
        print(f"{name:<30}{one:9.2f}{other:9.2f}{statistics.median(more):+9.2f}  {spread:<20}  <= {goal}")


if __name__ == "__main__":
    main()
