"""The guarded loaders of Keras and TensorFlow, at the functions where they are defined.

Keras 3.3 to 3.15, tf_keras 2.16 to 2.21, TensorFlow 2.16 to 2.21. `keras.models.load_model`, `keras.saving.load_model`
and `tf.keras.models.load_model` are one function. Its inner functions have rows of their own because a model from
`hf://` or a remote path reaches only those; `safe_mode` is left as it was given. What makes a function of bytes has a
row for configurations that are handed over as dictionaries; inside a load it is stopped by the tripwire.
"""

from __future__ import annotations

from modelscan.guard.target import Does, Takes, Target, always, any_file


def _keras(root: str) -> tuple[Target, ...]:
    api, lib = f"{root}.saving.saving_api", f"{root}.saving.saving_lib"
    return (
        Target("keras.models.load_model", api, "load_model", Takes.FOLDER, "filepath", inner=True),
        Target(
            "keras.saving.load_weights", api, "load_weights", Takes.PLACE, "filepath", 1, inner=True, restricted=always
        ),
        Target("keras.models.load_model", lib, "_load_model_from_fileobj", Takes.FILE, "fileobj", rewinds=any_file),
        Target("keras.models.load_model", lib, "_load_model_from_dir", Takes.FOLDER, "dirpath"),
    )


FRAMEWORKS: tuple[Target, ...] = (
    *_keras("keras.src"),
    Target(
        "keras.models.load_model",
        "keras.src.legacy.saving.legacy_h5_format",
        "load_model_from_hdf5",
        Takes.PLACE,
        "filepath",
    ),
    Target("keras.models.model_from_json", "keras.src.models.model", "model_from_json", Takes.TEXT, "json_string"),
    Target("keras.layers.Lambda", "keras.src.utils.python_utils", "func_load", Takes.FUNCTION, "code"),
    *_keras("tf_keras.src"),
    Target(
        "tf_keras.models.load_model",
        "tf_keras.src.saving.legacy.save",
        "load_model",
        Takes.FOLDER,
        "filepath",
        inner=True,
    ),
    Target(
        "tf_keras.models.model_from_json",
        "tf_keras.src.saving.legacy.model_config",
        "model_from_json",
        Takes.TEXT,
        "json_string",
    ),
    Target(
        "tf_keras.layers.Lambda",
        "tf_keras.src.utils.generic_utils",
        "func_load",
        Takes.FUNCTION,
        "code",
    ),
    Target(
        "tf.saved_model.load",
        "tensorflow.python.saved_model.loader_impl",
        "parse_saved_model",
        Takes.PROTO,
        "export_dir",
        does=Does.PARSES,
        label="{}/saved_model.pb",
    ),
    Target(
        "tf.lite.Interpreter",
        "tensorflow.lite.python.interpreter",
        "Interpreter.__init__",
        Takes.PLACE,
        "model_path",
        restricted=always,
    ),
)
