"""For any bytes: every global that a real unpickler asks for is among the imports, or the report refuses.

    python -m tests.pickles.fuzz --cases 1000000                 # each seed stands for 1,000 cases
    python -m tests.pickles.fuzz --cases 5000 --seed 7 --python python3.8 --python python3.13

Every interpreter that is named unpickles each case; without a name, this one and whatever python3.8 to python3.14 is on
the path. Where no seed is given it goes on where it was stopped (build/fuzz.seed). Prints the seed and the bytes of
every counterexample, and exits with 1 if there was one.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import json
import pickle
import random
import shutil
import struct
import subprocess
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import modelscan
from modelscan.pickles import batches, machine, repeats, rows
from modelscan.pickles.opcodes import COUNTED, LINES, OPERANDS, Op

BLOCK = 1000
"""Cases of one seed."""
SECONDS = 20
"""For one block of the oracle before it counts as hung."""

STATE = Path("build", "fuzz.seed")
"""The seed to go on with."""

NAMES = ["os", "posix", "system", "numpy.os", "a.b", "collections", "OrderedDict", "x", "builtins", "getattr", "\u00e9"]
VALUES = [
    [1, 2.5, None, True, 10**30, -5, "text", b"bytes", ("a",), {"k": [1]}],
    OrderedDict(a=1),
    datetime.datetime(2020, 1, 2),
    [decimal.Decimal("1.5")] * 3,
    {1, 2, 3},
    frozenset({"a"}),
    bytearray(b"xyz"),
    "long" * 20_000,
    [OrderedDict(), OrderedDict(b=2), datetime.date(2000, 1, 1)],
    complex(1, 2),
]


class Generator:
    """Random pickles: assembled opcode by opcode, real ones, and both damaged and spliced."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def case(self) -> bytes:
        kind = self.random.random()
        if kind < 0.35:
            return self.assembled()
        if kind < 0.45:
            return self.real()
        if kind < 0.6:
            return self.repeated()
        data = self.assembled() if kind < 0.75 else self.real()
        return self.spliced(data) if self.random.random() < 0.3 else self.damaged(data)

    def real(self) -> bytes:
        return pickle.dumps(self.random.choice(VALUES), self.random.randrange(6))

    def assembled(self) -> bytes:
        head = b"\x80" + bytes([self.random.choice((0, 2, 3, 4, 5))]) if self.random.random() < 0.7 else b""
        body = b"".join(self.step() for _ in range(self.random.randint(1, 24)))
        if self.random.random() < 0.2:
            size = self.random.choice((len(body), len(body) + 1, self.random.randrange(len(body) + 2)))
            body = b"\x95" + struct.pack("<Q", size) + body
        return head + body + (b"." if self.random.random() < 0.9 else b"")

    def repeated(self) -> bytes:
        """Rows that are alike but for a few, as in the containers that are read many at a time."""
        steps = [self.step() for _ in range(self.random.randint(1, 8))]
        rows = []
        for _ in range(self.random.randint(6, 40)):
            if self.random.random() < 0.1:
                steps[self.random.randrange(len(steps))] = self.step()
            rows.append(b"".join(self.again(step) for step in steps))
        used = b"".join(self.string() + b"\x940" for _ in range(4))
        opened = self.random.choice((b"](", b"}(", b"(", b"c%s\n%s\n(" % (b"a.b", b"x")))
        tail = b"".join(self.step() for _ in range(self.random.randint(0, 6)))
        closed = self.random.choice((b"e", b"u", b"t", b"l", b""))
        return b"\x80" + self.random.choice((b"\2", b"\4")) + used + opened + b"".join(rows) + closed + tail + b"."

    def again(self, step: bytes) -> bytes:
        """The same opcodes, with another string or number where that is all there is."""
        if step[:1] == b"\x8c" and len(step) == step[1] + 2:
            return b"\x8c" + bytes([len(word := self.word().encode())]) + word
        return b"K" + bytes([self.random.randrange(256)]) if step[:1] == b"K" and len(step) == 2 else step

    def step(self) -> bytes:
        """A few opcodes that often make sense together."""
        pick = self.random.random()
        if pick < 0.15:
            return f"c{self.word()}\n{self.word()}\n".encode()
        if pick < 0.3:
            return self.string() + self.memo() + self.string() + self.memo() + b"\x93" + self.memo()
        if pick < 0.4:
            return self.random.choice((b"(", b")", b"]", b"}", b"N", b"K\x01", b"\x8f"))
        if pick < 0.5:
            return self.random.choice(
                (b"R", b")R", b")\x81", b"}b", b"o", b"t", b"\x85R", b"Nb", b"e", b"u", b"a", b"s")
            )
        if pick < 0.6:
            return self.random.choice((b"0", b"1", b"2", b"(0", b"(1", b"\x94", b"l", b"d", b"\x91", b"\x90"))
        if pick < 0.7:
            return b"h" + bytes([self.random.randrange(4)])
        return self.opcode()

    def opcode(self) -> bytes:
        op = self.random.choice(list(Op))
        code = bytes([op])
        if op in COUNTED:
            raw = self.word().encode()
            return code + len(raw).to_bytes(COUNTED[op], "little") + raw
        if op in LINES:
            return code + b"".join(self.line(op) + b"\n" for _ in range(LINES[op]))
        width = OPERANDS.get(op, {Op.BININT1: 1, Op.BININT2: 2, Op.BININT: 4, Op.BINFLOAT: 8}.get(op, 0))
        return code + bytes(self.random.choice((0, 0, 1, 2, 7)) for _ in range(width))

    def line(self, op: Op) -> bytes:
        if op in (Op.GET, Op.PUT):
            return self.random.choice((b"0", b"1", b" 2", b"1_0", b"01", b"3\0x", b"-1", b""))
        if op in (Op.INT, Op.LONG, Op.FLOAT):
            return self.random.choice((b"1", b"0x10", b"1\0junk", b"00", b"01", b"1L", b"1.0\0x", b"x", b""))
        if op is Op.STRING:
            return self.random.choice((b"'os'", b'"system"', b"'p\\x6fsix'", b"'\\157s'", b"os", b"'", b"'\\x4'"))
        return self.word().encode()

    def string(self) -> bytes:
        word = self.word()
        raw = word.encode()
        return self.random.choice(
            (
                b"\x8c" + bytes([len(raw)]) + raw,
                b"X" + struct.pack("<I", len(raw)) + raw,
                b"V" + word.encode("raw-unicode-escape") + b"\n",
                b"U" + bytes([len(raw)]) + raw,
                b"S" + repr(word).encode() + b"\n",
            )
        )

    def memo(self) -> bytes:
        slot = self.random.randrange(4)
        return self.random.choice(
            (b"", b"", b"\x94", b"q" + bytes([slot]), b"0h" + bytes([slot]), f"p{slot}\n".encode())
        )

    def word(self) -> str:
        return self.random.choice(NAMES)

    def damaged(self, data: bytes) -> bytes:
        buffer = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(buffer) + 1)
            how = self.random.random()
            if how < 0.4 and at < len(buffer):
                buffer[at] = self.random.choice((self.random.randrange(256), self.random.choice(list(Op))))
            elif how < 0.7:
                buffer[at:at] = self.step()
            else:
                del buffer[at : at + self.random.randint(1, 4)]
        return bytes(buffer) or b"."

    def spliced(self, data: bytes) -> bytes:
        other = self.assembled()
        return data[: self.random.randrange(len(data) + 1)] + other[self.random.randrange(len(other) + 1) :] or b"."


Asked = set[tuple[str, str]]


def oracle(cases: list[bytes], python: str = sys.executable) -> list[Asked | None]:
    """Names asked for, per case; None where the unpickler did not survive the case."""
    answers: list[Asked | None] = []
    while len(answers) < len(cases):
        answers += _batch(cases[len(answers) :], python)
    return answers


def _batch(cases: list[bytes], python: str) -> list[Asked | None]:
    script = str(Path(__file__).with_name("oracle.py"))
    text = "".join(case.hex() + "\n" for case in cases)
    try:
        done = subprocess.run(
            [python, "-I", script], input=text, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        lines = done.stdout.splitlines()
    except subprocess.TimeoutExpired as hung:
        lines = (hung.stdout or b"").decode().splitlines() if isinstance(hung.stdout, bytes) else []
    found: list[Asked | None] = [{(module, name) for module, name in json.loads(line)} for line in lines]
    return found if len(found) == len(cases) else [*found, None]


def asked_by_any(answers: Sequence[Asked | None]) -> Asked | None:
    """What one interpreter or another asks for; None where none survived."""
    survived = [answer for answer in answers if answer is not None]
    return set().union(*survived) if survived else None


def interpreters() -> list[str]:
    """This one, and others that are on the path."""
    names = (shutil.which(f"python3.{minor}") for minor in range(8, 15))
    found = {str(Path(name).resolve()): name for name in names if name and _runs(name)}
    found.pop(str(Path(sys.executable).resolve()), None)
    return [sys.executable, *found.values()]


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def check(data: bytes, asked: set[tuple[str, str]] | None) -> str:
    """ "exact", "refused", "died", or "MISSED"."""
    if asked is None:
        return "died"
    report = modelscan.scan(data)
    if {f"{module}.{name}" for module, name in asked} <= set(report.imports):
        return "exact"
    return "refused" if report.refused else "MISSED"


EAGER = {
    (machine, "SOON"): 0,
    (machine, "LATE"): 0,
    (batches, "SMALLEST"): 0,
    (rows, "FIRST"): 0,
    (repeats, "FIRST"): 1,
    (repeats, "ROWS"): 1,
}
"""What is read many at a time is so from the first byte on, however little it is."""


def run_block(seed: int, pythons: Sequence[str] = (sys.executable,)) -> tuple[Counter[str], list[bytes]]:
    generator = Generator(seed)
    cases = [generator.case() for _ in range(BLOCK)]
    outcomes: Counter[str] = Counter()
    missed = []
    with ExitStack() as stack:
        for (module, name), value in EAGER.items():
            stack.enter_context(mock.patch.object(module, name, value))
        for case, *answers in zip(cases, *(oracle(cases, python) for python in pythons), strict=True):
            outcome = check(case, asked_by_any(answers))
            outcomes[outcome] += 1
            if outcome == "MISSED":
                missed.append(case)
    return outcomes, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="the first seed, instead of the one to go on with")
    parser.add_argument("--python", action="append", help="an interpreter that unpickles; may be given several times")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    options = parser.parse_args()
    pythons = options.python or interpreters()
    first = options.seed if options.seed is not None else _next_seed()
    print(f"seeds from {first} on, unpickled by {', '.join(pythons)}", flush=True)
    until = time.monotonic() + options.minutes * 60
    total: Counter[str] = Counter()
    for seed in range(first, first + -(-options.cases // BLOCK)):
        outcomes, missed = run_block(seed, pythons)
        total += outcomes
        for case in missed:
            print(f"MISSED seed {seed}: {case!r}", [oracle([case], one)[0] for one in pythons], flush=True)
        if options.seed is None:
            STATE.parent.mkdir(exist_ok=True)
            STATE.write_text(str(seed + 1))
        if seed % 20 == 0 or time.monotonic() > until:
            print(f"seed {seed}: {sum(total.values()):,} cases, {dict(total)}", flush=True)
        if time.monotonic() > until:
            break
    print(f"{sum(total.values()):,} cases, {dict(total)}", flush=True)
    return int(total["MISSED"] > 0)


def _next_seed() -> int:
    return int(STATE.read_text()) if STATE.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
