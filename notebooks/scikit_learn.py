# ruff: noqa: E402 - a notebook imports where it needs something
# The source of scikit_learn.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # scikit-learn and XGBoost: joblib, pickle, dill, cloudpickle
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


# %% [markdown]
# ## The attack
#
# The model is an ordinary forest, and the payload stands behind it in the file. Here are five ways to save the two:

# %%
joblib.dump(model, "clean.joblib")
joblib.dump([model, Payload()], "raw.joblib")
joblib.dump([model, Payload()], "compressed.joblib", compress=("xz", 3))
Path("model.pkl").write_bytes(pickle.dumps([model, Payload()]))
Path("model.dill").write_bytes(dill.dumps([model, Payload()]))
Path("model.cloudpickle").write_bytes(cloudpickle.dumps([model, Payload()]))
sorted(path.name for path in Path().iterdir())

# %% [markdown]
# Each is loaded in a process without a guard:

# %% tags=["ran-each"]
child = """
import os, pickle, cloudpickle, dill, joblib
for name, load in {
    "raw.joblib": joblib.load,
    "compressed.joblib": joblib.load,
    "model.pkl": lambda path: pickle.load(open(path, "rb")),
    "model.dill": lambda path: dill.load(open(path, "rb")),
    "model.cloudpickle": lambda path: cloudpickle.load(open(path, "rb")),
}.items():
    load(name)
    print(f"{name:18} payload ran: {os.path.exists('marker.txt')}")
    os.remove("marker.txt")
"""
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout, end="")

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
# ## What the evidence says
#
# The same from outside, loading nothing. `where` is the byte of the call: behind the trees, whose arrays lie in the file
# as they lie in memory.

# %% tags=["joblib"]
for name in ("clean.joblib", "raw.joblib", "compressed.joblib", "model.dill"):
    report = modelscan.scan(name)
    worst = report.findings[0] if report.findings else None
    print(f"{name:18} {report.verdict:7}", f"{worst.severity} {worst.expression}, {worst.where}" if worst else "")

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
# A booster is numbers in the end, and its own formats, JSON and UBJ, hold nothing else. But it is an object of Python
# too, and many are passed around as pickles. Then the payload needs no array to hide behind: the booster is one.

# %%
import xgboost

booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(features, labels), num_boost_round=3)
booster.save_model("booster.json")
booster.save_model("booster.ubj")
Path("booster.pkl").write_bytes(pickle.dumps(booster))
Path("poisoned.pkl").write_bytes(pickle.dumps([booster, Payload()]))

# %% tags=["unguarded"]
subprocess.run([sys.executable, "-c", "import pickle; pickle.load(open('poisoned.pkl', 'rb'))"], check=True)
print("payload ran:", marker.exists())
marker.unlink()

# %% tags=["clean"]
with Path("booster.pkl").open("rb") as file:
    same = pickle.load(file)

# %% tags=["raises-exception", "refused"]
with Path("poisoned.pkl").open("rb") as file:
    pickle.load(file)

# %% [markdown]
# And the two files of XGBoost's own? They are no pickles and carry no code, so no reader claims them, and a scan says just
# that. What was not read is never called SAFE.

# %% tags=["xgboost"]
again = xgboost.Booster(model_file="booster.ubj")
print("the same model:", again.num_boosted_rounds() == booster.num_boosted_rounds())
for name in ("booster.pkl", "poisoned.pkl", "booster.json", "booster.ubj"):
    report = modelscan.scan(name)
    about = [f"{row.severity} {row.operator}" for row in report.findings] or [row.reason for row in report.skips]
    print(f"{name:14} {report.verdict:14}", *about[:1])

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## Going on safely
#
# - Boosters: `save_model("model.ubj")`. Estimators: [skops](https://skops.readthedocs.io), which names every class and
#   asks before it makes one of an unknown kind.
# - A pickle of your own that is refused for a class of your own: `%modelscan allow --name package.module.Class`, once the
#   class was read. One that is refused for what it runs: not at all.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
