"""What torch writes besides checkpoints: TorchScript, torch.package, exported programs, ExecuTorch."""

from __future__ import annotations

import enum
import io
import json
import pickle
import re
import subprocess
import sys
import warnings
import zipfile

import live
import pytest
from live import Case
from samples import Payload, global_, proto, zipped
from torch_samples import opens, saved

import modelscan
from modelscan.formats import exported

torch = pytest.importorskip("torch", reason="torch is not installed: its archives are not tested")


class Colour(enum.Enum):
    RED = 1


class Rich(torch.nn.Module):
    """Attributes of every sort that TorchScript's pickler has a word of its own for."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU())
        self.numbers, self.tensors, self.table, self.flags = [1], [torch.ones(1)], {"a": torch.ones(2)}, [True]
        self.colour, self.device, self.complex = Colour.RED, torch.device("cpu"), 1j

    def forward(self, x):
        print(self.colour, self.device, self.complex, self.flags)
        return self.layers(x) + self.numbers[0] + self.tensors[0] + self.table["a"]


def scripted(module):
    return saved(lambda target: torch.jit.save(torch.jit.script(module), target))


def rewritten(data, changes):
    """The archive with some members replaced or added."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    root = next(iter(members)).split("/")[0]
    return zipped(members | {f"{root}/{name}": content for name, content in changes.items()})


@pytest.fixture(scope="module")
def script():
    return scripted(Rich())


def test_an_ordinary_script_is_safe(script):
    report = modelscan.scan(script)
    assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())
    assert "torch.jit._pickle.restore_type_tag" in report.imports
    assert not {name for name in report.imports if " " in name}, "source code taken for a pickle"


def test_a_trace_and_a_frozen_and_a_quantized_script_are_safe():
    layers = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()).eval()

    def made():
        yield torch.jit.trace(layers, torch.zeros(1, 4))
        yield torch.jit.freeze(torch.jit.script(layers))
        yield torch.jit.script(torch.ao.quantization.quantize_dynamic(layers, {torch.nn.Linear}))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in made():
            report = modelscan.scan(saved(torch.jit.save, module))
            assert (report.verdict, report.findings, report.skips) == ("SAFE", (), ())


def test_a_script_is_no_place_to_hide_a_pickle_in(script, tmp_path):
    """torch.load hands such an archive to torch.jit.load, which imports nothing; another program might unpickle it."""
    evil = rewritten(script, {"data.pkl": pickle.dumps(Payload(tmp_path / "x"), 2)})
    assert "os.mkdir" in {finding.operator for finding in modelscan.scan(evil).findings}
    path = tmp_path / "m.pt"
    path.write_bytes(evil)
    live.load_unguarded([Case("m", "torch", path, tmp_path / "x")])
    assert not (tmp_path / "x").exists()


def test_only_the_words_of_torchscript_are_exempt(script):
    reached = proto() + global_("torch.jit._pickle", "torch.os.system") + b"."
    for data in (rewritten(script, {"data.pkl": reached}), reached.replace(b"torch.os.system", b"nonsense")):
        assert modelscan.scan(data).findings
    outside = proto(2) + global_("__torch__.module", "Model") + b")\x81."
    assert modelscan.scan(outside).verdict == "UNVERIFIED"


def test_a_script_that_opens_files_is_found(tmp_path):
    """`__setstate__` is compiled code and runs inside torch.jit.load and torch.load."""
    marker = tmp_path / "marker"
    for loader in ("torch", "torchscript"):
        path = tmp_path / f"{loader}.pt"
        path.write_bytes(opens(marker))
        marker.unlink(missing_ok=True)
        live.load_unguarded([Case("m", loader, path, marker)])
        assert marker.exists()
        report = modelscan.scan(path)
        assert [(finding.rule, finding.operator) for finding in report.findings] == [("MS-S034", "torch.save")]
        assert report.refused


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A torch.package with one module, which makes a marker when it is imported."""
    marker = tmp_path / "marker"
    (tmp_path / "inert_sample.py").write_text(
        f"import os\nif os.path.exists({str(tmp_path / 'armed')!r}):\n    os.mkdir({str(marker)!r})\n"
        "class Net:\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import inert_sample
    from torch.package import PackageExporter

    path = tmp_path / "m.pt"
    with PackageExporter(path) as exporter:
        exporter.intern("inert_sample")
        exporter.extern("os")
        exporter.save_pickle("model", "model.pkl", inert_sample.Net())
        exporter.save_text("model", "words.txt", "hello")
    sys.modules.pop("inert_sample")
    (tmp_path / "armed").touch()
    return path, marker


def test_sources_in_a_package_are_found(package):
    path, marker = package
    live.load_unguarded([Case("m", "package", path, marker)])
    assert marker.exists()
    report = modelscan.scan(path)
    assert report.refused
    assert [(finding.rule, finding.operator) for finding in report.findings if finding.severity > 1] == [
        ("MS-S032", "m/inert_sample.py")
    ]
    assert not report.skips


def test_torch_load_does_not_open_packages(package):
    path, marker = package
    assert "failed locating file data.pkl" in live.load_unguarded([Case("m", "torch", path, marker)])
    assert not marker.exists()


def test_an_exported_program_is_safe():
    program = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    report = modelscan.scan(saved(torch.export.save, program))
    assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())
    assert report.artifacts[0].format == "PyTorch exported program"


@pytest.mark.parametrize(
    "magic", [b"\x7fELF\x02\x01\x01", b"MZ".ljust(60, b"\0") + b"\x80\0\0\0" + bytes(64) + b"PE\0\0"]
)
def test_native_code_in_an_exported_program_is_found(magic):
    """AOTInductor puts shared objects there, which aoti_load_package loads. No real one is made here."""
    program = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    library = {"data/aotinductor/model/code.wrapper.so": magic + bytes(100)}
    report = modelscan.scan(rewritten(saved(torch.export.save, program), library))
    assert [(finding.rule, str(finding.severity)) for finding in report.findings] == [("MS-S033", "HIGH")]


def test_a_payload_among_the_example_inputs_is_found(tmp_path):
    program = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    inputs = saved(torch.save, {"x": Payload(tmp_path / "x")})
    report = modelscan.scan(rewritten(saved(torch.export.save, program), {"data/sample_inputs/model.pt": inputs}))
    assert report.findings[0].operator == "os.mkdir"


class Reshapes(torch.nn.Module):
    def forward(self, x):
        return x.reshape(x.shape[0] * 2, -1)


def dynamic():
    """A program whose sizes are formulas, and its JSON."""
    shapes = ({0: torch.export.Dim("batch", min=2, max=64)},)
    data = saved(torch.export.save, torch.export.export(Reshapes(), (torch.zeros(8, 2),), dynamic_shapes=shapes))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("models/model.json"))
        return data, archive.read(name).decode()


def test_a_program_of_dynamic_sizes_is_safe():
    data, graph = dynamic()
    assert '"expr_str"' in graph
    report = modelscan.scan(data)
    assert (report.verdict, report.findings) == ("SAFE", ())


def test_python_in_place_of_a_size_is_found(tmp_path):
    """torch.export.load evaluates every "expr_str"."""
    data, graph = dynamic()
    path, marker = tmp_path / "m.pt2", tmp_path / "marker"
    evil = json.dumps(f"__import__('os').mkdir('{marker}')")
    graph = re.sub(r'"expr_str": ?"[^"]*"', lambda _: f'"expr\\u005fstr": {evil}', graph)
    path.write_bytes(rewritten(data, {"models/model.json": graph.encode()}))
    live.load_unguarded([Case("m", "export", path, marker)])
    assert marker.exists()
    report = modelscan.scan(path)
    assert report.findings[0].rule == "MS-S035"
    assert "mkdir" in report.findings[0].expression


def guarded(tmp_path, change):
    """A program whose JSON is changed, and what comes of its load and first use."""
    data, graph = dynamic()
    tree = json.loads(graph)
    change(tree)
    path, marker = tmp_path / "m.pt2", tmp_path / "marker"
    path.write_bytes(rewritten(data, {"models/model.json": json.dumps(tree).encode()}))
    code = f"import sys, torch\nsys.path.insert(0, {str(tmp_path)!r})\n"
    code += f"torch.export.load({str(path)!r}).module()(torch.zeros(8, 2))"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    made = marker.exists()
    if made:
        marker.rmdir()
    return modelscan.scan(path), made


def test_python_in_place_of_a_guard_is_found(tmp_path):
    """A program's guards become the source of a function, which runs before it does."""
    marker = tmp_path / "marker"
    for guard in (f"(lambda made=__import__('os').mkdir('{marker}'): True)()", "L['x'].size()[0] == open('x')"):
        report, made = guarded(tmp_path, lambda tree, guard=guard: tree.update(guards_code=[guard]))
        assert made or "open" in guard
        assert report.findings[0].rule == "MS-S035"
    for guard in (
        "L['x'].size()[0] >= 3",
        "Ne(L['x'].size()[1], 1)",
        "math.isnan(L['x'])",
        "not (L['x'].size()[0] == 1)",
    ):
        assert exported.is_formula(guard, guard=True)
    for guard in ("L['x'].__class__", "eval('1')", "L['x'].size.f_globals", "torch.load('x')", "f'{L}'", "L['\"']"):
        assert not exported.is_formula(guard, guard=True)


def test_a_text_that_ends_its_quotes_is_found():
    """Texts that an argument has to be equal to stand between quotes in a guard."""

    def change(tree):
        value = {"as_string": "x') or print('y"}
        tree["graph_module"]["signature"]["input_specs"].append({"constant_input": {"name": "y", "value": value}})

    tree = json.loads(dynamic()[1])
    change(tree)
    data = rewritten(dynamic()[0], {"models/model.json": json.dumps(tree).encode()})
    assert modelscan.scan(data).findings[0].rule == "MS-S035"


def spec(context, kind="collections.defaultdict"):
    def change(tree):
        leaf = {"type": None, "context": None, "children_spec": []}
        made = {"type": kind, "context": context, "children_spec": [leaf]}
        for row in tree["graph_module"]["module_call_graph"]:
            row["signature"]["out_spec"] = json.dumps([1, made])

    return change


def factory(module, name):
    return {"default_factory_module": module, "default_factory_name": name, "dict_context": ["a"]}


def test_modules_that_the_shape_of_arguments_names_are_found(tmp_path):
    """torch.export.load imports them."""
    (tmp_path / "unheard_of.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'marker')!r})\nmade = list\n")
    report, made = guarded(tmp_path, spec(factory("unheard_of", "made")))
    assert (made, report.refused, report.findings[0].operator) == (True, True, "unheard_of.made")
    member = json.dumps([{"__enum__": True, "fqn": "os:environ", "name": "PATH"}])
    report, made = guarded(tmp_path, spec(member, "builtins.dict"))
    assert (report.refused, report.findings[0].operator) == (True, "os.environ")
    report, made = guarded(tmp_path, spec(factory("builtins", "list")))
    assert (made, report.verdict) == (False, "SAFE")


def test_a_graph_nested_too_deeply_is_not_passed_over():
    """json gives up at a depth that depends on who calls it."""
    deep = rewritten(dynamic()[0], {"models/model.json": b'{"a":' * 100_000 + b"1" + b"}" * 100_000})
    report = modelscan.scan(deep)
    assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)


FORMULAS = [
    *("s77", "2*s77 + 1", "-oo", "1.5", "Mod(s0, 3) >= 4", "Max(1, FloorDiv(s0, 2))", "Eq(s0, 4) & (s1 < 3)"),
    *("Mul(Integer(2), Symbol('s77', positive=True, integer=True))", "OpaqueUnaryFn_sqrt(ToFloat(s0))"),
]
NO_FORMULAS = [
    *("eval('1')", "().__class__", "s0.subs", "sqrt('exec(1)')", "[1]", "lambda: 1", "Symbol(open('x'))", "f'{s0}'"),
    *("", "(lambda: 1)()", "Max('__import__(1)')", "a[0]", "[x for x in y]", "(x := 1)", "1 #\n", "a\\\nb"),
    *("(" * 9_999, "-" * 19_999 + "1", "x" * 30_000),
]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas(text):
    assert exported.is_formula(text)


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_no_formulas(text):
    assert not exported.is_formula(text)


def test_an_executorch_program_is_recognised():
    report = modelscan.scan(b"\x1c\0\0\0ET12eh00" + bytes(64))
    assert report.verdict == "INCONCLUSIVE"
    assert "ExecuTorch" in report.failures[0].reason
