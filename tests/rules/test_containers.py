"""Containers and results of libraries that a pickle calls, and what such a call may not be handed."""

from __future__ import annotations

import importlib.util
import json
import pickle

import pytest
from live import Case, load_unguarded
from samples import call, global_, proto, text

import modelscan

RUN = global_("somebodys_lib", "run")
NONE, PLAIN = b"N", b"](K\x01K\x02e"
MAPPING = b"}" + text("a") + b"K\x01s"


def verdict(data: bytes) -> str:
    return str(modelscan.scan(proto() + data + b".").verdict)


ORDINARY = (
    ("sortedcontainers.sorteddict", "SortedDict", (NONE, MAPPING)),
    ("sortedcontainers.sortedlist", "SortedList", (PLAIN,)),
    ("sortedcontainers.sortedset", "SortedSet", (PLAIN, NONE)),
    ("bidict", "bidict._from_other", (MAPPING,)),
    ("frozendict", "frozendict", (MAPPING,)),
    ("immutables._map", "Map", (MAPPING,)),
    ("pvectorc", "pvector", (PLAIN,)),
    ("pyrsistent._pmap", "pmap", (MAPPING,)),
    ("pendulum.tz.timezone", "Timezone._unpickle", (text("Europe/Rome"), b"K\x01")),
    ("datasets.features.features", "Features", (MAPPING,)),
    ("transformers.modeling_outputs", "SequenceClassifierOutput", (NONE, PLAIN)),
    ("diffusers.utils.outputs", "BaseOutput", ()),
)


def called(module: str, name: str, *args: bytes) -> bytes:
    spelled = b"".join(text(part) for part in (module, name)) + b"\x93"
    return spelled + b"(" + b"".join(args) + b"tR"


@pytest.mark.parametrize(("module", "name", "args"), ORDINARY, ids=[name for _, name, _ in ORDINARY])
def test_plain_values_make_one(module, name, args):
    assert verdict(called(module, name, *args)) == "SAFE"


@pytest.mark.parametrize(("module", "name", "args"), ORDINARY, ids=[name for _, name, _ in ORDINARY])
def test_a_stream_of_a_library_does_not(module, name, args):
    """To be gone through, it would start its workers."""
    loader = global_("torch.utils.data.dataloader", "DataLoader") + b")\x81"
    assert verdict(called(module, name, loader, *args[1:])) == "UNSAFE"


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("sorteddict.SortedDict", lambda key: (key, MAPPING)),
        ("sortedlist.SortedList", lambda key: (PLAIN, key)),
        ("sortedset.SortedSet", lambda key: (PLAIN, key)),
        ("sortedlist.SortedKeyList", lambda key: (PLAIN, key)),
    ],
)
def test_a_container_that_sorts_by_a_function_calls_it(name, args, tmp_path):
    module, _, name = f"sortedcontainers.{name}".rpartition(".")
    for function in (RUN, global_("statistics", "fmean"), call(global_("functools", "partial"), RUN)):
        assert verdict(called(module, name, *args(function))) == "UNSAFE"
    if importlib.util.find_spec("sortedcontainers") is None:
        return
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    mapping = b"}" + text(str(marker)) + b"K\x01s"
    given = [
        mapping if part is MAPPING else b"]" + text(str(marker)) + b"a" if part is PLAIN else part
        for part in args(global_("os", "mkdir"))
    ]
    path.write_bytes(proto() + called(module, name, *given) + b".")
    said = load_unguarded([Case(name, "pickle", path, marker)])
    assert marker.exists(), said
    assert modelscan.scan(path).refused


def outputs(function: bytes):
    """The method that an output of transformers calls for each item is replaced by the file's."""
    cls = global_("transformers.modeling_outputs", "BaseModelOutput")
    items = b"(" + text("_replace_old_cache_name") + function + text("x") + b"K\x01u"
    yield "items of one that is made", cls + b")\x81" + items
    yield "items of one that is called", cls + b")R" + items
    yield (
        "one item after the other",
        cls + b")R" + text("_replace_old_cache_name") + function + b"s" + text("x") + b"K\x01s",
    )
    yield "its first argument", call(cls, b"}" + items)
    yield "an item that carries it", cls + b")R(" + text("x") + b"]" + function + b"au"


@pytest.mark.parametrize("number", range(5))
def test_items_of_an_output_replace_no_method(number):
    name, _ = list(outputs(RUN))[number]
    for function in (
        RUN,
        global_("statistics", "fmean"),
        call(global_("functools", "partial"), global_("math", "sqrt")),
    ):
        assert verdict(list(outputs(function))[number][1]) == "UNSAFE", name
    assert verdict(list(outputs(b"K\x07"))[number][1]) == "SAFE", name


def test_a_batch_of_graphs_is_the_graph_it_is_made_of():
    getter = global_("torch_geometric.data.batch", "DynamicInheritanceGetter") + b")\x81"

    def batch(*args: bytes) -> str:
        return verdict(getter + b"(" + b"".join(args) + b"tR" + b"}" + text("_num_graphs") + b"K\x02sb")

    of, data = global_("torch_geometric.data.batch", "Batch"), global_("torch_geometric.data.data", "Data")
    assert batch(of, data) == "SAFE"
    assert batch(of, global_("somebodys_lib", "Graph")) == "UNSAFE"
    assert batch(RUN, data) == "UNSAFE"
    assert batch(of, data, data) == "UNSAFE"


@pytest.mark.parametrize(
    "name",
    [
        "gymnasium.vector.utils.misc.CloudpickleWrapper",
        "stable_baselines3.common.vec_env.base_vec_env.CloudpickleWrapper",
        "sklearn_crfsuite._fileresource.FileResource",
        "torch_geometric.llm.utils.backend_utils.RemoteGraphBackendLoader",
        "torch_geometric.nn.sequential.Sequential",
    ],
)
def test_a_class_that_acts_on_its_state_is_not_made(name):
    """They load a pickle, write or delete a file, or make code of a template that their state fills in."""
    module, _, cls = name.rpartition(".")
    assert verdict(global_(module, cls) + b")\x81}" + text("x") + b"K\x01sb") == "UNSAFE"
    assert verdict(global_(module, cls)) != "UNSAFE"


def test_weights_of_pictures_are_told_by_what_they_are():
    models = pytest.importorskip("torchvision.models")
    for protocol in range(6):
        assert modelscan.scan(pickle.dumps(models.ResNet18_Weights.DEFAULT, protocol)).verdict == "SAFE"


def dill_method(name: str, shown: str, owner: bytes = b"") -> bytes:
    return call(global_("dill._dill", "_getattr"), owner or global_("builtins", "str"), text(name), text(shown))


def test_what_dill_writes_for_a_method_is_read():
    array = dill_method("mean", "<method 'mean' of 'numpy.ndarray' objects>", global_("numpy", "ndarray"))
    for written in (dill_method("strip", "<method 'strip' of 'str' objects>"), array):
        assert verdict(b"]" + written + b"a") == "SAFE"


def test_what_dill_would_evaluate_is_refused(tmp_path):
    """It evaluates the class that the text names, and the name behind that."""
    pytest.importorskip("dill")
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    code = f'__import__("os").mkdir({json.dumps(str(marker))})'
    name = f'strip"] and {code} or ["'
    by_name = dill_method(name, f"<method '{name}' of 'str' objects>")
    by_class = dill_method("strip", f"<method '' of '{code} or str' objects>")
    assert verdict(dill_method("strip", "<method 'strip' of 'os' objects>")) == "UNSAFE"
    assert verdict(dill_method("system", "<method 'system' of 'os' objects>", global_("os", "path"))) == "UNSAFE"
    for attack in (by_name, by_class):
        path.write_bytes(proto() + attack + b".")
        assert modelscan.scan(path).verdict == "UNSAFE"
        said = load_unguarded([Case("dill", "pickle", path, marker)])
        assert marker.exists(), said
        marker.rmdir()


@pytest.mark.parametrize("kind", ["ItemGetterType", "AttrGetterType"])
def test_what_dill_calls_a_getter_is_one(kind):
    getter = call(call(global_("dill._dill", "_load_type"), text(kind)), text("value"))
    assert verdict(b"]" + getter + b"a") == "SAFE"
    assert (
        verdict(b"]" + call(call(global_("dill._dill", "_load_type"), text(kind)), text("__globals__")) + b"a")
        == "UNSAFE"
    )


def test_metrics_keep_the_kind_of_their_numbers():
    kept = b"}" + text("_dtype") + global_("torch", "float32") + b"s"
    assert verdict(global_("torchmetrics.aggregation", "SumMetric") + b")\x81" + kept + b"b") == "SAFE"


def test_an_array_of_jax_is_the_array_it_is_made_of():
    """How it is put on a device is asked of jax; neither its shape nor its state is a size to be paid at once."""
    shape, kind = b"K\x00\x85", b"C\x01b"
    dtype = call(global_("numpy", "dtype"), text("f4"), b"\x89", b"\x88")

    def array(function: bytes, state: bytes) -> bytes:
        made = b"(" + global_("numpy", "ndarray") + shape + kind + b"t"
        return call(global_("jax._src.array", "_reconstruct_array"), function, made, state, b"}")

    state = b"(K\x01K\x01\x85" + dtype + b"\x89C\x04\0\0\0\0t"
    assert verdict(array(global_("numpy._core.multiarray", "_reconstruct"), state)) == "SAFE"
    assert verdict(array(RUN, state)) == "UNSAFE"
    assert verdict(array(global_("numpy._core.multiarray", "_reconstruct"), RUN)) != "SAFE"
