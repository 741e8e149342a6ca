"""What this process knows about the names in a model file, without importing or running anything."""

from __future__ import annotations

import enum
import os
import sys
import sysconfig
from functools import cached_property
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

_modules = sys.modules
_type_get = type.__getattribute__
_dict_of = object.__getattribute__
_MARKS = (".git", "pyproject.toml", "setup.py")
"""What stands in the topmost folder of a project."""
_PACKAGES = {"site-packages", "dist-packages"}


class CurrentSession:
    """One guarded load's view. `folder` is where its model file lies, None when there is no file."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._nearby: dict[str, bool] = {}

    def is_own(self, module: str, name: str) -> bool:
        """Defined in `__main__`, or in a module of the current project; what they import is not theirs."""
        found = resolve(module, name)
        if isinstance(found, type):
            home = _type_get(found, "__module__")
        elif type(found) is FunctionType:
            home = found.__module__
        else:
            return False
        return home == module and (module == "__main__" or self._in_project(module))

    def is_enum(self, module: str, name: str) -> bool:
        """An Enum with members; calling one without members would make a new class."""
        found = resolve(module, name)
        return isinstance(found, enum.EnumMeta) and bool(_type_get(found, "__dict__").get("_member_map_"))

    def is_nearby(self, module: str) -> bool:
        """Not imported yet, and found in the current folder or beside the model."""
        top = module.partition(".")[0]
        if module in _modules or top in _modules:
            return False
        if module not in self._nearby:
            self._nearby[module] = _is_file(module, self._places)
        return self._nearby[module]

    @cached_property
    def _places(self) -> list[str]:
        here = os.getcwd()  # noqa: PTH109 - compared with entries of sys.path, which are text
        return [here] if self.folder is None else [here, str(self.folder)]

    def _in_project(self, module: str) -> bool:
        file = _dict_of(_modules[module], "__dict__").get("__file__")
        if not isinstance(file, str):
            return False
        path, project = Path(os.path.abspath(file)), _project()  # noqa: PTH100 - links as they are in sys.path
        if project == Path(project.anchor) or not path.is_relative_to(project) or _PACKAGES & {*path.parts}:
            return False
        return not any(path.is_relative_to(place) for place in _installed())


def resolve(module: str, name: str) -> Any:
    """The object of that name in a module that is imported, None where finding it could run code."""
    found: Any = _modules.get(module)
    for part in name.split("."):
        if issubclass(type(found), ModuleType):
            found = _dict_of(found, "__dict__").get(part)
        elif isinstance(found, type):
            found = _type_get(found, "__dict__").get(part)
        else:
            return None
    return found


def _is_file(module: str, places: list[str]) -> bool:
    """Looks in folders for a module's file. Only finders of the path run, no code of a package."""
    search: list[str] | None = places
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for size in range(1, len(parts) + 1):
        try:
            spec = PathFinder.find_spec(".".join(parts[:size]), search)
        except (ImportError, OSError, ValueError):
            return False
        if spec is None:
            return False
        if spec.has_location:
            return True
        search = list(spec.submodule_search_locations or ())  # a folder without __init__.py
    return False


def _project() -> Path:
    """The current folder, or the one above it that holds the project."""
    here = Path.cwd()
    marked = (folder for folder in (here, *here.parents) if any((folder / mark).exists() for mark in _MARKS))
    return next(marked, here)


def _installed() -> list[str]:
    """Folders of the standard library and of installed packages."""
    paths = sysconfig.get_paths()
    return [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
