# ruff: noqa: E402 - a notebook imports where it needs something
# The source of numpy_and_pandas.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # NumPy and pandas: data files that are programs
#
# An array of numbers is only data. An array of *objects* is a pickle inside a `.npy` file, and `allow_pickle=True`, which
# many answers on the web recommend, runs it. A pickled table runs whatever it names, and no option stops it. The payload
# here writes `marker.txt`.

# %%
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")

# %% [markdown]
# ## The attack
#
# One object among the data is enough. Saving it needs no trick: the libraries write what they are given.


# %%
class Payload:
    def __reduce__(self):
        return os.system, ("echo the data ran this > marker.txt",)


np.save("numbers.npy", np.arange(6).reshape(2, 3))
np.save("objects.npy", np.array([{"name": "ordinary"}, None], dtype=object), allow_pickle=True)
np.save("poisoned.npy", np.array([Payload()], dtype=object), allow_pickle=True)
np.savez("poisoned.npz", numbers=np.arange(3), extra=np.array([Payload()], dtype=object))

frame = pd.DataFrame({"a": [1, 2, 3], "when": pd.date_range("2024-01-01", periods=3)})
frame.to_pickle("clean.pkl")
pd.Series([1, 2, Payload()]).to_pickle("poisoned.pkl.gz")  # packed by its extension

# %% tags=["ran-each"]
child = """
import os, numpy, pandas
for name, load in {
    "poisoned.npy": lambda path: numpy.load(path, allow_pickle=True),
    "poisoned.npz": lambda path: numpy.load(path, allow_pickle=True)["extra"],
    "poisoned.pkl.gz": pandas.read_pickle,
}.items():
    load(name)
    print(f"{name:16} payload ran: {os.path.exists('marker.txt')}")
    os.remove("marker.txt")
"""
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout, end="")

# %% [markdown]
# ## What the guard does

# %%
# %load_ext modelscan

# %% [markdown]
# Numbers, ordinary objects and an ordinary table load as ever:

# %% tags=["clean"]
numbers = np.load("numbers.npy")
objects = np.load("objects.npy", allow_pickle=True)
again = pd.read_pickle("clean.pkl")

# %% tags=["raises-exception", "refused"]
np.load("poisoned.npy", allow_pickle=True)

# %% tags=["raises-exception", "refused"]
pd.read_pickle("poisoned.pkl.gz")

# %% [markdown]
# An `.npz` file is an archive that is read member by member, so the guard looks at all of it when it is opened:

# %% tags=["raises-exception", "refused"]
np.load("poisoned.npz", allow_pickle=True)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## What the evidence says
#
# Each file without loading it: what would run, and at which byte of which member.

# %% tags=["numpy"]
import modelscan

for path in sorted(Path().iterdir()):
    report = modelscan.scan(path)
    worst = report.findings[0] if report.findings else None
    print(f"{path.name:16} {report.verdict:7}", f"{worst.severity} {worst.operator}, {worst.where}" if worst else "")

# %% [markdown]
# ## Going on safely
#
# - Leave `allow_pickle` off: numeric arrays never need it. Store tables as Parquet, Feather or CSV.
# - Objects in an array are mostly texts or lists of different lengths: JSON keeps those.
# - A table of your own that was pickled long ago loads if it is ordinary. Write it anew in another format while you can.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
