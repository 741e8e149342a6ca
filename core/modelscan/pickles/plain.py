"""Pickles of plain data, told without an abstract stack: nothing in them asks for anything, so nothing has to be kept.

What is told is exact or nothing: `is_plain` says yes only where the machine would come to the end without a fact
(tests/pickles/test_plain.py holds the two against each other).
"""

from __future__ import annotations

from modelscan.pickles.leaves import Buffer
from modelscan.pickles.opcodes import COUNTED, EMPTY, FIXED, Op

LONGEST = 65_536
"""Bytes; longer ones have several frames, and batches of which the machine reads many opcodes at once."""
GROUPS = 9_000
"""Containers, which may all lie inside of each other, without being nested too deep."""

_FIXED, _SHORT, _LONG, _EMPTY, _MEMOIZE, _PUT, _GET, _TUPLE, _MARK, _MARKED, _ONE, _STOP, _OTHER = range(13)
_GROUPING = bytes(
    (*EMPTY, Op.TUPLE1, Op.TUPLE2, Op.TUPLE3, Op.TUPLE)  # a byte that is none of these may look like one of them
)


def _kinds() -> tuple[list[int], list[int]]:
    """Per opcode byte: what it is here, and a number that goes with it."""
    kinds, numbers = [_OTHER] * 256, [0] * 256
    rows: list[tuple[int, int, int]] = [(code, _FIXED, 1 + width) for code, width in FIXED.items()]
    rows += [(code, _SHORT, 0) for code, width in COUNTED.items() if width == 1]
    rows += [(Op.BINUNICODE, _LONG, 0), (Op.BINBYTES, _LONG, 0)]
    rows += [(code, _EMPTY, 0) for code in EMPTY]
    rows += [(Op.MEMOIZE, _MEMOIZE, 0), (Op.BINPUT, _PUT, 1), (Op.LONG_BINPUT, _PUT, 4)]
    rows += [(Op.BINGET, _GET, 1), (Op.LONG_BINGET, _GET, 4), (Op.MARK, _MARK, 0), (Op.STOP, _STOP, 0)]
    rows += [(Op.TUPLE1, _TUPLE, 1), (Op.TUPLE2, _TUPLE, 2), (Op.TUPLE3, _TUPLE, 3)]
    rows += [(Op.APPENDS, _MARKED, 0), (Op.SETITEMS, _MARKED, 0), (Op.ADDITEMS, _MARKED, 0), (Op.TUPLE, _MARKED, 1)]
    rows += [(Op.APPEND, _ONE, 1), (Op.SETITEM, _ONE, 2)]
    for code, kind, number in rows:
        kinds[code], numbers[code] = kind, number
    return kinds, numbers


_KINDS, _NUMBERS = _kinds()


def is_plain(data: Buffer, start: int, end: int) -> bool:
    """Is `data[start:end]` one whole pickle of plain data, of protocol 2 or later, and as a pickler writes it?"""
    if end - start > LONGEST or end - start < 4 or data[start] != Op.PROTO or not 2 <= data[start + 1] <= 5:
        return False
    pos = start + 2
    if data[pos] == Op.FRAME:
        pos += 9
        if int.from_bytes(data[pos - 8 : pos], "little") != end - pos:
            return False
    if end - pos > GROUPS and sum(bytes(data[pos:end]).count(code) for code in _GROUPING) > GROUPS:
        return False
    return _walk(data, pos, end)


def _walk(data: Buffer, pos: int, end: int) -> bool:
    """Counts what is on the stack, and keeps of the memo which values are containers: a file may put one of these into
    itself, or so many into each other that nobody can walk through them.
    """
    kinds, numbers = _KINDS, _NUMBERS
    depth, fence, marks, memo, group = 0, 0, [0], bytearray(), 0
    while pos < end:
        code = data[pos]
        kind = kinds[code]
        if kind == _FIXED:
            depth, group, pos = depth + 1, 0, pos + numbers[code]
        elif kind == _MEMOIZE:
            if depth == fence:
                return False
            memo.append(group)
            pos += 1
        elif kind == _SHORT and pos + 1 < end:
            depth, group, pos = depth + 1, 0, pos + 2 + data[pos + 1]
        elif kind == _TUPLE:
            depth -= numbers[code]
            if depth < fence:
                return False
            depth, group, pos = depth + 1, 1, pos + 1
        elif kind == _GET:
            after = pos + 1 + numbers[code]
            index = int.from_bytes(data[pos + 1 : after], "little")
            if after > end or index >= len(memo) or memo[index]:
                return False
            depth, group, pos = depth + 1, 0, after
        elif kind == _EMPTY:
            depth, group, pos = depth + 1, 1, pos + 1
        elif kind == _MARK:
            marks.append(depth)
            fence, pos = depth, pos + 1
        elif kind == _MARKED:
            if len(marks) == 1:
                return False
            depth = marks.pop() + numbers[code]
            fence = marks[-1]
            if depth == fence:
                return False
            group, pos = 1, pos + 1
        elif kind == _PUT:
            after = pos + 1 + numbers[code]
            if depth == fence or after > end or int.from_bytes(data[pos + 1 : after], "little") != len(memo):
                return False
            memo.append(group)
            pos = after
        elif kind == _ONE:
            depth -= numbers[code]
            if depth <= fence:
                return False
            group, pos = 1, pos + 1
        elif kind == _LONG:
            depth, group, pos = depth + 1, 0, pos + 5 + int.from_bytes(data[pos + 1 : pos + 5], "little")
        else:
            return kind == _STOP and pos + 1 == end and depth > fence
    return False
