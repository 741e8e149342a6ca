"""What a few functions of the standard library mean when a pickle calls them: facts about Python, not opinions.

`getattr(Cls, "NAME")` reaches that attribute; `copyreg._reconstructor(cls, object, None)` makes an instance without
running its `__init__` (CPython Lib/copyreg.py). One row of `MEANINGS` a function; a row answers None when the
arguments are not the plain case, and the call then stands as a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelscan.pickles import leaves
from modelscan.pickles.values import Global, Group

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
    """The call loads a model out of the leaf at offset `leaf`."""

    leaf: int


Meaning = Attribute | Construction | Nested
Reading = Callable[[leaves.Buffer, int, int, list[Any]], Meaning | None]


def of(data: leaves.Buffer, end: int, at: int, callee: Any, args: Any) -> Meaning | None:
    """The meaning of calling `callee` with the tuple `args` at offset `at`, None where it is just a call."""
    if not isinstance(callee, Global) or not isinstance(args, Group) or args.kind != "tuple":
        return None
    read = MEANINGS.get(callee.dotted)
    items = args.whole()
    return read(data, end, at, items) if read is not None and items is not None else None


def _getattr(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    if len(items) not in (2, 3) or not isinstance(items[0], Global):
        return None
    name = leaves.string(data, items[1], end)
    if not name:
        return None
    return Attribute(Global(items[0].module, f"{items[0].name}.{name}", at, "getattr"))


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
    if not items or type(items[0]) is not int:
        return None
    value = leaves.decode(data, items[0], end)
    return Nested(items[0]) if isinstance(value, bytes | bytearray | leaves.Undecoded) else None


MEANINGS: dict[str, Reading] = {
    "builtins.getattr": _getattr,
    "__builtin__.getattr": _getattr,
    "copyreg._reconstructor": _reconstructor,
    "copy_reg._reconstructor": _reconstructor,
    "copyreg.__newobj__": _newobj,
    "copy_reg.__newobj__": _newobj,
    "copyreg.__newobj_ex__": _newobj_ex,
    "copy_reg.__newobj_ex__": _newobj_ex,
    "torch.storage._load_from_bytes": _loads,
    "pickle.loads": _loads,
    "_pickle.loads": _loads,
    "cPickle.loads": _loads,
    "dill.loads": _loads,
    "dill._dill.loads": _loads,
    "cloudpickle.loads": _loads,
}
