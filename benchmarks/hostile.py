"""python -m benchmarks.hostile [--size 400000]: microseconds a byte on inputs made to be slow, at a size and twice it.

The goal is 1.5 µs a byte and no more at twice the size. What does not get done in time ends in INCONCLUSIVE.
"""

from __future__ import annotations

import argparse
import struct
import time
from collections.abc import Callable

import modelscan
from benchmarks.pairs import machine

Family = Callable[[int], bytes]
GOAL = 1.5
P4 = b"\x80\x04"


def _text(word: str) -> bytes:
    return b"\x8c" + bytes([len(word)]) + word.encode()


def _repeated(step: bytes, head: bytes = b"", tail: bytes = b"") -> Family:
    return lambda size: P4 + head + step * (size // len(step)) + tail + b"."


def _globals(size: int) -> bytes:
    return P4 + b"".join(b"cm%d\nn\n0" % n for n in range(size // 12)) + b"N."


def _names_by_memo(size: int) -> bytes:
    rows = (_text(f"m{n}") + b"\x94" + _text("f") + b"\x93\x940" for n in range(size // 15))
    return P4 + b"".join(rows) + b"N."


def _shared_argument(size: int) -> bytes:
    """Half of it is a list of names, the other half calls that are all given that list."""
    held = b"](" + b"".join(b"cm%d\nn\n" % n for n in range(size // 24)) + b"e\x94"
    return P4 + b"cm\nf\n\x940" + held + b"0" + b"h\x00h\x01\x85R0" * (size // 14) + b"N."


def _chain_of_calls(size: int) -> bytes:
    return P4 + b"cm\nf\n\x94" + b"h\x00)R\x85R" * (size // 6) + b"."


def _nested(size: int) -> bytes:
    return P4 + b"]" * (size // 2) + b"a" * (size // 2 - 1) + b"."


def _growing(size: int) -> bytes:
    """A list that is given, filled and given again."""
    return P4 + b"cm\nf\n\x940]\x940" + b"h\x00h\x01\x85R0h\x01cm\ng\na0" * (size // 18) + b"N."


def _frames(size: int) -> bytes:
    return P4 + (b"\x95\x01" + bytes(7) + b"N0") * (size // 11) + b"N."


def _almost_rows(size: int) -> bytes:
    """Rows that break off at their end, each a little different."""
    rows = (
        b"}\x94(h\x00K" + bytes([n % 256]) + b"h\x00" + (b"N" if n % 3 else b"cm\nn\n") + b"u"
        for n in range(size // 14)
    )
    return P4 + _text("k") + b"\x940](" + b"".join(rows) + b"e."


def _almost_repeats(size: int) -> bytes:
    kinds = (b"h\x00)R\x94", b"h\x00K\x01\x85R\x94", b"h\x00]\x94\x85R\x94", b"h\x00}\x94\x85R\x94", b"h\x00(NNtR\x94")
    return P4 + b"cm\nf\n\x940](" + b"".join(kinds[n * n % 5] for n in range(size // 6)) + b"e."


def _islands(size: int) -> bytes:
    """Behind the pickle, what may each be the beginning of another."""
    return P4 + b"N." + b"\x80\x04(" * (size // 3)


def _zip(size: int) -> bytes:
    """Members without data, each with its own header."""
    local, central, count = [], [], size // 100
    for n in range(count):
        name = b"a/data/%06d" % n
        common = struct.pack("<4H3L2H", 0, 0, 0, 0, 0, 0, 0, len(name), 0)
        offset = sum(map(len, local[:0])) + n * (30 + len(name))
        local.append(b"PK\3\4" + struct.pack("<H", 20) + common + name)
        central.append(
            b"PK\1\2" + struct.pack("<2H", 20, 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, offset) + name
        )
    body, table = b"".join(local), b"".join(central)
    return body + table + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(table), len(body), 0)


FAMILIES: dict[str, Family] = {
    "many distinct globals": _globals,
    "names through the memo": _names_by_memo,
    "calls sharing one large argument": _shared_argument,
    "a chain of calls": _chain_of_calls,
    "a list given while it grows": _growing,
    "nested lists": _nested,
    "MARK and nothing else": lambda size: P4 + b"(" * size,
    "MARK and POP_MARK": _repeated(b"(1"),
    "DUP": _repeated(b"2", b"N"),
    "one name over and over": _repeated(b"cm\nn\n0"),
    "empty frames": _frames,
    "numbers as text": _repeated(b"I1\n0"),
    "memo as text": _repeated(b"p1\ng1\n0", b"N"),
    "PUT with gaps": lambda size: (
        P4 + b"N" + b"".join(b"r" + struct.pack("<I", 7 * n) for n in range(size // 5)) + b"."
    ),
    "rows that break off": _almost_rows,
    "calls that nearly repeat": _almost_repeats,
    "BUILD on one object": _repeated(b"}b", b"cm\nC\n)\x81"),
    "SETITEM on an import": _repeated(b"NNs", b"cm\nC\n"),
    "persistent ids": _repeated(b"NQ0", b"N"),
    "beginnings behind the end": _islands,
    "a zip of empty members": _zip,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--size", type=int, default=400_000, help="bytes of the smaller input")
    options = parser.parse_args()
    print(f"{machine()}; CPU microseconds a byte, the best of 3\n")
    print(f"{'family':<36}{options.size:>10,} B {2 * options.size:>12,} B")
    modelscan.scan(b"N.")
    for name, family in FAMILIES.items():
        one, two = (_spent(family(size)) for size in (options.size, 2 * options.size))
        print(f"{name:<36}{one:>12.2f} {two:>14.2f}{'   over the goal' if max(one, two) > GOAL else ''}")


def _spent(data: bytes) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        modelscan.scan(data)
        best = min(best, time.process_time() - started)
    return best / len(data) * 1e6


if __name__ == "__main__":
    main()
