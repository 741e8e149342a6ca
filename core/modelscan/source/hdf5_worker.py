"""One process that reads HDF5 for this one, and may crash, hang or run out of memory without harm.

Of a few thousand randomly damaged files some crash libhdf5 (1.14), and some keep it walking in circles, in C and with
the interpreter's lock. The process is started for the first file, asks for the bytes it wants, answers in JSON and
bytes, and ends with us. Where no process can be started, the file is read here.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from modelscan.errors import FormatError
from modelscan.source.artifact import Artifact
from modelscan.source.hdf5_walk import HEAP, Row, Walk, is_sound

BUFFER = 512
"""Bytes per read: what describes the data is small and lies apart."""
SECONDS = 60.0
MEMORY = 4 << 30
MOST = 256 << 20
"""Bytes of all that one file may hand over."""

_FRAME = struct.Struct("<cI")
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from modelscan.source.hdf5_worker import serve; serve()"
)


class BrokenOff(FormatError):
    """The file could not be read to its end; `rows` is what came before."""

    def __init__(self, reason: str, rows: list[Row]) -> None:
        super().__init__("hdf5-data", reason)
        self.rows = rows


def rows(artifact: Artifact, members: int) -> list[Row]:
    """What describes the data of an HDF5 file. Raises BrokenOff."""
    found: list[Row] = []
    with _lock:
        worker = _worker()
        reason = _here(artifact, members, found) if worker is None else worker.read(artifact, members, found)
    if reason:
        raise BrokenOff(f"an HDF5 file that breaks: {reason}", found)
    return found


def _here(artifact: Artifact, members: int, found: list[Row]) -> str:
    return walk(artifact.read, artifact.size, members, found.append)


class Worker:
    """The other process, from here. Used by one thread at a time."""

    def __init__(self) -> None:
        here = Path.cwd()
        path = [entry for entry in sys.path if entry and Path(entry).is_absolute() and Path(entry) != here]
        path.append(str(Path(__file__).parents[2]))
        self.owner = os.getpid()
        self.process = subprocess.Popen(  # noqa: S603 - the running Python and code of our own
            [sys.executable, "-I", "-c", _BOOT, json.dumps(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def is_alive(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None

    def read(self, artifact: Artifact, members: int, found: list[Row]) -> str:
        """Fills `found`; why the file could not be read to its end, or nothing."""
        watchdog = threading.Timer(SECONDS, self.process.kill)
        watchdog.daemon = True
        watchdog.start()
        finished = False
        try:
            reason = self._converse(artifact, members, found)
            finished = True
        except (OSError, ValueError, EOFError, TypeError, KeyError, struct.error) as error:
            reason = f"its reader ended ({type(error).__name__})"
        finally:
            watchdog.cancel()
            if not finished:  # also when the user interrupts: what it says next would answer another question
                self.end()
        return reason

    def _converse(self, artifact: Artifact, members: int, found: list[Row]) -> str:
        into, out = _pipes(self.process)
        _send(into, b"O", json.dumps([artifact.size, members]).encode())
        left = MOST
        while True:
            kind, data = _receive(out)
            left -= len(data)
            if left < 0:
                raise ValueError("too much")
            if kind == b"R":
                start, length = json.loads(data)
                _send(into, b"D", artifact.read(int(start), min(int(length), MOST)))
            elif kind == b"I":
                kind_of, rule, text, path, target = map(str, json.loads(data))
                found.append(Row(kind_of, rule, text, path, target, _receive(out)[1]))
            elif kind == b"E":
                return data.decode("utf-8", "replace")[:500]
            else:
                raise ValueError("an answer that makes no sense")

    def end(self) -> None:
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
        else:
            self.process.returncode = 0  # it belongs to the process we were forked from
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


_lock = threading.Lock()
_current: list[Worker] = []


def _worker() -> Worker | None:
    """The process that is running, or a new one. None where there can be none."""
    if _current and _current[0].is_alive():
        return _current[0]
    _end()
    if not sys.executable:
        return None
    with suppress(OSError, ValueError):
        _current.append(Worker())
        return _current[0]
    return None


def _end() -> None:
    while _current:
        _current.pop().end()


def _forked() -> None:
    """A lock that another thread held would never be given back here, and the process is somebody else's."""
    global _lock  # noqa: PLW0603 - a new one for a new process
    _lock = threading.Lock()
    _end()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO]:
    if process.stdin is None or process.stdout is None:
        raise OSError("no pipes")
    return process.stdin, process.stdout  # type: ignore[return-value]


def _send(pipe: BinaryIO, kind: bytes, data: bytes) -> None:
    pipe.write(_FRAME.pack(kind, len(data)) + data)
    pipe.flush()


def _receive(pipe: BinaryIO) -> tuple[bytes, bytes]:
    kind, size = _FRAME.unpack(pipe.read(_FRAME.size))
    if size > MOST:
        raise ValueError("too much at once")
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return kind, data


def serve() -> None:
    """The other process: one file after the other, until nobody asks any more."""
    _limit_memory()
    into, out = sys.stdin.buffer, sys.stdout.buffer
    while header := into.read(_FRAME.size):
        size, members = json.loads(into.read(_FRAME.unpack(header)[1]))

        def read_at(start: int, length: int) -> bytes:
            _send(out, b"R", json.dumps([start, length]).encode())
            return _receive(into)[1]

        def tell(row: Row) -> None:
            _send(out, b"I", json.dumps([row.kind, row.rule, row.text, row.path, row.target]).encode())
            _send(out, b"B", row.data)

        _send(out, b"E", walk(read_at, size, members, tell).encode("utf-8", "backslashreplace"))


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def walk(read_at: Callable[[int, int], bytes], size: int, members: int, tell: Callable[[Row], None]) -> str:
    """Reads a file with h5py; why it could not be read to its end, or nothing."""
    import h5py

    try:
        stream = io.BufferedReader(Watched(read_at, size), BUFFER)
        with h5py.File(stream, "r") as file:
            for row in Walk(h5py, size, members).objects(file):
                tell(row)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        return str(error) or type(error).__name__
    return ""


class Watched(io.RawIOBase):
    """A file object for h5py. Raises OSError for a heap in which libhdf5 would walk in a circle."""

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        self.read_at, self.size, self.at = read_at, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence])
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, target: Any) -> int:
        length = min(len(target), max(0, self.size - self.at))
        data = self.read_at(self.at, length) if length else b""
        if data.startswith(HEAP) and not is_sound(data):
            raise OSError("a global heap with a length that leads nowhere")
        target[: len(data)] = data
        self.at += len(data)
        return len(data)
