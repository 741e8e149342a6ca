"""What rows of opcodes have in common, learned from some of them, and what stands for all of them (`repeats`).

Only rows are learned that do all they do to values of their own and whose effect hangs on no plain value.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Iterator

from modelscan.pickles import amounts, leaves, storages
from modelscan.pickles import outline as outlines
from modelscan.pickles.leaves import Buffer
from modelscan.pickles.memo import Memo
from modelscan.pickles.opcodes import CALLS, COUNTED, FIXED, LEAVES, OPERANDS, Op
from modelscan.pickles.repeats import FEW, PUT, Key, Outlined, Part, Pattern, Span, Template
from modelscan.pickles.rows import Slot, Step
from modelscan.pickles.storages import Claim
from modelscan.pickles.values import Global, Group, Made, Outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 1_024
"""Opcodes of a row."""
LONG, WIDE = 64, 255
"""Opcodes of a row and bytes of a value in it, beyond which an outline is cheaper than an expression."""

_GROUPED = frozenset({Op.TUPLE, Op.LIST, Op.DICT, Op.FROZENSET})
_FILLED = frozenset({Op.APPENDS, Op.SETITEMS, Op.ADDITEMS})
_FRESH = frozenset({Op.EMPTY_LIST, Op.EMPTY_DICT, Op.EMPTY_SET, Op.EMPTY_TUPLE})
_TAKEN: dict[int, int] = {
    Op.BINPERSID: 1,
    Op.TUPLE1: 1,
    Op.TUPLE2: 2,
    Op.TUPLE3: 3,
    Op.REDUCE: 2,
    Op.NEWOBJ: 2,
    Op.NEWOBJ_EX: 3,
}
"""Opcodes that make one value of so many."""
_PUT_INTO: dict[int, int] = {Op.BUILD: 1, Op.APPEND: 1, Op.SETITEM: 2}
"""Opcodes that put so many values into the one below."""
_GETS = frozenset({Op.BINGET, Op.LONG_BINGET})
_MEMOS = frozenset({Op.MEMOIZE, Op.LONG_BINPUT})
_PLAIN_STEPS = frozenset({Op.MARK, Op.OBJ}) | _GROUPED | _FILLED | _FRESH | frozenset(_TAKEN) | frozenset(_PUT_INTO)

_WIDTHS = {
    int(code): 1 + FIXED.get(code, OPERANDS.get(code, 0))
    for code in (LEAVES - frozenset(COUNTED)) | _GETS | _MEMOS | _PLAIN_STEPS
}
"""Bytes of an opcode of a row with its argument; those of `COUNTED` tell by themselves."""


def learn(data: Buffer, spans: list[Span], memo: Memo, stack: list[Any], key: Key, memoize: bool) -> Template | None:
    """What the last of these rows has in common with those like it; None where it is not to be learned."""
    steps = list(_steps(data, *spans[-1]))
    if not steps or steps[-1][2] != spans[-1][1] or not any(code in CALLS for code, _, _ in steps):
        return None  # without a call a batch is cheaper
    left = _left_by(steps)
    if left is None or memo.deferred or (memoize and memo.sparse):
        return None
    puts = [(code, data[at + 1 : after]) for code, at, after in steps if code in _MEMOS]
    first = memo.count - len(puts)
    indices = [first + n if memoize else int.from_bytes(raw, "little") for n, (_, raw) in enumerate(puts)]
    gets = sorted({int.from_bytes(data[at + 1 : after], "little") for code, at, after in steps if code in _GETS})
    if memoize and any(index >= first for index in gets):
        return None  # the same number is another value in each row
    if _goes_through(data, steps, memo):
        return None
    template = _template(data, spans, steps, memoize, key[1])
    if template is None:
        return None
    if isinstance(template, Pattern):
        claims = _claims(data, steps, memo, template.patterns())
        if claims is None:
            return None
        template.claims = claims
    template.gets = [(index, memo.peek(index)) for index in gets]
    template.resets = memo.resets
    kept = [memo.peek(index) for index in indices]
    _blur([*kept, *stack[-left:]], {id(value) for _, value in template.gets})
    start, stop = spans[-1]
    template.kept = [None if type(value) is int and start <= value < stop else value for value in kept]
    template.pushed = [Outside("data", at, at) if type(at) is int else at for at in stack[-left:]]
    return template


def _claims(data: Buffer, steps: list[Step], memo: Memo, patterns: list[bytes]) -> tuple[Claim, ...] | None:
    """The storages that a row asks for. None where nobody can tell which ones rows like it ask for."""
    found: list[Claim] = []
    for number, (code, _, _) in enumerate(steps):
        if code != Op.BINPERSID:
            continue
        parts = _items(steps, number)
        if parts is None:
            return None
        values = [_value(data, steps[part], memo) for part in parts]
        if len(parts) <= storages.COUNT or leaves.string(data, values[0], len(data)) != storages.TAG:
            continue
        key, count = (_told(data, steps, parts[at], values[at]) for at in (storages.KEY, storages.COUNT))
        if key is None or count is None:
            return None
        where = parts[storages.KEY]
        before, between = _constant(data, steps, where), steps[parts[storages.COUNT]][1] - steps[where][2]
        plain = any(code in LEAVES for code, _, _ in steps[where + 1 : parts[storages.COUNT]])
        found.append(Claim(storages.item_of(values[1]), key, count, patterns, b"" if plain else before, between))
    return tuple(found)


def _constant(data: Buffer, steps: list[Step], number: int) -> bytes:
    """What stands in front of a step of a row and is the same in all of them; nothing if it may overlap itself."""
    start = end = steps[number][1]
    while number and steps[number - 1][2] == start and steps[number - 1][0] not in LEAVES | _MEMOS:
        number -= 1
        start = steps[number][1]
    found = bytes(data[start:end])
    return b"" if any(found.endswith(found[:size]) for size in range(1, len(found))) else found


def _items(steps: list[Step], number: int) -> list[int] | None:
    """The steps that push what is in the tuple which the step of that number takes; None if not each is one value."""
    found: list[int] = []
    tuples = 0
    while number and steps[number - 1][0] != Op.MARK:
        number -= 1
        code = steps[number][0]
        tuples += code == Op.TUPLE
        if code in LEAVES or code in _GETS:
            found.insert(0, number)
        elif tuples > 1 or (code not in _MEMOS and code != Op.TUPLE):
            return None
    return found


def _value(data: Buffer, step: Step, memo: Memo) -> Any:
    code, at, after = step
    return memo.peek(int.from_bytes(data[at + 1 : after], "little")) if code in _GETS else at


def _told(data: Buffer, steps: list[Step], part: int, value: Any) -> bytes | int | None:
    """The part of a row, if a leaf stands there; the leaf that is taken out of the memo, if it is one."""
    if steps[part][0] in LEAVES:
        return part
    return bytes(data[value : leaves.span(data, value, len(data))[1]]) if type(value) is int else None


def _goes_through(data: Buffer, steps: list[Step], memo: Memo) -> bool:
    """Does it make one of `amounts.RUNS`, and may it be given to another call? Then all hangs on its numbers."""
    gets = Counter(int.from_bytes(data[at + 1 : after], "little") for code, at, after in steps if code in _GETS)
    names = {index: memo.peek(index) for index in gets}
    made = sum(
        count
        for index, count in gets.items()
        if isinstance(names[index], Global) and names[index].spelled in amounts.RUNS
    )
    return 0 < made < sum(code in CALLS for code, _, _ in steps)


def _template(data: Buffer, spans: list[Span], steps: list[Step], memoize: bool, depth: int) -> Template | None:
    """How to recognise rows like the last one, None where there are none or they are no rows to repeat."""
    if len(steps) <= LONG and all(after - at <= WIDE + COUNTED.get(code, 0) for code, at, after in steps):
        parts = _common(data, spans, memoize)
        return None if parts is None else Pattern(parts, memoize, depth)
    row = _outlined(data, spans, steps) if memoize else None
    return None if row is None else Outlined(row, depth)


def _outlined(data: Buffer, spans: list[Span], steps: list[Step]) -> list[outlines.Piece] | None:
    """What the last row has in common with those like it. None where there are no others."""
    codes = [code for code, _, _ in steps]
    memos = [code == Op.MEMOIZE for code in codes]
    if Op.BINPERSID in codes or Op.LONG_BINPUT in codes or any(map(operator.and_, memos, memos[1:])):
        return None
    found, alike = outlines.pieces(data, steps, LEAVES), 0
    for span in spans[-FEW:-1]:
        common = outlines.merged(found, outlines.pieces(data, list(_steps(data, *span)), LEAVES))
        if common is not None:
            found, alike = common, alike + 1
    return found if alike else None


def _common(data: Buffer, spans: list[Span], memoize: bool) -> list[Part] | None:
    """The last row with all the values that stand in its slots in rows like it. None where there are no others."""
    parts = _parts(data, *spans[-1], memoize)
    alike = 0
    for span in spans[:-1] if parts else ():
        other = _parts(data, *span, memoize)
        if parts is None or other is None or len(other) != len(parts) or any(map(_differ, parts, other)):
            continue
        alike += 1
        for mine, theirs in zip(parts, other, strict=True):
            if isinstance(mine, Slot) and isinstance(theirs, Slot):
                mine.take(theirs)
    return parts if alike else None


def _differ(one: Part, other: Part) -> bool:
    return one != other if isinstance(one, bytes) or isinstance(other, bytes) else False


def _parts(data: Buffer, start: int, stop: int, memoize: bool) -> list[Part] | None:
    steps = list(_steps(data, start, stop))
    if not steps or steps[-1][2] != stop or _left_by(steps) is None:
        return None
    parts: list[Part] = []
    persistent = any(code == Op.BINPERSID for code, _, _ in steps)
    before = -1
    for code, at, after in steps:
        if not memoize and code == Op.LONG_BINGET:
            return None  # a repeat might have set it anew
        if code in _MEMOS:
            if (code == Op.MEMOIZE) is not memoize or before in _MEMOS:
                return None
            parts.append(b"\x94" if memoize else PUT)
        elif code in LEAVES and not (persistent and before == Op.MARK):
            slot = Slot()
            slot.add(code, False, after - at - 1 - COUNTED.get(code, 0))
            parts.append(slot)
        else:
            parts.append(re.escape(bytes(data[at:after])))
        if code == Op.BINPERSID and before not in (Op.TUPLE, *_MEMOS):
            return None
        before = code
    return parts


def _steps(data: Buffer, pos: int, stop: int) -> Iterator[Step]:
    """opcode, its offset, the offset after its argument; up to the first one that is not to be repeated."""
    widths = _WIDTHS
    for _ in range(LONGEST):
        if pos >= stop:
            return
        code = data[pos]
        width = widths.get(code)
        if width is not None:
            after = pos + width
        elif code in COUNTED:
            start = pos + 1 + COUNTED[code]
            after = start + int.from_bytes(data[pos + 1 : start], "little")
        elif code == Op.FRAME:
            pos += 9
            continue
        else:
            return
        if after > stop:
            return
        yield code, pos, after
        pos = after


def _left_by(steps: list[Step]) -> int | None:
    """How many values it leaves; None where it takes from the stack below it, or writes into what it has not made."""
    stack: list[bool] = []  # per value: was it made here?
    marks: list[list[bool]] = []
    for code, _, _ in steps:
        if code == Op.MARK:
            marks.append(stack)
            stack = []
        elif code in _MEMOS:
            if not stack:
                return None
        elif code in LEAVES or code in _GETS or code in _FRESH:
            stack.append(code in _FRESH)
        elif code in _TAKEN or code in _PUT_INTO:
            taken = _TAKEN.get(code, _PUT_INTO.get(code, 0))
            if len(stack) < taken + (code in _PUT_INTO):
                return None
            del stack[-taken:]
            if code in _TAKEN:
                stack.append(True)
            elif not stack[-1]:
                return None
        elif not marks or (code == Op.OBJ and not stack):
            return None
        else:
            stack = marks.pop()
            if code not in _FILLED:
                stack.append(True)
            elif not stack or not stack[-1]:
                return None
    return None if marks else len(stack)


def _blur(values: list[Any], own: set[int]) -> None:
    """Marks what a sample has made, so that nobody reads its plain data as that of its repeats.

    `own` are the ids of values that it did not make.
    """
    todo = list(values)
    while todo:
        value = todo.pop()
        if id(value) in own or isinstance(value, int | Global):
            continue
        own.add(id(value))
        if isinstance(value, Group):
            value.spelled = False
            todo += value.parts()
        elif isinstance(value, Made):
            value.kind = "giant" if amounts.blurred(value) else value.kind
            todo += (value.callee, value.args, *(value.held or ()))
        elif isinstance(value, Outside):
            todo.append(value.pid)
