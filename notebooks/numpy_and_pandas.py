# The source of numpy_and_pandas.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # NumPy and pandas: data files that are programs
#
# An array of numbers is only data. An array of *objects* is a pickle inside a `.npy` file, and `allow_pickle=True`, which
# many answers on the web recommend, runs it. A pickled DataFrame runs whatever it names too.

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


class Payload:
    def __reduce__(self):
        return os.system, ("echo the data ran this > marker.txt",)


np.save("numbers.npy", np.arange(6).reshape(2, 3))
np.save("objects.npy", np.array([{"name": "ordinary"}, None], dtype=object), allow_pickle=True)
np.save("poisoned.npy", np.array([Payload()], dtype=object), allow_pickle=True)
np.savez("poisoned.npz", numbers=np.arange(3), extra=np.array([Payload()], dtype=object))
frame = pd.DataFrame({"a": [1, 2, 3], "when": pd.date_range("2024-01-01", periods=3)})
frame.to_pickle("clean.pkl")
pd.Series([Payload()]).to_pickle("poisoned.pkl.gz")

# %% tags=["unguarded"]
subprocess.run([sys.executable, "-c", "import numpy; numpy.load('poisoned.npy', allow_pickle=True)"], check=True)
print("payload ran:", marker.exists())
marker.unlink()

# %%
# %load_ext modelscan

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
dict(np.load("poisoned.npz", allow_pickle=True))

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## Going on safely
#
# Leave `allow_pickle` off: numeric arrays never need it. Store frames as Parquet or Feather.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
