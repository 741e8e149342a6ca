"""Could bytes that should be numbers be a pickle instead, one that imports something?

A tensor may begin like anything, and a checkpoint has thousands, so this is told from a few bytes and without a walk.
The answer is no only where each unpickler, the one in C and pickle.py, stops before it asks for a name that can be
meant (CPython Modules/_pickle.c, Lib/pickle.py).
"""

from __future__ import annotations

import functools
import re

from modelscan.pickles.opcodes import COUNTED, EMPTY, FIXED, LINES, NAMES, OPERANDS, Op
from modelscan.source.hiding import Sign

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
_HIGH = bytes(range(0x80, 0x100))
_NUMBER = _LETTERS + b"0123456789-+. \t\r\v\f"
_ASCII = bytes(byte for byte in range(0x80) if byte != 0x0A)
_TEXTS: dict[int, bytes] = {
    **dict.fromkeys((Op.INT, Op.LONG, Op.FLOAT), _NUMBER + b"\0\n"),
    Op.STRING: b"'\" \t\r\v\f\n",
    Op.PERSID: _ASCII + b"\n",
    **dict.fromkeys((Op.GLOBAL, Op.INST), _LETTERS + _HIGH),
}
"""What the argument of some opcodes begins with; UNICODE takes anything."""
_NEEDS_NOTHING = frozenset({Op.MARK, Op.PROTO, Op.FRAME, Op.EXT1, Op.EXT2, Op.EXT4})
_PROTOCOL = 5

FIRST = bytes(sorted(COUNTED.keys() | FIXED.keys() | EMPTY.keys() | LINES.keys() - {Op.GET, Op.PUT} | _NEEDS_NOTHING))
"""The opcodes that an empty stack is enough for."""

_STEPS: dict[int, int] = {
    **dict.fromkeys((*EMPTY, Op.MARK), 0),
    **FIXED,
    **{code: OPERANDS[code] for code in (Op.EXT1, Op.EXT2, Op.EXT4, Op.FRAME)},
}
"""First opcodes that another has to follow, with the bytes of their argument."""


def signs() -> tuple[Sign, ...]:
    """What such bytes show; nine in ten of random beginnings do not."""
    opcodes, widths = bytes(NAMES), sorted({*_STEPS.values()})
    wide = bytes(code for code, width in COUNTED.items() if width == 8)
    others = bytes([*(code for code, width in COUNTED.items() if width < 8), Op.UNICODE])
    return (
        *(Sign(bytes(code for code in _STEPS if _STEPS[code] == width), 1 + width, opcodes) for width in widths),
        *(Sign(bytes([code]), 1, start) for code, start in _TEXTS.items()),
        Sign(bytes([Op.PROTO]), 1, bytes(range(_PROTOCOL + 1))),
        Sign(wide, 8, b"\0"),
        Sign(others, 0, others),
    )


def may_import(head: bytes, size: int) -> bool:
    """Could the first of `size` bytes be `head` and all of them a pickle that imports something by a name?"""
    at, empty = 0, True
    while at < len(head):
        code = head[at]
        if code not in NAMES or (empty and code not in FIRST):
            return False
        if code in COUNTED:
            width = COUNTED[code]
            at += 1 + width + int.from_bytes(head[at + 1 : at + 1 + width], "little")
        elif code in LINES:
            if not _is_line(head, at, code):
                return False
            stop = head.find(b"\n", at + 1)
            if stop < 0 or code in (Op.GLOBAL, Op.INST):
                return True
            at = stop + 1
        elif code == Op.PROTO and at + 1 < len(head) and head[at + 1] > _PROTOCOL:
            return False
        else:
            at += 1 + FIXED.get(code, OPERANDS.get(code, 0))
        if code == Op.STACK_GLOBAL:
            return True
        empty = code == Op.STOP or (empty and code in (Op.PROTO, Op.FRAME))
    return at < size


def _is_line(head: bytes, at: int, code: int) -> bool:
    """Could the line behind the opcode be an argument of it?"""
    line = _line(code)
    return line is None or at + 1 == len(head) or line.match(head, at + 1) is not None


@functools.cache
def _line(code: int) -> re.Pattern[bytes] | None:
    """The argument as far as it can be seen."""
    start, ends = _any_of(_TEXTS.get(code, b"")), rb"(?:\n|\Z)"
    if code in (Op.GLOBAL, Op.INST):
        name = start + _any_of(_LETTERS + _HIGH + b".0123456789") + b"*"
        return re.compile(name + rb"(?:\Z|\n(?:\Z|" + start + b"))")
    if code in (Op.INT, Op.LONG, Op.FLOAT):  # C reads a number up to a NUL and does not look behind it
        return re.compile(_any_of(_NUMBER) + rb"*(?:\0[^\n]*)?" + ends)
    if code == Op.PERSID:
        return re.compile(_any_of(_ASCII) + b"*" + ends)
    return re.compile(start) if code in _TEXTS else None


def _any_of(members: bytes) -> bytes:
    return b"[" + re.escape(members) + b"]"
