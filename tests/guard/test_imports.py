"""Modules are looked at whenever they are run, and imports are as they were when nobody asks."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types

import pytest

from modelscan import guard as package
from modelscan.guard import imports, patch
from modelscan.guard.target import Takes, Target
from modelscan.guard.targets import TARGETS


@pytest.fixture
def name(tmp_path, monkeypatch):
    """A library with a row of its own."""
    name = f"again_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("def load(path): return path\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(patch, "TARGETS", (*TARGETS, Target("again.load", name, "load", Takes.PLACE, "path")))
    yield name
    sys.modules.pop(name, None)


def dropped(name):
    importlib.import_module(name)
    del sys.modules[name]
    return importlib.import_module(name)


def reloaded(name):
    return importlib.reload(importlib.import_module(name))


def reloaded_twice(name):
    return importlib.reload(reloaded(name))


def lazy(name):
    spec = importlib.util.find_spec(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("again", [importlib.import_module, dropped, reloaded, reloaded_twice, lazy])
def test_a_module_is_guarded_however_it_is_run(name, guard, again):
    guard.install()
    module = again(name)
    assert module.load(3) == 3
    assert patch.is_guarded(module.load)
    guard.uninstall()
    assert type(module.load) is types.FunctionType


def test_a_module_has_the_loader_that_it_always_had(name, guard):
    guard.install()
    module = importlib.import_module(name)
    found = type(module.__loader__), type(module.__spec__.loader)
    assert found == (importlib.machinery.SourceFileLoader, importlib.machinery.SourceFileLoader)
    spec = importlib.util.find_spec("catboost.core") if importlib.util.find_spec("catboost") else None
    assert spec is None or isinstance(spec.loader, importlib.machinery.SourceFileLoader)


def test_imports_are_as_they_were_when_the_guard_is_off():
    before = [*sys.meta_path]
    package.install(workers=True)
    assert len(sys.meta_path) == len(before) + 1
    package.install()
    assert len(sys.meta_path) == len(before) + 1
    package.uninstall()
    assert sys.meta_path == before


def test_who_took_the_finders_away_breaks_nothing(name, guard, monkeypatch):
    guard.install()
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if finder is not imports._FINDER])
    importlib.import_module(name)
    guard.uninstall()


def test_a_module_without_a_loader_of_that_kind_is_left_alone(guard, tmp_path, monkeypatch):
    """A namesake of a library, in which something else has the loader's name."""
    (tmp_path / "catboost").mkdir()
    (tmp_path / "catboost" / "__init__.py").touch()
    (tmp_path / "catboost" / "core.py").write_text("class CatBoost:\n    load_model = 3\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for found in [found for found in sys.modules if found.partition(".")[0] == "catboost"]:
        monkeypatch.delitem(sys.modules, found)
    assert importlib.import_module("catboost.core").CatBoost.load_model == 3
    assert type(importlib.import_module("catboost.core").CatBoost.load_model) is int
    sys.modules.pop("catboost.core")
    sys.modules.pop("catboost")
