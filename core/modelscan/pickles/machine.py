"""An abstract unpickler: the stack, marks and memo of Modules/_pickle.c with facts instead of effects.

It stops where the C unpickler must stop (an unknown opcode, an empty stack, a missing memo index, the end of the
data) and goes on where only a real object could tell (a list that is no list): what it collects is a superset of
what a load asks for. It reads a stream by its bytes and not by `pickletools`, whose stricter parsing can be used to
hide what follows (threats P25 to P28).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles import arrays, batches, leaves, meaning, text
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.memo import Memo
from modelscan.pickles.opcodes import COUNTED, EMPTY, NAMES, SIGNED, Op, widths
from modelscan.pickles.values import Global, Group, Made, Outside

STRIDE = 65_536
"""Opcodes between two looks at the budgets."""

_WIDTHS = widths()
_SHORT = [COUNTED.get(code) == 1 for code in range(256)]
_EMPTY: list[str] = [EMPTY.get(code, "") for code in range(256)]
_TEXT = frozenset(
    {Op.STRING, Op.BINSTRING, Op.SHORT_BINSTRING, Op.UNICODE, Op.SHORT_BINUNICODE, Op.BINUNICODE, Op.BINUNICODE8}
)
_PERSISTENT_SHAPES = frozenset({"storage", "module"})


@dataclass(frozen=True, slots=True)
class Walk:
    """How a stream went. `end` is the offset after the last byte read.

    `broken` says where the stream breaks for the unpickler too, `limit` which budget of ours ran out before its end.
    """

    end: int
    broken: FormatError | None = None
    limit: LimitExceeded | None = None


class Machine:
    """Walks one pickle in `data[start:end]` and writes what it does into `ledger`.

    `read_arrays` follows joblib, which puts an array's bytes between the opcodes and reads them when it has built the
    array's wrapper; without it the same bytes are opcodes, as they are for `pickle.load`.
    """

    def __init__(
        self, data: leaves.Buffer, start: int, end: int, ledger: Ledger, limits: Limits, read_arrays: bool = False
    ) -> None:
        self.data, self.start, self.end = data, start, end
        self.ledger, self.limits, self.read_arrays = ledger, limits, read_arrays
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo = Memo()
        self.limit = end
        """Where the current frame ends, or the data."""
        self.overlong: int | None = None
        """A frame that claims more than there is: the C unpickler stops there, pickle.py (and so joblib) does not."""
        self.arrays = 0
        """joblib array wrappers seen."""
        self.bulk = False
        """Is the stream long enough for batches to be looked for?"""
        self.memoize = False
        self.waits = self.misses = 0
        self.objects_at: int | None = None
        """Where the pickle of joblib's first array of objects begins."""
        self.opcodes = 0
        self.deadline = time.monotonic() + limits.seconds

    def run(self) -> Walk:
        """To STOP, to where the stream breaks, or to a limit."""
        try:
            end = self._loop(self.start)
        except FormatError as error:
            return Walk(error.offset if error.offset is not None else self.end, broken=error)
        except LimitExceeded as error:
            return Walk(self.end, limit=error)
        if self.overlong is not None:
            self.ledger.note(Kind.ANOMALY, "frame-straddle", self.overlong)
        return Walk(end)

    def _loop(self, pos: int) -> int:
        """The one hot loop; what most pickles consist of is handled in place, the rest by `HANDLERS`."""
        data, memo, width_of, short, empty = self.data, self.memo, _WIDTHS, _SHORT, _EMPTY
        stack, limit, end = self.stack, self.limit, self.end
        while True:
            self._check_budgets()
            self.bulk = self.bulk or self.opcodes >= STRIDE
            self.opcodes += STRIDE
            for _ in repeat(None, STRIDE):
                if pos >= limit:
                    limit = self._boundary(pos)
                code = data[pos]
                width = width_of[code]
                if width >= 0:
                    stack.append(pos)
                    pos += 1 + width
                elif short[code]:
                    stack.append(pos)
                    pos = pos + 2 + data[pos + 1] if pos + 1 < end else end
                elif code == 0x94:  # MEMOIZE
                    if not stack:
                        raise _underflow(pos)
                    memo.add(stack[-1])
                    pos += 1
                elif code == 0x68 and pos + 1 < end:  # BINGET
                    stack.append(memo.get(data[pos + 1], pos))
                    pos += 2
                elif empty[code]:
                    stack.append(Group(empty[code]))
                    pos += 1
                elif code == 0x28:  # MARK
                    if self.bulk and (after := self.batch(pos)):
                        pos, limit = after, self.limit
                        continue
                    self.marks.append(stack)
                    stack = self.stack = []
                    pos += 1
                elif code == 0x2E:  # STOP
                    if not stack:
                        raise _underflow(pos)
                    return pos + 1
                else:
                    handler = HANDLERS.get(code)
                    if handler is None:
                        raise FormatError("pickle-opcode", f"byte 0x{code:02x} is no opcode", pos)
                    pos = handler(self, pos, code)
                    stack, limit = self.stack, self.limit

    def _check_budgets(self) -> None:
        if self.opcodes >= self.limits.opcodes:
            raise LimitExceeded("opcodes", f"more than {self.limits.opcodes:,} opcodes")
        if self.memo.count + len(self.stack) + len(self.marks) > self.limits.values:
            raise LimitExceeded("values", f"more than {self.limits.values:,} live values")
        if time.monotonic() > self.deadline:
            raise LimitExceeded("seconds", f"more than {self.limits.seconds:g} s in one pickle")

    def _boundary(self, pos: int) -> int:
        """`pos` has reached or passed the end of the frame, or of the data."""
        self.reaches(pos)
        if pos >= self.end:
            raise FormatError("pickle-truncated", "the stream ends in the middle", self.end)
        self.limit = self.end
        return self.end

    def batch(self, mark: int) -> int:
        """Takes the batch behind the MARK at `mark`; where to go on, or 0 to go through it opcode by opcode."""
        if self.waits:
            self.waits -= 1
            return 0
        grammar = batches.grammar(self.memoize)
        found = batches.find(self.data, mark, self.limit, self.end, grammar)
        if found is None:  # looking was in vain, so look less often while that goes on
            self.misses = min(self.misses + 1, 10)
            self.waits = (1 << self.misses) - 1
            return 0
        if found[0] - mark < batches.SMALLEST:
            return 0
        self.misses = 0
        stop, self.limit = found
        batch = batches.Batch(self.data, mark + 1, stop, grammar, self.memo.peek)
        self.memo.deferred.append(batch)
        code = self.data[stop]
        if code in batches.FILLS:
            self.filled(NAMES[code], self.top(stop), [batch], stop)
        else:
            group = Group(batches.GROUPS[code])
            group.fill(batch)
            self.stack.append(group)
        return stop + 1

    # The parts the handlers share.

    def pop(self, pos: int) -> Any:
        if not self.stack:
            raise _underflow(pos)
        return self.stack.pop()

    def pop_mark(self, pos: int) -> list[Any]:
        if not self.marks:
            raise FormatError("pickle-mark", "no MARK on the stack", pos)
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def top(self, pos: int) -> Any:
        if not self.stack:
            raise _underflow(pos)
        return self.stack[-1]

    def number(self, pos: int, width: int, signed: bool = False) -> int:
        """The little-endian argument of the opcode at `pos`."""
        if pos + 1 + width > self.end:
            raise FormatError("pickle-truncated", "the stream ends in the middle", self.end)
        self.reaches(pos + 1 + width)
        return int.from_bytes(self.data[pos + 1 : pos + 1 + width], "little", signed=signed)

    def line(self, pos: int) -> int:
        """Offset of the newline that ends the text argument starting at `pos`."""
        stop = self.data.find(b"\n", pos, self.end)
        if stop < 0:
            raise FormatError("pickle-truncated", "the stream ends in the middle of a line", self.end)
        self.reaches(stop + 1)
        return stop

    def reaches(self, stop: int) -> None:
        """An argument ends at `stop`.

        A reader that took the frame from a file has it in a buffer of its own and drops what of an argument that runs
        over the frame's end lies there, so it goes on with other opcodes (CPython #154848, threats P27 and P27b).
        """
        if stop > self.limit < self.end:
            self.ledger.note(Kind.ANOMALY, "frame-straddle", self.limit)

    def name(self, value: Any) -> str:
        """The text of a module or attribute name."""
        if len(value) > self.limits.name:
            raise LimitExceeded("name", f"a name longer than {self.limits.name:,} characters")
        return str(value)

    def could_be_text(self, value: Any) -> bool:
        """Might the unpickler find a `str` here? Of plain data only what depends on the loader's text encoding."""
        if type(value) is int:
            return self.data[value] in _TEXT
        return not isinstance(value, Group | Global)

    def called(self, opcode: str, callee: Any, args: Any, at: int) -> Any:
        """What a call leaves on the stack: an attribute, an instance, or a result nobody knows."""
        found = meaning.of(self.data, self.end, at, callee, args)
        if isinstance(found, meaning.Attribute):
            self.ledger.reached(found.target)
            return found.target
        if isinstance(found, meaning.Construction):
            return self.constructed(opcode, found.cls, found.args, at)
        if isinstance(found, meaning.Nested):
            self.ledger.nested[at] = found
        self.ledger.act(Kind.CALL, opcode, callee, args, at)
        return Made(callee, args, at, "result")

    def constructed(self, opcode: str, cls: Any, args: Any, at: int) -> Any:
        self.ledger.act(Kind.CONSTRUCT, opcode, cls, args, at)
        return Made(cls, args, at, "instance")

    def filled(self, opcode: str, target: Any, items: list[Any], at: int) -> None:
        """Items or state go into `target`."""
        if isinstance(target, Group) and isinstance(items[0], batches.Batch):
            target.fill(items[0])
        elif isinstance(target, Group):
            target.extend(items)
        elif isinstance(target, Made):
            target.hold(items)
        elif isinstance(target, Global):
            self.ledger.act(Kind.MUTATE, opcode, target, Group("tuple", items), at)


def _underflow(pos: int) -> FormatError:
    return FormatError("pickle-underflow", "an opcode takes more from the stack than is there", pos)


def _counted(machine: Machine, pos: int, code: int) -> int:
    width = COUNTED[code]
    size = machine.number(pos, width, signed=code in SIGNED)
    if size < 0:
        raise FormatError("pickle-literal", "a negative length", pos)
    machine.stack.append(pos)
    return pos + 1 + width + size


def _text(machine: Machine, pos: int, code: int) -> int:
    stop = machine.line(pos + 1)
    machine.stack.append(pos)
    return stop + 1


def _proto(machine: Machine, pos: int, code: int) -> int:
    if machine.number(pos, 1) > 5:
        raise FormatError("pickle-protocol", "a protocol newer than 5", pos)
    machine.memoize = machine.data[pos + 1] >= 4
    return pos + 2


def _frame(machine: Machine, pos: int, code: int) -> int:
    end = pos + 9 + machine.number(pos, 8)
    if machine.limit < machine.end and end > machine.limit:
        machine.ledger.note(Kind.ANOMALY, "frame-straddle", pos)
    if end > machine.end and machine.overlong is None:
        machine.overlong = pos
    machine.limit = min(end, machine.end)
    return pos + 9


def _global(machine: Machine, pos: int, code: int) -> int:
    value, after = _read_global(machine, pos)
    machine.stack.append(value)
    return after


def _read_global(machine: Machine, pos: int) -> tuple[Global, int]:
    first = machine.data.find(b"\n", pos + 1, machine.end)
    second = machine.data.find(b"\n", first + 1, machine.end) if first >= 0 else -1
    if second < 0:
        # At the end of the data pickle.py takes what there is of a line, less its last character, and imports that.
        first = machine.end - 1 if first < 0 else first
        machine.ledger.imported(_named(machine, pos, first, max(first, machine.end - 1)))
        raise FormatError("pickle-truncated", "the stream ends in the middle of a name", machine.end)
    machine.reaches(second + 1)
    value = _named(machine, pos, first, second)
    machine.ledger.imported(value)
    return value, second + 1


def _named(machine: Machine, pos: int, first: int, second: int) -> Global:
    """The object whose module stands on the line up to `first` and whose name up to `second`."""
    if max(first - pos - 1, second - first - 1) > machine.limits.name:
        raise LimitExceeded("name", f"a name longer than {machine.limits.name:,} bytes")
    module = text.name(bytes(machine.data[pos + 1 : first]), pos)
    name = text.name(bytes(machine.data[first + 1 : second]), pos)
    return Global(module, name, pos, NAMES[machine.data[pos]])


def _stack_global(machine: Machine, pos: int, code: int) -> int:
    name, module = machine.pop(pos), machine.pop(pos)
    module_text = leaves.string(machine.data, module, machine.end)
    name_text = leaves.string(machine.data, name, machine.end)
    if module_text is None or name_text is None:
        if not all(map(machine.could_be_text, (module, name))):
            raise FormatError("pickle-name", "a name that is no string", pos)
        # Only a string the stream spells is one we know; a computed one could be anything.
        machine.ledger.note(Kind.ANOMALY, "unresolved-global", pos)
        machine.stack.append(Outside("unresolved name", Group("tuple", [module, name]), pos))
        return pos + 1
    value = Global(machine.name(module_text), machine.name(name_text), pos, "STACK_GLOBAL")
    machine.ledger.imported(value)
    machine.stack.append(value)
    return pos + 1


def _inst(machine: Machine, pos: int, code: int) -> int:
    value, after = _read_global(machine, pos)  # pickle.py imports before it looks for the mark, C after
    items = machine.pop_mark(pos)
    machine.stack.append(machine.called("INST", value, Group("tuple", items), pos))
    return after


def _obj(machine: Machine, pos: int, code: int) -> int:
    items = machine.pop_mark(pos)
    if not items:
        raise _underflow(pos)
    machine.stack.append(machine.called("OBJ", items[0], Group("tuple", items[1:]), pos))
    return pos + 1


def _reduce(machine: Machine, pos: int, code: int) -> int:
    args, callee = machine.pop(pos), machine.pop(pos)
    machine.stack.append(machine.called("REDUCE", callee, args, pos))
    return pos + 1


def _newobj(machine: Machine, pos: int, code: int) -> int:
    args, cls = machine.pop(pos), machine.pop(pos)
    machine.stack.append(machine.constructed("NEWOBJ", cls, args, pos))
    return pos + 1


def _newobj_ex(machine: Machine, pos: int, code: int) -> int:
    kwargs, args, cls = machine.pop(pos), machine.pop(pos), machine.pop(pos)
    machine.stack.append(machine.constructed("NEWOBJ_EX", cls, Group("tuple", [args, kwargs]), pos))
    return pos + 1


def _build(machine: Machine, pos: int, code: int) -> int:
    state = machine.pop(pos)
    target = machine.top(pos)
    machine.filled("BUILD", target, [state], pos)
    if isinstance(target, Made):
        machine.ledger.act(Kind.STATE, "BUILD", target.callee, Group("tuple", [state]), pos)
        if arrays.is_wrapper(target):
            machine.arrays += 1
            return _array(machine, target, state, pos + 1)
    return pos + 1


def _array(machine: Machine, target: Made, state: Any, pos: int) -> int:
    """joblib reads the array from its *file*, which stands behind the frame that holds the wrapper."""
    layout = arrays.layout(machine.data, machine.end, state)
    if not machine.read_arrays:
        if layout is not None and layout.objects and machine.objects_at is None:
            machine.objects_at = pos
        return pos
    if machine.limit not in (pos, machine.end):
        machine.ledger.note(Kind.ANOMALY, "array-in-frame", pos)
    if layout is None:
        raise FormatError("array-unresolved", "an array whose size cannot be worked out from its description", pos)
    machine.stack[-1] = Made(target.callee, target.args, pos, "array")
    machine.limit = machine.end
    if not layout.objects:
        return arrays.skip(machine.data, pos, machine.end, layout)
    inner = Machine(machine.data, pos, machine.end, machine.ledger, machine.limits)
    walk = inner.run()
    if error := walk.broken or walk.limit:
        raise error
    return walk.end


def _setitem(machine: Machine, pos: int, code: int) -> int:
    value, key = machine.pop(pos), machine.pop(pos)
    machine.filled("SETITEM", machine.top(pos), [key, value], pos)
    return pos + 1


def _append(machine: Machine, pos: int, code: int) -> int:
    value = machine.pop(pos)
    machine.filled("APPEND", machine.top(pos), [value], pos)
    return pos + 1


def _fill_marked(machine: Machine, pos: int, code: int) -> int:
    items = machine.pop_mark(pos)
    target = machine.top(pos)
    if items:
        machine.filled(NAMES[code], target, items, pos)
    return pos + 1


def _group_marked(machine: Machine, pos: int, code: int) -> int:
    items = machine.pop_mark(pos)
    machine.stack.append(Group(batches.GROUPS[code], items))
    return pos + 1


def _tuple(machine: Machine, pos: int, code: int) -> int:
    size = code - Op.TUPLE1 + 1
    if len(machine.stack) < size:
        raise _underflow(pos)
    machine.stack[-size:] = [Group("tuple", machine.stack[-size:])]
    return pos + 1


def _readonly(machine: Machine, pos: int, code: int) -> int:
    machine.top(pos)
    return pos + 1


def _pop(machine: Machine, pos: int, code: int) -> int:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark(pos)
    return pos + 1


def _pop_mark(machine: Machine, pos: int, code: int) -> int:
    machine.pop_mark(pos)
    return pos + 1


def _dup(machine: Machine, pos: int, code: int) -> int:
    machine.stack.append(machine.top(pos))
    return pos + 1


def _get(machine: Machine, pos: int, code: int) -> int:
    if code == Op.GET:
        stop = machine.line(pos + 1)
        index, after = text.index(bytes(machine.data[pos + 1 : min(stop, pos + 4096)]), pos), stop + 1
    else:
        width = 1 if code == Op.BINGET else 4
        index, after = machine.number(pos, width), pos + 1 + width
    machine.stack.append(machine.memo.get(index, pos))
    return after


def _put(machine: Machine, pos: int, code: int) -> int:
    if code == Op.PUT:
        stop = machine.line(pos + 1)
        index, after = text.index(bytes(machine.data[pos + 1 : min(stop, pos + 4096)]), pos), stop + 1
    else:
        width = 1 if code == Op.BINPUT else 4
        index, after = machine.number(pos, width), pos + 1 + width
    machine.memo.put(index, machine.top(pos))
    return after


def _extension(machine: Machine, pos: int, code: int) -> int:
    width = {Op.EXT1: 1, Op.EXT2: 2}.get(Op(code), 4)
    number = machine.number(pos, width, signed=width == 4)
    machine.ledger.note(Kind.EXTENSION, str(number), pos, expression=f"copyreg extension {number}")
    machine.stack.append(Outside(f"extension {number}", pos, pos))
    return pos + 1 + width


def _persid(machine: Machine, pos: int, code: int) -> int:
    stop = machine.line(pos + 1)
    _persistent(machine, pos, pos)
    return stop + 1


def _binpersid(machine: Machine, pos: int, code: int) -> int:
    _persistent(machine, machine.pop(pos), pos)
    return pos + 1


def _persistent(machine: Machine, pid: Any, pos: int) -> None:
    shape, loader = "unknown", machine.ledger.loader
    value: Any = Outside("persistent id", pid, pos)
    if isinstance(pid, Group) and pid.kind == "tuple" and pid.head:
        tag = leaves.string(machine.data, pid.head[0], machine.end)
        shape = f"torch-{tag}" if tag in _PERSISTENT_SHAPES else shape
        if tag == "module" and loader == "torch" and len(pid.head) > 1:
            value = pid.head[1]  # torch's _legacy_load answers with the class it was given
    machine.ledger.note(Kind.PERSISTENT, f"{shape} for {loader or 'nobody'}", pos, shape=shape, loader=loader)
    machine.stack.append(value)


Handler = Callable[[Machine, int, int], int]

HANDLERS: dict[int, Handler] = {
    **dict.fromkeys(COUNTED, _counted),
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
