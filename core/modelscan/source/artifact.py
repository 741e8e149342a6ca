"""A named piece of bytes with random access: a file, a stream, an archive's member."""

from __future__ import annotations

import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from itertools import repeat
from operator import add

from modelscan.errors import FormatError
from modelscan.progress import Meter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from typing import Any, BinaryIO, TypeAlias

    from modelscan.source.storage_records import Records

Buffer: TypeAlias = "bytes | mmap.mmap"
Identity = tuple[int, int, int, int, int]
"""device, inode, size, mtime_ns, ctime_ns of an open file."""

HEAD = 1024
CHUNK = 1 << 20
SMALL = 256 << 10
"""Files up to this size are read in one go when they are opened."""
IN_MEMORY = 8 << 20
"""Files up to this size are read. Larger ones are mapped where nobody can cut them off meanwhile."""
MAPPED_ANYWAY = 256 << 20
"""Files above this size are mapped even so: one that is cut off then ends the process."""


class Artifact:
    """`size` bytes under a name chain such as `model.pt!archive/data.pkl`; a child reads through its root.

    `loader` is who would read it ("torch" inside a torch archive), `expected` tells that it need not be a model.
    """

    def __init__(
        self, name: str, root: Root, base: int, size: int, *, loader: str = "", expected: bool = False
    ) -> None:
        self.name, self.size, self.loader, self.expected = name, size, loader, expected
        self._root, self._base, self._owns = root, base, True
        self._head: bytes | None = None
        self.tried: object = None
        """What the reader that claims it has found out so far, to read on from."""
        self.numbers = False
        """Is it a tensor, by what it lies in? Then it may look like anything by chance."""
        self.records: Records | None = None
        """Those of the archive it lies in that its persistent ids name."""
        self.beside: str | None = None
        """The folder it lies in, if it is a file by itself, also a compressed one."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Artifact:
        """Opens a regular file. Raises OSError, and FormatError for what is no regular file."""
        name = os.fspath(path)
        met = os.stat(name)  # noqa: PTH116 - before opening: a pipe would block
        if not stat.S_ISREG(met.st_mode):
            raise FormatError("not-a-file", no_file(met.st_mode))
        buffering = 0 if met.st_size <= SMALL else -1
        file = open(name, "rb", buffering)  # noqa: SIM115, PTH123 - the artifact owns it
        size = os.fstat(file.fileno()).st_size
        root = FileRoot(file) if size > SMALL else SmallFileRoot(file, size)
        made = cls(name, root, 0, root.size if isinstance(root, SmallFileRoot) else size)
        made.beside = os.path.dirname(name)  # noqa: PTH120 - spelled as loaders spell it
        return made

    @classmethod
    def of_bytes(cls, name: str, data: bytes | bytearray | memoryview) -> Artifact:
        whole = bytes(data)
        return cls(name, BytesRoot(whole), 0, len(whole))

    @classmethod
    def of_file(cls, name: str, file: BinaryIO) -> Artifact:
        """A temporary file, which nobody else knows. It belongs to the artifact from now on."""
        file.seek(0, io.SEEK_END)
        return cls(name, FileRoot(file, private=True), 0, file.tell())

    def part(
        self, name: str, start: int, size: int, *, loader: str | None = None, expected: bool = False, chain: str = "!"
    ) -> Artifact:
        """A child that is a range of this artifact's own bytes."""
        chained = f"{self.name}{chain}{name}"
        inherited = self.loader if loader is None else loader
        made = Artifact(chained, self._root, self._base + start, size, loader=inherited, expected=expected)
        made._owns = False
        return made

    def child(
        self, name: str, data: bytes | BinaryIO, *, loader: str | None = None, expected: bool = False
    ) -> Artifact:
        """A child with bytes of its own: what a codec produced."""
        chained = f"{self.name}!{name}"
        made = Artifact.of_bytes(chained, data) if isinstance(data, bytes) else Artifact.of_file(chained, data)
        made.loader, made.expected = self.loader if loader is None else loader, expected
        return made

    @property
    def head(self) -> bytes:
        """The first bytes, at most `HEAD`."""
        if self._head is None:
            self._head = self.read(0, HEAD)
        return self._head

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`, fewer at the end."""
        length = min(length, self.size - start)
        return self._root.read(self._base + start, length) if length > 0 else b""

    def pieces(self, starts: Iterable[int], lengths: Iterable[int]) -> list[bytes]:
        """Many pieces within the artifact; fewer bytes of those that reach over the end of the file."""
        return self._root.pieces(map(add, starts, repeat(self._base)) if self._base else starts, lengths)

    def view(self) -> tuple[Buffer, int, int]:
        """A buffer with the start and end of this artifact in it. Large files are mapped, not copied."""
        return self._root.view(self._base, self.size)

    def stream(self, buffer: int = CHUNK) -> io.BufferedReader:
        """A readable, seekable file object over these bytes, `buffer` bytes a read."""
        return io.BufferedReader(_Raw(self), buffer)

    def sha256(self) -> str:
        """Of all bytes, computed once and only when asked: for a checkpoint it costs more than the scan."""
        import hashlib

        digest = hashlib.sha256()
        with Meter(self.name, self.size, phase="hashing") as meter:
            for start in range(0, self.size, CHUNK):
                digest.update(self.read(start, CHUNK))
                meter.done = start
        return digest.hexdigest()

    def identity(self) -> Identity | None:
        return self._root.identity()

    def hold(self) -> bool:
        """Keeps everybody from cutting it off until it is closed or let go. False where the system cannot."""
        return self._root.hold()

    def let_go(self) -> None:
        """It may be written to again, by the loader too. What was mapped is mapped no more."""
        self._root.let_go()

    def close(self) -> None:
        """Closes the file below, also that of parts."""
        self._root.close()

    def release(self) -> None:
        """Closes what belongs to this artifact alone: nothing for a part of another."""
        if self._owns:
            self._root.close()


class Root(ABC):
    """Where bytes really are. `read` and `view` take absolute offsets."""

    @abstractmethod
    def read(self, start: int, length: int) -> bytes: ...

    def view(self, start: int, length: int) -> tuple[Buffer, int, int]:
        data = self.read(start, length)
        return data, 0, len(data)

    def pieces(self, starts: Iterable[int], lengths: Iterable[int]) -> list[bytes]:
        return list(map(self.read, starts, lengths))

    def identity(self) -> Identity | None:
        return None

    def hold(self) -> bool:
        return False

    def let_go(self) -> None:
        """Nothing is held of bytes in memory."""

    def close(self) -> None:
        """Gives back what is held; reading afterwards is an error."""


class BytesRoot(Root):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, start: int, length: int) -> bytes:
        return self.data[start : start + length]

    def view(self, start: int, length: int) -> tuple[Buffer, int, int]:
        return self.data, start, start + length


class FileRoot(Root):
    def __init__(self, file: BinaryIO, private: bool = False) -> None:
        self.file, self.private = file, private
        self._map: mmap.mmap | None = None
        self._leased = False

    def read(self, start: int, length: int) -> bytes:
        if hasattr(os, "pread"):  # no more than was asked for, where a buffered file reads 8 KB
            data = os.pread(self.file.fileno(), length, start)
            while len(data) < length and (more := os.pread(self.file.fileno(), length - len(data), start + len(data))):
                data += more
            return data
        self.file.seek(start)
        return self.file.read(length)

    def view(self, start: int, length: int) -> tuple[Buffer, int, int]:
        if length <= IN_MEMORY or (not self.hold() and length <= MAPPED_ANYWAY):
            return super().view(start, length)
        return self._mapped(), start, start + length

    def pieces(self, starts: Iterable[int], lengths: Iterable[int]) -> list[bytes]:
        """Not through a map: what a fault costs is more than a call, and a file that is cut off meanwhile kills."""
        if not hasattr(os, "pread"):
            return super().pieces(starts, lengths)
        return list(map(os.pread, repeat(self.file.fileno()), lengths, starts))

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            from modelscan.source.mapped import Mapped

            self._map = Mapped.of(self.file)
        return self._map

    def identity(self) -> Identity | None:
        return identity_of(self.file.fileno())

    def hold(self) -> bool:
        if not (self._leased or self.private):
            from modelscan.source import lease

            self._leased = lease.take(self.file.fileno())
        return self._leased or self.private

    def let_go(self) -> None:
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._leased:
            from modelscan.source import lease

            self._leased = False
            lease.give_back(self.file.fileno())

    def close(self) -> None:
        if not self.file.closed:
            self.let_go()
            self.file.close()


class SmallFileRoot(BytesRoot):
    """The bytes of a small file. It stays open, to tell whether it was written to since."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__(read_up_to(file, size))
        self.file, self.size = file, len(self.data)

    def identity(self) -> Identity | None:
        return identity_of(self.file.fileno())

    def close(self) -> None:
        self.file.close()


class StreamRoot(Root):
    """A file object of somebody else, read from its position `origin` on; it is put back there by the caller."""

    def __init__(self, read_at: Callable[[int, int], bytes], origin: int) -> None:
        self.read_at, self.origin = read_at, origin

    def read(self, start: int, length: int) -> bytes:
        return self.read_at(self.origin + start, length)


_SORTS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a device", stat.S_IFCHR: "a device"}


def read_up_to(file: Any, size: int) -> bytes:
    """So many bytes from where a file object stands, fewer only at its end: one read may give less."""
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return bytes(data)


def no_file(mode: int) -> str:
    """What something is that is no regular file, by its mode."""
    return f"{_SORTS.get(stat.S_IFMT(mode), 'something else')}, not a regular file"


def identity_of(target: int | str | os.PathLike[str]) -> Identity:
    """What tells a file from another one put in its place, or written to since."""
    found = os.stat(target)  # noqa: PTH116 - also takes a file descriptor
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class _Raw(io.RawIOBase):
    def __init__(self, artifact: Artifact) -> None:
        self.artifact, self.at = artifact, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.artifact.size}[whence])
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        data = self.artifact.read(self.at, len(target))
        target[: len(data)] = data
        self.at += len(data)
        return len(data)
