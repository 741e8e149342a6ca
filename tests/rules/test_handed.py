"""What a call is given, it may fetch by attribute and call: loaders, and classes with an `__init__` of their own."""

from __future__ import annotations

import io
import os
import shutil
import struct
from pathlib import Path

import pytest
from live import Case, load_unguarded
from samples import call, global_, proto, text

import modelscan

LOADER = global_("torch.storage", "_load_from_bytes")


def record(**kept: bytes) -> bytes:
    return global_("argparse", "Namespace") + b")\x81" + entries(**kept) + b"b"


def entries(**of: bytes) -> bytes:
    return b"}" + b"".join(text(key) + value + b"s" for key, value in of.items())


def legacy(marker: Path) -> bytes:
    """A file of torch's old format that makes `marker`, as the bytes of a second model."""
    torch = pytest.importorskip("torch")

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    made = io.BytesIO()
    torch.save(Evil(), made, _use_new_zipfile_serialization=False)
    return b"B" + struct.pack("<I", len(made.getvalue())) + made.getvalue()


def second_models(marker: Path):
    """Each has the loader called with bytes that stand in no call of it."""
    later = call(global_("functools", "partial"), LOADER, legacy(marker))
    yield "keys", call(global_("collections", "OrderedDict"), record(keys=later))
    yield "a tensor's copy", call(global_("torch._utils", "_rebuild_parameter"), record(detach=later), b"\x88", b"}")


def test_a_loader_may_not_be_handed_on(tmp_path):
    cases = []
    for number, (name, data) in enumerate(second_models(tmp_path / "marker")):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(proto() + dict(second_models(marker))[name] + b".")
        cases.append(Case(name, "pickle", path, marker))
        assert "MS-U008" in {row.rule for row in modelscan.scan(path).findings}, name
        assert modelscan.scan(proto() + data + b".").refused
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said


@pytest.mark.parametrize(
    "data",
    [
        record(load=LOADER),
        global_("somebodys_lib", "Net") + b")\x81" + entries(load=LOADER) + b"b",
        global_("somebodys_lib", "Net") + b"(" + LOADER + b"t\x81",
        call(global_("json.decoder", "JSONDecodeError"), text("a"), LOADER, b"K\x01"),
        call(global_("collections", "defaultdict"), call(global_("functools", "partial"), LOADER)),
    ],
)
def test_a_loader_may_not_be_kept(data):
    assert modelscan.scan(proto() + data + b".").refused


def test_tensors_are_loaded_from_bytes():
    torch = pytest.importorskip("torch")
    import pickle

    for protocol in range(6):
        data = pickle.dumps({"weights": [torch.nn.Linear(2, 2), torch.ones(2)]}, protocol)
        assert modelscan.scan(data).verdict == "SAFE"


def test_a_class_that_an_argument_keeps_is_called_by_nobody(tmp_path, monkeypatch):
    """`infodict.get(info, ...)`: a class that is trusted for being made opens a folder in its `__init__`."""
    pytest.importorskip("scipy")
    pytest.importorskip("joblib")
    monkeypatch.chdir(tmp_path)
    error = global_("scipy.sparse.linalg._eigen.arpack.arpack", "ArpackError")
    path = tmp_path / "model.pkl"
    given = record(get=global_("joblib.memory", "AsyncMemorizedFunc"))
    path.write_bytes(proto() + call(error, text("x"), given) + b".")
    marker = tmp_path / "Unknown error"
    said = load_unguarded([Case("error", "pickle", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path).refused
    memory = global_("joblib.memory", "Memory")
    for asked in (
        call(global_("collections", "OrderedDict"), record(keys=memory)),
        record() + record(items=memory) + b"b",
        global_("torchmetrics.aggregation", "SumMetric") + b")\x81" + entries(_wrap_update=memory) + b"b",
    ):
        assert modelscan.scan(proto() + asked + b".").refused
    kept = record(memory=memory + b")\x81" + entries(location=b"N") + b"b", kind=memory)
    assert modelscan.scan(proto() + kept + b".").verdict == "SAFE"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("accelerate.utils.dataclasses", "BaseEnum"),
        ("shapely._enum", "ParamEnum"),
        ("torchvision._utils", "StrEnum"),
        ("transformers.utils.generic", "ExplicitEnum"),
        ("torch.amp.grad_scaler", "OptState"),  # has members in this release; who knows in the next
        ("enum", "Enum"),
    ],
)
def test_an_enumeration_without_members_is_not_called(module, name, tmp_path, monkeypatch):
    """It makes a class, by whatever `__new__` the file says. Here an enumeration of that place, with none either."""
    package = tmp_path / module.partition(".")[0]
    if module != "enum":
        (tmp_path / module.replace(".", "/")).parent.mkdir(parents=True)
        for folder in {package, (tmp_path / module.replace(".", "/")).parent}:
            (folder / "__init__.py").write_text("")
        (tmp_path / f"{module.replace('.', '/')}.py").write_text(f"import enum\nclass {name}(enum.Enum): pass\n")
    (tmp_path / "a_job.py").write_text("import os\ndef run(cls, path):\n    os.mkdir(path)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    members = entries(__new__=global_("a_job", "run"), A=text(str(marker)))
    path.write_bytes(proto() + call(global_(module, name), text("Made"), members) + b".")
    shutil.rmtree(tmp_path / "torch", ignore_errors=True)
    if module.partition(".")[0] != "torch":
        said = load_unguarded([Case(name, "pickle", path, marker)])
        assert marker.exists(), said
    assert modelscan.scan(path).refused


def test_a_member_of_an_enumeration_is_looked_up_by_one_value():
    choice = global_("torch.amp.grad_scaler", "OptState")
    assert modelscan.scan(proto() + call(choice, b"K\x01") + b".").verdict == "SAFE"
    for more in (call(choice, text("Made"), text("A B")), b"](" + call(choice, b"K\x01") * 20 + b"0" * 19):
        assert modelscan.scan(proto() + more + call(choice, text("Made"), text("A B")) + b"\x86.").refused


def test_an_unread_class_of_a_known_library_may_not_keep_what_it_could_call(tmp_path, monkeypatch):
    """It calls what its state has when it is dropped; here a class of that place."""
    joblib = pytest.importorskip("joblib")
    (tmp_path / "opt_einsum").mkdir()
    (tmp_path / "opt_einsum" / "__init__.py").write_text("")
    code = "class Owner:\n    def __del__(self):\n        self.release(*self.given)\n"
    (tmp_path / "opt_einsum" / "owners.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    memory, cases = global_("joblib.memory", "Memory"), []

    def owner(release: bytes, given: bytes) -> bytes:
        return (
            proto() + global_("opt_einsum.owners", "Owner") + b")\x81" + entries(release=release, given=given) + b"b."
        )

    for number, name in enumerate(("a class", "a class in a partial")):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        kept = text(str(marker))
        later = call(global_("functools", "partial"), memory, kept)
        path.write_bytes(owner(later, b")") if number else owner(memory, kept + b"\x85"))
        cases.append(Case(name, "pickle", path, marker))
        assert modelscan.scan(path).refused, name
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    made = memory + b")\x81" + entries(location=b"N") + b"b"
    for harmless in (made, global_("numpy", "float64"), global_("torch", "float32"), global_("opt_einsum.paths", "dp")):
        assert {row.severity.name for row in modelscan.scan(owner(harmless, b")")).findings} == {"LOW"}
    assert joblib.memory.Memory  # what the case is about still goes by that name
