"""What the process knows about a name, found out without running anything."""

from __future__ import annotations

import enum
import os
import pickle
import sys
import types

import pytest

import modelscan
from modelscan.guard.session import CurrentSession


class Colour(enum.Enum):
    RED = 1


class Empty(enum.Enum):
    pass


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return CurrentSession(tmp_path / "models")


def put(monkeypatch, name, file=None, **members):
    module = types.ModuleType(name)
    module.__file__ = file
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


def test_what_main_defines_is_own_and_what_it_borrowed_is_not(session, monkeypatch):
    own = type("Own", (), {"__module__": "__main__"})
    function = types.FunctionType((lambda: None).__code__, {"__name__": "__main__"})
    put(monkeypatch, "__main__", Own=own, function=function, system=os.system, other=Colour, value=3)
    assert session.is_own("__main__", "Own")
    assert session.is_own("__main__", "function")
    for name in ("system", "other", "value", "missing", "Own.__class__", "Own.missing"):
        assert not session.is_own("__main__", name), name


def test_a_module_of_the_project_is_own_and_an_installed_one_is_not(session, monkeypatch, tmp_path):
    own = type("Own", (), {"__module__": "theirs"})
    for file, expected in (
        (tmp_path / "theirs.py", True),
        (tmp_path / "venv" / "site-packages" / "theirs.py", False),
        (tmp_path.parent / "theirs.py", False),
        (os.__file__, False),
        (None, False),
    ):
        put(monkeypatch, "theirs", file=file and str(file), Own=own)
        assert session.is_own("theirs", "Own") is expected, file


def test_members_of_an_imported_enum_are_data_in_a_table_too(guard):
    pandas = pytest.importorskip("pandas")
    data = pickle.dumps(pandas.DataFrame({"c": pandas.Series([Colour.RED], dtype=object)}))
    assert modelscan.scan(data).refused
    assert pickle.loads(data)["c"][0] is Colour.RED


def test_only_an_enum_with_members_is_data(session):
    assert session.is_enum(__name__, "Colour")
    assert not session.is_enum(__name__, "Empty")
    assert not session.is_enum("enum", "Enum")
    assert not session.is_enum("os", "system")
    assert not session.is_enum("no_such_module", "Colour")


def test_looking_a_name_up_runs_nothing(session, monkeypatch):
    class Trap(types.ModuleType):
        def __getattribute__(self, name):
            raise AssertionError(name)

    class Meta(type):
        def __getattribute__(cls, name):
            raise AssertionError(name)

    put(monkeypatch, "plain", Trapped=Meta("Trapped", (), {}))
    monkeypatch.setitem(sys.modules, "trap", Trap("trap"))
    assert not session.is_own("trap", "anything")
    assert not session.is_enum("trap", "anything.else")
    assert not session.is_own("plain", "Trapped.attribute")


def test_modules_near_the_model(session, tmp_path):
    (tmp_path / "here.py").touch()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "beside.py").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.py").touch()
    (tmp_path / "os.py").touch()
    for name in ("here", "beside", "package", "package.module", "folder.inner"):
        assert session.is_nearby(name), name
    for name in ("os", "os.path", "nowhere", "folder", "folder.missing", "..", ""):
        assert not session.is_nearby(name), name
    assert "here" not in sys.modules
