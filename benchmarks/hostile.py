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


def _long_names(size: int) -> bytes:
    """One long text that is a module and a name again and again."""
    name = b"X" + struct.pack("<I", 4000) + b"n" * 4000
    return P4 + name + b"\x94" + name + b"\x94" + b"h\0h\1\x93" * (size // 5) + b"."


def _attributes(size: int) -> bytes:
    """An attribute of an attribute of an attribute: the names together grow with the square of the input."""
    named = b"cbuiltins\ngetattr\nq\0cm\nC\nq\1" + _text("x") + b"q\2"
    return P4 + named + b"h\0h\1h\2\x86Rq\1" * (size // 11) + b"."


def _dotted(size: int) -> bytes:
    """Names of two thousand parts each."""
    return P4 + (b"cm\n" + b"a." * 2000 + b"a\n0") * (size // 4005) + b"N."


def _behind(filling: bytes) -> Family:
    return lambda size: P4 + b"N.\xff" + filling * (size // len(filling))


def _empty_arrays(objects: bool) -> Family:
    """joblib's wrappers, each of an array without items: numbers, or objects in a pickle of their own."""
    letter, inner = (b"O8", b"N.") if objects else (b"f8", b"")
    words = _text("shape") + b"\x940" + _text("dtype") + b"\x940"
    dtype = b"cnumpy\ndtype\n\x8c\2" + letter + b"\x89\x88\x87R\x940"
    row = b"h\0)\x81}(h\1K\0\x85h\2h\3ub" + inner + b"0"
    return _repeated(row, b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n\x940" + words + dtype, b"N")


def _codes(size: int) -> bytes:
    """Functions inside of functions."""
    depth = size // 41
    head, foot = b"h\0(K\0K\0K\0K\0K\0K\0C\0(", b"t))U\1fU\1nK\0C\0C\0))tR"
    return P4 + b"ctypes\nCodeType\n\x940" + head * depth + b"N" + foot * depth + b"."


def _loads(size: int) -> bytes:
    """Pickles of sixteen bytes that the pickle loads."""
    return P4 + b"cpickle\nloads\n\x940" + b"h\0C\x08\x80\4cm\nn\n.\x85R0" * (size // 16) + b"N."


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


def _shared_code(size: int) -> bytes:
    """Functions that have the one before eight times among their constants."""
    rows = (
        b"h\0(" + b"K\0" * 6 + b"C\0(" + b"j" + struct.pack("<I", n) + b"2222222t))U\1fU\1fK\0C\0C\0))tR\x94"
        for n in range(1, size // 48)
    )
    return P4 + b"ctypes\nCodeType\n\x94N\x94" + b"".join(rows) + b"."


def _different_pickles(size: int) -> bytes:
    """Tiny pickles that each ask for a name of their own."""
    return b"".join(b"cm%d\nn\n." % n for n in range(size // 11))


def _different_tuples(size: int) -> bytes:
    return P4 + b"N." + b"".join(b"(M%bl." % struct.pack("<H", n % 65_536) for n in range(size // 6))


def _different_loads(size: int) -> bytes:
    inner = b"".join(b"h\0C\x0c\x80\4cm%04d\nn\n.\x85R0" % (n % 10_000) for n in range(size // 19))
    return P4 + b"cpickle\nloads\n\x940" + inner + b"N."


def _trusted_package(size: int) -> bytes:
    """Names of a package that has trusted ones, which are looked for among these."""
    return P4 + b"".join(b"cnumpy.linalg\nx%d\n0" % n for n in range(size // 22)) + b"N."


def _objects_with_names(size: int) -> bytes:
    """An object each for states that are names."""
    rows = b"".join(b"h\0)\x81cm%d\nn\nb0" % n for n in range(size // 17))
    return P4 + b"cm\nC\n\x940" + rows + b"N."


def _unlike_objects(size: int) -> bytes:
    """Objects whose states are each a little different from the one before."""
    kinds = (b"}b", b"Nb", b"]b", b"}(NNub", b"(Ntb", b"\x89\x88\x86b", b"K\1\x85b")
    return P4 + b"cm\nC\n\x940](" + b"".join(b"h\0)\x81" + kinds[n * n % 7] for n in range(size // 8)) + b"e."


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
    "tiny pickles": lambda size: b"\x80\x04N." * (size // 4),
    "tiny pickles with a name": lambda size: b"cm\nn\n." * (size // 6),
    "one slot set anew": _repeated(b"q\0", b"N"),
    "a giant number as text": lambda size: P4 + b"L" + b"9" * size + b"L\n.",
    "a giant number": lambda size: P4 + b"\x8b" + struct.pack("<i", size) + b"\x7f" * size + b".",
    "long names": _long_names,
    "attributes of attributes": _attributes,
    "names of thousands of parts": _dotted,
    "letters behind the end": _behind(b"c"),
    "dotted letters behind the end": _behind(b"ca."),
    "lines behind the end": _behind(b"ca\n"),
    "text without a newline": lambda size: b"I" * size,
    "base64": lambda size: b"gASVHQAAAAAAAABDGIAEY3Bvc2l4Cg" * (size // 30),
    "MARKs, tuples and POP": _repeated(b"(NNt0"),
    "joblib's empty arrays": _empty_arrays(objects=False),
    "joblib's empty arrays of objects": _empty_arrays(objects=True),
    "code inside of code": _codes,
    "pickles that are loaded": _loads,
    "states that are names": lambda size: (
        P4 + b"cm\nC\n)\x81" + b"".join(b"cm%d\nn\nb" % n for n in range(size // 12)) + b"."
    ),
    "code that shares code": _shared_code,
    "tiny pickles with names of their own": _different_pickles,
    "tiny pickles, no two alike": _different_tuples,
    "pickles that are loaded, no two alike": _different_loads,
    "names beside trusted ones": _trusted_package,
    "objects whose states are names": _objects_with_names,
    "objects whose states differ": _unlike_objects,
    "headers of zip members": lambda size: b"PK\3\4" * (size // 4),
    "ends of zip directories": lambda size: b"PK\5\6" * (size // 4),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--size", type=int, default=400_000, help="bytes of the smaller input")
    options = parser.parse_args()
    print(f"{machine()}; CPU microseconds a byte, the best of 3\n")
    print(f"{'family':<38}{options.size:>10,} B {2 * options.size:>12,} B")
    modelscan.scan(b"N.")
    for name, family in FAMILIES.items():
        one, two = (_spent(family(size)) for size in (options.size, 2 * options.size))
        print(f"{name:<38}{one:>12.2f} {two:>14.2f}{'   over the goal' if max(one, two) > GOAL else ''}")


def _spent(data: bytes) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        modelscan.scan(data)
        best = min(best, time.process_time() - started)
    return best / len(data) * 1e6


if __name__ == "__main__":
    main()
