"""The shapes a loader may have: a method, a folder, a parser, an unpickler's `find_class`, a repository's code."""

from __future__ import annotations

import pickle
import types
from pathlib import Path

import pytest
import samples

import modelscan
from modelscan import guard as package
from modelscan.errors import UnsafeModelError
from modelscan.guard import patch
from modelscan.guard.events import Decision
from modelscan.guard.target import Does, Takes, Target, always


def read(path):
    with path.open("rb") as file:
        return pickle.Unpickler(file).load()


@pytest.fixture
def library(guard):
    """A made-up library, with functions and a class that load."""

    class Model:
        def load(self, path):
            return self, read(path)

        def find_class(self, module, name):
            return f"{module}.{name}"

    made = types.ModuleType("library")
    vars(made).update(
        Model=Model,
        folder=lambda path: [read(file) for file in sorted(path.iterdir())],
        parse=lambda path: types.SimpleNamespace(SerializeToString=path.read_bytes),
        text=lambda model: model,
        config=lambda model: model,
        hub=lambda repo, **more: repo,
        native=lambda path: "loaded",
    )
    made.alias = made.native

    def wrap(attribute, takes, **more):
        patch.wrap(made, Target(f"library.{attribute}", "library", attribute, takes, "path", **more))

    wrap("Model.load", Takes.PLACE)
    wrap("Model.find_class", Takes.CODE, does=Does.RESOLVES)
    wrap("folder", Takes.FOLDER)
    wrap("parse", Takes.PROTO, does=Does.PARSES, label="{}/model.pb")
    wrap("text", Takes.TEXT)
    wrap("config", Takes.CONFIG)
    wrap("hub", Takes.CODE, does=Does.RUNS)
    wrap("native", Takes.PLACE, restricted=always)
    return made


def refuse(load, *args):
    with pytest.raises(UnsafeModelError) as caught:
        load(*args)
    return caught.value


def test_a_method(library, evil, marker, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(pickle.dumps([1]))
    bad.write_bytes(evil)
    model = library.Model()
    assert model.load(good) == (model, [1])
    assert library.Model.load(model, path=good) == (model, [1])
    refuse(model.load, bad)
    refuse(library.Model.load, model, bad)
    assert not marker.exists()
    package.uninstall()
    assert type(vars(library.Model)["load"]) is types.FunctionType


def test_a_method_that_is_not_there_is_left_alone(library):
    for attribute in ("Model.missing", "Missing.load", "folder.load"):
        patch.wrap(library, Target("x", "library", attribute, Takes.PLACE, "path"))
    assert not hasattr(library.Model, "missing")


def test_a_folder(library, evil, marker, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").write_bytes(pickle.dumps([1]))
    (folder / "b").write_bytes(pickle.dumps({"b": 2}))
    assert library.folder(folder) == [[1], {"b": 2}]
    (folder / "c").write_bytes(evil)
    error = refuse(library.folder, folder)
    assert error.report.findings[0].where.artifact == str(folder / "c")
    assert not marker.exists()
    with modelscan.allow(sha256=error.report.sha256):
        library.folder(folder)
    assert marker.exists()


def test_a_folder_with_something_that_cannot_be_opened(library, tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    assert "not analysed" in str(refuse(library.folder, tmp_path))


def test_what_is_parsed_is_scanned(library, evil, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps([1]))
    assert library.parse(path).SerializeToString() == path.read_bytes()
    path.write_bytes(evil)
    assert refuse(library.parse, path).report.source == f"{path}/model.pb"


def test_find_class_without_events(library):
    model = library.Model()
    assert model.find_class("datetime", "date") == "datetime.date"
    assert "os.system" in str(refuse(model.find_class, "os", "system"))
    package.install("strict")
    refuse(model.find_class, "nobody", "knows")


def test_code_of_a_repository(library, told):
    error = refuse(library.hub, "owner/repo-sitory:v1.0")
    assert str(error).endswith("1 MEDIUM (hub.owner.repo_sitory.v1.0)")
    refuse(library.hub, "owner/another")
    package.install("warn")
    assert library.hub("owner/repository")
    assert [event.decision for event in told] == [Decision.REFUSED, Decision.REFUSED, Decision.WARNED]
    package.install("off")
    assert library.hub("owner/repository")
    assert len(told) == 3


def test_a_repository_is_approved_by_name(library, told):
    with modelscan.allow(name="hub.owner.repository", reason="read it"):
        assert library.hub("owner/repository")
        refuse(library.hub, "owner/repository:other")
    assert told[0].decision is Decision.ALLOWED


def test_a_local_repository_is_approved_by_what_is_in_it(library, tmp_path):
    (tmp_path / "hubconf.py").write_text("1")
    sha256 = refuse(lambda: library.hub(str(tmp_path), source="local")).report.sha256
    with modelscan.allow(sha256=sha256), modelscan.allow(name="hub.local"):
        assert library.hub(str(tmp_path), source="local")
        (tmp_path / "hubconf.py").write_text("2")
        refuse(lambda: library.hub(str(tmp_path), source="local"))


def test_text_and_configurations(library):
    assert library.text("{}") == "{}"
    assert library.config({"a": object}) == {"a": object}


def test_a_native_loader_is_warned_about(library, told, tmp_path):
    path = tmp_path / "x.zip"
    archive = bytearray(samples.zipped({"a": b"\0" * 40}))
    archive[6] |= 1
    archive[archive.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(archive)
    assert library.native(path) == "loaded"
    assert [event.decision for event in told] == [Decision.WARNED]


def test_a_path_that_changes_its_mind(library, evil, marker, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(pickle.dumps([1]))
    bad.write_bytes(evil)
    answers = [str(good), str(bad)]

    class Fickle:
        def __fspath__(self):
            return answers.pop(0) if len(answers) > 1 else answers[0]

    library.place = lambda path: Path(path).read_bytes()
    patch.wrap(library, Target("library.place", "library", "place", Takes.PLACE, "path"))
    assert library.place(Fickle()) == good.read_bytes()
