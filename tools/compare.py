"""What other scanners say about the same files: docs/explanation/comparison.md is made of this.

    python tools/compare.py [techniques] [formats] [ordinary] [FOLDER …]

The folders hold the programs modelscan, picklescan, fickling and modelaudit; without words all tables are made. The
second table is about the formats of libraries, the third about ordinary models; both are written here by the libraries
that are installed.

Every file of the first is a few inert bytes, made here: its payload creates an empty folder. Each is first loaded in a
child process, and counts only if it is live on this Python. A program answers by its exit code: 1 found, 0
nothing, others no answer; neither is a crash.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path

import modelscan

MARKER = "marker"
PROGRAMS = {
    "modelscan 0.8": ["modelscan", "-p", "{}"],
    "picklescan": ["picklescan", "-p", "{}"],
    "fickling": ["fickling", "--check-safety", "{}"],
    "modelaudit": ["modelaudit", "scan", "--quiet", "--no-cache", "{}"],
}
SILENT = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""modelaudit reports what it does to its makers unless told not to; TensorFlow talks on every start."""
ANSWERS = {0: "**missed**", 1: "found"}


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def call(module: str, name: str, *arguments: bytes) -> bytes:
    return f"c{module}\n{name}\n(".encode() + b"".join(arguments or (text(MARKER),)) + b"tR"


GIVEN = b"(" + text(MARKER) + b"tR."
CALL = call("os", "mkdir")
PLAIN = b"\x80\x04" + CALL + b"."
HARMLESS = pickle.dumps({"weights": [1, 2, 3]})


def zipped(data: bytes, name: str = "archive/data.pkl") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, data)
    return target.getvalue()


def checkpoint(
    name: str = "archive/data.pkl", header: tuple[int, int] = (0, 80), entry: tuple[int, int] = (0, 80)
) -> bytes:
    """A torch checkpoint, of which one byte of the first header and one of the directory are set."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, PLAIN)
        archive.writestr("archive/version", b"3")
    made = bytearray(target.getvalue())
    for start, (at, value) in ((0, header), (made.index(b"PK\x01\x02"), entry)):
        made[start + at] = value
    return bytes(made)


def tarred(data: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        member = tarfile.TarInfo("data.pkl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


def legacy(at: int) -> bytes:
    """torch's five pickles, with the payload as one of them."""
    parts = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {}, [])]
    parts[at] = b"\x80\x02" + CALL + b"."
    return b"".join(parts)


FILES: dict[str, tuple[str, bytes]] = {
    "os.mkdir, called plainly": ("m.pkl", PLAIN),
    "posix.mkdir": ("m.pkl", b"\x80\x04" + call("posix", "mkdir") + b"."),
    "os.makedirs": ("m.pkl", b"\x80\x04" + call("os", "makedirs") + b"."),
    "pathlib, attribute os.mkdir": ("m.pkl", b"\x80\x04" + text("pathlib") + text("os.mkdir") + b"\x93" + GIVEN),
    "INST": ("m.pkl", b"(" + text(MARKER) + b"ios\nmkdir\n."),
    "OBJ, result dropped": ("m.pkl", b"(cos\nmkdir\n" + text(MARKER) + b"o0N."),
    "names through the memo": ("m.pkl", b"\x80\x04" + text("mkdir") + b"\x940" + text("os") + b"h\x00\x93" + GIVEN),
    "names with escapes": ("m.pkl", b"Vos\nV\\u006dkdir\n\x93(" + text(MARKER) + b"tR."),
    "broken behind the call": ("m.pkl", b"\x80\x04" + CALL + b"\xff"),
    "no end": ("m.pkl", b"\x80\x04" + CALL),
    "a number only C reads": ("m.pkl", b"I0x10\n0" + CALL + b"."),
    "a frame that ends in an argument": ("m.pkl", b"\x80\x04\x95" + struct.pack("<Q", 2) + CALL + b"."),
    "second pickle": ("m.pkl", HARMLESS + PLAIN),
    "pickle named .png": ("m.png", PLAIN),
    "pickle without extension": ("model", PLAIN),
    "joblib, zlib": ("m.joblib", zlib.compress(PLAIN)),
    "joblib, gzip": ("m.joblib", gzip.compress(PLAIN)),
    "joblib, bz2": ("m.joblib", bz2.compress(PLAIN)),
    "joblib, xz": ("m.joblib", lzma.compress(PLAIN)),
    "torch legacy, second pickle": ("m.pt", legacy(1)),
    "torch legacy, fourth pickle": ("m.pt", legacy(3)),
    "zip member": ("m.zip", zipped(PLAIN)),
    "zip in a zip": ("m.zip", zipped(zipped(PLAIN), "inner.zip")),
    "tar": ("m.tar", tarred(PLAIN)),
    "torch zip, encrypted by its header": ("m.pt", checkpoint(header=(6, 1))),
    "torch zip, wrong checksum": ("m.pt", checkpoint(header=(14, 0), entry=(16, 0))),
    "torch zip, other name in the header": ("m.pt", checkpoint(header=(30, 88))),
    "torch zip, name in capitals": ("m.pt", checkpoint("archive/DATA.PKL")),
}  # fmt: skip


def _object_array(path: Path) -> None:
    numpy = import_module("numpy")
    numpy.save(path, numpy.array([_Payload()], dtype=object), allow_pickle=True)


def _forest(path: Path) -> None:
    import_module("joblib").dump([_fitted("ensemble", "RandomForestClassifier"), _Payload()], path)


def _lambda(path: Path) -> None:
    keras = import_module("keras")
    act = eval(f"lambda x: (__import__('os').makedirs({MARKER!r}, exist_ok=True), x)[1]")
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(act, output_shape=(2,))]).save(path)


def _saved_model(path: Path) -> None:
    tensorflow = import_module("tensorflow")

    class Writing(tensorflow.Module):  # type: ignore[misc, name-defined]
        @tensorflow.function(input_signature=[tensorflow.TensorSpec([None])])
        def __call__(self, x: object) -> object:
            tensorflow.io.write_file(MARKER, "written")
            return x

    tensorflow.saved_model.save(Writing(), str(path))


class _Payload:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (MARKER,)


KERAS = "import keras, numpy; keras.saving.load_model('{}', safe_mode=False)(numpy.ones((1, 2), 'float32'))"
MADE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "NumPy array of objects, .npy": ("m.npy", _object_array, "import numpy; numpy.load('{}', allow_pickle=True)"),
    "joblib, behind the arrays of a forest": ("m.joblib", _forest, "import joblib; joblib.load('{}')"),
    "Keras, Lambda in a .keras file": ("m.keras", _lambda, KERAS),
    "Keras, Lambda in an HDF5 file": ("m.h5", _lambda, KERAS),
    "TensorFlow, SavedModel that writes a file": (
        "saved", _saved_model, "import tensorflow as tf; tf.saved_model.load('{}')(tf.constant([1.0]))"
    ),
}  # fmt: skip
"""Formats of libraries: name, how it is written, how it is loaded by whoever uses it."""

_CHILD = """
import bz2, gzip, io, lzma, os, pickle, sys, tarfile, zipfile, zlib
if sys.argv[1] == 'm.pt' and open('m.pt', 'rb').read(2) == b'PK':
    import torch
    torch.load('m.pt', weights_only=False)
    sys.exit(0 if os.path.exists('marker') else 1)
def load(data):
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [load(archive.read(name)) for name in archive.namelist()]
    for open_ in (zlib.decompress, gzip.decompress, bz2.decompress, lzma.decompress):
        try:
            return load(open_(data))
        except (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError):
            pass
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return [load(archive.extractfile(member).read()) for member in archive]
    except tarfile.ReadError:
        pass
    with open('loaded', 'wb') as file:
        file.write(data)
    with open('loaded', 'rb') as file:
        while True:
            pickle.load(file)
try:
    load(open(sys.argv[1], 'rb').read())
except Exception:
    pass
sys.exit(0 if os.path.isdir('marker') else 1)
"""


def ordinary(folder: Path) -> list[tuple[str, Path]]:
    """What people keep, as the libraries write it. What is not installed is left out, and said."""
    made: list[tuple[str, Path]] = []

    def write(title: str, name: str, save: Callable[[Path], object]) -> None:
        try:
            save(folder / name)
        except ImportError as error:
            print(f"left out: {title} ({error.name} is not installed)", file=sys.stderr)
        else:
            made.append((title, folder / name))

    for protocol in 2, 4, 5:
        data = {"name": "model", "sizes": (1, 2.5), "tags": {"a", "b"}}
        write(f"dict, protocol {protocol}", f"d{protocol}.pkl", lambda path, p=protocol, d=data: _dump(d, path, p))
    write("OrderedDict and datetime", "o.pkl", lambda path: _dump([OrderedDict(a=1), datetime(2026, 1, 1)], path))
    write("NumPy array, pickle", "a.pkl", lambda path: _dump(_numpy(), path))
    write("NumPy array, .npy", "a.npy", lambda path: import_module("numpy").save(path, _numpy()))
    write("NumPy arrays, .npz", "a.npz", lambda path: import_module("numpy").savez(path, a=_numpy()))
    write(
        "pandas table", "t.pkl", lambda path: import_module("pandas").DataFrame({"a": [1], "b": ["x"]}).to_pickle(path)
    )
    for kind in "linear_model.LogisticRegression", "ensemble.RandomForestClassifier", "preprocessing.StandardScaler":
        module, _, name = kind.rpartition(".")
        write(f"scikit-learn {name}", f"{name}.pkl", lambda path, m=module, n=name: _dump(_fitted(m, n), path))
    fitted = ("linear_model", "LogisticRegression")
    write("scikit-learn, joblib", "j.joblib", lambda path: import_module("joblib").dump(_fitted(*fitted), path))
    write(
        "scikit-learn, joblib, zlib", "z.joblib", lambda path: import_module("joblib").dump(_fitted(*fitted), path, 3)
    )
    write("torch state dict, zip", "s.pt", _torch)
    write("torch state dict, legacy", "l.pt", lambda path: _torch(path, _use_new_zipfile_serialization=False))
    write("torch optimiser and epoch", "c.pt", lambda path: _torch(path, checkpoint=True))
    return made


def _dump(value: object, path: Path, protocol: int = 4) -> None:
    path.write_bytes(pickle.dumps(value, protocol))


def _numpy() -> object:
    return import_module("numpy").arange(12.0).reshape(3, 4)


def _fitted(module: str, name: str) -> object:
    made = getattr(import_module(f"sklearn.{module}"), name)()
    return made.fit([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [1.0, 1.0]], [0, 1, 0, 1])


def _torch(path: Path, checkpoint: bool = False, **how: bool) -> None:
    torch = import_module("torch")
    layer = torch.nn.Linear(2, 2)
    state = layer.state_dict()
    if checkpoint:
        state = {"model": state, "optimizer": torch.optim.Adam(layer.parameters()).state_dict(), "epoch": 3}
    torch.save(state, path, **how)


def alarms(folders: list[str], programs: dict[str, list[str]]) -> None:
    """The second table: what each program says of ordinary models."""
    columns = ["this scanner", *programs]
    print("\n| ordinary model |", " | ".join(columns), "|\n| --- |", " | ".join("---" for _ in columns), "|")
    passed = dict.fromkeys(columns, 0)
    with tempfile.TemporaryDirectory() as work:
        files = ordinary(Path(work))
        for title, path in files:
            answers = ["clean" if modelscan.scan(path).verdict == "SAFE" else "**flagged**"]
            for key, words in programs.items():
                said = _answer(_found(words[0], folders, key), words, path)
                answers.append({"found": "**flagged**", "**missed**": "clean"}.get(said, said))
            for column, answer in zip(columns, answers, strict=True):
                passed[column] += answer == "clean"
            print(f"| {title} |", " | ".join(answers), "|")
    print(f"| **clean, of {len(files)}** |", " | ".join(f"**{passed[column]}**" for column in columns), "|")


def main(words: list[str]) -> int:
    folders = [word for word in words if word not in TABLES]
    programs = {name: command for name, command in PROGRAMS.items() if _found(command[0], folders, name)}
    for part in [word for word in words if word in TABLES] or TABLES:
        TABLES[part](folders, programs)
    return 0


def _assembled() -> Iterator[tuple[str, Path, list[str]]]:
    for title, (name, data) in FILES.items():
        with tempfile.TemporaryDirectory() as work:
            Path(work, name).write_bytes(data)
            yield title, Path(work, name), ["-c", _CHILD, name]


def _written() -> Iterator[tuple[str, Path, list[str]]]:
    for title, (name, write, load) in MADE.items():
        with tempfile.TemporaryDirectory() as work:
            try:
                write(Path(work, name))
            except ImportError as error:
                print(f"left out: {title} ({error.name} is not installed)", file=sys.stderr)
            else:
                yield title, Path(work, name), ["-c", load.format(name)]


def attacks(
    kind: str, files: Iterator[tuple[str, Path, list[str]]], folders: list[str], programs: dict[str, list[str]]
) -> None:
    """A table: what each program says of files that are live on this Python."""
    columns = ["this scanner", *programs]
    print(f"\n| {kind} |", " | ".join(columns), "|\n| --- |", " | ".join("---" for _ in columns), "|")
    found = dict.fromkeys(columns, 0)
    live = 0
    for title, path, load in files:
        with tempfile.TemporaryDirectory() as other:  # a copy is loaded: a loader may leave files behind
            (shutil.copytree if path.is_dir() else shutil.copy)(path, Path(other, path.name))
            subprocess.run(
                [sys.executable, *load], cwd=other, check=False, capture_output=True, env=os.environ | SILENT
            )
            if not Path(other, MARKER).exists():
                print(f"not live on this Python: {title}", file=sys.stderr)
                continue
        live += 1
        answers = ["found" if modelscan.scan(path).verdict == "UNSAFE" else "**missed**"]
        answers += [_answer(_found(words[0], folders, key), words, path) for key, words in programs.items()]
        for column, answer in zip(columns, answers, strict=True):
            found[column] += answer == "found"
        print(f"| {title} |", " | ".join(answers), "|")
    print(f"| **found, of {live}** |", " | ".join(f"**{found[column]}**" for column in columns), "|")


def _answer(program: str, words: list[str], path: Path) -> str:
    command = [program, *(word.format(path) for word in words[1:])]
    done = subprocess.run(command, capture_output=True, check=False, cwd=path.parent, env=os.environ | SILENT)
    if b"Traceback (most recent call last)" in done.stderr:
        return "no answer (crash)"  # Python's exit code for that is 1 as well
    return ANSWERS.get(done.returncode, f"no answer ({done.returncode})")


def _found(program: str, folders: list[str], name: str) -> str:
    """The program in one of the folders; our own `modelscan` is not meant by that name."""
    places: list[Callable[[], str | None]] = [
        lambda place=place: shutil.which(program, path=place) for place in folders
    ]
    if name != "modelscan 0.8":
        places.append(lambda: shutil.which(program))
    return next((path for look in places if (path := look())), "")


TABLES: dict[str, Callable[[list[str], dict[str, list[str]]], None]] = {
    "techniques": lambda folders, programs: attacks("technique", _assembled(), folders, programs),
    "formats": lambda folders, programs: attacks("format", _written(), folders, programs),
    "ordinary": alarms,
}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
