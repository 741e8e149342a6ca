"""Code objects that a pickle has built, taken apart and never made: their arguments stand in the stream.

cloudpickle and dill pickle a function by calling `types.CodeType`, each under a name of its own, with the fields of a
code object in the order of its constructor (CPython Objects/codeobject.c); others hand its marshalled bytes on.
"""

from __future__ import annotations

from modelscan.errors import FormatError
from modelscan.pickles import leaves
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.source.marshal import Code

DEPTH = 8
"""Functions inside of functions."""
MARSHALLED = 1 << 20
"""Bytes of marshalled code that are taken apart."""
VALUES = 6_000
"""Values of the code of one stream that are decoded; a function of ten lines has some fifty."""
SPENT = 256
"""Bytes of marshalled code that count as one of these."""

_BUILDERS = frozenset({"types:CodeType", "dill._dill:_create_code", "dill.dill:_create_code"})
_BY_NAME = frozenset({"cloudpickle.cloudpickle:_builtin_type", "dill._dill:_load_type", "dill.dill:_load_type"})
"""Functions that answer with a type by its name."""
_LOADERS = frozenset({"marshal:loads"})
MAKERS = _BUILDERS | _BY_NAME | _LOADERS
"""Calls of these, and of what these return, may make code."""


class Codes:
    """The code that one stream makes. How much of it is taken apart is limited: calls may share what they make."""

    __slots__ = ("data", "end", "left")

    def __init__(self, data: leaves.Buffer, end: int) -> None:
        self.data, self.end, self.left = data, end, VALUES

    def of(self, callee: Any, args: Any, depth: int = 0) -> Code | None:
        """The code that calling `callee` with `args` makes, as far as the stream spells it; None for another call."""
        if not isinstance(args, Group) or args.kind != "tuple" or depth > DEPTH or self.left <= 0:
            return None
        if isinstance(callee, Global) and callee.spelled in _LOADERS:
            return self._marshalled(args)
        if (isinstance(callee, Global) and callee.spelled in _BUILDERS) or self._is_named(callee):
            return self._built(args, depth)
        return None

    def _is_named(self, callee: Any) -> bool:
        """`_builtin_type("CodeType")`"""
        if not isinstance(callee, Made) or not isinstance(callee.callee, Global) or not isinstance(callee.args, Group):
            return False
        items = callee.args.head
        if callee.callee.spelled not in _BY_NAME or len(items) != 1:
            return False
        return leaves.string(self.data, items[0], self.end) == "CodeType"

    def _marshalled(self, args: Group) -> Code | None:
        raw = self._decoded(args.head[0], MARSHALLED) if args.head else None
        if not isinstance(raw, bytes | bytearray):
            return None
        self.left -= len(raw) // SPENT
        from modelscan.source import marshal

        try:
            return marshal.read(bytes(raw))
        except FormatError:
            return None

    def _built(self, args: Group, depth: int) -> Code | None:
        """Numbers, bytecode, constants, names, variables, file, name …; dill puts a line table in front of all."""
        items = [self._value(item, depth) for item in args.head]
        if items and isinstance(items[0], bytes):
            items = items[1:]
        numbers = next((at for at, item in enumerate(items) if not isinstance(item, int)), len(items))
        if numbers < 4 or len(items) < numbers + 6:
            return None
        code, constants, names, variables, filename, name = items[numbers : numbers + 6]
        from modelscan.source.marshal import Code

        newer = numbers == 6 and args.size >= 18  # with a qualified name and an exception table
        return Code(
            layout="3.11 or newer" if newer else "3.8 to 3.10" if numbers == 6 else "3.0 to 3.7",
            name=name if isinstance(name, str) else "?",
            filename=filename if isinstance(filename, str) else "?",
            line=0,
            arguments=items[0],
            names=_texts(names),
            variables=_texts(variables),
            constants=constants if isinstance(constants, tuple) else (),
            bytecode=code if isinstance(code, bytes) else b"",
        )

    def _value(self, value: Any, depth: int) -> Any:
        """A constant, a tuple of them, code inside of the code; None for what is none of these."""
        self.left -= 1
        if self.left <= 0:
            return None
        if type(value) is int:
            return self._decoded(value, leaves.LONGEST)
        if isinstance(value, Group) and value.kind in ("tuple", "frozenset") and depth < DEPTH:
            return tuple(self._value(item, depth + 1) for item in value.head)
        return self.of(value.callee, value.args, depth + 1) if isinstance(value, Made) else None

    def _decoded(self, at: Any, longest: int) -> Any:
        value = leaves.decode(self.data, at, self.end, longest) if type(at) is int else None
        return None if isinstance(value, leaves.Undecoded) else value


def facts(code: Code) -> dict[str, Any]:
    """What a reader of the report is shown of it."""
    from modelscan.source import bytecode

    return {
        "code": bytecode.summary(code),
        "names": bytecode.names(code),
        "constants": bytecode.constants(code),
        "disassembly": bytecode.disassembly(code),
    }


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one if isinstance(one, str) else "?" for one in value) if isinstance(value, tuple) else ()
