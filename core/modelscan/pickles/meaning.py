"""What a few functions of the standard library mean when a pickle calls them: facts about Python, not opinions.

`getattr(Cls, "NAME")` reaches that attribute; `copyreg._reconstructor(cls, object, None)` makes an instance without
running its `__init__` (CPython Lib/copyreg.py). One row of `MEANINGS` a function; a row answers None when the
arguments are not the plain case, and the call then stands as a call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelscan.pickles import leaves
from modelscan.pickles.values import Global, Group, Made

PLAIN_BASES = frozenset(
    {"object", "list", "dict", "tuple", "set", "frozenset", "str", "bytes", "int", "float", "complex"}
)
"""Built-in bases whose `__init__` does nothing but take data."""
BUILTINS = frozenset({"builtins", "__builtin__"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """The call comes down to reaching `target`."""

    target: Global


@dataclass(frozen=True, slots=True)
class Construction:
    """The call comes down to `cls.__new__(cls, *args)`."""

    cls: Any
    args: Any


@dataclass(frozen=True, slots=True)
class Nested:
    """The call loads a model out of the leaf at offset `leaf`: bytes, or with `latin1` text that stands for bytes."""

    leaf: int
    latin1: bool = False


Meaning = Attribute | Construction | Nested
Reading = Callable[[leaves.Buffer, int, int, list[Any]], Meaning | None]


def reading(callee: Any) -> Callable[[leaves.Buffer, int, int, Any], Meaning | None] | None:
    """How to read a call of `callee` at an offset with some arguments, None where it is just a call."""
    read = MEANINGS.get(callee.spelled) if isinstance(callee, Global) else None
    return functools.partial(_of, read) if read is not None else None


def _of(read: Reading, data: leaves.Buffer, end: int, at: int, args: Any) -> Meaning | None:
    items = args.whole() if isinstance(args, Group) and args.kind == "tuple" else None
    return read(data, end, at, items) if items is not None else None


def _getattr(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """Of a class, or of an instance: `Cls().method` is how bound methods are pickled."""
    owner = items[0] if len(items) in (2, 3) else None
    name = leaves.string(data, items[1], end) if owner is not None else None
    if not name:
        return None
    if isinstance(owner, Global):
        return Attribute(Global(owner.module, f"{owner.name}.{name}", at, "getattr"))
    if isinstance(owner, Made) and owner.kind == "instance" and isinstance(owner.callee, Global):
        return Attribute(Global(owner.callee.module, f"{owner.callee.name}().{name}", at, "getattr"))
    return None


def _type(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`type(None)`; with three arguments it would make a class."""
    if len(items) != 1 or type(items[0]) is not int or leaves.decode(data, items[0], end) is not None:
        return None
    return Attribute(Global("types", "NoneType", at, "type"))


def _reconstructor(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    if len(items) != 3 or not isinstance(items[1], Global):
        return None
    base = items[1]
    if base.module not in BUILTINS or base.name not in PLAIN_BASES:
        return None
    return Construction(items[0], Group("tuple", [items[2]]))


def _newobj(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    return Construction(items[0], Group("tuple", items[1:])) if items else None


def _newobj_ex(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    return Construction(items[0], Group("tuple", items[1:])) if len(items) == 3 else None


def _loads(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    if not items:
        return None
    if type(items[0]) is int:
        value = leaves.decode(data, items[0], end)
        return Nested(items[0]) if isinstance(value, bytes | bytearray | leaves.Undecoded) else None
    text = _encoded(data, end, items[0])
    return None if text is None else Nested(text, latin1=True)


def _encoded(data: leaves.Buffer, end: int, value: Any) -> int | None:
    """The text in `_codecs.encode(text, "latin1")`, which is how protocols 0 to 2 write bytes."""
    if not isinstance(value, Made) or not isinstance(value.callee, Global) or not isinstance(value.args, Group):
        return None
    items = value.args.whole()
    if value.callee.dotted != "_codecs.encode" or items is None or len(items) != 2 or type(items[0]) is not int:
        return None
    return items[0] if leaves.string(data, items[1], end) == "latin1" else None


MEANINGS: dict[str, Reading] = {
    "builtins:getattr": _getattr,
    "__builtin__:getattr": _getattr,
    "builtins:type": _type,
    "__builtin__:type": _type,
    "copyreg:_reconstructor": _reconstructor,
    "copy_reg:_reconstructor": _reconstructor,
    "copyreg:__newobj__": _newobj,
    "copy_reg:__newobj__": _newobj,
    "copyreg:__newobj_ex__": _newobj_ex,
    "copy_reg:__newobj_ex__": _newobj_ex,
    "torch.storage:_load_from_bytes": _loads,
    "pickle:loads": _loads,
    "_pickle:loads": _loads,
    "cPickle:loads": _loads,
    "dill:loads": _loads,
    "dill._dill:loads": _loads,
    "cloudpickle:loads": _loads,
}
