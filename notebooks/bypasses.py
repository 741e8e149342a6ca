# ruff: noqa: E402 - a notebook imports where it needs something
# The source of bypasses.ipynb; `tools/build_notebooks.py` builds it. A line "# %name" is an IPython magic.

# %% [markdown]
# # A gallery of ways around scanners
#
# Each file here is a few bytes, made on the spot, and does one thing: it creates the folder `marker`. The techniques are
# those by which scanners have been passed, as advisories and bug reports tell; `tools/compare.py` asks the scanners of
# today about most of them. First all are loaded in a process without a guard, to show that they are live; then they are
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
# A child process without a guard loads one after the other, all pickles of a file until one breaks.

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
# A checkpoint of PyTorch is a zip archive, and an archive says most things twice: in its directory, and in a header before
# each member. `torch.load` believes one place, a scanner that uses Python's `zipfile` another. Where they differ, one of
# the two sees a file that the other does not.


# %%
def checkpoint(pickled="archive/data.pkl"):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(pickled, plain)
        archive.writestr("archive/version", b"3")
    return bytearray(target.getvalue())


def changed(*bytes_at):
    copy = checkpoint()
    for at, value in bytes_at:
        copy[at] = value
    return copy


header = 0  # of the first member, which is the pickle
entry = checkpoint().index(b"PK\x01\x02")  # its row in the directory
tricks = {
    "encrypted, as the header has it (CVE-2025-1945)": changed((header + 6, 1)),
    "a wrong checksum (CVE-2025-10156)": changed((header + 14, 0), (entry + 16, 0)),
    "another name in the header (CVE-2025-1944)": changed((header + 30, ord("X"))),
    "the name in capitals": checkpoint("archive/DATA.PKL"),
}
for number, data in enumerate(tricks.values()):
    Path(f"{number}.pt").write_bytes(data)

# %% [markdown]
# They are live in PyTorch as well:

# %% tags=["ran-each"]
child = """
import os, torch
for number in range(4):
    torch.load(f"{number}.pt", weights_only=False)
    print(f"{number}.pt payload ran:", os.path.isdir("marker"))
    os.rmdir("marker")
"""
done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
print(done.stdout, end="")

# %% [markdown]
# Every view of the archive is read, and that the views differ is a finding of its own:

# %% tags=["found"]
for number, name in enumerate(tricks):
    report = modelscan.scan(f"{number}.pt")
    odd = [finding.rule for finding in report.findings if finding.rule.startswith("MS-S")]
    print(f"{report.verdict:7} {report.findings[0].operator:9} {' '.join(odd):9} {name}")

# %% [markdown]
# ## Going on safely
#
# - A list of bad names or odd bytes is never complete, this one neither. What no reader understands is INCONCLUSIVE here,
#   and calling what nobody reviewed is refused.
# - The guard binds a load to what was seen: if the loader asks for any other name, the load stops there.
# - Found another way? `SECURITY.md` of the repository says how to tell us.

# %%
os.chdir(start)
folder.cleanup()
