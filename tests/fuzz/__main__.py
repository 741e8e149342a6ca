"""For any bytes: every global that a real unpickler asks for is among the imports, or the report refuses.

    python -m tests.fuzz --cases 1000000                      # each seed stands for 1,000 cases
    python -m tests.fuzz --cases 5000 --seed 7 --python python3.8 --python python3.13

Every interpreter that is named unpickles each case; without a name, this one and whatever python3.8 to python3.14 is on
the path or kept by pyenv. Where no seed is given it goes on where it was stopped, adds up what has been run (--state),
and looks again at what was missed. Prints the seed and the bytes of every counterexample, and exits with 1 if there is
one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .blocks import BLOCK, check, eager, interpreters, merged, oracle, run


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="the first seed, instead of the one to go on with")
    parser.add_argument("--python", action="append", help="an interpreter that unpickles; may be given several times")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--state", type=Path, default=Path("build", "fuzz.json"), help="what has been run so far")
    options = parser.parse_args()
    pythons = interpreters(options.python or ())
    state = _state(options.state)
    state["missed"] = [row for row in state["missed"] if _is_missed(bytes.fromhex(row[1]), tuple(pythons.values()))]
    first = options.seed if options.seed is not None else int(state["next"])
    print(f"seeds from {first} on, unpickled by {', '.join(pythons)}", flush=True)
    started = time.monotonic()
    for seed in range(first, first + -(-options.cases // BLOCK)):
        outcome = run(seed, tuple(pythons.values()))
        for case in outcome.missed:
            answers = {name: oracle([case], python)[0] for name, python in pythons.items()}
            print(f"MISSED seed {seed}: {case!r} {answers}", flush=True)
        state["next"] = seed + 1
        _add(state, "counts", outcome.counts)
        _add(state, "survived", {name: outcome.survived[python] for name, python in pythons.items()})
        _add(state, "cases", dict.fromkeys(pythons, BLOCK))
        state["missed"] += [[seed, case.hex()] for case in outcome.missed]
        options.state.parent.mkdir(parents=True, exist_ok=True)
        options.state.write_text(json.dumps(state, indent=1))
        over = time.monotonic() - started > options.minutes * 60
        if (seed + 1) % 20 == 0 or over:
            rate = (seed + 1 - first) * BLOCK / (time.monotonic() - started)
            print(f"seed {seed}: {rate:,.0f} cases/s; since the first run {_told(state)}", flush=True)
        if over:
            break
    print(_told(state), flush=True)
    return int(bool(state["missed"]))


def _state(path: Path) -> dict[str, Any]:
    new: dict[str, Any] = {"next": 0, "counts": {}, "cases": {}, "survived": {}, "missed": []}
    return json.loads(path.read_text()) if path.exists() else new


def _is_missed(case: bytes, pythons: Sequence[str]) -> bool:
    """Still? What was missed in a run before this one may have been mended."""
    asked = merged(oracle([case], python)[0][0] for python in pythons)
    with eager():
        return check(case, asked).startswith("MISSED")


def _add(state: dict[str, Any], key: str, more: dict[str, int]) -> None:
    state[key] = dict(Counter(state[key]) + Counter(more))


def _told(state: dict[str, Any]) -> str:
    per = ", ".join(f"{name}: {count:,}" for name, count in state["cases"].items())
    return f"{per}; {state['counts']}, {len(state['missed'])} missed"


if __name__ == "__main__":
    sys.exit(main())
