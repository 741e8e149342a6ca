"""Pickles assembled opcode by opcode. Every payload only makes an empty folder, the marker."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path


class Payload:
    """Pickles as a call of `os.mkdir` on the marker."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


class Pipe(io.RawIOBase):
    """A file object of somebody's own, and nothing to go back in."""

    def __init__(self, data: bytes) -> None:
        self.inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        return self.inner.readinto(target)


def proto(number: int = 4) -> bytes:
    return b"\x80" + bytes([number])


def text(value: str) -> bytes:
    """A string, as SHORT_BINUNICODE or BINUNICODE."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else b"X" + struct.pack("<I", len(raw)) + raw


def global_(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def call(callee: bytes, *args: bytes) -> bytes:
    """`callee(*args)` by REDUCE."""
    return callee + b"(" + b"".join(args) + b"tR"


def payload(marker: Path) -> bytes:
    """The opcodes of `os.mkdir(marker)`, without PROTO and STOP."""
    return call(global_("os", "mkdir"), text(str(marker)))


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def legacy_torch(at: int, evil: bytes) -> bytes:
    """torch's five pickles with `evil` as the one at index `at`."""
    parts = [
        pickle.dumps(0x1950A86A20F9469CFC6C, 2),
        pickle.dumps(1001, 2),
        pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, 2),
        pickle.dumps({}, 2),
        pickle.dumps([], 2),
    ]
    parts[at] = evil
    return b"".join(parts)
