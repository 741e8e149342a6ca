"""Damages the values of a pickle and leaves its shape: what an object is made of no longer fits together."""

from __future__ import annotations

import pickletools
import random
import struct
from collections.abc import Sequence

Opcode = tuple[str, bytes]
"""Its name and its bytes."""

NUMBERS = (b"K\0", b"K\1", b"K\2", b"K\x7f", b"M\xff\xff", b"J\xff\xff\xff\xff", b"J\xff\xff\xff\x7f", b"J\0\0\0\x80")
LONGS = tuple(b"\x8a" + bytes([len(raw)]) + raw for raw in (b"\0\0\0\0\1", b"\xff" * 7 + b"\x7f", b"\0" * 7 + b"\x80"))
KINDS = ("O", "V8", "V0", "U9", "M8", "f8", "i1", "c16", "|O", "T")
VALUES = (
    *NUMBERS,
    *LONGS,
    *(b"N", b"C\0", b"]", b")", b"}", b"\x88", b"\x89", b"G\x3f\xf0\0\0\0\0\0\0", b"G\x7f\xf8\0\0\0\0\0\0"),
    *(b"\x8c" + bytes([len(kind)]) + kind.encode() for kind in KINDS),
)
LEAVES = frozenset(
    {
        *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "SHORT_BINSTRING"),
        *("EMPTY_TUPLE", "EMPTY_DICT", "EMPTY_LIST", "BINGET", "LONG_BINGET"),
    }
)
HEADS = {"SHORT_BINBYTES": 2, "BINBYTES": 5}
"""How long the opcode and its argument's length are."""


def opcodes(program: bytes) -> list[Opcode]:
    """Without frames, whose lengths would not fit any more."""
    places = [(opcode.name, place) for opcode, _, place in pickletools.genops(program)]
    ends = [place for _, place in places[1:]] + [len(program)]
    return [(name, program[place:end]) for (name, place), end in zip(places, ends, strict=True) if name != "FRAME"]


def damaged(program: Sequence[Opcode], seed: random.Random) -> bytes:
    changed = list(program)
    for _ in range(seed.choice((1, 1, 1, 2, 3))):
        leaves = [at for at, (name, _) in enumerate(changed) if name in LEAVES and at]
        if not leaves:
            break
        at, other = seed.choice(leaves), seed.choice(leaves)
        name, raw = changed[at]
        chance = seed.random()
        if chance < 0.5:
            changed[at] = (name, seed.choice(VALUES))
        elif chance < 0.65 and name in HEADS:
            changed[at] = ("BINBYTES", _bytes(raw[HEADS[name] :], seed))
        elif chance < 0.8:
            changed[at] = changed[other]
        elif chance < 0.9:
            changed[at], changed[other] = changed[other], changed[at]
        else:
            del changed[at]
    return b"".join(raw for _, raw in changed)


def _bytes(data: bytes, seed: random.Random) -> bytes:
    if seed.random() < 0.5:
        data = data[: seed.randrange(len(data) + 1)]
    else:
        data = bytes(seed.randrange(256) if seed.random() < 0.2 else byte for byte in data)
    return b"B" + struct.pack("<I", len(data)) + data
