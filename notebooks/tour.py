# ruff: noqa: E402 - a notebook imports where it needs something
# The source of tour.ipynb, cell by cell; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # A tour in five minutes
#
# Loading a model file can run any code its author put there. This notebook makes such a file, shows that it is
# live, and shows what `%load_ext modelscan` does about it. The payload is harmless: it writes `marker.txt`.
# Everything happens in a temporary folder.

# %%
import os
import subprocess
import sys
import tempfile
from pathlib import Path

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")

# %% [markdown]
# ## Two models: one clean, one with something behind its first array

# %%
import pickle

import joblib
import numpy
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

features, labels = load_iris(return_X_y=True)
model = RandomForestClassifier(n_estimators=5, random_state=0).fit(features, labels)


class Payload:
    def __reduce__(self):
        return os.system, ("echo the model ran this > marker.txt",)


joblib.dump(model, "clean.joblib")
joblib.dump([model, Payload()], "poisoned.joblib")
sorted(path.name for path in Path().iterdir())

# %% [markdown]
# ## Without a guard, loading runs it
#
# In a process of its own, so that nothing here is touched.

# %% tags=["unguarded"]
subprocess.run([sys.executable, "-c", "import joblib; joblib.load('poisoned.joblib')"], check=True)
print("payload ran:", marker.exists())
marker.unlink()

# %% [markdown]
# ## The guard goes on
#
# Even `load`, which was imported before, is guarded from here on.

# %%
from joblib import load

originals = {
    "joblib.load": joblib.load,
    "numpy.load": numpy.load,
    "pickle.load": pickle.load,
    "pickle.loads": pickle.loads,
    "load": load,
}

# %%
# %load_ext modelscan

# %% [markdown]
# ## A clean model loads as always
#
# No message, no question.

# %% tags=["clean"]
model = load("clean.joblib")

# %%
model.predict(features[:3])

# %% [markdown]
# ## The poisoned one is refused before a byte of it is loaded
#
# The panel says what would have run and where in the file it stands; the error stops "Run All" and scripts.

# %% tags=["raises-exception", "refused"]
joblib.load("poisoned.joblib")

# %%
print("payload ran:", marker.exists())

# %% [markdown]
# The name that was imported before the guard meets the same wall.

# %% tags=["raises-exception", "refused", "early-bound"]
load("poisoned.joblib")

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## Looking without loading

# %% tags=["scan"]
# %modelscan poisoned.joblib

# %%
import modelscan

print(modelscan.scan("clean.joblib").verdict)

# %% tags=["status"]
# %modelscan status

# %% [markdown]
# ## The same with PyTorch
#
# Skipped where torch is not installed.

# %%
try:
    import torch
except ImportError:
    torch = None
    print("torch is not installed")
else:
    torch.save({"weight": torch.zeros(2, 2)}, "clean.pt")
    torch.save({"weight": torch.zeros(2, 2), "extra": Payload()}, "poisoned.pt")

# %% tags=["clean"]
weights = torch.load("clean.pt", weights_only=False) if torch else None

# %% tags=["raises-exception", "refused", "torch"]
if torch:
    torch.load("poisoned.pt", weights_only=False)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## And off again
#
# Every function is its original object afterwards, not a wrapper that was told to stand aside.

# %%
# %unload_ext modelscan

# %% tags=["restored"]
now = {
    "joblib.load": joblib.load,
    "numpy.load": numpy.load,
    "pickle.load": pickle.load,
    "pickle.loads": pickle.loads,
    "load": load,
}
{name: now[name] is originals[name] for name in originals}

# %%
os.chdir(start)
folder.cleanup()
