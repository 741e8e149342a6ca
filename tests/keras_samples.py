"""Keras configurations that attack, one for each published way and some that are not. Payloads only make a folder."""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
from pathlib import Path

import samples


def code_of(function) -> str:
    return base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")


def makes(marker: Path | str):
    """A function that makes the marker. The path is text in its code, so that the code alone does it."""
    return eval(f"lambda x: __import__('os').mkdir({str(marker)!r}) or x")


def component(name: str, config=None, module: str | None = "keras.layers", registered=None, **more) -> dict:
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": registered, **more}


def function(name: str, module: str = "builtins", registered: str | None = None) -> dict:
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered or name}


def lambda_layer(marker="marker") -> dict:
    packed = {"code": code_of(makes(marker)), "defaults": None, "closure": None}
    body = {"name": "l", "function": {"class_name": "__lambda__", "config": packed}, "arguments": {}}
    return component("Lambda", {**body, "trainable": True, "dtype": "float32"})


def old_lambda(marker="marker") -> dict:
    """As Keras 2 writes it."""
    body = {"name": "l", "function": [code_of(makes(marker)), None, None], "function_type": "lambda", "module": "m"}
    return {"class_name": "Lambda", "config": {**body, "output_shape": None, "output_shape_type": "raw"}}


def sequential(*layers: dict) -> dict:
    first = component("InputLayer", {"batch_shape": [None, 2], "dtype": "float32", "name": "in"})
    return component("Sequential", {"name": "s", "layers": [first, *layers]}, module="keras")


def old_sequential(*layers: dict) -> dict:
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 2], "dtype": "float32", "name": "in"}}
    return {"class_name": "Sequential", "config": {"name": "s", "layers": [first, *layers]}}


def archive(config: object, weights: bytes | None = None, **members: bytes) -> bytes:
    """A .keras file. `config` is bytes as they are, or what becomes JSON."""
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    metadata = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-11-24@00:00:00"}).encode()
    parts = {"metadata.json": metadata, "config.json": text}
    parts |= {"model.weights.h5": weights if weights is not None else h5()}
    return samples.zipped(parts | members)


def h5(attributes: dict | None = None, fill=None) -> bytes:
    """An HDF5 file with attributes at its root; `fill` gets the open file."""
    import h5py

    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        for name, value in (attributes or {}).items():
            file.attrs[name] = value
        if fill is not None:
            fill(file)
    return target.getvalue()


def old_model(config: dict, training: dict | None = None, fill=None) -> bytes:
    """A model as Keras 2 keeps it in HDF5."""
    attributes = {"model_config": json.dumps(config), "keras_version": "2.15.0", "backend": "tensorflow"}
    return h5(attributes | ({"training_config": json.dumps(training)} if training else {}), fill)


def torch_module(marker="marker") -> str:
    """What TorchModuleWrapper keeps: a torch archive in base64."""
    pickled = samples.proto() + samples.payload(Path(marker)) + b"."
    return base64.b64encode(samples.zipped({"m/data.pkl": pickled, "m/version": b"3\n"})).decode()


def configs(marker="marker") -> dict[str, dict]:
    """Everything that has to be refused, by name."""
    inner = lambda_layer(marker)
    dense = component("Dense", {"units": 1, "kernel_initializer": inner})
    lookup = component("StringLookup", {"vocabulary": "/etc/passwd", "name": "v"})
    op = {"name": "t", "function": "io.write_file"}
    rows = {
        "lambda": inner,
        "lambda in a model in a model": sequential(sequential(sequential(inner))),
        "lambda in TimeDistributed": component("TimeDistributed", {"layer": inner}),
        "lambda in Bidirectional": component("Bidirectional", {"layer": {}, "backward_layer": inner}),
        "lambda as a cell": component("RNN", {"cell": component("StackedRNNCells", {"cells": [inner]})}),
        "lambda as an initializer": dense,
        "lambda in a functional graph": component("Functional", {"layers": [{**inner, "inbound_nodes": []}]}, "keras"),
        "lambda of Keras 2": old_lambda(marker),
        "lambda registered": component("Lambda", inner["config"], None, "keras>Lambda"),
        "lambda in capitals": {**old_lambda(marker), "class_name": "LAMBDA"},
        "lambda without a class": {"config": {"layers": [{"deep": inner["config"]}]}, "class_name": "Sequential"},
        "lambda of a named function": component("Lambda", {"function": function("save_img", "keras.utils")}),
        "lambda as output shape": component("Lambda", {"function": "f", "output_shape": inner["config"]["function"]}),
        "lambda that cannot be read": component(
            "Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "AAAA"}}}
        ),
        "lambda of Keras 2 by name": {
            "class_name": "Lambda",
            "config": {"function": "system", "function_type": "function", "module": "os"},
        },
        "code under any key": component("Dense", {"units": 1, "note": code_of(makes(marker))}),
        "os.system": function("system", "os"),
        "subprocess": component("Popen", {"args": ["true"]}, "subprocess"),
        "builtins.eval": component("eval", {}, "builtins"),
        "module of nobody": component("Payload", {}, "evil_package.layers", "Payload"),
        "module by registered name": component("run", {}, "pdb", "keras>run"),
        "get_file": function("get_file", "keras.utils"),
        "get_file in keras.src": component("get_file", {"origin": "http://127.0.0.1/x"}, "keras.src.utils.file_utils"),
        "unsafe deserialization": function("enable_unsafe_deserialization", "keras.config"),
        "load_model": function("load_model", "keras.models"),
        "func_load": component("func_load", {}, "keras.src.utils.python_utils"),
        "unusual function": function("split_dataset", "keras.utils"),
        "TorchModuleWrapper": component("TorchModuleWrapper", {"module": torch_module(marker)}),
        "TFSMLayer": component("TFSMLayer", {"filepath": "/tmp/other", "call_endpoint": "serve"}),
        "hub.KerasLayer": {"class_name": "KerasLayer", "config": {"handle": "https://example.org/m"}},
        "vocabulary": lookup,
        "vocabulary address": component("TextVectorization", {"vocabulary": "https://example.org/v"}),
        "name that is a path": component("Dense", {"name": "../../x", "units": 1}),
        "TFOpLambda io": {"class_name": "TFOpLambda", "config": op},
        "TFOpLambda load_op_library": {"class_name": "TFOpLambda", "config": {"function": "load_op_library"}},
        "TensorFlowOpLayer": {"class_name": "TensorFlowOpLayer", "config": {"node_def": '{"op": "WriteFile"}'}},
        "plot_model": function("plot_model", "keras.utils"),
        "JaxLayer": component("JaxLayer", {"call_fn": function("f", "m")}),
        "configuration in a text": component("Dense", {"note": json.dumps(sequential(inner))}),
        "pickle in a text": component(
            "Dense", {"note": base64.b64encode(pickle.dumps(samples.Payload(marker))).decode()}
        ),
    }
    return {name: row if row.get("class_name") == "Sequential" else sequential(row) for name, row in rows.items()}
