"""File objects of every kind are read as without the guard: the same values, positions and errors."""

# ruff: noqa: SIM115 - an ExitStack closes them

from __future__ import annotations

import bz2
import datetime
import gzip
import io
import lzma
import mmap
import os
import pickle
import re
import socket
import tarfile
import tempfile
import threading
import types
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import joblib
import numpy
import pandas
import pytest
from samples import Pipe

from modelscan import guard as package

VALUE = [datetime.date(2020, 1, 2), {"a": 1}]


def written(dump, count: int = 3) -> bytes:
    target = io.BytesIO()
    for number in range(count):
        dump([VALUE, number, b"x" * (number * 40_000)], target)
    return target.getvalue()


def dump_array(value, target):
    numpy.save(target, numpy.array([value, None], dtype=object), allow_pickle=True)


LOADERS: dict[str, tuple[bytes, Any, str, dict[str, Any]]] = {
    "pickle": (written(pickle.dump), pickle, "load", {}),
    "joblib": (written(joblib.dump), joblib, "load", {}),
    "numpy": (written(dump_array), numpy, "load", {"allow_pickle": True}),
    "pandas": (written(pickle.dump), pandas, "read_pickle", {}),
}
"""What is looked up when it is called: with the guard that is another function."""


class Seekable(Pipe):
    def seekable(self):
        return True

    def seek(self, *to):
        return self.inner.seek(*to)

    def tell(self):
        return self.inner.tell()


def without_seekable(data):
    """As file objects were before they could say whether they can be rewound."""
    inner = io.BytesIO(data)
    names = ("read", "readline", "readinto", "seek", "tell")
    return types.SimpleNamespace(**{name: getattr(inner, name) for name in names})


class Files:
    """Makes a file object over some bytes by a word, and closes all of them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack

    def path(self, data: bytes) -> Path:
        path = self.folder / "file"
        path.write_bytes(data)
        return path

    def opened(self, file: Any) -> Any:
        return self.stack.enter_context(closing(file))

    def pumped(self, write: Callable[[], object]) -> None:
        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        self.stack.callback(thread.join, 60)

    def pipe(self, data: bytes) -> Any:
        end, start = os.pipe()
        file = os.fdopen(end, "rb")

        def write() -> None:
            with os.fdopen(start, "wb") as target:
                target.write(data)

        self.pumped(write)
        return self.opened(file)

    def sent(self, data: bytes) -> Any:
        one, other = (self.opened(end) for end in socket.socketpair())

        def write() -> None:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)

        self.pumped(write)
        return self.opened(other.makefile("rb"))

    def temporary(self, data: bytes, file: Any) -> Any:
        file.write(data)
        file.seek(0)
        return self.opened(file)

    def zipped(self, data: bytes, method: int) -> Any:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", method) as archive:
            archive.writestr("member", data)
        return self.opened(self.opened(zipfile.ZipFile(target)).open("member"))

    def tarred(self, data: bytes) -> Any:
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as archive:
            member = tarfile.TarInfo("member")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        target.seek(0)
        return self.opened(tarfile.open(fileobj=target)).extractfile("member")

    def mapped(self, data: bytes) -> Any:
        with self.path(data).open("rb") as file:
            return self.opened(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def behind(self, data: bytes) -> Any:
        file = self.opened(self.path(b"header" + data).open("rb"))
        file.read(6)
        return file

    def closed(self, data: bytes) -> Any:
        with self.path(data).open("rb") as file:
            return file

    def at_its_end(self, data: bytes) -> Any:
        file = io.BytesIO(data)
        file.seek(0, io.SEEK_END)
        return file


KINDS: dict[str, Callable[[Files, bytes], Any]] = {
    "memory": lambda files, data: io.BytesIO(data),
    "memory, at its end": Files.at_its_end,
    "file": lambda files, data: files.opened(files.path(data).open("rb")),
    "file, unbuffered": lambda files, data: files.opened(files.path(data).open("rb", buffering=0)),
    "file, small buffer": lambda files, data: files.opened(files.path(data).open("rb", buffering=7)),
    "file for writing too": lambda files, data: files.opened(files.path(data).open("r+b")),
    "file, behind a header": Files.behind,
    "temporary file": lambda files, data: files.temporary(data, tempfile.NamedTemporaryFile(dir=files.folder)),
    "spooled, in memory": lambda files, data: files.temporary(data, tempfile.SpooledTemporaryFile(1 << 30)),
    "spooled, on disk": lambda files, data: files.temporary(data, tempfile.SpooledTemporaryFile(1)),
    "gzip": lambda files, data: files.opened(gzip.open(files.path(gzip.compress(data)))),
    "gzip in memory": lambda files, data: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data))),
    "bz2": lambda files, data: files.opened(bz2.open(files.path(bz2.compress(data)))),
    "xz": lambda files, data: files.opened(lzma.open(files.path(lzma.compress(data)))),
    "member of a zip": lambda files, data: files.zipped(data, zipfile.ZIP_STORED),
    "packed member of a zip": lambda files, data: files.zipped(data, zipfile.ZIP_DEFLATED),
    "member of a tar": Files.tarred,
    "map": Files.mapped,
    "buffer over a class": lambda files, data: io.BufferedReader(Seekable(data)),
    "class": lambda files, data: Seekable(data),
    "class that does not say": lambda files, data: without_seekable(data),
    "pipe": Files.pipe,
    "socket": Files.sent,
    "buffer over a class, no way back": lambda files, data: io.BufferedReader(Pipe(data)),
    "text": lambda files, data: io.StringIO("x"),
    "closed": Files.closed,
    "for writing only": lambda files, data: files.opened((files.folder / "out").open("wb")),
}
ONWARDS = {"pipe", "socket", "buffer over a class, no way back"}
"""Their position cannot be told, and what joblib leaves is there for joblib alone."""


def tried(action: Callable[[], object]) -> str:
    try:
        said = repr(action())
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    return re.sub("0x[0-9a-f]+", "", said)[:200]


def story(files: Files, loader: str, kind: str) -> list[str]:
    """What four loads give, where each leaves the file object, and what is left."""
    data, module, name, options = LOADERS[loader]
    file = KINDS[kind](files, data)
    told = []
    for _ in range(4):
        told += [tried(lambda: getattr(module, name)(file, **options)), "" if kind in ONWARDS else tried(file.tell)]
        if "Error" in told[-2]:
            break
    rest = tried(lambda: len(file.read()))
    return [*told, "" if kind in ONWARDS and loader == "joblib" else rest]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_object_is_read_as_without_the_guard(tmp_path, loader, kind):
    with ExitStack() as stack:
        bare = story(Files(tmp_path, stack), loader, kind)
        stack.callback(package.uninstall)
        package.install()
        assert story(Files(tmp_path, stack), loader, kind) == bare


def strided(data: bytes) -> memoryview:
    return memoryview(bytes(part for byte in data for part in (byte, 0)))[::2]


@pytest.mark.parametrize(
    "kind", [bytearray, memoryview, strided, lambda data: numpy.frombuffer(data, "u1"), pickle.PickleBuffer, str]
)
def test_bytes_of_any_kind_are_read_as_without_the_guard(kind):
    data = kind(pickle.dumps(VALUE)) if kind is not str else "text"
    bare = tried(lambda: pickle.loads(data))
    package.install()
    try:
        assert tried(lambda: pickle.loads(data)) == bare
    finally:
        package.uninstall()
