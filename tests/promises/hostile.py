"""Pickles that use one trusted name with hostile arguments, states, items and keys: the same ones on every run."""

from __future__ import annotations

import inspect
import random
import re
import struct
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .opcodes import (
    CLASS,
    CODE,
    KEPT,
    KNOWN,
    LATER,
    MAPPING,
    NESTED,
    TEXTS,
    TOUCH,
    TRAP,
    anything,
    call,
    entries,
    instance,
    name,
    prelude,
    text,
)

CONVERSIONS = {
    "__iter__": ("list", "tuple", "set", "bytes", "dict"),
    "__getitem__": ("list",),
    "__next__": ("list",),
    "__len__": ("list",),
    "__str__": ("str",),
    "__repr__": ("str",),
    "__bool__": ("bool",),
    "__int__": ("int",),
    "__index__": ("int",),
    "__float__": ("float",),
    "__complex__": ("complex",),
    "__bytes__": ("bytes",),
    "__getattr__": ("dict", "str"),
    "__getattribute__": ("dict", "str"),
    "keys": ("dict",),
}
"""What an object has -> built-in types that ask it for that."""
OTHERS = {
    "__fspath__": lambda made: call(name("pathlib", "PurePosixPath"), made),
    "__or__": lambda made: call(name("operator", "or_"), made, made),
    "items": lambda made: call(name("collections", "Counter"), made),
}
FIXED = ((), (TOUCH,), (KNOWN,), (LATER,), (TRAP,), (KEPT[0],), (KEPT[1],), (CLASS,), (NESTED,), (KNOWN, KNOWN))
TEXTUAL = tuple((text(value),) for value in TEXTS)
ASKED = 40
"""Properties, and keys of their own, that are tried of a class."""
NO_PROPERTIES = (
    *(types.FunctionType, types.BuiltinFunctionType, types.MemberDescriptorType, types.MethodDescriptorType),
    *(types.WrapperDescriptorType, types.ClassMethodDescriptorType, classmethod, staticmethod, type),
)
"""They only bind, or read a slot."""
TRUSTED_CLASSES = (
    *(("collections", "OrderedDict"), ("builtins", "list"), ("argparse", "Namespace"), ("numpy", "ndarray")),
    ("torch.nn.modules.linear", "Linear"),
)


@dataclass(frozen=True)
class Hostile:
    label: str
    data: bytes


@dataclass(frozen=True)
class Read:
    """Names that a class's methods use: `hooks` are used by those that run by themselves."""

    all: list[str]
    hooks: list[str]
    slots: list[str]


def pickles(module: str, of: str, value: Any, use: str) -> Iterator[Hostile]:
    rng = random.Random(f"{module}.{of}")
    read = names_of(value) if isinstance(value, type) else Read([], [], [])
    names = list(dict.fromkeys([*read.all, *MAPPING]))
    for label, body in _bodies(name(module, of), value, use, read, rng):
        yield Hostile(label, b"\x80\x04" + prelude(names, body) + body + b".")


def _bodies(spelled: bytes, value: Any, use: str, read: Read, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    yield "named", spelled
    if use == "name":
        return
    if isinstance(value, type):
        yield from _made(spelled, value, read, rng)
    if use not in ("construct", "nested"):
        yield from _called(spelled, value, rng)


def _made(spelled: bytes, cls: type, read: Read, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    states = list(_states(read, rng))
    for number, state in enumerate([*states, *_slots(read, states, rng), *_set(read, rng)]):
        yield f"state {number}", instance(spelled, state)
    for number, state in enumerate([*states[:6], b"}"]):
        made = instance(spelled, state)
        if _has(cls, "__hash__") or _has(cls, "__eq__"):
            yield f"key {number}", b"}" + made + b"Ns" + made + b"Ns"
        for ask in sorted({ask for method, asks in CONVERSIONS.items() if _has(cls, method) for ask in asks}):
            yield f"{ask} {number}", call(name("builtins", ask), made)
        for method, other in OTHERS.items():
            if _has(cls, method):
                yield f"{method} {number}", other(made)
    for number, args in enumerate(_new(read, rng) if _takes_arguments(cls) else []):
        yield f"new {number}", spelled + b"(" + b"".join(args) + b"t\x81"
    for number, fill in enumerate(_fills(cls, read, rng)):
        yield f"fill {number}", instance(spelled) + fill
        yield f"late fill {number}", instance(spelled, states[1]) + fill
    for label, made in _asked_of(spelled, cls, read, rng):
        yield f"asked for {label}", made


def _states(read: Read, rng: random.Random) -> Iterator[bytes]:
    """Dictionaries of attributes."""
    for value in (TOUCH, KNOWN, LATER, TRAP, *KEPT, *(text(each) for each in TEXTS[:3])):
        yield entries((each, value) for each in read.all)
    yield entries((each, KEPT[0]) for each in read.hooks)
    for _ in range(7):
        yield entries((each, anything(rng, read.all)) for each in read.all)
    for _ in range(5):
        yield entries((each, anything(rng, read.hooks)) for each in read.hooks)


def _slots(read: Read, states: list[bytes], rng: random.Random) -> Iterator[bytes]:
    """Pairs: attributes that skip `__setattr__`, and such that do not."""
    for first in (b"N", states[0], states[10]):
        yield b"(" + first + entries((each, TOUCH) for each in read.slots or read.hooks) + b"t"
        yield b"(" + first + entries((each, anything(rng, read.all)) for each in read.slots or read.hooks) + b"t"


def _set(read: Read, rng: random.Random) -> Iterator[bytes]:
    """What only a `__setstate__` takes."""
    yield from (KEPT[0], TOUCH, LATER, TRAP, CLASS, instance(CLASS), NESTED, b"]", b"N", b"]" + TOUCH + b"a")
    yield from (text(value) for value in TEXTS[:3])
    yield call(name("collections", "defaultdict"), KNOWN)
    yield call(name("collections", "OrderedDict"))
    for size in range(1, 7):
        for _ in range(2):
            yield b"(" + b"".join(anything(rng, read.all) for _ in range(size)) + b"t"


def _new(read: Read, rng: random.Random) -> Iterator[list[bytes]]:
    """Arguments of `__new__`."""
    yield from (list(args) for args in (*FIXED, *TEXTUAL[:4]))
    yield [b"]" + TOUCH + b"a"]
    yield [text("a"), TOUCH]
    for size in range(1, 6):
        for _ in range(2):
            yield [anything(rng, read.all) for _ in range(size)]


def _fills(cls: type, read: Read, rng: random.Random) -> Iterator[bytes]:
    """Items and entries, under the keys that the class's own methods mention as well."""
    for value in (TOUCH, KNOWN, TRAP):
        if hasattr(cls, "append") or hasattr(cls, "extend"):
            yield b"(" + value + text(CODE) + b"e"
        if hasattr(cls, "__setitem__"):
            yield b"(" + text("a") + value + value + value + b"u"
            yield b"(" + b"".join(text(each) + value for each in read.all) + b"u"
        if hasattr(cls, "add"):
            yield b"(" + value + text(CODE) + b"\x90"
    if hasattr(cls, "__setitem__"):
        for given in TEXTS[:4]:
            yield b"(" + b"".join(text(each) + text(given) for each in read.all) + b"u"
        for _ in range(4):
            yield b"(" + b"".join(text(each) + anything(rng, read.hooks) for each in read.all) + b"u"
        for each in read.all[:ASKED]:  # one by one: an entry that is refused ends the load
            yield b"(" + text(each) + anything(rng, read.hooks) + text(each) + text(rng.choice(TEXTS)) + b"u"


def _asked_of(spelled: bytes, cls: type, read: Read, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """An attribute of an instance, which runs a property: `getattr` of a trusted object is trusted."""
    for asked in properties_of(cls):
        others = [each for each in read.all if each != asked]  # what is set already is not made once more
        states = [entries((each, text(given)) for each in others) for given in TEXTS[:3]]
        states += [entries((each, anything(rng, read.hooks)) for each in others) for _ in range(2)]
        for number, state in enumerate(states):
            yield f"{asked} {number}", call(name("builtins", "getattr"), instance(spelled, state), text(asked))


def properties_of(cls: type) -> list[str]:
    """What runs when an instance is asked for it."""
    found = [
        key
        for owner in cls.__mro__
        if owner.__module__ != "builtins"
        for key, value in vars(owner).items()
        if hasattr(type(value), "__get__") and not key.startswith("__") and not isinstance(value, NO_PROPERTIES)
    ]
    more = ["anything"] if _has(cls, "__getattr__") or _has(cls, "__getattribute__") else []
    return [*dict.fromkeys([*found, *more])][:ASKED]


def _called(spelled: bytes, function: Any, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    count = _positional(function)
    classes = [name(*each) for each in TRUSTED_CLASSES if each[0] in sys.modules]
    arguments = [list(args) for args in (*FIXED, *TEXTUAL)]
    arguments += [[text("a"), KNOWN], [text("a"), text("b")], [b"]" + KNOWN + b"a"], [entries([("keys", KNOWN)])]]
    arguments += list(_checked(function))
    for size in range(1, 8):
        for _ in range(12 if size == count else 4):
            arguments.append(
                [anything(rng, list(MAPPING)) if rng.random() < 0.8 else rng.choice(classes) for _ in range(size)]
            )
    for number, args in enumerate(arguments):
        yield f"call {number}", call(spelled, *args)
    for number, given in enumerate((TOUCH, KNOWN)):  # an enumeration without members makes a class of this
        yield f"members {number}", call(spelled, text("Made"), entries([("__new__", given), ("A", text(CODE))]))
    for number, args in enumerate(arguments[:8]):
        for state in (KEPT[0], KEPT[1], entries((each, TOUCH) for each in MAPPING), b"(" + TOUCH + text("a") + b"t"):
            yield f"call {number} and a state", call(spelled, *args) + state + b"b"


def _checked(function: Any) -> Iterator[list[bytes]]:
    """For what Cython makes to unpickle a class: only a checksum that it names in its complaint leads to the state."""
    of = str(getattr(function, "__name__", "")).removeprefix("__pyx_unpickle_")
    cls = getattr(sys.modules.get(str(getattr(function, "__module__", ""))), of, None)
    if not isinstance(cls, type):
        return
    try:
        function(cls, 0, None)
    except Exception as error:
        sums = [int(found, 16) for found in re.findall("0x[0-9a-f]+", str(error))]
        for state in (b")", b"N", b"]", b"(Nt", b"(" + TOUCH + text(CODE) + TRAP + b"t", b"(" + b"N" * 40 + b"t"):
            for number in [number for number in sums if number][:3]:
                yield [name(cls.__module__, of), b"J" + struct.pack("<i", number), state]


def names_of(cls: type) -> Read:
    """What the methods of a class ask for by name, first what those methods ask for that run by themselves."""
    ranks: dict[str, int] = {}
    for owner in cls.__mro__:
        for key, value in list(vars(owner).items()) if owner.__module__ != "builtins" else ():
            for code in _codes(value):
                for used in _used(code):
                    ranks[used] = min(0 if key.startswith("__") else 1, ranks.get(used, 9))
    ordered = sorted(ranks, key=lambda used: (ranks[used], used))
    slots = [slot for owner in cls.__mro__ for slot in _as_tuple(vars(owner).get("__slots__", ()))]
    setters = [
        key
        for owner in cls.__mro__
        if owner.__module__ != "builtins"
        for key, value in vars(owner).items()
        if hasattr(type(value), "__set__")
    ]
    hooks = [used for used in ordered if ranks[used] == 0]
    return Read(ordered[:200], hooks[:100], list(dict.fromkeys([*slots, *setters]))[:100])


def _codes(value: Any) -> Iterator[types.CodeType]:
    functions = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
    for each in functions:
        function = getattr(each, "__func__", each)
        try:
            code = getattr(inspect.unwrap(function) if callable(function) else None, "__code__", None)
        except ValueError:
            continue
        if isinstance(code, types.CodeType):
            yield code


def _used(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, str) and constant.isidentifier() and len(constant) < 40:
            yield constant
        elif isinstance(constant, types.CodeType):
            yield from _used(constant)


def _has(cls: type, method: str) -> bool:
    for owner in cls.__mro__:
        if method in vars(owner):
            return owner.__module__ != "builtins" and vars(owner)[method] is not None
    return False


def _takes_arguments(cls: type) -> bool:
    return cls.__new__ is not object.__new__


def _positional(function: Any) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    return sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)


def _as_tuple(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots or ())
