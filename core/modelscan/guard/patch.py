"""Puts the gate in the place of the loaders, and takes it away again without a trace.

A loader is wrapped on the module that defines it, at once or whenever that module is imported. Names that other modules
took from there earlier are found by identity and rebound.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any

import wrapt

from modelscan.guard import imports
from modelscan.guard.gates import GATES
from modelscan.guard.scope import unlatch
from modelscan.guard.state import STATE
from modelscan.guard.target import Target
from modelscan.guard.targets import TARGETS
from modelscan.records import dataclass

_dict_of = object.__getattribute__
_OURS = ("modelscan", "modelscan_jupyter")


class GuardedLoader(wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """Pickles by name and copies as itself, as the function below it does; `pool.map(torch.load, paths)` needs that."""

    def __reduce_ex__(self, protocol: object) -> str:
        return str(self.__wrapped__.__qualname__)

    def __copy__(self) -> GuardedLoader:
        return self

    def __deepcopy__(self, memo: object) -> GuardedLoader:
        return self


@dataclass(frozen=True, slots=True)
class Patch:
    """One wrapped loader. `owner` is the module or class it stands in."""

    owner: Any
    attribute: str
    original: Any
    wrapper: Any


_patches: list[Patch] = []
_namespaces: list[dict[str, Any]] = []
"""Namespaces outside of `sys.modules` that were swept and have to be restored."""


def install() -> None:
    """Wraps what is imported, and sees to it that the rest is wrapped when it will be."""
    _wrap_imported()
    for target in TARGETS:
        imports.watch(target.module, _on_import)
    _rebind(_namespaces_of_modules(), _replacements())


def uninstall() -> None:
    """Puts every original back, wherever the wrapper stands, also where it was taken by an import in between."""
    for target in TARGETS:
        imports.unwatch(target.module)
    for patch in _patches:
        _unwrap(patch)
    originals = {id(patch.wrapper): patch.original for patch in _patches}
    _rebind([*_namespaces_of_modules(), *_namespaces], originals)
    _patches.clear()
    _namespaces.clear()


def sweep(namespace: dict[str, Any]) -> int:
    """Rebinds the names in `namespace` that are loaders without a guard; how many there were.

    Loaders whose module was reloaded are guarded again. Does nothing while the guard is off.
    """
    if not STATE.active:
        return 0
    unlatch()
    _wrap_imported()
    if not any(known is namespace for known in _namespaces):
        _namespaces.append(namespace)
    return _rebind([namespace], _replacements())


def _wrap_imported() -> None:
    for target in TARGETS:
        module = sys.modules.get(target.module)
        if module is not None:
            wrap(module, target)


def wrap(module: ModuleType, target: Target) -> None:
    """Wraps one loader unless it is wrapped already. One without it (another release, a namesake) is left alone."""
    owner, attribute = _place(module, target.attribute)
    original = None if owner is None else _own(owner).get(attribute)
    if not callable(original) or is_guarded(original):
        return
    wrapper = GuardedLoader(original, partial(GATES[target.does], target))
    _put(owner, attribute, wrapper)
    _patches.append(Patch(owner, attribute, original, wrapper))


def found(module: ModuleType, target: Target) -> Any:
    """What stands in the loader's place now, None where the module has no such loader."""
    owner, attribute = _place(module, target.attribute)
    return None if owner is None else _own(owner).get(attribute)


def _place(module: ModuleType, dotted: str) -> tuple[Any, str]:
    """The module, or the class in it, that holds the last part of a dotted name."""
    *classes, attribute = dotted.split(".")
    owner: Any = module
    for name in classes:
        owner = _own(owner).get(name)
        if not isinstance(owner, type):
            return None, attribute
    return owner, attribute


def _own(owner: Any) -> Any:
    """The attributes of a module or class itself, past `__getattr__` and metaclasses."""
    return type.__getattribute__(owner, "__dict__") if isinstance(owner, type) else _dict_of(owner, "__dict__")


def _put(owner: Any, attribute: str, value: Any) -> None:
    if isinstance(owner, type):
        type.__setattr__(owner, attribute, value)
    else:
        _dict_of(owner, "__dict__")[attribute] = value


def is_guarded(value: Any) -> bool:
    """Is there a guard in the chain of wrappers around it?"""
    for _ in range(64):
        if type(value) is GuardedLoader:
            return True
        value = getattr(value, "__wrapped__", None)
        if value is None:
            return False
    return False


def _on_import(module: ModuleType) -> None:
    if not STATE.active:
        return
    for target in TARGETS:
        if target.module == module.__name__:
            wrap(module, target)
    _rebind([_dict_of(module, "__dict__")], _replacements())  # `load = load_model`, as onnx has it


def _unwrap(patch: Patch) -> None:
    if _own(patch.owner).get(patch.attribute) is patch.wrapper:
        _put(patch.owner, patch.attribute, patch.original)
        return
    with suppress(wrapt.WrapperNotOutermostError):  # buried under somebody's closure: it stays, and does nothing
        wrapt.unwrap_object(patch.owner, patch.attribute, patch.wrapper, missing_ok=True)


def _namespaces_of_modules() -> Iterator[dict[str, Any]]:
    """Of real modules only, past `__getattr__` and `__getattribute__`: a lazy module would import itself."""
    for name, module in list(sys.modules.items()):
        if issubclass(type(module), ModuleType) and name.partition(".")[0] not in _OURS:
            yield _dict_of(module, "__dict__")


def _replacements() -> dict[int, Any]:
    """By the identity of an original, its wrapper."""
    return {id(patch.original): patch.wrapper for patch in _patches}


def _rebind(namespaces: Iterable[dict[str, Any]], table: dict[int, Any]) -> int:
    """In each namespace, what is a key of `table` by identity becomes its value."""
    count = 0
    for namespace in namespaces:
        for name, value in list(namespace.items()):
            if id(value) in table:
                namespace[name] = table[id(value)]
                count += 1
    return count
