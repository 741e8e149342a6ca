"""Operators that act are found wherever a graph keeps them, and what every exporter writes is no finding."""

from __future__ import annotations

import json
import random
import tracemalloc

import keras_samples
import pytest
import tf_samples as tf

import modelscan
from modelscan import Severity
from modelscan.rules.match import Rules
from modelscan.rules.rule import names_in

WRITE = (tf.constant("path", "/tmp/x"), tf.constant("what", "hi"), tf.node("w", "WriteFile", ["path", "what"]))
HIDDEN = tf.graph(*WRITE)
IN_FUNCTION = tf.graph(tf.node("c", "PartitionedCall", f=tf.call("f")), functions=[tf.function("f", *WRITE)])


def operators(data: bytes) -> set[str]:
    return {finding.operator for finding in modelscan.scan(data).findings}


PLACES = {
    "graph": tf.graph(*WRITE),
    "function": IN_FUNCTION,
    "node behind a large one": tf.graph(tf.numbers("n", 9_000), *WRITE),
    "large node": tf.graph(*WRITE[:2], tf.node("w", "WriteFile", ["path", "what"], pad=tf.text(b"x" * 9_000))),
    "constant": tf.graph(tf.constant("c", HIDDEN)),
    "constant in one piece": tf.graph(tf.packed_constant("c", "a", HIDDEN, "b")),
    "one of many constants": tf.graph(tf.constant("c", "a", HIDDEN, "b" * 9_000)),
    "attribute": tf.graph(tf.node("n", "NoOp", x=tf.text(HIDDEN))),
    "list of attributes": tf.graph(tf.node("n", "NoOp", x=tf.part(1, tf.part(2, HIDDEN)))),
    "graph in a graph": tf.graph(tf.constant("c", tf.graph(tf.node("n", "NoOp", x=tf.text(HIDDEN))))),
    "saved model in a constant": tf.graph(tf.constant("c", tf.saved_model(HIDDEN))),
    "function in a constant": tf.graph(tf.constant("c", IN_FUNCTION)),
    "longer numbers": tf.graph(*WRITE[:2], tf.node("w", "WriteFile", ["path", "what"], longer=2)),
    "longer field": tf.part(1, WRITE[2], longer=3),
    "operator before the name": tf.part(1, tf.part(2, "WriteFile") + tf.part(1, "w")),
    "operator twice": tf.part(1, tf.part(2, "NoOp") + tf.part(1, "w") + tf.part(2, "WriteFile")),
    "unknown fields around": tf.graph(tf.part(99, b"x") + WRITE[2] + tf.part(98, b"y")),
    "library before the nodes": tf.part(2, tf.part(1, tf.function("f", *WRITE))) + tf.part(1, tf.node("n", "NoOp")),
}


@pytest.mark.parametrize("place", PLACES)
def test_an_operator_is_found(place):
    graph = PLACES[place]
    shuffled = tf.part(2, graph) + tf.part(1, tf.part(4, "serve"))
    for data in (graph, tf.meta_graph(graph), tf.saved_model(graph), tf.part(2, shuffled) + b"\x08\x01"):
        report = modelscan.scan(data)
        assert "WriteFile" in {finding.operator for finding in report.findings}, report
        assert report.refused


def test_what_it_is_given_is_shown():
    finding = modelscan.scan(tf.saved_model(IN_FUNCTION)).findings[0]
    assert finding.expression == "WriteFile('/tmp/x', 'hi')"
    assert str(finding.where).endswith(":f/w")
    assert finding.severity is Severity.HIGH


def test_a_graph_that_is_run_out_of_a_constant():
    found = modelscan.scan(tf.graph(tf.constant("c", HIDDEN), tf.node("d", "DatasetFromGraph", ["c"])))
    assert {finding.operator for finding in found.findings} == {"WriteFile", "DatasetFromGraph"}


@pytest.mark.parametrize("name", sorted(Rules.load().operators.names))
def test_every_operator_of_the_tiers(name):
    attributes = {"output_stream": tf.text("file:///x")} if name == "PrintV2" else {}
    if name.endswith(("DecodeProtoV2", "EncodeProto")):
        attributes = {"descriptor_source": tf.text("/x/y.desc")}
    report = modelscan.scan(tf.saved_model(tf.graph(tf.node("n", name, **attributes))))
    assert [finding.operator for finding in report.findings] == [name]
    assert report.worst == Rules.load().operators.match(name).severity


SAVE = (
    tf.constant("part", "_temp/part"),
    tf.node("join", "StringJoin", ["prefix", "part:output:0"]),
    tf.node("SaveV2", "SaveV2", ["join:output:0"]),
    tf.node("MergeV2Checkpoints", "MergeV2Checkpoints", ["join:output:0", "prefix"]),
)
SAVER = ("StatefulPartitionedCall_1:0", "StatefulPartitionedCall_2")
SAVE_CALL = tf.node("StatefulPartitionedCall_1", "StatefulPartitionedCall", f=tf.call("save"))


def test_the_saver_is_ordinary():
    graph = tf.graph(SAVE_CALL, functions=[tf.function("save", *SAVE)])
    assert modelscan.scan(tf.saved_model(graph, saver=SAVER)).verdict == "SAFE"
    inner = tf.function("outer", tf.node("c", "PartitionedCall", f=tf.call("save")))
    call = tf.node("StatefulPartitionedCall_1", "StatefulPartitionedCall", f=tf.call("outer"))
    graph = tf.graph(call, functions=[inner, tf.function("save", *SAVE)])
    assert modelscan.scan(tf.saved_model(graph, saver=SAVER)).verdict == "SAFE"
    old = tf.graph(tf.constant("save/Const", "model"), tf.node("save/SaveV2", "SaveV2", ["save/Const"]))
    assert modelscan.scan(tf.saved_model(old)).verdict == "SAFE"


@pytest.mark.parametrize(
    "model",
    [
        tf.saved_model(tf.graph(SAVE_CALL, functions=[tf.function("save", *SAVE)])),
        tf.saved_model(tf.graph(functions=[tf.function("__inference__traced_save_1", *SAVE)]), saver=SAVER),
        tf.saved_model(
            tf.graph(
                SAVE_CALL,
                functions=[
                    tf.function("save", *SAVE),
                    tf.function("serve", tf.node("c", "PartitionedCall", f=tf.call("save"))),
                ],
            ),
            saver=SAVER,
        ),
        tf.saved_model(
            tf.graph(
                SAVE_CALL,
                functions=[tf.function("save", tf.constant("p", "/etc/x"), tf.node("s", "SaveV2", ["p:output:0"]))],
            ),
            saver=SAVER,
        ),
        tf.graph(tf.packed_constant("save/Const", "/x"), tf.node("save/SaveV2", "SaveV2", ["save/Const"])),
        tf.graph(tf.constant("save/Const", "../../x"), tf.node("save/SaveV2", "SaveV2", ["save/Const"])),
        tf.graph(tf.constant("c", "model"), tf.node("model/SaveV2", "SaveV2", ["c"])),
    ],
    ids=[
        "no saver",
        "its name only",
        "called by others",
        "absolute path",
        "in one piece",
        "path upwards",
        "outside of the scope",
    ],
)
def test_saving_anywhere_else_is_not(model):
    assert operators(model) == {"SaveV2", "MergeV2Checkpoints"} & operators(model)
    assert "SaveV2" in operators(model)


TABLE = tf.node("t", "InitializeTableFromTextFileV2", ["table", "file"])


def test_a_vocabulary_among_the_assets_is_ordinary():
    inside = tf.graph(functions=[tf.function("init", TABLE)])
    assert modelscan.scan(tf.saved_model(inside, assets=[("asset:0", "vocab.txt")])).verdict == "SAFE"
    old = tf.graph(tf.constant("file", "/home/me/vocab.txt"), TABLE)
    assert modelscan.scan(tf.saved_model(old, assets=[("file:0", "vocab.txt")])).verdict == "SAFE"
    for model in (
        tf.saved_model(inside),
        tf.saved_model(old, assets=[("other:0", "vocab.txt")]),
        tf.saved_model(tf.graph(functions=[tf.function("i", tf.constant("file", "/x"), TABLE)]), assets=[("a:0", "v")]),
    ):
        assert operators(model) == {"InitializeTableFromTextFileV2"}


@pytest.mark.parametrize("name", ["/etc/passwd", "../../x", "C:\\x", "gs://bucket/x"])
def test_assets_outside_of_the_folder(name):
    report = modelscan.scan(tf.saved_model(tf.graph(tf.node("n", "NoOp")), assets=[("a:0", name)]))
    assert [finding.rule for finding in report.findings] == ["MS-T001"]
    assert report.refused


ORDINARY = ["Assert", "Print", "PrintV2", "DecodeJpeg", "DecodeRaw", "ParseExampleV2", "DecodeProtoV2", "FIFOQueueV2"]


def test_ordinary_operators_are_safe():
    nodes = [tf.node(f"save_{op}", op, ["WriteFile", "x/ReadFile"]) for op in ORDINARY]
    nodes += [
        tf.constant("c", "WriteFile", "\x12\x09WriteFile"),
        tf.node("WriteFile", "NoOp", x=tf.text("\x08ReadFile")),
    ]
    report = modelscan.scan(tf.saved_model(tf.graph(*nodes, functions=[tf.function("WriteFile", *nodes)])))
    assert (report.verdict, report.findings) == ("SAFE", ())


TEXT = """# a model
saved_model_schema_version: 1
meta_graphs {
  meta_info_def { tags: "serve" stripped_default_attrs: true }
  graph_def { library { function { signature { name: "f" }
    node_def { name: "p" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
      attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { } string_val: "/tmp/x" } } } }
    node_def { name: "w" op: 'Write' "\\106ile" input: "p:output:0" input: "p:output:0" }
  } } }
}
"""


@pytest.mark.parametrize("text", [TEXT, TEXT[TEXT.index("library") : -5], "node { op: 'ReadFile' name: 'r' }"])
def test_graphs_as_text(tmp_path, text):
    for name in ("saved_model.pbtxt", "x.txt"):
        (tmp_path / name).write_text(text, "utf-8")
        report = modelscan.scan(tmp_path / name)
        assert report.refused
        assert {finding.operator for finding in report.findings} <= {"WriteFile", "ReadFile"}
        assert report.findings


@pytest.mark.parametrize("text", ["", "node {", "meta_graphs: 3", "x" * 100, 'node { name: "' + "\\xff" * 9])
def test_broken_text_is_inconclusive(tmp_path, text):
    (tmp_path / "saved_model.pbtxt").write_text(text, "utf-8")
    report = modelscan.scan(tmp_path / "saved_model.pbtxt")
    assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)


def test_layers_of_keras_2():
    for config in (keras_samples.old_lambda(), keras_samples.lambda_layer()):
        report = modelscan.scan(tf.keras_metadata(json.dumps({"class_name": "Dense"}), json.dumps(config)))
        assert report.worst is Severity.CRITICAL
    function = {"class_name": "__tuple__", "items": [keras_samples.code_of(keras_samples.makes("m")), None, None]}
    config = json.dumps({"class_name": "Lambda", "config": {"function": function, "function_type": "lambda"}})
    assert modelscan.scan(tf.keras_metadata(config)).worst is Severity.CRITICAL
    assert modelscan.scan(tf.keras_metadata(json.dumps({"class_name": "Dense"}))).verdict == "SAFE"


def test_layers_in_the_object_graph():
    config = json.dumps(keras_samples.old_lambda())
    objects = tf.part(7, tf.part(1, tf.part(4, tf.part(1, "_tf_keras_layer") + tf.part(3, config))))
    model = b"\x08\x01" + tf.part(2, tf.meta_graph(tf.graph(tf.node("n", "NoOp"))) + objects)
    assert modelscan.scan(model).worst is Severity.CRITICAL


def test_a_library_beside_the_model(tmp_path):
    folder = tmp_path / "assets.extra"
    folder.mkdir()
    (tmp_path / "saved_model.pb").write_bytes(tf.saved_model(tf.graph(tf.node("n", "NoOp"))))
    assert modelscan.scan(tmp_path).verdict == "SAFE"
    (folder / "ops.so").write_bytes(b"\x7fELF" + bytes(100))
    assert modelscan.scan(tmp_path).refused


@pytest.mark.parametrize("name", ["saved_model.pb", "keras_metadata.pb"])
@pytest.mark.parametrize("data", [b"", b"\xff" * 50, tf.saved_model(HIDDEN)[:-3], b"no message"])
def test_what_cannot_be_read_is_inconclusive(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    report = modelscan.scan(tmp_path / name)
    assert report.verdict in ("INCONCLUSIVE", "UNSAFE")
    assert report.refused


def test_damaged_graphs_are_read_or_inconclusive():
    chosen = random.Random(11)
    whole = tf.saved_model(PLACES["function in a constant"])
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(3):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        assert modelscan.scan(bytes(data)).verdict in ("SAFE", "UNSAFE", "INCONCLUSIVE")


def test_large_tensors_are_passed_over():
    data = tf.saved_model(tf.graph(*(tf.numbers(f"c{number}", 500_000) for number in range(20)), *WRITE))
    tracemalloc.start()
    assert "WriteFile" in operators(data)
    assert tracemalloc.get_traced_memory()[1] < 3 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "text", [b"hello world\n" * 50, b"\n\n\nabc", bytes(range(256)) * 8, b"\x0a\x04\x08\x01\x10\x02" * 30]
)
def test_other_files_are_no_graphs(text):
    assert not any(row.format.startswith("TensorFlow") for row in modelscan.scan(text).artifacts)


def test_tensorflow_lite():
    assert modelscan.scan(tf.flatbuffer()).verdict == "SAFE"
    assert modelscan.scan(tf.flatbuffer("TFLite_Detection_PostProcess")).verdict == "SAFE"
    report = modelscan.scan(tf.flatbuffer("FlexReadFile", "FlexMul"))
    assert [(finding.operator, finding.severity) for finding in report.findings] == [("ReadFile", Severity.HIGH)]
    assert modelscan.scan(tf.flatbuffer("FlexEagerPyFunc")).worst is Severity.CRITICAL
    assert modelscan.scan(tf.flatbuffer("MyOperator")).verdict == "UNVERIFIED"


def test_broken_flatbuffers_are_inconclusive():
    whole = tf.flatbuffer("FlexReadFile", "MyOperator")
    verdicts = {modelscan.scan(whole[:size]).verdict.value for size in range(8, len(whole))}
    assert verdicts <= {"INCONCLUSIVE", "SAFE", "UNSAFE", "UNVERIFIED"}
    assert "INCONCLUSIVE" in verdicts
    chosen = random.Random(2)
    for _ in range(200):
        data = bytearray(whole)
        data[chosen.randrange(8, len(data))] = chosen.randrange(256)
        modelscan.scan(bytes(data))


def test_operator_groups_are_complete():
    import tomllib
    from importlib.resources import files

    groups = tomllib.loads((files("modelscan.rules") / "operators.toml").read_text("utf-8"))
    names = [name for group in groups.values() for name in names_in(group["names"])]
    assert len(names) == len(set(names))
    for group in groups.values():
        assert names_in(group["names"]) == sorted(names_in(group["names"]))
        assert group["why"].endswith(".")
