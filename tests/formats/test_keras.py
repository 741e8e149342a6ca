"""What a Keras configuration can smuggle is found wherever it stands; what Keras itself writes is no finding."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import keras_samples as made
import pytest
import samples

import modelscan
from modelscan import Severity
from modelscan.formats import keras
from modelscan.rules.match import Rules

ATTACKS = made.configs()


def spellings(config: dict) -> dict[str, bytes]:
    text = json.dumps(config)
    return {
        "archive": made.archive(config),
        "bare": text.encode(),
        "UTF-16": text.encode("utf-16"),
        "behind blanks": b" " * 2_000 + text.encode(),
        "escaped keys": text.replace('"class_name"', '"class\\u005fname"').replace('"registered_name"', '"r"').encode(),
        "HDF5": made.old_model(config),
        "HDF5 training": made.old_model(made.old_sequential(), {"loss": config}),
        "archive in UTF-16": made.archive(text.encode("utf-16")),
    }


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_wherever_it_stands(name):
    for where, data in spellings(ATTACKS[name]).items():
        report = modelscan.scan(data)
        assert report.refused, (where, report)
        assert report.worst is not None, where
        assert report.worst >= Severity.MEDIUM, (where, report.findings)


@pytest.mark.parametrize("suffix", ["keras", "KERAS", "h5", "H5", "HDF5", "json", "bin", ""])
def test_names_of_files_do_not_matter(tmp_path, suffix):
    for number, data in enumerate(spellings(made.sequential(made.lambda_layer())).values()):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(data)
        assert modelscan.scan(path).worst is Severity.CRITICAL


@pytest.mark.parametrize("layer", [made.lambda_layer(), made.old_lambda()])
def test_code_is_shown(layer):
    report = modelscan.scan(made.archive(made.sequential(layer)))
    finding = report.findings[0]
    assert finding.severity is Severity.CRITICAL
    assert finding.operator == "python code using __import__, mkdir"
    assert finding.expression == "<lambda>(x): uses __import__, mkdir; holds 'os', 'marker'"
    assert "LOAD_GLOBAL __import__" in "\n".join(finding.evidence.detail["disassembly"])
    assert str(finding.where).partition("!config.json:")[2].startswith("config.layers[1].config.function")


def test_the_pickle_of_a_torch_module_is_read():
    report = modelscan.scan(made.archive(made.configs()["TorchModuleWrapper"]))
    assert {"keras.layers.TorchModuleWrapper", "os.mkdir"} <= {finding.operator for finding in report.findings}


def test_weights_that_are_a_pickle(tmp_path):
    evil = samples.proto() + samples.payload(tmp_path / "m") + b"."
    report = modelscan.scan(made.archive(made.sequential(), **{"model.weights.npz": evil}))
    assert "os.mkdir" in {finding.operator for finding in report.findings}


@pytest.mark.parametrize("name", ["../../x", "assets/../../x", "/etc/x", "C:/x"])
def test_members_that_leave_the_archive(name):
    assert modelscan.scan(made.archive(made.sequential(), **{name: b"x"})).refused


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff" * 40, b"[" * 100_000, b'{"class_name": "Dense", "config": ' + b"1" * 5_000 + b"}"],
    ids=["empty", "cut", "garbage", "nested", "number"],
)
def test_a_configuration_that_cannot_be_read(text):
    report = modelscan.scan(made.archive(text))
    assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)
    assert report.failures[0].code == "keras-json"


def test_a_configuration_that_is_too_large(monkeypatch):
    monkeypatch.setattr(keras, "LARGEST", 1_000)
    assert modelscan.scan(made.archive({"a": "x" * 1_000})).verdict == "INCONCLUSIVE"


def test_both_values_of_a_key_are_read():
    text = json.dumps(made.sequential())[:-1] + ', "config": ' + json.dumps(made.lambda_layer()) + "}"
    for doubled in (text, text.replace('"config"', '"x"', 1).replace('"x"', '"config"', 1)):
        assert modelscan.scan(made.archive(doubled.encode())).worst is Severity.CRITICAL


def test_the_first_of_two_values_is_read():
    text = '{"class_name": "Sequential", "config": ' + json.dumps(made.lambda_layer()) + ', "config": {}}'
    assert modelscan.scan(made.archive(text.encode())).worst is Severity.CRITICAL


def test_a_second_configuration_in_the_archive():
    good, evil = (json.dumps(one).encode() for one in (made.sequential(), made.sequential(made.lambda_layer())))
    assert modelscan.scan(made.archive(good, **{"Config.json": evil})).refused
    assert modelscan.scan(made.archive(good, **{"assets/x.txt": evil})).refused


CUSTOM = [
    made.component("MyLayer", {}, "my_package.layers", "my_package>MyLayer"),
    made.component("MyLayer", {}, None, "Custom>MyLayer"),
    made.component("MyLayer", {}, "__main__", "MyLayer"),
    made.function("my_loss"),
    {"class_name": "MyLayer", "config": {"units": 3}},
    {"class_name": "Custom>MyLayer", "config": {"units": 3}},
]


@pytest.mark.parametrize("layer", CUSTOM, ids=str)
def test_custom_objects_are_low(layer):
    report = modelscan.scan(made.archive(made.sequential(layer)))
    assert (report.verdict, report.worst, report.refused) == ("UNVERIFIED", Severity.LOW, False)
    assert modelscan.scan(made.archive(made.sequential(layer)), "strict").refused


def test_a_custom_object_can_be_approved_by_name():
    layer = made.component("MyLayer", {}, "my_package.layers", "MyLayer")
    data = made.archive(made.sequential(layer))
    assert modelscan.scan(data).worst is Severity.MEDIUM
    policy = modelscan.Policy().with_allowed(["my_package.layers.MyLayer"])
    assert modelscan.scan(data, policy).verdict == "SAFE"


@pytest.mark.parametrize("name", ["keras.layers.TorchModuleWrapper", "keras.config.enable_unsafe_deserialization"])
def test_the_worst_cannot_be_approved_by_name(name):
    with pytest.raises(ValueError, match="cannot be allowed"):
        modelscan.Policy().with_allowed([name])


OLD = [
    {"class_name": "TFOpLambda", "config": {"name": "a", "function": "math.multiply"}},
    {"class_name": "TFOpLambda", "config": {"name": "a", "function": "__operators__.add"}},
    {"class_name": "TFOpLambda", "config": {"name": "a", "function": "compat.v1.transpose"}},
    {"class_name": "SlicingOpLambda", "config": {"name": "a", "function": "__operators__.getitem"}},
    {"class_name": "CuDNNLSTM", "config": {"units": 3}},
    {"class_name": "Adam", "config": {}},
    {"class_name": "adam", "config": {}},
    {"class_name": "GlorotUniform", "config": {"seed": None}},
    {"class_name": "Dense", "config": {"activation": "relu", "kernel_initializer": {"class_name": "VarianceScaling"}}},
    {"class_name": "TensorFlowOpLayer", "config": {"node_def": '{"op": "AddV2", "attr": {}}'}},
    {"class_name": "Model", "config": {"layers": [{"class_name": "InputLayer", "config": {}, "inbound_nodes": []}]}},
    {"class_name": "Functional", "module": "keras.src.engine.functional", "config": {}},
    {"class_name": "Policy", "config": {"name": "mixed_float16"}},
    {"class_name": "TypeSpec", "type_spec": "tf.TensorSpec", "serialized": [[None, 3], "float32"]},
    {"class_name": "__tuple__", "items": [1, 2]},
    {
        "class_name": "__typespec__",
        "spec_name": "TensorSpec",
        "module": "tensorflow.python.framework.tensor_spec",
        "config": [[None, 3], "float32"],
        "registered_name": None,
    },
    {"class_name": "Dense", "config": {"name": "block/conv", "filepath": "/tmp/x"}},
    {"class_name": "StringLookup", "config": {"vocabulary": ["a", "b"], "idf_weights": None}},
]


@pytest.mark.parametrize("layer", OLD, ids=str)
def test_what_keras_2_writes_is_safe(layer):
    report = modelscan.scan(made.old_model(made.old_sequential(layer), {"loss": "mse", "optimizer_config": OLD[5]}))
    assert (report.verdict, report.findings) == ("SAFE", ())


@pytest.mark.parametrize("text", [b'{"a": 1}', b"[]", b'{"class_name_": "x"}', b'{"text": "\\u00e4"}'])
def test_other_json_is_no_model(text):
    report = modelscan.scan(text)
    assert report.artifacts == ()
    assert report.skips


def test_known_and_denied_names_do_not_overlap():
    groups = tomllib.loads((Path(keras.__file__).parent.parent / "rules" / "keras.toml").read_text("utf-8"))
    denied = [name.lower() for row in groups.values() if "rule" in row for name in row["names"].split()]
    known = [name.lower() for row in groups.values() if row.get("kind") == "class" for name in row["names"].split()]
    assert not set(denied) & set(known)
    assert len(denied) == len(set(denied))
    for row in groups.values():
        assert row["names"].split() == sorted(set(row["names"].split()))


def test_rules_are_all_listed():
    ids = {rule.id for rule in Rules.load().all()}
    assert {"MS-K001", "MS-K101", "MS-T101"} <= ids
