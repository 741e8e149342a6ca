"""A mapped file that can be read as well: where a few bytes here and there are wanted, a call costs less than a fault.

A page of a map that is touched for the first time costs several microseconds, and the file's map as much again when
it is closed; reading a few kilobytes costs less than one.
"""

from __future__ import annotations

import mmap
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


class Mapped(mmap.mmap):
    """All of `file`, which has to stay open. Raises OSError and ValueError as mmap does."""

    file: BinaryIO

    @classmethod
    def of(cls, file: BinaryIO) -> Mapped:
        made = cls(file.fileno(), 0, access=mmap.ACCESS_READ)
        made.file = file
        return made

    def near(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`, fewer at the end of the file."""
        if not hasattr(os, "pread"):
            return self[start : start + length]
        return os.pread(self.file.fileno(), length, start)
