"""One readable line for a value: `os.system('touch marker')`, nested calls shown nested, always short."""

from __future__ import annotations

from modelscan.pickles import leaves
from modelscan.pickles.batches import Batch
from modelscan.pickles.values import Global, Group, Held, Made, Outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WIDTH = 400
"""Characters of a whole expression."""
TEXT = 160
"""Characters of one constant."""
DEPTH = 6
ITEMS = 8
NODES = 120
"""Values one expression visits; shared structures would otherwise unfold without end."""

_BRACKETS = {
    "list": ("[", "]"),
    "tuple": ("(", ")"),
    "set": ("{", "}"),
    "frozenset": ("frozenset({", "})"),
    "dict": ("{", "}"),
}


def expression(data: leaves.Buffer, end: int, value: Any) -> str:
    """Python-like text of `value`; `end` bounds the stream in bytes."""
    return _shorten(_Line(data, end).show(value, 0), WIDTH)


def call(data: leaves.Buffer, end: int, callee: Any, args: Any) -> str:
    """Python-like text of calling `callee` with the tuple `args`."""
    line = _Line(data, end)
    return _shorten(line.show(callee, 0) + line.arguments(args, 1), WIDTH)


class _Line:
    def __init__(self, data: leaves.Buffer, end: int) -> None:
        self.data, self.end, self.left = data, end, NODES

    def show(self, value: Any, depth: int) -> str:
        self.left -= 1
        if type(value) is int:
            return _constant(leaves.decode(self.data, value, self.end))
        if isinstance(value, Global):
            return value.dotted
        if depth >= DEPTH or self.left <= 0:
            return "…"
        if isinstance(value, Made):
            return self.show(value.callee, depth + 1) + self.arguments(value.args, depth + 1)
        if isinstance(value, Outside):
            return f"<{value.kind}>"
        if isinstance(value, Batch | Held):
            return "…"
        left, right = _BRACKETS[value.kind]
        comma = "," if value.kind == "tuple" and value.size == 1 else ""
        return left + self.items(value, depth + 1) + comma + right

    def arguments(self, args: Any, depth: int) -> str:
        if isinstance(args, Group) and args.kind == "tuple":
            return "(" + self.items(args, depth) + ")"
        return "(*" + self.show(args, depth) + ")"

    def items(self, group: Group, depth: int) -> str:
        shown = [self.show(item, depth) for item in group.head[:ITEMS]]
        if group.kind == "dict":
            shown = [f"{key}: {value}" for key, value in zip(shown[::2], shown[1::2], strict=False)]
        if group.size > ITEMS:
            shown.append("…")
        return ", ".join(shown)


def _constant(value: Any) -> str:
    if isinstance(value, leaves.Undecoded):
        return f"<{value.size:,} bytes>"
    if isinstance(value, bytes | bytearray | str) and len(value) > TEXT:
        return repr(value[:TEXT]) + "…"
    return _shorten(repr(value), TEXT)


def _shorten(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"
