"""What a loader is given: how it is scanned, and what the loader gets in its place where it could be read only once."""

from __future__ import annotations

import gzip
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from modelscan.guard import shapes
from modelscan.guard.plain import WINDOW, asks_nothing
from modelscan.guard.scope import Pair
from modelscan.guard.target import Target
from modelscan.pickles.stream import read_one
from modelscan.policy import Policy
from modelscan.scanner import NAMELESS, Borrowed, Examination, can_seek, examine
from modelscan.source.artifact import Artifact, Identity, identity_of

READ_AHEAD = 1 << 17
"""Bytes that the C unpickler asks a file object to have ready."""


class Source(ABC):
    """One source of one load. `given` takes its place in the loader's arguments unless it is None."""

    label: str
    loader: str = ""
    given: Any = None
    foreign: bool = False
    """The loader itself reads from an object that may be connected to anything."""
    digest: str | None = None
    """Its sha256, where it was asked for in the middle of a load."""
    small: bytes | None = None
    """The one pickle that it is, as far as `shapes` would look at it."""

    def prepare(self) -> None:
        """Reads what can be read only once. Raises what the file object raises."""

    def beside(self) -> Path | None:
        """The folder that it lies in, or is."""
        return None

    def names(self, policy: Policy) -> AbstractSet[Pair] | None:
        """What loading it may resolve, where that is known without a scan: nothing, or harmless names."""
        return None

    @abstractmethod
    def examine(self, policy: Policy) -> tuple[Artifact, Examination]: ...

    @abstractmethod
    def sha256(self) -> str | None:
        """Of the whole file, of a file object from its position on, of the bytes."""

    def changed(self) -> bool:
        """Is it another file than the one that was scanned?"""
        return False

    def close(self) -> None:
        """Gives back what is held."""


class Unknown(Source):
    """What cannot be scanned: the loader has its own words for it, and may resolve nothing."""

    def __init__(self, value: Any) -> None:
        self.label = label_of(value)

    def examine(self, policy: Policy) -> tuple[Artifact, Examination]:
        return Artifact.of_bytes(self.label, b""), Examination()

    def sha256(self) -> None:
        return None


class Bytes(Source):
    """Bytes at hand. `single`: they are one pickle, whatever they look like."""

    def __init__(self, data: bytes, label: str = NAMELESS, single: bool = True) -> None:
        self.data, self.label, self.single = data, label, single

    def names(self, policy: Policy) -> AbstractSet[Pair] | None:
        if not self.single or len(self.data) > WINDOW:
            return None
        self.small = self.data
        found = shapes.names(self.small, policy)
        return shapes.NOTHING if found is None and asks_nothing(self.data) else found

    def examine(self, policy: Policy) -> tuple[Artifact, Examination]:
        artifact = Artifact.of_bytes(self.label, self.data)
        reader = pickles() if self.single else None
        return artifact, examine(artifact, policy, single=self.single, loader=self.loader, reader=reader)

    def sha256(self) -> str:
        return Artifact.of_bytes(self.label, self.data).sha256()


class Stream(Bytes):
    """A file object that cannot be rewound, or not cheaply. The loader gets what was read from it."""

    def __init__(self, file: Any, single: bool) -> None:
        super().__init__(b"", label_of(file), single)
        self.file = file
        self.origin: int | None = None
        """Where it stood, if it can be put back there."""

    def beside(self) -> Path | None:
        return _folder_of(self.file)

    def prepare(self) -> None:
        """Following a pickle to its end takes longer than loading it, so that of a long one all that is left is read.

        Only of a file that nobody has read from yet: going back in a compressed one begins at its beginning.
        """
        if self.single and can_rewind(self.file):
            self.origin = _position(self.file)
        fresh = self.origin == 0
        if self.single:
            self.data = read_one(self.file, WINDOW if fresh else None)
        else:
            self.data = _left_over(self.file) + self.file.read()
        if fresh and len(self.data) >= WINDOW:
            self.data += self.file.read()
        self.given = io.BufferedReader(io.BytesIO(self.data), READ_AHEAD)

    def close(self) -> None:
        if self.given is None:
            return
        if self.origin is None:
            _leave(self.file, self.data[self.given.tell() :])
        elif (end := self.origin + self.given.tell()) != self.file.tell():
            self.file.seek(end)


_left: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
"""By a stream that was read to its end, what its loader left: for the next load from there."""


def _left_over(file: Any) -> bytes:
    with suppress(TypeError):  # nothing that could be remembered
        return _left.pop(file, b"")
    return b""


def _leave(file: Any, data: bytes) -> None:
    with suppress(TypeError):
        if data:
            _left[file] = data


class File(Source):
    """A regular file that the loader opens by its path. Raises OSError or FormatError when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path, self.label, self._beside = path, str(path), Path(os.path.abspath(path)).parent  # noqa: PTH100
        self.artifact = Artifact.open(path)
        self.identity = self.artifact.identity()

    def beside(self) -> Path | None:
        return self._beside

    def examine(self, policy: Policy) -> tuple[Artifact, Examination]:
        """The loader may want to write to it, as `mmap_mode="r+"` does."""
        try:
            return self.artifact, examine(self.artifact, policy, loader=self.loader)
        finally:
            self.artifact.let_go()

    def sha256(self) -> str:
        return self.artifact.sha256()

    def changed(self) -> bool:
        try:
            return identity_of(self.path) != self.identity
        except OSError:
            return True

    def close(self) -> None:
        self.artifact.close()


class Handle(Source):
    """A file object that several of whose pickles, or all of whose archive, may be read; its position is put back.

    `whole`: its loader reads it from the beginning, wherever it stands.
    """

    def __init__(self, file: Any, whole: bool = False) -> None:
        self.file, self.label = file, label_of(file)
        self.origin, self.foreign = 0 if whole else file.tell(), not is_ordinary(file)
        self.identity = file_identity(file)

    def beside(self) -> Path | None:
        return _folder_of(self.file)

    def examine(self, policy: Policy) -> tuple[Artifact, Examination]:
        with self._from_origin() as artifact:
            return artifact, examine(artifact, policy, loader=self.loader)

    def sha256(self) -> str:
        """Of the file object from where the load begins."""
        with self._from_origin() as artifact:
            return artifact.sha256()

    @contextmanager
    def _from_origin(self) -> Iterator[Artifact]:
        at = self.file.tell()
        self.rewind()
        try:
            with Borrowed(self.file) as artifact:
                yield artifact
        finally:
            self.file.seek(at)

    def changed(self) -> bool:
        return file_identity(self.file) != self.identity

    def rewind(self) -> None:
        self.file.seek(self.origin)


def passes_on(target: Target, value: Any) -> bool:
    """Does this loader open the source itself and hand it to `pickle.load`?"""
    if not target.inner:
        return False
    if isinstance(value, str | os.PathLike):
        return "://" in os.fsdecode(value)
    return hasattr(value, "read") and not can_rewind(value)


def can_rewind(file: Any) -> bool:
    """Can it be read twice? A GzipFile always says so."""
    with suppress(Exception):
        return can_seek(file.fileobj if isinstance(file, gzip.GzipFile) else file)
    return False


def _position(file: Any) -> int | None:
    with suppress(Exception):
        return int(file.tell())
    return None


def is_ordinary(file: Any) -> bool:
    """A file on disk or in memory, which going back costs nothing."""
    if type(file) not in (io.BytesIO, io.BufferedReader, io.BufferedRandom, io.FileIO):
        return False
    return type(getattr(file, "raw", None)) in (io.FileIO, type(None)) and bool(file.seekable())


def label_of(value: Any) -> str:
    """What a report calls it: its path where it has one."""
    if isinstance(value, str | bytes | os.PathLike):
        with suppress(Exception):
            return os.fsdecode(value)
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else f"<{type(value).__name__}>"


def file_identity(file: Any) -> Identity | None:
    """Of a file on disk, None of what is somewhere else."""
    with suppress(Exception):
        return identity_of(file.fileno())
    return None


def _folder_of(file: Any) -> Path | None:
    name = getattr(file, "name", None)
    return Path(os.path.abspath(name)).parent if isinstance(name, str) else None  # noqa: PTH100


def pickles() -> Any:
    from modelscan.formats.pickle import READER  # with all the readers: not before the first scan

    return READER
