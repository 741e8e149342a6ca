# ruff: noqa: E402 - a notebook imports where it needs something
# The source of tensorflow.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # TensorFlow: a graph that reads and writes files
#
# A SavedModel is a graph of operators. There is no Python in it, and yet some operators open files of the machine that
# runs the model. TensorFlow is not needed to see them. The graphs here are assembled byte by byte.

# %%
import os
import tempfile
from pathlib import Path

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)

# %% [markdown]
# ## A SavedModel in a few lines
#
# Protocol buffers are pairs of field number and length. `saved_model.pb` holds a graph (2.2), a graph holds nodes (1), and a
# node has a name (1) and an operator (2).


# %%
def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    size, rest = bytearray(), len(data)
    while rest > 0x7F:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([number << 3 | 2, *size, rest]) + data


def saved_model(path, *operators):
    nodes = b"".join(field(1, field(1, f"node{n}") + field(2, name)) for n, name in enumerate(operators))
    tags = field(1, field(4, "serve"))
    Path(path).mkdir()
    (Path(path) / "saved_model.pb").write_bytes(b"\x08\x01" + field(2, tags + field(2, nodes)))


saved_model("clean", "Placeholder", "MatMul", "Relu", "Identity")
saved_model("reads", "Const", "ReadFile", "Identity")
saved_model("writes", "Const", "WriteFile")
saved_model("python", "PyFunc")

# %% tags=["tensorflow"]
import modelscan

for name in ("clean", "reads", "writes", "python"):
    report = modelscan.scan(name)
    worst = report.findings[0] if report.findings else None
    print(f"{name:8} {report.verdict:8}", f"{worst.severity} {worst.operator}" if worst else "")

# %% [markdown]
# ## Going on safely
#
# Run models of strangers in a container without your files. Export the weights, and build the graph from source.

# %%
os.chdir(start)
folder.cleanup()
