"""A block of cases, given to real unpicklers and to a scan, and what they say held against each other.

Two things are held: every global that an unpickler asks for is among the imports of the report, and every one that it
calls or writes into is the callee of a fact about an act; or the report refuses.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from modelscan.evidence import Kind
from modelscan.pickles import batches, machine, repeats, rows
from modelscan.pickles.meaning import MEANINGS
from modelscan.policy import Policy
from modelscan.scanner import examine, judge
from modelscan.source.artifact import Artifact

from .oracle import EXTENSIONS
from .streams import LEGACY, Generator

BLOCK = 1000
"""Cases of one seed."""
PICKLES = 8
SECONDS = 300
"""For one child before it counts as hung: its own clock ends it after some seconds of one case."""
READINGS = "bfpm"
"""Bytes and a stream, a file on a disk, pickle.py, `pickle.loads` of memory."""
JOBLIB = "j"
"""joblib, where it is installed."""
ACTS = frozenset({Kind.CALL, Kind.CONSTRUCT, Kind.STATE, Kind.FILL, Kind.MUTATE})

EAGER = {
    (machine, "SOON"): 0,
    (machine, "LATE"): 0,
    (batches, "SMALLEST"): 0,
    (rows, "FIRST"): 0,
    (rows, "LATER"): 0,
    (rows, "RECENT"): 16,
    (repeats, "FIRST"): 1,
    (repeats, "ROWS"): 1,
}
"""What is read many at a time is so from the first byte on, however little it is."""

Asked = dict[tuple[str, str], bool]
"""Names that were asked for, and whether something was done to them."""


@dataclass
class Outcome:
    """Of the cases of one seed."""

    counts: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    """Cases that an interpreter read to their end, per interpreter."""
    missed: list[bytes] = field(default_factory=list)


def run(seed: int, pythons: Sequence[str] = (sys.executable,), cases: int = BLOCK) -> Outcome:
    """The cases of a seed."""
    generator = Generator(seed)
    blocks = [generator.case() for _ in range(cases)]
    outcome = Outcome()
    answers = {
        python: oracle(
            blocks, python, [readings(case, place, len(pythons), number) for number, case in enumerate(blocks)]
        )
        for place, python in enumerate(pythons)
    }
    for python, given in answers.items():
        outcome.survived[python] += sum(survived for _, survived in given)
    with eager():
        for number, case in enumerate(blocks):
            asked = merged(given[number][0] for given in answers.values())
            said = check(case, asked)
            outcome.counts[said] += 1
            outcome.counts["names"] += len(asked)
            outcome.missed += [case] if said.startswith("MISSED") else []
    return outcome


@contextlib.contextmanager
def eager() -> Iterator[None]:
    with ExitStack() as stack:
        for (module, name), value in EAGER.items():
            stack.enter_context(mock.patch.object(module, name, value))
        yield


def check(data: bytes, asked: Asked) -> str:
    """ "exact", "refused", "MISSED NAME", or "MISSED ACT"."""
    artifact, policy = Artifact.of_bytes("case", data), _policy()
    found = examine(artifact, policy)
    report = judge(artifact, found, policy, started=time.perf_counter())
    if not found.scanned:  # taken for no pickle: an EXT opcode stands in one of a hundred bytes of anything
        asked = {name: acted for name, acted in asked.items() if name not in EXTENSIONS.values()}
    if report.refused:
        exact = {f"{module}.{name}" for module, name in asked} <= set(report.imports)
        return "exact" if exact else "refused"
    if not {f"{module}.{name}" for module, name in asked} <= set(report.imports):
        return "MISSED NAME"
    told = {str(fact.detail.get("callee")) for fact in found.evidence if fact.kind in ACTS} | MEANINGS.keys()
    acted = {f"{module}:{name}" for (module, name), acted in asked.items() if acted}
    return "exact" if acted <= told else "MISSED ACT"


@functools.cache
def _policy() -> Policy:
    return Policy()


def merged(answers: Iterator[Asked]) -> Asked:
    """What one unpickler or another did."""
    found: Asked = {}
    for asked in answers:
        for name, acted in asked.items():
            found[name] = found.get(name, False) or acted
    return found


def readings(case: bytes, place: int = 0, of: int = 1, number: int = 0) -> str:
    """How an interpreter reads a case: in every way if there is one, else in two, so that all together do in every way.

    Of `of` interpreters this one has number `place`.
    """
    first = number + place * (2 if of == 2 else 1)
    chosen = "".join(READINGS[(first + more) % len(READINGS)] for more in range(len(READINGS) if of == 1 else 2))
    return chosen + JOBLIB * (b"joblib" in case)


def oracle(
    cases: Sequence[bytes], python: str = sys.executable, ways: Sequence[str] | None = None
) -> list[tuple[Asked, bool]]:
    """Names asked for, per case, and whether the unpickler survived the case; if not, they are those until then.

    `ways` of reading, per case.
    """
    ways = [readings(case) for case in cases] if ways is None else ways
    lines = [f"{way} {_pickles(case)} {case.hex()}\n" for way, case in zip(ways, cases, strict=True)]
    answers: list[tuple[Asked, bool]] = []
    while len(answers) < len(cases):
        answers += [(_asked(json.loads(line)), True) for line in _child(lines[len(answers) :], python)]
        if len(answers) < len(cases):
            dead = _child([lines[len(answers)]], python, "--flush")
            answers.append((_asked([json.loads(line) for line in dead]), False))
    return answers


def _asked(rows: list[list[str | bool]]) -> Asked:
    asked: Asked = {}
    for module, name, acted in rows:
        asked[str(module), str(name)] = asked.get((str(module), str(name)), False) or bool(acted)
    return asked


def _pickles(case: bytes) -> int:
    """What a loader reads of it: behind torch's five pickles stand the numbers."""
    return len(LEGACY) if case.startswith(LEGACY[0]) else PICKLES


def _child(cases: Sequence[str], python: str, *options: str) -> list[str]:
    """The whole lines that a child answers with."""
    script = str(Path(__file__).with_name("oracle.py"))
    text = "".join(cases).encode()
    try:
        done = subprocess.run(
            [python, "-I", script, *options], input=text, capture_output=True, timeout=SECONDS, check=False
        )
        out = done.stdout
    except subprocess.TimeoutExpired as hung:
        out = hung.stdout or b""
    return out.decode().split("\n")[:-1]


def interpreters(names: Sequence[str] = ()) -> dict[str, str]:
    """Programs by version: those named; else this one, and what other Python from 3.8 on is on the path or pyenv's."""
    others = filter(None, (shutil.which(f"python3.{minor}") for minor in range(8, 15)))
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = [str(one) for minor in range(8, 15) for one in sorted(root.glob(f"versions/3.{minor}.*/bin/python3"))]
    found: dict[str, str] = {}
    for name in names or (sys.executable, *others, *kept):
        code = "import sys; print(sys.version.split()[0]); print(sys.executable)"
        told = subprocess.run([name, "-c", code], capture_output=True, text=True, check=False).stdout.splitlines()
        if len(told) == 2:
            found.setdefault(*told)
    return found
