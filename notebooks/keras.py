# ruff: noqa: E402 - a notebook imports where it needs something
# The source of keras.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # Keras: code in a layer, code in a configuration
#
# A `.keras` file is a zip archive with a JSON configuration. A `Lambda` layer in it carries compiled Python, and other
# entries name functions to fetch by module and name. Keras is not needed to read such a file, and is not imported here.

# %%
import base64
import io
import json
import marshal
import os
import tempfile
import zipfile
from pathlib import Path

import h5py

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)


def layer(kind, config, module="keras.layers"):
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def model(*layers):
    return layer("Sequential", {"name": "model", "layers": list(layers)}, "keras")


def archive(path, config):
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("config.json", json.dumps(config))
        target.writestr("metadata.json", json.dumps({"keras_version": "3.8.0"}))
        weights = io.BytesIO()
        h5py.File(weights, "w").close()
        target.writestr("model.weights.h5", weights.getvalue())


# %% [markdown]
# ## Three files

# %%
code = (lambda x: __import__("os").system("echo the layer ran this")).__code__
packed = base64.b64encode(marshal.dumps(code)).decode()
function = {"class_name": "__lambda__", "config": {"code": packed, "defaults": None, "closure": None}}

archive("clean.keras", model(layer("Dense", {"name": "dense", "units": 2, "activation": "relu"})))
archive("lambda.keras", model(layer("Lambda", {"name": "l", "function": function})))
named = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
archive("named.keras", model(layer("Dense", {"name": "d", "units": 1, "activation": named})))

with h5py.File("lambda.h5", "w") as file:  # the older format: one JSON attribute
    old = {"class_name": "Lambda", "config": {"name": "l", "function": [packed, None, None], "function_type": "lambda"}}
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": [old]}}
    file.attrs["model_config"] = json.dumps(config)
    file.attrs["keras_version"] = "2.9.0"

# %% [markdown]
# ## What the evidence says

# %% tags=["keras"]
import modelscan

for path in sorted(Path().iterdir()):
    report = modelscan.scan(path)
    worst = report.findings[0] if report.findings else None
    about = f"{worst.severity} {worst.rule} {worst.expression[:60]}" if worst else ""
    print(f"{path.name:14} {report.verdict:8} {about}")

# %% [markdown]
# Nothing was unmarshalled to find that out: the names and instructions of the code are read from its bytes.
#
# ## What the guard does
#
# `keras.models.load_model` is guarded like any other loader, whatever `safe_mode` says: Keras ignores `safe_mode` for
# HDF5 files, and gadgets in configurations have passed it (CVE-2025-1550, CVE-2025-8747, CVE-2025-9906).
#
# ## Going on safely
#
# Share weights (`model.save_weights`) and build the model from source you have read.

# %%
os.chdir(start)
folder.cleanup()
