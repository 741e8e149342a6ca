"""How a call came about: the opcodes between the name and the act, and the calls inside of its arguments.

Both are for people to read, so both are short; what is left out is marked.
"""

from __future__ import annotations

from modelscan.pickles import describe, leaves
from modelscan.pickles.opcodes import COUNTED, FIXED, LINES, NAMES, OPERANDS, Op
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FIRST, LAST = 3, 5
"""Opcodes that are shown of a longer way."""
STEPS = 200
"""Opcodes that are followed from the name on; a name out of the memo may stand far away."""
CALLS = 16
"""Lines of a tree."""
DEPTH = 8
VISITS = 200

_QUIET = frozenset({Op.MEMOIZE, Op.PUT, Op.BINPUT, Op.LONG_BINPUT})
"""They do nothing that a reader wants to know."""

_TOLD = COUNTED.keys() | LINES.keys()
_WIDTHS = [-1 if code in _TOLD else OPERANDS.get(code, FIXED.get(code, 0)) for code in range(256)]
"""Bytes of an opcode's argument by its code, -1 where the argument itself tells."""


def opcodes(data: leaves.Buffer, start: int, stop: int, end: int, base: int) -> list[str]:
    """The opcodes from `start` to `stop`, both included, as "0x1f4 REDUCE"; offsets are counted from `base`."""
    places = _places(data, start, stop, end)
    if places[-1:] != [stop]:
        return [*(_line(data, at, end, base) for at in places[:FIRST]), "…", _line(data, stop, end, base)]
    if len(places) <= FIRST + LAST:
        return [_line(data, at, end, base) for at in places]
    head, tail = places[:FIRST], places[-LAST:]
    return [*(_line(data, at, end, base) for at in head), "…", *(_line(data, at, end, base) for at in tail)]


def tree(callee: Any, args: Any) -> list[str]:
    """One line a call, the calls that its callee and arguments come from indented below it; empty where there are none.

    >>> tree(eval, (bytes.decode(b"x"),))
    ["builtins.eval", "  bytes.decode"]
    """
    walk = _Tree()
    walk.call(callee, args, 0)
    return walk.lines if len(walk.lines) > 1 else []


class _Tree:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.left = VISITS

    def call(self, callee: Any, args: Any, depth: int) -> None:
        if not isinstance(callee, Global):
            self.add("the result of", depth)
            self.visit(callee, depth + 1)
        else:
            self.add(callee.dotted, depth)
        self.visit(args, depth + 1)

    def visit(self, value: Any, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or depth > DEPTH:
            return
        if isinstance(value, Made):
            self.call(value.callee, value.args, depth)
        elif isinstance(value, Global):
            self.add(value.dotted, depth)
        elif isinstance(value, Group):
            for item in value.head:
                if type(item) is not int:
                    self.visit(item, depth)

    def add(self, line: str, depth: int) -> None:
        if len(self.lines) < CALLS:
            self.lines.append("  " * depth + line)
        elif len(self.lines) == CALLS:
            self.lines.append("…")


def _places(data: leaves.Buffer, start: int, stop: int, end: int) -> list[int]:
    """Where the opcodes stand, quiet ones left out. The last one is `stop` if it was reached."""
    at, found = start, []
    for _ in range(STEPS):
        if at > stop:
            break
        code = data[at]
        if code not in _QUIET:
            found.append(at)
        if at == stop:
            break
        at = after(data, at, end)
    return found


def after(data: leaves.Buffer, at: int, end: int) -> int:
    """Where the opcode behind the one at `at` begins."""
    width = _WIDTHS[data[at]]
    return at + 1 + width if width >= 0 else _next(data, at, end)


def _next(data: leaves.Buffer, at: int, end: int) -> int:
    """For an opcode whose argument says itself where it ends."""
    code = data[at]
    if code in COUNTED:
        width = COUNTED[code]
        start = at + 1 + width
        return start + int.from_bytes(data[at + 1 : start], "little") if start <= end else end
    for _ in range(LINES.get(code, 0)):
        newline = data.find(b"\n", at + 1, end)
        at = newline if newline >= 0 else end
    return at + 1


def _line(data: leaves.Buffer, at: int, end: int, base: int) -> str:
    code = data[at] if at < end else -1
    shown = f"0x{at - base:x} {NAMES.get(code, '?')}"
    if code in (Op.GLOBAL, Op.INST):
        names = bytes(data[at + 1 : min(_next(data, at, end), at + 1 + describe.TEXT)]).decode("utf-8", "replace")
        return f"{shown} {' '.join(names.split())}"
    if code in OPERANDS:
        return f"{shown} {int.from_bytes(data[at + 1 : at + 1 + OPERANDS[code]], 'little')}"
    if code in COUNTED or code in LINES or FIXED.get(code):
        if at + 1 + COUNTED.get(code, 0) > end:
            return shown
        return f"{shown} {describe.expression(data, end, at)}"
    return shown
