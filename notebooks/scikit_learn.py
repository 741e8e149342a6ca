# ruff: noqa: E402 - a notebook imports where it needs something
# The source of scikit_learn.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # scikit-learn: joblib, pickle, dill and cloudpickle
#
# The usual ways to store an estimator all end in a pickle. joblib interleaves it with raw array bytes, which is where
# several scanners stop reading. The payload stands behind the first array, and writes `marker.txt`.

# %%
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import cloudpickle
import dill
import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")

features, labels = load_iris(return_X_y=True)
model = RandomForestClassifier(n_estimators=3, random_state=0).fit(features, labels)


class Payload:
    def __reduce__(self):
        return os.system, ("echo the model ran this > marker.txt",)


# %%
joblib.dump(model, "clean.joblib")
joblib.dump([model, Payload()], "raw.joblib")
joblib.dump([model, Payload()], "compressed.joblib", compress=("xz", 3))
Path("model.pkl").write_bytes(pickle.dumps([model, Payload()]))
Path("model.dill").write_bytes(dill.dumps([model, Payload()]))
Path("model.cloudpickle").write_bytes(cloudpickle.dumps([model, Payload()]))
sorted(path.name for path in Path().iterdir())

# %% tags=["unguarded"]
subprocess.run([sys.executable, "-c", "import joblib; joblib.load('compressed.joblib')"], check=True)
print("payload ran:", marker.exists())
marker.unlink()

# %% [markdown]
# ## What the guard does

# %%
# %load_ext modelscan

# %% tags=["clean"]
same = joblib.load("clean.joblib")

# %% tags=["raises-exception", "refused"]
joblib.load("compressed.joblib")

# %% tags=["raises-exception", "refused"]
dill.load(Path("model.dill").open("rb"))

# %% [markdown]
# The others, caught so that one cell shows them all:

# %% tags=["caught"]
import modelscan

loads = {
    "raw.joblib": joblib.load,
    "model.pkl": lambda path: pickle.loads(Path(path).read_bytes()),
    "model.cloudpickle": lambda path: cloudpickle.loads(Path(path).read_bytes()),
}
for name, load in loads.items():
    try:
        load(name)
        print(name, "loaded")
    except modelscan.UnsafeModelError as error:
        finding = error.report.findings[0]
        print(f"{name:18} refused: {finding.severity} {finding.operator}")

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## A function in a file
#
# cloudpickle stores functions of a notebook by their code. That is what it is for, and nothing can say in advance what
# such a function does; the report names it, and you decide.

# %%
Path("function.pkl").write_bytes(cloudpickle.dumps(lambda x: x + 1))
report = modelscan.scan("function.pkl")
print(report.verdict, *(f"{finding.severity} {finding.operator}" for finding in report.findings[:1]))

# %% [markdown]
# ## XGBoost
#
# Its own JSON and UBJ files hold numbers only; `pickle.dump(booster)` is a pickle like any other. Prefer
# `booster.save_model("model.ubj")`, and skops or ONNX for estimators.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
