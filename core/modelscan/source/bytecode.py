"""What a code object does, in words: the names it uses, its constants, and its instructions where they can be named.

Instructions have other numbers in each Python. They are named by the running Python's own tables, and only if the
code fits those from end to end; otherwise names and constants have to do.
"""

from __future__ import annotations

import opcode
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from modelscan.source.marshal import Code, nested

LINES = 80
"""Instructions that are spelled out."""
NAMES = 60
LONGEST = 120
"""Characters of one constant."""

_ARGUMENT = opcode.HAVE_ARGUMENT
_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_CACHE = opcode.opmap.get("CACHE", -1)
_SHIFTS = {"LOAD_GLOBAL": 1, "LOAD_SUPER_ATTR": 2} | ({"LOAD_ATTR": 1} if sys.version_info >= (3, 12) else {})
"""Low bits of the argument that are flags and not part of a name's number."""
_LAYOUT = "3.11 or newer"


def names(code: Code) -> list[str]:
    """Every global and attribute that the code and the code inside it name, each once."""
    found = dict.fromkeys(name for one in nested(code) for name in one.names)
    return list(islice(found, NAMES))


def constants(code: Code) -> list[str]:
    """Texts and byte strings in the code, shortened."""
    found = dict.fromkeys(_shown(value) for one in nested(code) for value in _texts(one.constants))
    return list(islice(found, NAMES))


def disassembly(code: Code) -> list[str]:
    """One line an instruction, code inside the code after it. Empty for the code of another Python."""
    lines: list[str] = []
    for one in nested(code):
        if len(lines) >= LINES:
            break
        found = _instructions(one)
        if found is None:
            return []
        lines += [f"{one.name} (line {one.line}):", *(f"  {line}" for line in found)]
    return lines[:LINES]


def summary(code: Code) -> str:
    """One line, such as "lambda x: uses os, system; holds 'id'"."""
    used, held = names(code), constants(code)
    head = f"{code.name}({', '.join(code.variables[: max(0, code.arguments)][:8])})"
    parts = [f"uses {', '.join(used[:12])}"] if used else []
    parts += [f"holds {', '.join(held[:6])}"] if held else []
    return f"{head}: {'; '.join(parts)}" if parts else f"{head}: arithmetic on its arguments only"


def _texts(value: Any) -> Iterator[str | bytes]:
    for item in value[:1_000]:
        if isinstance(item, str | bytes) and item:
            yield item
        elif isinstance(item, tuple | list):
            yield from (inner for inner in item[:1_000] if isinstance(inner, str | bytes) and inner)


def _shown(value: Any) -> str:
    if isinstance(value, Code):
        return f"<code {value.name}>"
    if isinstance(value, tuple | list):
        return f"<{len(value)} constants>"
    return repr(value[:LONGEST]) + "…" if isinstance(value, str | bytes) and len(value) > LONGEST else repr(value)


def _instructions(code: Code) -> list[str] | None:
    """None: these are not instructions of the running Python."""
    if code.layout != _LAYOUT or len(code.bytecode) % 2 or not _resumes(code.bytecode):
        return None
    lines: list[str] = []
    extended = 0
    for at in range(0, len(code.bytecode), 2):
        number, argument = code.bytecode[at], code.bytecode[at + 1] | extended
        name = opcode.opname[number]
        if name.startswith("<"):
            return None
        extended = argument << 8 if number == _EXTENDED else 0
        if number in (_EXTENDED, _CACHE):
            continue
        shown = _argument(code, number, name, argument)
        if shown is None:
            return None
        lines.append(f"{name} {shown}".rstrip())
    return lines


def _resumes(bytecode: bytes) -> bool:
    return opcode.opmap.get("RESUME", -1) in bytecode[0:24:2]


def _argument(code: Code, number: int, name: str, argument: int) -> str | None:
    """The name or constant that it stands for. None: there is no such one."""
    if number < _ARGUMENT:
        return ""
    table: tuple[Any, ...] = ()
    place = argument
    if number in opcode.hasname:
        table, place = code.names, argument >> _SHIFTS.get(name, 0)
    elif number in opcode.hasconst:
        table = code.constants
    elif number in opcode.haslocal and name in ("LOAD_FAST", "STORE_FAST"):
        table = code.variables
    else:
        return str(argument)
    if place >= len(table):
        return None
    return table[place] if table is code.names or table is code.variables else _shown(table[place])
