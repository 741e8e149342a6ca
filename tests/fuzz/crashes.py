"""Damages ordinary files until loading one ends the process or never ends, and asserts that a scan refuses it.

    python -m tests.fuzz.crashes --cases 100000                  # each case has a seed of its own
    python -m tests.fuzz.crashes --seed 5 --cases 1 --kind torch
    python -m tests.fuzz.crashes --minutes 15 --kind "scipy csr" --shown

What is loaded is also freed, and with --shown turned into text first, as a notebook does. Needs a system with os.fork;
kinds are those of the packages that are installed. Where no seed is given it goes on where it was stopped, adds up what
ended how (--state), and looks again at what was let through. Prints the seed and the bytes of every case that ends the
process and is not refused, and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import io
import json
import mmap
import os
import pickle
import random
import signal
import struct
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import modelscan

from .damage import Opcode, damaged, opcodes
from .ordinary import archive, files

SECONDS = 5
"""Of one load."""
ROOM = 1 << 30
"""Bytes that loads may take on top of what the packages take."""
BLOCK = 2000
"""Cases of one child."""


class Hunt:
    def __init__(self, kinds: str, shown: bool) -> None:
        found = [(kind, opcodes(program), records) for kind, program, records in files(kinds)]
        if not found:
            sys.exit(f"there is no kind with {kinds!r} in its name, or its package is missing")
        self.files: list[tuple[str, list[Opcode], dict[str, bytes] | None]] = found
        self.shown = shown
        self.at = mmap.mmap(-1, 8)

    def case(self, seed: int) -> tuple[str, bytes]:
        chance = random.Random(seed)
        kind, program, records = chance.choice(self.files)
        changed = damaged(program, chance)
        return kind, changed if records is None else archive(changed, records)

    def ended(self, first: int, behind: int) -> tuple[int, int]:
        """The seed at which a child that loads one after the other ended, and how: 0 for all of them loaded.

        What ends a child only behind others is not told: they took the memory that it may have.
        """
        child = os.fork()
        if not child:
            try:
                self._load(first, behind)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        at = struct.unpack("q", self.at[:])[0] if code else behind
        if not code or behind == first + 1:
            return at, code
        _, alone = self.ended(at, at + 1)
        return (at, alone) if alone else (at + 1, 0)

    def _load(self, first: int, behind: int) -> None:
        _limit()
        for seed in range(first, behind):
            self.at[:] = struct.pack("q", seed)
            _, case = self.case(seed)
            signal.alarm(SECONDS)
            load(case, self.shown)
            signal.alarm(0)
        os._exit(0)


def load(case: bytes, shown: bool) -> None:
    try:
        if case.startswith(b"PK"):
            import torch

            value = torch.load(io.BytesIO(case), weights_only=False)
        else:
            value = pickle.loads(case)
        if shown:
            repr(value), str(value)
        del value
    except BaseException:  # an error is what should become of a damaged file
        return


def _limit() -> None:
    import resource

    taken = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE if Path("/proc").exists() else 0
    if taken:
        resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def refused(case: bytes) -> tuple[bool, str]:
    report = modelscan.scan(case)
    rules = ", ".join(sorted({finding.rule for finding in report.findings}))
    return report.verdict not in ("SAFE", "UNVERIFIED"), f"{report.verdict} {rules}"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.crashes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="the first seed, instead of the one to go on with")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--kind", default="", help="only kinds with this in their names")
    parser.add_argument("--shown", action="store_true", help="turn what was loaded into text as well")
    parser.add_argument("--state", type=Path, default=Path("build", "crashes.json"), help="what has been run so far")
    options = parser.parse_args()
    if not hasattr(os, "fork"):
        print("not on this system: a child that crashes is a fork of this process", flush=True)
        return 0
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a fork has none of the threads that it would wait for
    warnings.simplefilter("ignore")
    state = _state(options.state)
    state["holes"] = [row for row in state["holes"] if not refused(bytes.fromhex(row[1]))[0]]
    hunt = Hunt(options.kind, options.shown)
    seed = options.seed if options.seed is not None else int(state["next"])
    print(f"seeds from {seed} on, {len(hunt.files)} files to damage", flush=True)
    behind, until = seed + options.cases, time.monotonic() + options.minutes * 60
    while seed < behind and time.monotonic() < until:
        at, code = hunt.ended(seed, min(seed + BLOCK, behind))
        if code:
            kind, case = hunt.case(at)
            good, told = refused(case)
            key = f"{kind}: {signal.Signals(-code).name if code < 0 else code}: {told}"
            state["ended"][key] = state["ended"].get(key, 0) + 1
            if not good:
                print(f"HOLE seed {at}: {key}: {case.hex()}", flush=True)
                state["holes"].append([at, case.hex()])
            at += 1
        state["cases"] += at - seed
        seed = state["next"] = at
        options.state.parent.mkdir(parents=True, exist_ok=True)
        options.state.write_text(json.dumps(state, indent=1))
    print(f"{state['cases']:,} cases up to seed {seed}, {sum(state['ended'].values())} ended the process:", flush=True)
    for key, count in sorted(state["ended"].items()):
        print(f"{count:6} {key}")
    print(f"{len(state['holes'])} not refused", flush=True)
    return int(bool(state["holes"]))


def _state(path: Path) -> dict[str, Any]:
    new: dict[str, Any] = {"next": 0, "cases": 0, "ended": {}, "holes": []}
    return json.loads(path.read_text()) if path.exists() else new


if __name__ == "__main__":
    sys.exit(main())
