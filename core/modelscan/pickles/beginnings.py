"""Could bytes that should be numbers be a pickle instead, one that imports something?

A tensor may begin like anything, and a checkpoint has thousands, so this is told from a few bytes and without a walk.
The answer is no only where each unpickler, the one in C and pickle.py, stops before it asks for a name that can be
meant (CPython Modules/_pickle.c, Lib/pickle.py).
"""

from __future__ import annotations

import functools
import re

from modelscan.pickles.opcodes import COUNTED, EMPTY, FIXED, LINES, NAMES, OPERANDS, Op

_LITERALS: dict[int, bytes] = {
    Op.INT: rb"[-+\s\w.\0]",
    Op.LONG: rb"[-+\s\w.\0]",
    Op.FLOAT: rb"[-+\s\w.\0]",
    Op.STRING: rb"[\s'\"]",
    Op.PERSID: rb"[\0-\x7f]",
}
"""What the argument of some opcodes begins with; UNICODE takes anything."""
_MODULE = rb"[A-Za-z_\x80-\xff][\w.\x80-\xff]*(?:\Z|\n(?:\Z|[A-Za-z_\x80-\xff]))"
_NEEDS_NOTHING = frozenset({Op.MARK, Op.PROTO, Op.FRAME, Op.EXT1, Op.EXT2, Op.EXT4})
_PROTOCOL = 5

FIRST = bytes(sorted(COUNTED.keys() | FIXED.keys() | EMPTY.keys() | LINES.keys() - {Op.GET, Op.PUT} | _NEEDS_NOTHING))
"""The opcodes that an empty stack is enough for."""


def may_import(head: bytes, size: int) -> bool:
    """Could the first of `size` bytes be `head` and all of them a pickle that imports something by a name?"""
    if _first_step().match(head) is None:
        return False
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


@functools.cache
def _first_step() -> re.Pattern[bytes]:
    """Nine in ten of random beginnings have no such first opcode, or none behind it."""
    opcode = b"(?:[" + b"".join(re.escape(bytes([code])) for code in sorted(NAMES)) + rb"]|\Z)"
    fixed = [
        re.escape(bytes([code])) + b"(?:.{%d}%b|.{0,%d}\\Z)" % (width, opcode, width) for code, width in FIXED.items()
    ]
    pushed = b"[" + b"".join(re.escape(bytes([code])) for code in sorted(EMPTY)) + b"]" + opcode
    texts = [re.escape(bytes([code])) + b"(?:" + start + rb"|\Z)" for code, start in _LITERALS.items()]
    names = rb"[ci](?:[A-Za-z_\x80-\xff]|\Z)"
    rest = FIRST.translate(None, bytes([*FIXED, *EMPTY, *_LITERALS, Op.GLOBAL, Op.INST]))
    others = b"[" + b"".join(re.escape(bytes([code])) for code in rest) + b"]"
    return re.compile(b"|".join((*fixed, pushed, *texts, names, others)), re.DOTALL)


def _is_line(head: bytes, at: int, code: int) -> bool:
    """Could the line behind the opcode be an argument of it?"""
    start = _line(code)
    return start is None or at + 1 == len(head) or start.match(head, at + 1) is not None


@functools.cache
def _line(code: int) -> re.Pattern[bytes] | None:
    start = _MODULE if code in (Op.GLOBAL, Op.INST) else _LITERALS.get(code)
    return re.compile(start) if start is not None else None
