"""What each opcode does, one function a kind of opcode; `HANDLERS` is the table.

A handler gets the state, the offset of its opcode and the opcode, and returns the offset to go on at.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Kind
from modelscan.pickles import amounts, arrays, batches, leaves, storages, text
from modelscan.pickles.opcodes import COUNTED, NAMES, OPERANDS, SIGNED, Op
from modelscan.pickles.state import SPELLED, State, underflow
from modelscan.pickles.values import Global, Group, Made, Outside, share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PERSISTENT_SHAPES = frozenset({storages.TAG, "module"})


def _counted(state: State, pos: int, code: int) -> int:
    width = COUNTED[code]
    size = state.number(pos, width, signed=code in SIGNED)
    if size < 0:
        raise FormatError("pickle-literal", "a negative length", pos)
    state.stack.append(pos)
    return pos + 1 + width + size


def _long(state: State, pos: int, code: int) -> int:
    """An integer of more than 255 bytes, as a rule."""
    after = _counted(state, pos, code)
    state.special += 1
    if after - pos > amounts.LONG:
        state.ledger.numbers.add(pos)
    return after


def _text(state: State, pos: int, code: int) -> int:
    stop = state.line(pos + 1)
    state.stack.append(pos)
    if stop - pos > amounts.LONG and code in (Op.INT, Op.LONG):
        state.ledger.numbers.add(pos)
    return stop + 1


def _proto(state: State, pos: int, code: int) -> int:
    number = state.data[pos + 1] if pos + 2 <= state.limit else state.number(pos, 1)
    if number > 5:
        raise FormatError("pickle-protocol", "a protocol newer than 5", pos)
    state.memoize = number >= 4
    return pos + 2


def _frame(state: State, pos: int, code: int) -> int:
    end = pos + 9 + state.number(pos, 8)
    if state.limit < state.end:  # inside of another frame: no pickler does that, and readers disagree
        state.ledger.note(Kind.ANOMALY, "frame-straddle", pos)
    if end > state.end and state.overlong is None:
        state.overlong = pos
    state.limit = min(end, state.end)
    return pos + 9


def _global(state: State, pos: int, code: int) -> int:
    value, after = _read_global(state, pos)
    if not after:
        raise _torn(state)
    state.stack.append(value)
    return after


def _torn(state: State) -> FormatError:
    return FormatError("pickle-truncated", "the stream ends in the middle of a name", state.end)


def _read_global(state: State, pos: int) -> tuple[Global, int]:
    """The imported object and the offset after its name, 0 where the data ends before the name does."""
    first = state.data.find(b"\n", pos + 1, state.end)
    second = state.data.find(b"\n", first + 1, state.end) if first >= 0 else -1
    if second < 0:
        # At the end of the data pickle.py takes what there is of a line, less its last character, and imports that.
        first = state.end - 1 if first < 0 else first
        value = _named(state, pos, first, max(first, state.end - 1))
        state.named(value)
        return value, 0
    state.reaches(second + 1)
    value = _named(state, pos, first, second)
    state.named(value)
    return value, second + 1


def _named(state: State, pos: int, first: int, second: int) -> Global:
    """The object whose module stands on the line up to `first` and whose name up to `second`."""
    if max(first - pos - 1, second - first - 1) > state.limits.name:
        # No module has such a long name; attributes of attributes may have.
        long = first - pos - 1 > state.limits.name
        chance = long or re.fullmatch(rb"[\w.\x80-\xff]+", state.data[first + 1 : second]) is None
        raise LimitExceeded("name", f"a name longer than {state.limits.name:,} bytes", chance)
    module = text.name(bytes(state.data[pos + 1 : first]), pos)
    name = text.name(bytes(state.data[first + 1 : second]), pos)
    return Global(module, name, pos, NAMES[state.data[pos]])


def _stack_global(state: State, pos: int, code: int) -> int:
    name, module = state.pop(pos), state.pop(pos)
    module_text, name_text = state.name(module), state.name(name)
    if module_text is None or name_text is None:
        if not all(map(state.could_be_text, (module, name))):
            raise FormatError("pickle-name", "a name that is no string", pos)
        # Only a string the stream spells is one we know; a computed one could be anything.
        state.ledger.note(Kind.ANOMALY, "unresolved-global", pos)
        state.stack.append(Outside("unresolved name", Group("tuple", [module, name]), pos))
        return pos + 1
    if len(state.spelled) < SPELLED:
        state.spelled += (module, name)
    value = Global(module_text, name_text, pos, "STACK_GLOBAL")
    state.named(value)
    state.stack.append(value)
    return pos + 1


def _inst(state: State, pos: int, code: int) -> int:
    value, after = _read_global(state, pos)  # pickle.py imports before it looks for the mark, C after
    items = state.pop_mark(pos)
    state.stack.append(state.called("INST", value, Group("tuple", items), pos))
    if not after:
        raise _torn(state)
    return after


def _obj(state: State, pos: int, code: int) -> int:
    items = state.pop_mark(pos)
    if not items:
        raise underflow(pos)
    state.stack.append(state.called("OBJ", items[0], Group("tuple", items[1:]), pos))
    return pos + 1


def _reduce(state: State, pos: int, code: int) -> int:
    stack = state.stack
    if len(stack) < 2:
        raise underflow(pos)
    args, callee = stack.pop(), stack.pop()
    stack.append(state.called("REDUCE", callee, args, pos))
    return state.acted(code, pos + 1)


def _newobj(state: State, pos: int, code: int) -> int:
    stack = state.stack
    if len(stack) < 2:
        raise underflow(pos)
    args, cls = stack.pop(), stack.pop()
    stack.append(state.constructed("NEWOBJ", cls, args, pos))
    return state.acted(code, pos + 1)


def _newobj_ex(state: State, pos: int, code: int) -> int:
    kwargs, args, cls = state.pop(pos), state.pop(pos), state.pop(pos)
    state.stack.append(state.constructed("NEWOBJ_EX", cls, Group("tuple", [args, kwargs]), pos))
    return pos + 1


def _build(state: State, pos: int, code: int) -> int:
    given = state.pop(pos)
    target = state.top(pos)
    if isinstance(target, Made):
        state.stated(target, given, pos)
    state.filled("BUILD", target, [given], pos)
    if isinstance(target, Made):
        if arrays.is_wrapper(target):
            state.ledger.read_array()
            state.special += 1
            return _array(state, target, given, pos + 1)
        target.built = True
        if arrays.names_file(target.root):
            state.special += 1
            state.ledger.beside(arrays.side_file(state.data, state.end, target, given), pos)
    return state.acted(code, pos + 1)


def _array(state: State, target: Made, given: Any, pos: int) -> int:
    """joblib reads the array from its *file*, which stands behind the frame that holds the wrapper."""
    state.layouts = state.layouts or arrays.Layouts(state.data, state.end)
    layout = state.layouts.of(target, given)
    target.built = True
    if state.inner is None:
        if layout is not None and layout.objects and state.objects_at is None:
            state.objects_at = pos
        return pos
    if state.limit not in (pos, state.end):
        state.ledger.note(Kind.ANOMALY, "array-in-frame", pos)
    if layout is None:
        reason = "an array whose size cannot be worked out from its description"
        raise FormatError("array-unresolved", reason, pos, unread=True)
    state.stack[-1] = Made(target.callee, target.args, pos, "array")
    state.limit = state.end
    if layout.objects:
        return state.inner(pos)
    after = arrays.skip(state.data, pos, state.end, layout)
    if layout.dtype is not None:
        state.raws[pos] = arrays.Raw(after - layout.size, after, layout.dtype)
    return after


def _setitem(state: State, pos: int, code: int) -> int:
    value, key = state.pop(pos), state.pop(pos)
    state.filled("SETITEM", state.top(pos), [key, value], pos)
    return pos + 1


def _append(state: State, pos: int, code: int) -> int:
    value = state.pop(pos)
    state.filled("APPEND", state.top(pos), [value], pos)
    return pos + 1


def _fill_marked(state: State, pos: int, code: int) -> int:
    items = state.pop_mark(pos)
    target = state.top(pos)
    if items or not isinstance(target, Group):  # pickle.py calls `extend` of what is no list, with nothing too
        state.filled(NAMES[code], target, items, pos)
    return state.acted(code, pos + 1)


def _group_marked(state: State, pos: int, code: int) -> int:
    items = state.pop_mark(pos)
    state.stack.append(state.grouped(batches.GROUPS[code], items, pos))
    return pos + 1


def _tuple(state: State, pos: int, code: int) -> int:
    size = code - Op.TUPLE1 + 1
    if len(state.stack) < size:
        raise underflow(pos)
    state.stack[-size:] = [state.grouped("tuple", state.stack[-size:], pos)]
    return pos + 1


def _readonly(state: State, pos: int, code: int) -> int:
    state.top(pos)
    return pos + 1


def _pop(state: State, pos: int, code: int) -> int:
    if state.stack:
        state.stack.pop()
    else:
        state.pop_mark(pos)
    return pos + 1


def _pop_mark(state: State, pos: int, code: int) -> int:
    state.pop_mark(pos)
    return pos + 1


def _dup(state: State, pos: int, code: int) -> int:
    state.stack.append(share(state.top(pos)))
    return pos + 1


def _index(state: State, pos: int, width: int | None) -> tuple[int, int]:
    """The memo index behind the opcode at `pos`, as text where it has no `width`, and the offset after it."""
    if width is not None:
        return state.number(pos, width), pos + 1 + width
    stop = state.line(pos + 1)
    return text.index(bytes(state.data[pos + 1 : min(stop, pos + 4096)]), pos), stop + 1


def _get(state: State, pos: int, code: int) -> int:
    index, after = _index(state, pos, OPERANDS.get(code))
    state.stack.append(state.memo.get(index, pos))
    return after


def _put(state: State, pos: int, code: int) -> int:
    index, after = _index(state, pos, OPERANDS.get(code))
    state.memo.put(index, state.top(pos))
    return after


def _extension(state: State, pos: int, code: int) -> int:
    width = OPERANDS[code]
    number = state.number(pos, width, signed=width == 4)
    state.ledger.note(Kind.EXTENSION, str(number), pos, expression=f"copyreg extension {number}")
    state.stack.append(Outside(f"extension {number}", pos, pos))
    return pos + 1 + width


def _persid(state: State, pos: int, code: int) -> int:
    stop = state.line(pos + 1)
    _persistent(state, pos, pos)
    return stop + 1


def _binpersid(state: State, pos: int, code: int) -> int:
    _persistent(state, state.pop(pos), pos)
    return pos + 1


def _persistent(state: State, pid: Any, pos: int) -> None:
    shape, loader = "unknown", state.ledger.loader
    value: Any = Outside("persistent id", pid, pos)
    if isinstance(pid, Group) and pid.kind == "tuple" and pid.head:
        tag = leaves.string(state.data, pid.head[0], state.end)
        shape = f"torch-{tag}" if tag in _PERSISTENT_SHAPES else shape
        if tag == storages.TAG and loader == "torch":
            state.ledger.storages.take(pid)
        if tag == "module" and loader == "torch" and len(pid.head) > 1:
            value = share(pid.head[1])  # torch's _legacy_load answers with the class it was given
    state.ledger.note(Kind.PERSISTENT, f"{shape} for {loader or 'nobody'}", pos, shape=shape, loader=loader)
    state.stack.append(value)


Handler = Callable[[State, int, int], int]

HANDLERS: dict[int, Handler] = {
    **dict.fromkeys(COUNTED, _counted),
    Op.LONG4: _long,
    **dict.fromkeys((Op.INT, Op.FLOAT, Op.LONG, Op.STRING, Op.UNICODE), _text),
    **dict.fromkeys((Op.GET, Op.BINGET, Op.LONG_BINGET), _get),
    **dict.fromkeys((Op.PUT, Op.BINPUT, Op.LONG_BINPUT), _put),
    **dict.fromkeys((Op.TUPLE1, Op.TUPLE2, Op.TUPLE3), _tuple),
    **dict.fromkeys(batches.FILLS, _fill_marked),
    **dict.fromkeys(batches.GROUPS, _group_marked),
    **dict.fromkeys((Op.EXT1, Op.EXT2, Op.EXT4), _extension),
    Op.PROTO: _proto,
    Op.FRAME: _frame,
    Op.GLOBAL: _global,
    Op.STACK_GLOBAL: _stack_global,
    Op.INST: _inst,
    Op.OBJ: _obj,
    Op.REDUCE: _reduce,
    Op.NEWOBJ: _newobj,
    Op.NEWOBJ_EX: _newobj_ex,
    Op.BUILD: _build,
    Op.SETITEM: _setitem,
    Op.APPEND: _append,
    Op.POP: _pop,
    Op.POP_MARK: _pop_mark,
    Op.DUP: _dup,
    Op.PERSID: _persid,
    Op.BINPERSID: _binpersid,
    Op.READONLY_BUFFER: _readonly,
}
