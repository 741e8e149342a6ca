"""Run in a process of its own: writes what Keras itself makes of all it has, as configurations and as whole models."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

GIVEN = {
    "units": 2,
    "filters": 2,
    "kernel_size": 2,
    "rate": 0.1,
    "stddev": 0.1,
    "target_shape": (2,),
    "dims": (1,),
    "n": 2,
    "axes": 1,
    "height": 4,
    "width": 4,
    "num_bins": 3,
    "bin_boundaries": [0.0, 1.0],
    "num_tokens": 3,
    "factor": 0.1,
    "height_factor": 0.1,
    "scale": 1.0,
    "input_dim": 3,
    "output_dim": 2,
    "output_shape": 2,
    "equation": "ab,bc->ac",
    "num_heads": 2,
    "key_dim": 2,
    "head_dim": 2,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "alpha": 0.1,
    "sensitivity": 0.5,
    "specificity": 0.5,
    "precision": 0.5,
    "recall": 0.5,
    "num_classes": 2,
    "target_class_ids": [0],
    "value_range": (0, 255),
    "activation": "relu",
    "initial_learning_rate": 0.1,
    "decay_steps": 10,
    "decay_rate": 0.9,
    "boundaries": [1],
    "values": [0.1, 0.2],
    "end_learning_rate": 0.01,
    "first_decay_steps": 10,
    "max_value": 1.0,
    "output_size": 2,
    "input_shape": (2,),
    "shape": (2,),
    "bounding_box_format": "xyxy",
    "max_number": 3,
}
PACKAGES = ("layers", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers", "regularizers")
OTHERS = ("constraints", "activations", "dtype_policies", "quantizers", "random")
UNSAFE = {"Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"}


def configurations(keras) -> dict[str, object]:
    """One of each class and function that is exported; what cannot be made without more is written by its name."""
    import importlib
    import inspect

    rows: dict[str, object] = {}
    for package in (*PACKAGES, *OTHERS):
        module = importlib.import_module(f"keras.{package}")
        for name, value in vars(module).items():
            if name in UNSAFE or name.startswith("_") or inspect.ismodule(value):
                continue
            if inspect.isclass(value):
                rows[f"{package}.{name}"] = of_class(keras, package, name, value)
            elif package in ("activations", "losses", "metrics") and name not in ("deserialize", "serialize", "get"):
                rows[f"{package}.{name}"] = keras.saving.serialize_keras_object(value)
    return rows


def of_class(keras, package: str, name: str, value) -> object:
    import inspect

    inner = {
        "layer": lambda: keras.layers.Dense(2),
        "cell": lambda: keras.layers.LSTMCell(2),
        "cells": lambda: [keras.layers.GRUCell(2)],
        "layers": lambda: [keras.layers.Flatten()],
        "fn": lambda: keras.losses.mean_squared_error,
        "inner_optimizer": keras.optimizers.SGD,
    }
    if name == "Bidirectional":
        inner["layer"] = lambda: keras.layers.LSTM(2)
    try:
        asked = [one.name for one in inspect.signature(value.__init__).parameters.values() if one.default is one.empty]
        given = {one: GIVEN[one] for one in asked if one in GIVEN} | {
            one: inner[one]() for one in asked if one in inner
        }
        return keras.saving.serialize_keras_object(value(**given))
    except Exception:
        return {"module": f"keras.{package}", "class_name": name, "config": {}, "registered_name": None}


def models(keras, folder: Path) -> None:
    import numpy

    layers = keras.layers
    image = keras.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(2, 3, activation="relu"), layers.MaxPooling2D()])
    image.add(keras.Sequential([layers.Flatten(), layers.Dense(4, kernel_regularizer="l2")]))
    image.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 10)), "mse", metrics=["accuracy"])
    text = layers.TextVectorization(output_sequence_length=4)
    text.adapt(["a b c", "b c d"])
    given = layers.Input((3, 4))
    value = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(given)
    value = layers.MultiHeadAttention(2, 2)(value, value) + keras.ops.sqrt(keras.ops.abs(value))
    value = keras.ops.concatenate([value, keras.ops.mean(value, axis=-1, keepdims=True)], axis=-1)
    graph = keras.Model(given, layers.TimeDistributed(layers.Dense(2, dtype="mixed_float16"))(value))
    made = {"image": image, "graph": graph, "text": keras.Sequential([layers.Input((1,), dtype="string"), text])}
    made["rnn"] = keras.Sequential([layers.Input((3, 2)), layers.RNN([layers.GRUCell(2), layers.LSTMCell(2)])])
    for name, model in made.items():
        model.save(folder / f"{name}.keras")
        if name != "graph":
            model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"{name}.weights.h5")
        (folder / f"{name}.json").write_text(model.to_json(), "utf-8")
    image.fit(numpy.ones((2, 8, 8, 3)), numpy.ones((2, 4)), verbose=0)
    image.save(folder / "fitted.keras")
    image.save(folder / "fitted.h5")


def main() -> None:
    warnings.simplefilter("ignore")
    import keras

    folder = Path(sys.argv[1])
    rows = configurations(keras)
    (folder / "configurations.txt").write_text(json.dumps(rows, default=str), "utf-8")
    models(keras, folder)
    print(len(rows), len(list(folder.iterdir())))


if __name__ == "__main__":
    main()
