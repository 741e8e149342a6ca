# ruff: noqa: E402 - a notebook imports where it needs something
# The source of tensorflow.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # TensorFlow: a graph that reads and writes files
#
# A SavedModel is a graph of operators. There is no Python in it, and yet some operators open files of the machine that
# runs the model: one that classifies pictures may also copy your keys into its answer, or write where your shell will
# look. Here one writes `marker.txt`.

# %%
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}  # without its log

# %%
import tensorflow as tf

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
marker = Path("marker.txt")

# %% [markdown]
# ## The attack
#
# One model doubles numbers. The other does the same, and writes a file on the way. Both are saved as anybody would.


# %%
class Clean(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def __call__(self, x):
        return 2 * x


class Writing(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def __call__(self, x):
        tf.io.write_file("marker.txt", "the model wrote this")
        return 2 * x


tf.get_logger().setLevel("ERROR")
tf.saved_model.save(Clean(), "doubles")
tf.saved_model.save(Writing(), "writing")
sorted(path.name for path in Path("writing").iterdir())

# %% [markdown]
# Whoever loads it and asks it for an answer, in a process without a guard, gets the right answer:

# %% tags=["unguarded"]
use = "import tensorflow as tf; print(tf.saved_model.load('writing')(tf.constant([21.0])).numpy())"
done = subprocess.run([sys.executable, "-c", use], check=True, capture_output=True, text=True)
print("answer:", done.stdout.strip())
print("payload ran:", marker.exists())
marker.unlink()

# %% [markdown]
# ## What the guard does

# %%
# %load_ext modelscan

# %% tags=["clean"]
model = tf.saved_model.load("doubles")

# %% tags=["raises-exception", "refused"]
tf.saved_model.load("writing")

# %% tags=["marker"]
print("payload ran:", marker.exists())

# %% [markdown]
# ## What the evidence says
#
# TensorFlow is not needed to see any of this, and no graph is run. A `saved_model.pb` is a protocol buffer, pairs of
# field number and length: field 2 of it holds a graph (2.2), a graph holds nodes (1), and a node has a name (1) and an
# operator (2). So a model with any operator can be put together by hand:


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
# `PyFunc` calls a function of the running Python by a number, so what it does cannot be told from the file.
#
# ## Going on safely
#
# - Export the weights, and build the graph from source.
# - If a model has to read files of its own, such as a vocabulary, look at the paths in the report, and allow this one
#   file; run models of strangers in a container without your files.

# %%
# %unload_ext modelscan

# %%
os.chdir(start)
folder.cleanup()
