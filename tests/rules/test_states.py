"""Classes that act when they get a state or are dropped: no call stands in the file, and yet something runs."""

from __future__ import annotations

import importlib.util
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from live import Case, load_unguarded
from samples import call, global_, proto, text

import modelscan

TRUE = b"\x88"


def instance(module: str, name: str, state: dict[str, bytes], slots: dict[str, bytes] | None = None) -> bytes:
    """Made by NEWOBJ and given a state by BUILD."""
    given = entries(state) + (entries(slots) + b"\x86" if slots is not None else b"")
    return global_(module, name) + b")\x81" + given + b"b"


def entries(of: dict[str, bytes]) -> bytes:
    return b"}" + b"".join(text(key) + value + b"s" for key, value in of.items())


def attacks(function: bytes, path: bytes):
    """Each calls the function, whose opcodes are given, with the path."""
    act = call(global_("functools", "partial"), function, path)
    yield "io.IOBase", instance("io", "IOBase", {"close": act})
    yield "_pyio.IOBase", instance("_pyio", "IOBase", {"close": act})
    yield (
        "typing._GenericAlias",
        instance("typing", "_GenericAlias", {"__origin__": global_("collections", "Counter")}, {"update": function})
        + b"0"
        + call(global_("collections", "Counter"), path),
    )
    record = global_("types", "SimpleNamespace") + b")\x81"
    yield (
        "_threading_local.local",
        instance(
            "_threading_local", "local", {}, {"_local__impl": record + entries({"get_dict": act}) + b"b", "b": b"N"}
        ),
    )
    yield (
        "rich.live._RefreshThread",
        instance(
            "rich.live",
            "_RefreshThread",
            {"_initialized": TRUE, "_started": record + entries({"is_set": act}) + b"b"},
            {"daemon": TRUE},
        ),
    )
    yield (
        "traitlets.config.application.Application",
        instance("traitlets.config.application", "Application", {"close_handlers": act}),
    )
    yield "ipywidgets.widgets.widget_box.Box", instance("ipywidgets.widgets.widget_box", "Box", {"close": act})
    yield (
        "click._compat._NonClosingTextIOWrapper",
        instance("click._compat", "_NonClosingTextIOWrapper", {"detach": act}),
    )
    yield "scipy.spatial._qhull.Delaunay", instance("scipy.spatial._qhull", "Delaunay", {"close": act})


def test_what_acts_on_a_state_is_refused_for_itself(tmp_path):
    cases, missed = [], []
    harmless = dict(attacks(global_("lib", "f"), text("x")))
    for number, name in enumerate(harmless):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(proto() + dict(attacks(global_("os", "mkdir"), text(str(marker))))[name] + b".")
        cases.append(Case(name, "pickle", path, marker))
        found = modelscan.scan(proto() + harmless[name] + b".")
        if not (
            found.refused and name.removeprefix("_py") in {row.operator.removeprefix("_py") for row in found.findings}
        ):
            missed.append((name, found.findings))
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    assert missed == []


def test_a_booster_keeps_its_scores():
    lightgbm = pytest.importorskip("lightgbm")
    trained = lightgbm.train({"verbose": -1}, lightgbm.Dataset(np.eye(40), np.arange(40) % 2), 2)
    assert modelscan.scan(pickle.dumps(trained)).verdict == "SAFE"


def test_a_triangulation_is_data():
    from scipy.spatial import Delaunay

    assert modelscan.scan(pickle.dumps(Delaunay(np.random.default_rng(0).random((9, 2))))).verdict == "SAFE"


@pytest.mark.parametrize("value", [io.BytesIO(b"x"), io.StringIO("x")], ids=["bytes", "text"])
def test_files_in_memory_are_data(value):
    assert modelscan.scan(pickle.dumps(value)).verdict == "SAFE"


def test_an_option_of_pandas_that_imports_is_refused(tmp_path, monkeypatch):
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    (tmp_path / "a_plotting_backend.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n")
    option = {"prefix": text("plotting"), "d": entries({"backend": b"N"})}
    chosen = {"backend": text("a_plotting_backend")}
    path.write_bytes(proto() + instance("pandas._config.config", "DictWrapper", option, chosen) + b".")
    assert modelscan.scan(path).findings[0].rule == "MS-P104"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = load_unguarded([Case("pandas", "pickle", path, marker)])
    assert marker.exists(), said


def test_a_fitted_curve_keeps_its_own_methods(tmp_path):
    isotonic = pytest.importorskip("sklearn.isotonic")
    fitted = isotonic.IsotonicRegression().fit(np.arange(9.0), np.arange(9.0))
    assert modelscan.scan(pickle.dumps(fitted)).verdict == "SAFE"

    def curve(function: bytes, *points: bytes) -> bytes:
        state = {"X_thresholds_": points[0], "y_thresholds_": points[1], "_build_f": function}
        return proto() + instance("sklearn.isotonic", "IsotonicRegression", state) + b"."

    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    path.write_bytes(curve(global_("os", "mkdir"), text(str(marker)), b"M\xff\x01"))
    said = load_unguarded([Case("curve", "pickle", path, marker)])
    assert marker.exists(), said
    for function in (
        global_("lib", "f"),
        global_("copy", "deepcopy"),
        call(global_("functools", "partial"), global_("builtins", "print")),
        call(global_("builtins", "getattr"), global_("collections", "OrderedDict") + b")\x81", text("popitem")),
    ):
        assert modelscan.scan(curve(function, b"N", b"N")).refused


def record(function: bytes, *names: str) -> bytes:
    """An object with the function under every name."""
    return instance("argparse", "Namespace", dict.fromkeys(names, function))


def asked(function: bytes, path: bytes):
    """A function stands where data belongs, and is called when the data is asked for: loader, name, opcodes."""
    act = call(global_("functools", "partial"), function, path)
    plain = global_("argparse", "Namespace") + b")\x81"
    yield "joblib", "a state asked for its items", plain + record(act, "items") + b"b"
    parts = b"(" + record(act, "items") + b"}t"
    yield "joblib", "half of a state asked for its items", plain + parts + b"b"
    counter, none = global_("collections", "Counter"), b")"
    yield "joblib", "keywords asked for their keys", counter + none + record(act, "keys") + b"\x92"
    made = counter + none + record(act, "keys")
    yield "pickle", "the same by copyreg", global_("copyreg", "__newobj_ex__") + b"(" + made + b"tR"
    based = (counter, global_("builtins", "dict"), record(act, "keys"))
    yield "pickle", "a mapping made of another", call(global_("copyreg", "_reconstructor"), *based)
    adam = instance("torch.optim.adam", "Adam", {"defaults": b"}", "_patch_step_function": act})
    yield "pickle" if importlib.util.find_spec("torch") else "", "an optimizer's own method", adam
    version = {"_key": b"K\x01", "_compare": function}
    pair = instance("numpy._utils._pep440", "_BaseVersion", version)
    yield "", "keys compared by a method of their state", b"}" + pair + b"Ns" + pair + b"Ns"


def test_functions_where_data_belongs_are_refused(tmp_path):
    cases = []
    for number, (loader, name, data) in enumerate(asked(global_("lib", "f"), text("x"))):
        assert modelscan.scan(proto() + data + b".").verdict == "UNSAFE", name
        alike = list(asked(global_("unread_library", "f"), text("x")))[number][2].replace(
            b"(X\x01\x00\x00\x00xtR", b"0"
        )
        assert modelscan.scan(proto() + alike + b".").verdict == "UNSAFE", name
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(proto() + list(asked(global_("os", "mkdir"), text(str(marker))))[number][2] + b".")
        cases += [Case(name, loader, path, marker)] if loader else []
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said


@pytest.mark.parametrize("by", ["list", "tuple", "set", "dict", "str", "bytes"])
@pytest.mark.parametrize(("module", "name"), [("torch.utils.data.dataloader", "DataLoader"), ("lib", "Stream")])
def test_a_call_asks_no_object_for_what_its_class_does(by, module, name):
    """`list(loader)` starts worker processes, and `list(stream)` of a stream connects to its host."""
    asked_of = instance(module, name, {"num_workers": b"K\x02"})
    assert modelscan.scan(proto() + call(global_("builtins", by), asked_of) + b".").verdict == "UNSAFE"
    for argument in (b"(" + asked_of + b"t", b"]" + asked_of + b"a"):
        report = modelscan.scan(proto() + call(global_("builtins", by), argument) + b".")
        assert report.refused == (by not in ("list", "tuple", "set"))  # these keep what is in another container


def test_iterating_an_instance_runs_its_class(tmp_path):
    pytest.importorskip("torch")
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    numbers = dict.fromkeys(("num_workers", "timeout", "_dataset_kind"), b"K\x00")
    absent = dict.fromkeys(("batch_sampler", "generator", "prefetch_factor", "batch_size"), b"N")
    parts = {"dataset": b"]" + text(str(marker)) + b"a", "sampler": b"]K\x00a", "collate_fn": global_("os", "mkdir")}
    off = dict.fromkeys(("persistent_workers", "pin_memory", "drop_last"), b"\x89")
    fixed = {
        "_IterableDataset_len_called": b"N",
        "_DataLoader__multiprocessing_context": b"N",
        "pin_memory_device": text(""),
    }
    loader = instance("torch.utils.data.dataloader", "DataLoader", {**numbers, **absent, **parts, **off, **fixed})
    path.write_bytes(proto() + call(global_("builtins", "list"), loader) + b".")
    said = load_unguarded([Case("loader", "pickle", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path.read_bytes().replace(b"cos\nmkdir\n", b"clib\nf\n")).verdict == "UNSAFE"


MADE_WITH = {
    "NEWOBJ": lambda cls, given: cls + b"(" + given + b"t\x81",
    "NEWOBJ_EX": lambda cls, given: cls + b"(" + given + b"t}\x92",
    "keywords": lambda cls, given: cls + b")}" + text("path") + given + b"s\x92",
    "copyreg.__newobj__": lambda cls, given: call(global_("copyreg", "__newobj__"), cls, given),
    "copyreg.__newobj_ex__": lambda cls, given: call(
        global_("copyreg", "__newobj_ex__"), cls, b"(" + given + b"t", b"}"
    ),
}


def test_a_class_of_a_known_library_is_not_made_with_arguments_unread(tmp_path, monkeypatch):
    """Compiled classes open files in their `__new__`; nobody has read this one, so it counts as called."""
    (tmp_path / "pyarrow").mkdir()
    (tmp_path / "pyarrow" / "__init__.py").write_text("")
    sink = "import os\nclass Sink:\n    def __new__(cls, path):\n        os.mkdir(path)\n"
    (tmp_path / "pyarrow" / "streams.py").write_text(sink)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    cls, cases = global_("pyarrow.streams", "Sink"), []
    for number, (way, made) in enumerate(MADE_WITH.items()):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(proto() + made(cls, text(str(marker))) + b".")
        cases.append(Case(way, "pickle", path, marker))
        assert modelscan.scan(path).refused, way
        after = proto() + b"](" + (cls + b")\x81") * 40 + made(cls, text(str(marker))) + b"e."
        assert modelscan.scan(after).refused, way
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    bare = modelscan.scan(proto() + cls + b")\x81.")
    assert {row.severity.name for row in bare.findings} == {"LOW"}


@pytest.mark.parametrize("way", MADE_WITH)
def test_a_class_of_somebody_else_may_be(way):
    """A named tuple, or a text or number of its own kind, is made with what is in it."""
    report = modelscan.scan(proto() + MADE_WITH[way](global_("project.shapes", "Point"), b"K\x01") + b".")
    assert {row.severity.name for row in report.findings} == {"LOW"}


def test_a_class_that_evaluates_what_it_is_made_with_is_refused(tmp_path):
    pytest.importorskip("sympy")
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    code = text(f"__import__('os').mkdir({str(marker)!r})")
    path.write_bytes(proto() + global_("sympy.functions.elementary.trigonometric", "sin") + b"(" + code + b"t\x81.")
    said = load_unguarded([Case("sine", "pickle", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path).refused


def test_functions_of_others_in_the_state_of_a_known_library_are_refused(tmp_path):
    """Nobody has read the class, and here it asks what it keeps for a copy of itself."""
    pytest.importorskip("mpmath")
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"

    def matrix(function: bytes) -> bytes:
        kept = {"_matrix__data": record(function, "copy"), "_matrix__rows": b"K\x02"}
        return proto() + instance("mpmath.matrices.matrices", "_matrix", kept, {"rows": b"K\x01"}) + b"."

    act = call(global_("functools", "partial"), global_("os", "mkdir"), text(str(marker)))
    path.write_bytes(matrix(act))
    said = load_unguarded([Case("matrix", "pickle", path, marker)])
    assert marker.exists(), said
    method = call(global_("builtins", "getattr"), instance("project.jobs", "Job", {"c": text("x")}), text("run"))
    for function in (global_("project.jobs", "run"), method):
        assert modelscan.scan(matrix(function)).refused
    assert not modelscan.scan(matrix(global_("builtins", "len"))).refused
    own = instance("project.models", "Net", {"loss": global_("project.losses", "dice"), "step": method})
    assert {row.severity.name for row in modelscan.scan(proto() + own + b".").findings} == {"LOW"}


def test_a_property_of_a_trusted_class_calls_no_function_of_the_file(tmp_path):
    """`getattr(selector, "threshold_")` asks the function in the selector's state for the importances."""
    pytest.importorskip("sklearn")
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"

    def asked(function: bytes, name: str = "threshold_") -> bytes:
        state = {"estimator_": text(str(marker)), "importance_getter": function, "norm_order": b"K\x01"}
        selector = instance("sklearn.feature_selection._from_model", "SelectFromModel", state)
        return proto() + call(global_("builtins", "getattr"), selector, text(name)) + b"."

    path.write_bytes(asked(global_("os", "mkdir")))
    said = load_unguarded([Case("threshold", "pickle", path, marker)])
    assert marker.exists(), said
    for function in (global_("project.jobs", "run"), call(global_("functools", "partial"), global_("builtins", "len"))):
        assert modelscan.scan(asked(function)).refused
    assert modelscan.scan(asked(text("auto"), "transform")).verdict == "SAFE"
    kept = instance("project.jobs", "Job", {"loss": global_("project.losses", "dice")})
    method = modelscan.scan(proto() + call(global_("builtins", "getattr"), kept, text("step")) + b".")
    assert {row.severity.name for row in method.findings} == {"LOW"}


def test_a_property_that_is_listed_is_refused_on_an_instance(tmp_path, monkeypatch):
    """sktime evaluates the text in a forecaster's state when it is asked for `_plexfun`; here a class of that place."""
    for part in ("sktime", "sktime/forecasting", "sktime/forecasting/compose"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text("")
    code = "class FhPlexForecaster:\n    @property\n    def _plexfun(self):\n        return eval(self.fh_params)\n"
    (tmp_path / "sktime/forecasting/compose/_fhplex.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    state = {"fh_params": text(f"__import__('os').mkdir({str(marker)!r})")}
    plex = instance("sktime.forecasting.compose._fhplex", "FhPlexForecaster", state)
    path.write_bytes(proto() + call(global_("builtins", "getattr"), plex, text("_plexfun")) + b".")
    said = load_unguarded([Case("plex", "pickle", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path).refused


OWN_CALLS = (
    ("torchmetrics.aggregation", "SumMetric", "_wrap_update", False),
    ("transformers.modeling_outputs", "BaseModelOutput", "_replace_old_cache_name", True),
    ("transformers.models.bert.configuration_bert", "BertConfig", "standardize_rope_params", True),
    ("transformers.optimization", "Adafactor", "_patch_step_function", False),
    ("formulaic.model_spec", "ModelSpecs", "_prepare_item", True),
    ("astropy.modeling.projections", "Pix2Sky_HEALPix", "_initialize_setters", False),
)
"""Classes that `make promises` saw call a method of their own while they get a state, and such a method."""


@pytest.mark.parametrize(("module", "name", "method", "slots"), OWN_CALLS)
def test_a_method_that_a_class_calls_for_its_state_may_not_be_replaced(module, name, method, slots):
    for function in (global_("somebodys_lib", "run"), global_("statistics", "fmean")):
        state = {method: function}
        data = instance(module, name, state, {"cache": b"N"} if slots else None)
        assert modelscan.scan(data + b".").verdict == "UNSAFE", name
    assert modelscan.scan(instance(module, name, {method: b"N"}) + b".").verdict == "SAFE"


def test_the_functions_that_metrics_keep_are_no_replacement():
    kept = {
        "_reductions": entries({"sum_value": global_("torchmetrics.utilities.data", "dim_zero_sum")}),
        "distributed_available_fn": global_("torchmetrics.metric", "jit_distributed_available"),
    }
    assert modelscan.scan(instance("torchmetrics.aggregation", "SumMetric", kept) + b".").verdict == "SAFE"


@pytest.mark.parametrize("cls", ["ndarray", "recarray", "matrix", "chararray"])
def test_an_array_is_made_of_no_addresses(cls, tmp_path):
    """`numpy.ndarray.__new__` takes the bytes that it is given for objects' addresses, and follows them."""
    given, path = b"K\x01\x85" + text("O") + b"C\x08\x08\0\0\0\0\0\0\0", tmp_path / "model.pkl"
    for way, make in MADE_WITH.items():
        if way != "keywords":
            path.write_bytes(proto() + make(global_("numpy", cls), given) + b".")
            assert modelscan.scan(path).refused, way
    assert modelscan.scan(proto() + global_("numpy", cls) + b")\x81.").verdict == "SAFE"
    loaded = subprocess.run(
        [sys.executable, "-c", f"import pickle\nprint(pickle.load(open({str(path)!r}, 'rb')))"],
        check=False,
        capture_output=True,
    )
    assert loaded.returncode not in (0, 1) or cls != "ndarray"


FORMULAS = (
    "price ~ C(district) + np.log(abs(area))",
    "y ~ C(x, Treatment(reference='south'))",
    'y ~ C(x, levels=["a", "b"]) + bs(z, df=4, degree=3)',
    "y ~ I(a > 3) + I((a > 1) & (b <= 2)) + np.where(a != 3, 1, 0)",
    "np.log(y) ~ a*b - 1 + I(x**2) + Q('a b')",
    "input ~ help + poly(exit, 2, raw=True)",
)
CODE = (
    'y ~ exec("x")',
    'y ~ exec ("x")',
    'y ~ exec\n("x")',
    'y ~ (exec)("x")',
    'y ~ C("x")("y")',
    'y ~ [exec][0]("x")',
    "y ~ C(x, C=exec)",
    'y ~ (C := exec) + C("x")',
    'y ~ C(x, lambda C=exec: C("x"))',
    "y ~ C(x, lambda: 0)",
    "y ~ C(x, breakpoint)",
    "y ~ C(x,\nquit)",
    'y ~ f"{exec}"',
    'y ~ "a\'b" + exec(\'x\') + "c"',
    'y ~ """A" """exec("x")""" "B"""',
    'y ~ np.load("x")',
    "y ~ x.__class__",
    "y ~ C(x, levels=exec('x'))",
)


def data_of(formula: str, frame: bytes = b"}") -> bytes:
    """Data of a fitted model of statsmodels, which evaluates its formula again when it is loaded."""
    state = {"restore_model_spec": TRUE, "formula": text(formula), "frame": frame}
    return proto() + instance("statsmodels.base.data", "PandasData", state) + b"."


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_of_statistics(formula):
    assert not modelscan.scan(data_of(formula)).refused


@pytest.mark.parametrize("formula", CODE)
def test_formulas_that_are_code(formula):
    assert modelscan.scan(data_of(formula)).findings[0].rule == "MS-P108"


@pytest.mark.parametrize("part", ["a", "C(", "( ", '"a" ', "a, ", ",   ", "np.log(", "[ "])
def test_a_long_formula_is_read_once(part):
    """Each took a time that doubled with every letter: 30 letters were minutes."""
    assert modelscan.scan(data_of(part * 20_000 + "{")).refused


def test_a_long_text_of_a_distribution_is_read_once():
    """The time grew with the square of the spaces: a file of one megabyte took twenty minutes."""
    long = "def _parse_args(self,):\n return ()," + " " * 300_000 + "x"
    state = {"_parse_arg_template": text(long)}
    found = modelscan.scan(proto() + instance("scipy.stats._discrete_distns", "poisson_gen", state) + b".")
    assert found.findings[0].rule == "MS-P107"


@pytest.mark.parametrize("formula", ['y ~ log("x")', "y ~ C(y, x)"])
def test_a_formula_calls_nothing_that_stands_in_the_table(formula):
    for name in ("log", "x"):
        found = modelscan.scan(data_of(formula, entries({name: global_("a_library", "run")})))
        assert found.refused
        assert found.findings[0].operator == "statsmodels.base.data.PandasData"


DEEP = """
import pickle, sys

def load(frames):
    return load(frames - 1) if frames else pickle.load(open(sys.argv[1], "rb"))

load(9)
"""
"""A formula is evaluated with the names of some of the callers; as many have to be there."""


def test_a_formula_calls_what_stands_in_the_table(tmp_path):
    """The same in a child process, with a function that makes a folder: what the rule is for."""
    pytest.importorskip("statsmodels")
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    path.write_bytes(data_of("log(y) ~ 1", entries({"log": global_("os", "mkdir"), "y": text(str(marker))})))
    subprocess.run([sys.executable, "-c", DEEP, str(path)], check=False, capture_output=True, timeout=300)
    assert marker.exists()
    assert modelscan.scan(path).refused


def test_headers_and_cookies_are_data():
    requests = pytest.importorskip("requests")
    headers = requests.structures.CaseInsensitiveDict({"Accept": "text/html"})
    cookies = requests.cookies.cookiejar_from_dict({"a": "b"})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert modelscan.scan(pickle.dumps([headers, cookies], protocol)).verdict == "SAFE"
