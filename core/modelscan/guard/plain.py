"""Pickles of plain data, told from the rest in microseconds: most calls of `pickle.loads` are for one.

Neither way of telling reads anything into the bytes. Where in doubt, the answer is no and the scanner has the word.
"""

from __future__ import annotations

import re

from modelscan.pickles.opcodes import COUNTED, FIXED, GROUPING, OPERANDS, Op

WINDOW = 1 << 16
"""Longer pickles are not looked at here."""

_NAMING = re.compile(rb"[\x82-\x84\x93]").search
"""The opcodes that name an object; two more take lines of text."""

_NUMBERED = (Op.PROTO, Op.BINGET, Op.LONG_BINGET, Op.BINPUT, Op.LONG_BINPUT)


def _steps() -> list[int]:
    """Per opcode byte: how far the next opcode is, minus the bytes of its length where it has one, else 0."""
    steps: dict[int, int] = dict.fromkeys((Op.MEMOIZE, *GROUPING), 1)
    steps |= {op: 1 + OPERANDS[op] for op in _NUMBERED}
    steps |= {op: 1 + width for op, width in FIXED.items()}
    steps |= {op: -width for op, width in COUNTED.items()}
    return [steps.get(code, 0) for code in range(256)]


_STEPS = _steps()


def looks_plain(data: bytes) -> bool:
    """The quicker half of `asks_nothing`: no byte at all that could name an object."""
    return _NAMING(data) is None and b"\n" not in data


def asks_nothing(data: bytes) -> bool:
    """Does unpickling these bytes ask for no object, however an unpickler reads them?"""
    if len(data) > WINDOW:
        return False
    if looks_plain(data):
        return True
    try:
        return _is_data(data)
    except IndexError:  # it ends in the middle
        return False


def _is_data(data: bytes) -> bool:
    """Only opcodes that push, keep and collect, to the end. A frame must reach to the end as well (threats P27)."""
    at, steps = 0, _STEPS
    while True:
        code = data[at]
        step = steps[code]
        if step > 0:
            at += step
        elif step < 0:
            at += 1 - step + int.from_bytes(data[at + 1 : at + 1 - step], "little")
        elif code == Op.FRAME and at + 9 + int.from_bytes(data[at + 1 : at + 9], "little") == len(data):
            at += 9
        else:
            return code == Op.STOP


def reach(data: bytes) -> int:
    """How far the first pickle in these bytes goes at least, if its writer is right: over plain data and over frames.

    A hint, for who would otherwise look at the beginning of a long pickle in vain.
    """
    at, steps, end = 0, _STEPS, len(data)
    while at < end:
        code = data[at]
        step = steps[code]
        if step > 0:
            at += step
        elif step < 0:
            at += 1 - step + int.from_bytes(data[at + 1 : at + 1 - step], "little")
        elif code == Op.FRAME:
            at += 9 + int.from_bytes(data[at + 1 : at + 9], "little")
            if data[at - 1 : at] == b".":  # the last frame, as it seems
                break
        else:
            break
    return at
