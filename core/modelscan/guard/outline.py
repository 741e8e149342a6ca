"""The shape of a small pickle, found by one regular expression instead of a walk: what `shapes` knows, recalled faster.

An outline is what is left of a pickle when the numbers and texts are taken out, but for texts that a name is made of
right there: pieces, each of which ends in an opcode whose argument was taken out. Whatever else there is stands in the
last piece up to the end, letter by letter. So two pickles of one outline have the same opcodes in the same order, the
same places in the memo and the same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from modelscan.pickles.opcodes import CALLS, COUNTED, FIXED, GROUPING, Op

LONGEST = 63
"""Letters of a text; a longer one ends the outline."""

Outline = tuple[bytes, ...]

_BARE = (*GROUPING, *CALLS, Op.MEMOIZE, Op.NONE, Op.NEWTRUE, Op.NEWFALSE)
_FRAME = int(Op.FRAME)
_START = 11
"""Where the opcodes of a framed pickle begin."""


UNTOLD: Outline = ()
"""Of a frame that does not reach to the end: that is not to be seen in the pieces."""


def outline(data: bytes) -> Outline:
    """The pieces of a pickle, or UNTOLD."""
    if data[2:3] == b"\x95" and int.from_bytes(data[3:_START], "little") != len(data) - _START:
        return UNTOLD
    return tuple(_pieces().findall(data))


def blanked(data: bytes) -> bytes:
    """The same pickle with question marks for all texts that its outline does not hold."""
    parts = []
    for piece in _pieces().finditer(data):
        taken = piece[0][len(piece[1]) :]
        width = 8 if piece[1][-1] == _FRAME else COUNTED.get(piece[1][-1], 8)
        parts += [piece[1], taken[:width], b"?" * len(taken[width:])]
    return b"".join(parts)


@cache
def _pieces() -> re.Pattern[bytes]:
    """Compiling it takes some milliseconds."""
    counted = {width: _any(op for op, size in COUNTED.items() if size == width) for width in (1, 4)}
    fixed = {width: _any(op for op, size in FIXED.items() if size == width) for width in (1, 2, 4)}
    fixed[8] = _any((Op.BINFLOAT, Op.FRAME))
    text = _one(Op.SHORT_BINUNICODE) + _lengths(1) + _one(Op.MEMOIZE) + b"?"
    memo, stack_global = _any((Op.BINGET, Op.BINPUT)) + b".", _one(Op.STACK_GLOBAL)
    kept = (
        _any(_BARE) + b"++",
        b"(?>" + text + b"(?:" + text + b")?" + stack_global + b")",
        _one(Op.BINGET) + b"." + b"(?>" + text + stack_global + b")",
        memo,
        _any((Op.LONG_BINGET, Op.LONG_BINPUT)) + b".{4}",
        _one(Op.GLOBAL) + rb"[^\n]*+\n[^\n]*+\n",
        _one(Op.PROTO) + b".",
    )
    ends = (*counted.values(), *fixed.values())
    taken = (
        *(b"(?<=" + ops + b")" + _lengths(width) for width, ops in counted.items()),
        *(b"(?<=" + ops + b").{%d}" % width for width, ops in fixed.items()),
    )
    rest = b".+"  # whatever else there is, also where all was kept and nothing is left
    whole = b"(?:" + b"|".join(kept) + b")*+(?:" + b"|".join((*ends, rest)) + b")|" + rest
    piece = b"(" + whole + b")(?:" + b"|".join(taken) + rb"|\Z)"
    return re.compile(piece, re.DOTALL)


def _lengths(width: int) -> bytes:
    """A length of so many bytes, and as many bytes as it says."""
    rows = (re.escape(size.to_bytes(width, "little")) + b".{%d}" % size for size in range(LONGEST + 1))
    return b"(?>" + b"|".join(rows) + b")"


def _one(op: int) -> bytes:
    return re.escape(bytes([op]))


def _any(ops: Iterable[int]) -> bytes:
    return b"[" + b"".join(map(_one, ops)) + b"]"
