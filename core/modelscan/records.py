"""`dataclass` as the standard library has it, made in a sixth of the time, for classes that every scan waits for.

`dataclasses` imports `inspect`, and compiles six functions a class: a third of what `modelscan FILE` took was making
some eighty of them (docs/reference/benchmarks.md). Here none is compiled, and all are shared. What comes out is a
dataclass to everybody else: `dataclasses.replace`, `asdict`, `fields` and `copy.replace` take it.

Only what the house uses is there: `frozen`, `slots`, defaults, `default_factory`, and fields left out of hash or repr.
"""

from __future__ import annotations

from operator import attrgetter

__all__ = ["dataclass", "field", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, replace
    from typing import Any
else:

    def dataclass(*, slots: bool, frozen: bool = False) -> Callable[[type], type]:
        """`slots` is true everywhere, and written out for whoever reads the class."""
        if not slots:
            raise TypeError("a class without slots is made by dataclasses.dataclass")
        return _Maker(frozen)

    def field(*, default_factory: Callable[[], Any] | None = None, hash: bool = True, repr: bool = True) -> Any:  # noqa: A002
        return _Field(default_factory, hash, repr)

    def replace(record: Any, /, **changes: Any) -> Any:
        """A copy with other values in some fields."""
        made = type(record)
        return made(**{name: changes.pop(name, getattr(record, name)) for name in made.__match_args__}, **changes)


class _Field:
    __slots__ = ("default", "factory", "hash", "repr")

    def __init__(self, factory: Callable[[], Any] | None, hash: bool, repr: bool) -> None:  # noqa: A002
        self.factory, self.hash, self.repr = factory, hash, repr
        self.default: Any = _MISSING


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "..."  # in signatures: something is made anew for each


_MISSING = _Missing()
_PLAIN = _Field(None, True, True)


class _Maker:
    """The decorator: the class again, with slots, its `__init__`, and what all of them share."""

    __slots__ = ("frozen",)

    def __init__(self, frozen: bool) -> None:
        self.frozen = frozen

    def __call__(self, cls: type) -> type:
        space = dict(cls.__dict__)
        names = tuple(cls.__annotations__)
        fields = {name: _field(space.pop(name, _MISSING)) for name in names}
        for key in ("__dict__", "__weakref__"):
            space.pop(key, None)
        hashed = [name for name in names if fields[name].hash]
        space |= {"__slots__": names, "__match_args__": names, "__qualname__": cls.__qualname__}
        space |= {"__eq__": _equal(names), "__hash__": _hash(hashed) if self.frozen else None, "__replace__": replace}
        space.setdefault("__repr__", _shown([name for name in names if fields[name].repr]))
        for key in ("fields", "params"):
            space[f"__dataclass_{key}__"] = _Described(cls, fields, self.frozen, f"__dataclass_{key}__")
        if self.frozen:
            space |= {"__setattr__": _set, "__delattr__": _delete, "__getstate__": _state, "__setstate__": _restore}
        made = type(cls)(cls.__name__, cls.__bases__, space)
        made.__init__ = _init(made, fields)  # type: ignore[misc]
        return made


def _field(given: Any) -> _Field:
    if isinstance(given, _Field):
        return given
    if given is _MISSING:
        return _PLAIN
    made = _Field(None, True, True)
    made.default = given
    return made


def _init(cls: type, fields: dict[str, _Field]) -> Any:
    """The `__init__` for so many fields, with their names and what sets them."""
    defaults: list[Any] = []
    puts: list[Callable[[Any, Any], None]] = []
    for name, one in fields.items():
        put = cls.__dict__[name].__set__
        puts.append(put if one.factory is None else _making(put, one.factory))
        if one.factory is not None or one.default is not _MISSING:
            defaults.append(one.default)
        elif defaults:
            raise TypeError(f"{cls.__qualname__}.{name} needs a default, as the fields before it have one")
    if "__post_init__" in cls.__dict__:
        puts[-1] = _going_on(puts[-1])
    if len(fields) >= len(_INITS):
        raise TypeError(f"{cls.__qualname__} has {len(fields)} fields: write out one more `__init__`")
    code = _INITS[len(fields)].__code__
    named = code.replace(co_varnames=("self", *fields), co_name="__init__", co_qualname=f"{cls.__qualname__}.__init__")
    space: dict[str, Any] = {f"_{number}": put for number, put in enumerate(puts)}
    space |= {"__name__": cls.__module__, "_put": _filling(puts)}
    function: Any = type(_init)
    return function(named, space, "__init__", tuple(defaults))


def _making(put: Callable[[Any, Any], None], factory: Callable[[], Any]) -> Callable[[Any, Any], None]:
    return lambda self, value: put(self, factory() if value is _MISSING else value)


def _going_on(put: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def set_and_go_on(self: Any, value: Any) -> None:
        put(self, value)
        self.__post_init__()

    return set_and_go_on


def _filling(puts: list[Callable[[Any, Any], None]]) -> Callable[[Any, tuple[Any, ...]], None]:
    def fill(self: Any, values: tuple[Any, ...]) -> None:
        for put, value in zip(puts, values):  # noqa: B905 - they are as many, and it would take time
            put(self, value)

    return fill


_0: Any = None
_1 = _2 = _3 = _4 = _5 = _put = _0
"""Each class has its own: what sets a field by its number, and what sets all of them."""

# fmt: off
_INITS: tuple[Callable[..., None], ...] = (
    lambda s: _put(s, ()),
    lambda s, a: _0(s, a),  # noqa: PLW0108 - `_0` is another in each class
    lambda s, a, b: _0(s, a) or _1(s, b),
    lambda s, a, b, c: _0(s, a) or _1(s, b) or _2(s, c),
    lambda s, a, b, c, d: _0(s, a) or _1(s, b) or _2(s, c) or _3(s, d),
    lambda s, a, b, c, d, e: _0(s, a) or _1(s, b) or _2(s, c) or _3(s, d) or _4(s, e),
    lambda s, a, b, c, d, e, f: _0(s, a) or _1(s, b) or _2(s, c) or _3(s, d) or _4(s, e) or _5(s, f),
    lambda s, a, b, c, d, e, f, g: _put(s, (a, b, c, d, e, f, g)),
    lambda s, a, b, c, d, e, f, g, h: _put(s, (a, b, c, d, e, f, g, h)),
    lambda s, a, b, c, d, e, f, g, h, i: _put(s, (a, b, c, d, e, f, g, h, i)),
    lambda s, a, b, c, d, e, f, g, h, i, j: _put(s, (a, b, c, d, e, f, g, h, i, j)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k: _put(s, (a, b, c, d, e, f, g, h, i, j, k)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m: _put(s, (a, b, c, d, e, f, g, h, i, j, k, m)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n: _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o: _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o, p: _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q: _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r:
        _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, x:
        _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, x)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, x, t:
        _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, x, t)),
    lambda s, a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, x, t, u:
        _put(s, (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, x, t, u)),
)
# fmt: on
"""By the number of fields. Written out, so that no scan compiles anything."""


def _equal(names: tuple[str, ...]) -> Any:
    values = attrgetter(*names)

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(names: list[str]) -> Any:
    values = attrgetter(*names)

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __hash__


def _shown(names: list[str]) -> Any:
    def __repr__(self: Any) -> str:  # noqa: N807
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _set(_: Any, name: str, value: object) -> None:  # noqa: ARG001
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(_: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__match_args__]


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


class _Described:
    """What `dataclasses` keeps of a class, made when its functions ask for it."""

    __slots__ = ("cls", "fields", "frozen", "key", "made")

    def __init__(self, cls: type, fields: dict[str, _Field], frozen: bool, key: str) -> None:
        self.cls, self.fields, self.frozen, self.key = cls, fields, frozen, key
        self.made: Any = None

    def __get__(self, instance: object, owner: type) -> Any:
        if self.made is None:
            import dataclasses

            rows = []
            for name, kind in self.cls.__annotations__.items():
                one = self.fields[name]
                said: dict[str, Any] = {"hash": None if one.hash else False, "repr": one.repr}
                if one.factory is not None:
                    said["default_factory"] = one.factory
                elif one.default is not _MISSING:
                    said["default"] = one.default
                rows.append((name, kind, dataclasses.field(**said)))
            self.made = getattr(dataclasses.make_dataclass(self.cls.__name__, rows, frozen=self.frozen), self.key)
        return self.made
