"""What runs when a pickle builds an instance of a library's class? Proposals for rules/trusted.toml.

    python tools/walk_classes.py OUT.json PACKAGE ...        in an environment that has the packages

Runs by itself, without modelscan, and imports the packages. A class that a pickle constructs without calling it runs
only its *hooks*: `__new__`, `__setstate__`, attribute access, item methods, comparison as a key, `__del__` and the
setters of its properties. For each class the hooks it does not take over from `object` and the built-in types are
listed. A hook is "plain" when its source does nothing but test, copy and set state; the calls of the others are
listed for a person to read. A class all of whose hooks are plain, or read and found harmless, may be trusted with
`use = "construct"`; an exception or an enumeration, which a pickle calls, with `use = "call"`.
"""

from __future__ import annotations

import ast
import builtins
import collections
import enum
import importlib
import inspect
import json
import pkgutil
import sys
import textwrap
import warnings
from typing import Any

HOOKS = "__new__ __setstate__ __setattr__ __getattr__ __getattribute__ __del__ __hash__ __eq__ __setitem__ append extend add"
CALLED = "__init__ _missing_ __reduce__ __reduce_ex__"
"""Run as well for exceptions and members of enumerations, which pickles make by calling their class."""
PLAIN = frozenset(
    "super isinstance hasattr len dict list tuple set frozenset bool int float str type id hash range zip enumerate sorted"
    " items keys values get pop update copy append format warn format_exc startswith endswith join split issubclass min max"
    " AttributeError ValueError TypeError KeyError NotImplementedError RuntimeError IndexError any all vars callable repr"
    " __setattr__ __getattribute__ __getattr__ __setstate__ __new__ __hash__ __eq__ __setitem__ __init__ setdefault abs"
    " numpy.asarray np.asarray object warn deepcopy getLogger".split()
)
SKIPPED = ("test", "tests", "conftest", "setup", "__main__", "_vendor", "benchmarks", "examples", "testing", "_testing")
OF_ENUMS = (enum.Enum.__new__, enum.Enum.__reduce_ex__, vars(enum.Enum)["_missing_"])
"""Put into each enumeration by its metaclass."""
CORE = frozenset(
    {
        object,
        enum.Enum,
        enum.IntEnum,
        enum.Flag,
        enum.IntFlag,
        *(value for value in vars(builtins).values() if isinstance(value, type)),
    }
)


def modules(package: str) -> Any:
    try:
        root = importlib.import_module(package)
    except BaseException as error:  # a library may even exit
        print(package, error, file=sys.stderr)
        return
    yield root
    for found in pkgutil.walk_packages(getattr(root, "__path__", []), package + ".", onerror=lambda _: None):
        if not any(part in SKIPPED or part.startswith("test_") for part in found.name.split(".")):
            try:
                yield importlib.import_module(found.name)
            except BaseException:
                continue


def classes(package: str) -> Any:
    seen: set[type] = set()
    for module in modules(package):
        for value in list(vars(module).values()):
            todo = [value] if isinstance(value, type) else []
            while todo:
                cls = todo.pop()
                home = getattr(cls, "__module__", None)
                if cls in seen or not isinstance(home, str) or not f"{home}.".startswith(f"{package}."):
                    continue
                seen.add(cls)
                if found_again(cls):
                    yield cls
                todo += [inner for inner in vars(cls).values() if isinstance(inner, type)]


def found_again(cls: type) -> bool:
    """Would a pickle's name lead to this class?"""
    value: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        value = getattr(value, part, None)
    return value is cls


def hooks(cls: type) -> dict[str, Any]:
    """Name of the hook -> what the class does for it, without what Python itself defines."""
    found: dict[str, Any] = {}
    called = issubclass(cls, BaseException) or hasattr(cls, "__members__")
    for name in (HOOKS + " " + CALLED if called else HOOKS).split():
        for owner in cls.__mro__:
            if name in vars(owner):
                if owner not in CORE and vars(owner)[name] is not None and vars(owner)[name] not in OF_ENUMS:
                    found[f"{owner.__module__}.{owner.__qualname__}.{name}"] = vars(owner)[name]
                break
    for owner in cls.__mro__:
        for name, value in vars(owner).items():
            setter = value.fset if isinstance(value, property) else None
            if owner not in CORE and setter is not None:
                found[f"{owner.__module__}.{owner.__qualname__}.{name}="] = setter
            elif owner not in CORE and type(value) not in CORE and hasattr(type(value), "__set__"):
                kind = type(value)
                if kind.__module__ != "builtins":
                    found[f"{kind.__module__}.{kind.__qualname__}.__set__"] = kind.__set__
    return found


def doings(hook: Any) -> list[str]:
    """The calls in a hook's source that are not plain; ["no source"] for compiled code."""
    hook = inspect.unwrap(getattr(hook, "__func__", hook))
    if getattr(hook, "__qualname__", "").startswith("__create_fn__") or "<string>" in getattr(
        getattr(hook, "__code__", None), "co_filename", ""
    ):
        return []  # made by dataclasses
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(hook)))
    except (OSError, TypeError, SyntaxError):
        return ["no source"]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = text(node.func)
            last = called.rpartition(".")[2]
            if last == "getattr" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                continue
            if called not in PLAIN and last not in PLAIN and not last.endswith(("Error", "Warning")):
                found.add(text(node)[:90])
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.add(text(node))
    return sorted(found)


def text(node: ast.AST) -> str:
    return ast.unparse(node) if sys.version_info >= (3, 9) else ast.dump(node)


def main(out: str, packages: list[str]) -> int:
    warnings.simplefilter("ignore")
    rows: dict[str, list[str]] = {}
    read: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for package in packages:
        for cls in list(classes(package)):
            mine = hooks(cls)
            name = f"{cls.__module__}.{cls.__qualname__}"
            rows[name] = sorted(mine)
            kinds[name] = kind_of(cls)
            for key, hook in mine.items():
                read.setdefault(key, doings(hook))
        print(package, len(rows), file=sys.stderr)
    with open(out, "w") as file:
        json.dump({"classes": rows, "kinds": kinds, "hooks": read}, file, indent=0)
    return 0


def kind_of(cls: type) -> str:
    if issubclass(cls, BaseException):
        return "exception"
    if issubclass(cls, type):
        return "metaclass"
    if issubclass(cls, enum.Enum):
        return "enum" if cls.__members__ else "class"  # calling one without members makes a new class
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return "namedtuple"
    if issubclass(cls, (dict, list, set, frozenset, collections.deque)):
        return "container"
    return "class"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
