"""Tells when a module was run: imported, imported again after it was dropped from `sys.modules`, or reloaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import wrapt

Told = Callable[[ModuleType], object]

_watched: dict[str, Told] = {}


def watch(name: str, told: Told) -> None:
    """From now on `told(module)` whenever the module of that name was run. What it raises is ignored."""
    _watched[name] = told
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def unwatch(name: str) -> None:
    """Nobody is told any more. When no name is left, imports are as they were."""
    _watched.pop(name, None)
    if not _watched and _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)


class _Finder:
    """Finds what the others find."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _watched:
            return None
        spec = self._found(name, path, target)
        loader: Any = spec.loader if spec is not None else None
        if spec is not None and hasattr(loader, "exec_module"):
            proxy: Any = _Loader(loader)
            spec.loader = proxy
        return spec

    def _found(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        at = sys.meta_path.index(self) if self in sys.meta_path else len(sys.meta_path)
        for finder in sys.meta_path[at + 1 :]:
            find_spec = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec(name, path, target) if find_spec is not None else None
            if spec is not None:
                return spec
        return None


class _Loader(wrapt.ObjectProxy):  # type: ignore[type-arg]
    """Is the loader that was found, for one module, which has that loader itself as its own again when it runs."""

    def exec_module(self, module: ModuleType) -> None:
        loader: Any = self.__wrapped__
        with suppress(AttributeError):
            module.__loader__ = loader
        if module.__spec__ is not None:
            module.__spec__.loader = loader
        loader.exec_module(module)
        told = _watched.get(module.__name__)
        if told is not None:
            with suppress(Exception):
                told(module)


_FINDER: Any = _Finder()
