"""Installing and uninstalling: idempotent, exact, and harmless to imports."""

from __future__ import annotations

import _pickle
import functools
import importlib
import pickle
import sys
import types

import joblib.numpy_pickle
import numpy
import pytest
import wrapt

from modelscan import guard as package
from modelscan.errors import SettingsError, UnsafeModelError
from modelscan.guard import patch
from modelscan.guard.target import Takes, Target
from modelscan.guard.targets import TARGETS

PLACES = (
    (pickle, "load"),
    (pickle, "loads"),
    (_pickle, "loads"),
    (joblib, "load"),
    (joblib.numpy_pickle, "load"),
    (numpy, "load"),
)


def current():
    return [vars(module)[name] for module, name in PLACES]


def test_fifty_rounds_leave_no_trace():
    before = current()
    modules = {name: dict(vars(module)) for name, module in sys.modules.items() if type(module) is types.ModuleType}
    for _ in range(50):
        package.install()
        assert all(patch.is_guarded(loader) for loader in current())
        package.uninstall()
    assert all(now is then for now, then in zip(current(), before, strict=True))
    for name, namespace in modules.items():
        if not name.startswith(("modelscan", "_pytest", "test_", "linecache", "warnings")):
            left = [key for key, value in vars(sys.modules[name]).items() if type(value) is patch.GuardedLoader]
            assert left == [], name
            assert namespace.keys() <= vars(sys.modules[name]).keys()


def test_a_second_install_changes_the_policy_only(guard):
    wrapped = current()
    guard.install("strict")
    assert all(now is then for now, then in zip(current(), wrapped, strict=True))
    assert type(pickle.loads.__wrapped__) is types.BuiltinFunctionType
    assert guard.status().policy == "strict"


def test_an_unknown_policy_is_refused_and_changes_nothing(guard):
    with pytest.raises(SettingsError):
        guard.install("paranoid")
    assert guard.status().policy == "standard"


def test_uninstall_twice():
    package.uninstall()
    package.uninstall()
    assert not package.status().active


def test_install_can_start_a_pool():
    assert pickle.loads(pickle.dumps(package.install)) is package.install


def test_status(guard, evil):
    with pytest.raises(UnsafeModelError):
        pickle.loads(evil)
    rows = {row.name: row for row in guard.status().loaders}
    assert set(rows) == {target.name for target in TARGETS}
    assert rows["pickle.loads"].guarded
    assert rows["pickle.loads"].refused >= 1
    assert rows["numpy.load"].module == numpy.load.__wrapped__.__globals__["__name__"]
    assert "pickle.loads" in str(guard.status())


def test_uninstalled_is_unguarded(evil, marker):
    package.install()
    package.uninstall()
    pickle.Unpickler(__import__("io").BytesIO(evil)).load()
    assert marker.exists()


def test_names_taken_before_are_rebound_and_restored(evil, marker, monkeypatch):
    module = types.ModuleType("took_it_before")
    module.read, original = pickle.loads, pickle.loads
    monkeypatch.setitem(sys.modules, "took_it_before", module)
    package.install()
    with pytest.raises(UnsafeModelError):
        module.read(evil)
    taken_meanwhile = module.also = pickle.loads
    package.uninstall()
    assert module.read is original
    assert module.also is original
    taken_meanwhile(evil)  # out of reach in a local name, and no guard any more
    assert marker.exists()


def test_a_lazy_module_is_not_woken(guard, monkeypatch):
    class Lazy(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError(f"asked for {name}")

    monkeypatch.setitem(sys.modules, "lazy_module", Lazy("lazy_module"))
    monkeypatch.setitem(sys.modules, "no_module", object())
    guard.install()


def test_a_notebook_namespace(evil):
    namespace = {"loads": pickle.loads, "other": 1}
    original = pickle.loads
    assert package.sweep(namespace) == 0  # nothing is done while the guard is off
    package.install()
    assert package.sweep(namespace) == 1
    assert package.sweep(namespace) == 0
    with pytest.raises(UnsafeModelError):
        namespace["loads"](evil)
    package.uninstall()
    assert namespace == {"loads": original, "other": 1}


def test_wrapped_by_somebody_else_on_top():
    original = pickle.loads
    package.install()
    ours = pickle.loads
    theirs = wrapt.wrap_function_wrapper(pickle, "loads", lambda wrapped, _, args, kwargs: wrapped(*args, **kwargs))
    package.uninstall()
    assert pickle.loads is theirs
    assert theirs.__wrapped__ is original
    wrapt.unwrap_object(pickle, "loads", theirs)
    assert pickle.loads is original
    assert ours is not original


def test_buried_under_a_closure_it_does_nothing(evil, marker, monkeypatch):
    package.install()
    ours = pickle.loads
    monkeypatch.setattr(pickle, "loads", functools.wraps(ours)(lambda data: ours(data, fix_imports=True)))
    package.uninstall()
    pickle.loads(evil)
    assert marker.exists()
    monkeypatch.setattr(pickle, "loads", ours.__wrapped__)


@pytest.fixture
def later(tmp_path, monkeypatch):
    """A library that is not imported yet, with a row of its own."""
    name = f"later_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("from pickle import Unpickler\ndef load(path): return path\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(patch, "TARGETS", (*TARGETS, Target("later.load", name, "load", Takes.PLACE, "path")))
    yield name
    sys.modules.pop(name, None)


def test_what_is_imported_later_is_guarded_and_restored(later):
    package.install()
    module = importlib.import_module(later)
    assert patch.is_guarded(module.load)
    package.uninstall()
    assert type(module.load) is types.FunctionType


def test_what_is_imported_after_the_end_is_left_alone_until_the_next_install(later):
    package.install()
    package.uninstall()
    module = importlib.import_module(later)
    assert type(module.load) is types.FunctionType
    package.install()
    assert patch.is_guarded(module.load)
    package.uninstall()


def test_a_failing_hook_does_not_fail_the_import(later, monkeypatch):
    package.install()
    monkeypatch.setattr(patch, "wrap", lambda module, target: 1 / 0)
    assert importlib.import_module(later).load(1) == 1
    monkeypatch.undo()
    package.uninstall()


def test_a_reloaded_module_is_guarded_at_the_next_sweep(later, guard):
    guard.install()
    module = importlib.reload(importlib.import_module(later))
    guard.sweep({})
    assert patch.is_guarded(module.load)
