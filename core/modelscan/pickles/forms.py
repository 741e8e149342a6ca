"""Calls that come down to plain data: iterators of containers, forms of `typing`, arrays and models in bytes.

What the arguments are is looked at first; anything but the plain case stands as a call of the function that is named.
"""

from __future__ import annotations

import functools

from modelscan.pickles import leaves, shown
from modelscan.pickles.meant import Attribute, Construction, Delegation, Meaning, Nested, Reading, Replacement
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUILTINS = frozenset({"builtins", "__builtin__"})
PLAIN_BASES = frozenset(
    {
        "object",
        "list",
        "dict",
        "tuple",
        "set",
        "frozenset",
        "str",
        "bytes",
        "int",
        "float",
        "complex",
        "unicode",
        "long",
    }
)
"""Built-in bases whose `__init__` does nothing but take data; protocols 0 to 2 write two of them as Python 2 did."""
ITERATED = frozenset({"range", "xrange", "bytearray", "bytes", "list", "tuple", "set", "frozenset", "str", "unicode"})
"""Built-in types whose iterators run nothing of what they hold."""
SUBSCRIPTED = frozenset(
    {"Callable", "ClassVar", "Collection", "DefaultDict", "Deque", "Dict", "Final", "FrozenSet", "Generator"}
    | {"Iterable", "Iterator", "List", "Literal", "Mapping", "MutableMapping", "MutableSequence", "MutableSet"}
    | {"Optional", "Sequence", "Set", "Tuple", "Type", "Union"}
)
"""Forms of `typing` that take types in brackets (Lib/typing.py): they keep them, and hash them to find them again."""
BATCH = "torch_geometric.data.batch.Batch"
BATCHER = "torch_geometric.data.batch.DynamicInheritanceGetter"
"""Makes instances of a class that is `BATCH` and another one."""
ALIASES = frozenset({"types.GenericAlias", "types.UnionType"})
KERAS_LOADER = ("keras.src.saving.keras_saveable", "KerasSaveable._unpickle_model")
"""What every object of Keras is unpickled by (keras/src/saving/keras_saveable.py)."""
SMOOTHERS = "statsmodels.tsa.statespace._simulation_smoother"
INDEXES = ("core.indexes.base", "indexes.base", "core.index")
DATES = ("core.indexes.datetimes", "indexes.datetimes", "tseries.index")
SPANS = ("core.indexes.timedeltas", "indexes.timedeltas", "tseries.tdi")
INTERVALS = ("core.indexes.interval", "indexes.interval")
"""Modules of pandas that have, or had, the functions which its indexes are pickled by."""
DEEP = 8
"""Forms inside of forms that are followed."""


def encoded(data: leaves.Buffer, end: int, value: Any) -> int | None:
    """The text in `_codecs.encode(text, "latin1")`, which is how protocols 0 to 2 write bytes."""
    if not isinstance(value, Made) or not isinstance(value.callee, Global) or not isinstance(value.args, Group):
        return None
    items = value.args.whole()
    if value.callee.dotted != "_codecs.encode" or items is None or len(items) != 2 or type(items[0]) is not int:
        return None
    return items[0] if leaves.string(data, items[1], end) == "latin1" else None


def _iterator(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`iter([1])`, `zip(iter([1]))`: a tuple of the same, if only built-in containers are gone through."""
    if not items or not all(_is_gone_through(data, end, item) for item in items):
        return None
    return Replacement(Global("builtins", "tuple", at, "iter"), Group("tuple", items))


def _one_iterator(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """With two arguments, `iter` calls the first again and again."""
    return _iterator(data, end, at, items) if len(items) == 1 else None


def _is_gone_through(data: leaves.Buffer, end: int, value: Any) -> bool:
    if type(value) is int or isinstance(value, Group):
        return True
    made = isinstance(value, Made) and isinstance(value.callee, Global)
    return made and value.callee.module in BUILTINS and value.callee.name in ITERATED


def _bound(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`types.MethodType(function, object)` is the function with that first argument."""
    if len(items) != 2 or not isinstance(items[0], Global):
        return None
    return Replacement(Global("functools", "partial", at, "MethodType"), Group("tuple", items))


def _subscript(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`typing.List[int]` is pickled as operator.getitem(typing.List, int)."""
    form = items[0] if len(items) == 2 else None
    if not isinstance(form, Global) or form.module != "typing" or form.name not in SUBSCRIPTED:
        return None
    if not _is_type(data, end, items[1], form.name == "Literal"):
        return None
    return Construction(form, Group("tuple", items[1:]))


def _is_type(data: leaves.Buffer, end: int, value: Any, literal: bool, depth: int = DEEP) -> bool:
    """Is it a type, or types, for brackets? A text there would be compiled, though not run, but for `Literal`."""
    if type(value) is int:
        return literal or not isinstance(leaves.decode(data, value, end), str | leaves.Undecoded)
    if isinstance(value, Made):
        callee = value.callee
        form = isinstance(callee, Global) and (callee.dotted in ALIASES or callee.module == "typing")
        return form and not value.held
    if isinstance(value, Group):
        parts = value.whole() if value.kind in ("tuple", "list") and depth else None
        return parts is not None and all(_is_type(data, end, part, literal, depth - 1) for part in parts)
    return isinstance(value, Global)


def _keras(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """A model in the file format of Keras, in an `io.BytesIO`."""
    file = items[0] if len(items) == 1 else None
    if not isinstance(file, Made) or not isinstance(file.callee, Global) or file.callee.name != "BytesIO":
        return None
    state = file.held[0] if file.held is not None and len(file.held) == 1 else None
    content = state.whole() if isinstance(state, Group) and state.kind == "tuple" else None
    if not content or file.callee.module not in ("io", "_io"):
        return None
    if type(content[0]) is int:
        value = leaves.decode(data, content[0], end)
        return Nested(content[0]) if isinstance(value, bytes | bytearray | leaves.Undecoded) else None
    text = encoded(data, end, content[0])
    return None if text is None else Nested(text, latin1=True)


def _jax(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """jax._src.array._reconstruct_array(function, args, state, kind) puts a numpy array on a device."""
    function = items[0] if len(items) == 4 else None
    kind = items[3].pairs() if function is not None and isinstance(items[3], Group) else None
    if kind is None or not isinstance(function, Global) or not isinstance(items[1], Group):
        return None
    if function.dotted not in ("numpy._core.multiarray._reconstruct", "numpy.core.multiarray._reconstruct"):
        return None
    if any(leaves.string(data, key, end) != "weak_type" or type(value) is not int for key, value in kind):
        return None
    given = items[1].whole()
    return None if given is None else Replacement(function, Group("tuple", [*given, items[2]]))


def _repr(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """dill writes a range, or a constant, as the text that it evaluates; other texts are evaluated too."""
    text = leaves.string(data, items[0], end) if len(items) == 1 else None
    if text in shown.CONSTANTS:
        return Attribute(Global("builtins", str(text), at, "getattr"))
    if text is None or not shown.is_range(text):
        return None
    return Replacement(Global("builtins", "range", at, "getattr"), Group("tuple"))


def _zone(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """dateutil.tz.tz.tzfile(None, name) opens no file: the zone is in the state that follows."""
    if len(items) != 2 or not leaves.is_none(data, items[0]):
        return None
    return Construction(Global("dateutil.tz.tz", "tzfile", at, "tzfile"), Group("tuple"))


def _sorted(key_at: int, data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """A container of sortedcontainers that sorts by a function calls it for each value, as `sorted` does."""
    if key_at == 0 and len(items) == 1 and isinstance(items[0], Group):
        return None  # a mapping, and no function
    if len(items) > 2 or not all(leaves.is_none(data, item) for item in items[key_at : key_at + 1]):
        return Replacement(Global("builtins", "sorted", at, "sorted"), Group("tuple", items))
    return None


def batch(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """DynamicInheritanceGetter()(Batch, cls) is a `cls` made without arguments, of a class that is a Batch as well."""
    if len(items) != 2 or not all(isinstance(item, Global) for item in items) or items[0].dotted != BATCH:
        return None
    return Replacement(items[1], Group("tuple"))


def _garch(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """What Cython makes of arch's GARCHUpdater: its class, a checksum and five numbers, which nobody counts."""
    state = items[2] if len(items) == 3 else None
    numbers = state.whole() if isinstance(state, Group) and state.kind == "tuple" else None
    if numbers is None or len(numbers) != 5 or any(type(number) is not int for number in numbers):
        return None
    return Construction(items[0], Group("tuple"))


def _index(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """What indexes of pandas are pickled as calls `cls.__new__(cls, **arguments)`, whatever class it is given."""
    return Delegation(items[0], Group("tuple", items[1:]), "NEWOBJ") if items else None


def _intervals(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """Of intervals it calls `cls.from_arrays(**arguments)`, which only the index of pandas itself is read for."""
    cls = items[0] if items else None
    if isinstance(cls, Global) and cls.name == "IntervalIndex" and cls.module.partition(".")[0] == "pandas":
        return None
    return Delegation(cls, Group("tuple", items[1:]))


def _smoother(kind: str, data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """Compiled code of statsmodels that looks into the model it is given first, and takes None for one."""
    if items and type(items[0]) is not int:
        return None
    return Delegation(Global(SMOOTHERS, f"{kind}(None)", at, kind), Group("tuple"))


MEANINGS: dict[str, Reading] = {
    **dict.fromkeys(("builtins:iter", "__builtin__:iter", "builtins:reversed", "__builtin__:reversed"), _one_iterator),
    **dict.fromkeys(("builtins:enumerate", "__builtin__:enumerate"), _iterator),
    **dict.fromkeys(("builtins:zip", "__builtin__:zip", "itertools:izip"), _iterator),
    **dict.fromkeys(("operator:getitem", "_operator:getitem"), _subscript),
    "types:MethodType": _bound,
    "dill._dill:_eval_repr": _repr,
    ":".join(KERAS_LOADER): _keras,
    "jax._src.array:_reconstruct_array": _jax,
    "dateutil.tz.tz:tzfile": _zone,
    **dict.fromkeys((f"pandas.{module}:_new_Index" for module in INDEXES), _index),
    **dict.fromkeys((f"pandas.{module}:_new_DatetimeIndex" for module in DATES), _index),
    **dict.fromkeys((f"pandas.{module}:_new_TimedeltaIndex" for module in SPANS), _index),
    **dict.fromkeys((f"pandas.{module}:_new_IntervalIndex" for module in INTERVALS), _intervals),
    "arch.univariate.recursions:__pyx_unpickle_GARCHUpdater": _garch,
    **{
        f"{SMOOTHERS}:{kind}": functools.partial(_smoother, kind)
        for kind in ("sSimulationSmoother", "dSimulationSmoother", "cSimulationSmoother", "zSimulationSmoother")
    },
    "sortedcontainers.sorteddict:SortedDict": functools.partial(_sorted, 0),
    "sortedcontainers.sortedlist:SortedList": functools.partial(_sorted, 1),
    "sortedcontainers.sortedset:SortedSet": functools.partial(_sorted, 1),
}
