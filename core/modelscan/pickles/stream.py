"""Reads one pickle, and not a byte more, from a stream that cannot be rewound.

The boundaries are those of the C unpickler (CPython Modules/_pickle.c): it takes a frame as a whole, and otherwise
what each opcode's argument asks for. Nothing is judged here; where the stream makes no sense, reading stops.
"""

from __future__ import annotations

from typing import Any

from modelscan.pickles.opcodes import COUNTED, FIXED, LINES, NAMES, OPERANDS, SIGNED, Op

CHUNK = 1 << 20
"""Bytes asked for at once; a length in a stream may be a lie."""

_KNOWN = frozenset(NAMES)
_WIDTHS = {**FIXED, **OPERANDS}


def read_one(file: Any, limit: int | None = None) -> bytes:
    """The bytes of the pickle that stands at the position of `file`, as far as there is one.

    `file` has `read(size)` and `readline()`, as `pickle.load` wants it. Whatever they raise is raised. `limit`: no
    opcode behind so many bytes is followed; what comes back is then as long as that, or longer.
    """
    return _Stream(file).read(limit)


class _Stream:
    """`data` is what was taken from the file, `at` how far the opcodes have been followed."""

    def __init__(self, file: Any) -> None:
        self.file, self.data, self.at = file, bytearray(), 0

    def read(self, limit: int | None) -> bytes:
        while (limit is None or self.at < limit) and self._take(1):
            code = self.data[self.at - 1]
            if code == Op.STOP or code not in _KNOWN or not self._argument(code):
                break
        return bytes(self.data)

    def _argument(self, code: int) -> bool:
        """Whether the stream goes on behind the argument."""
        if code in LINES:
            return all(self._line() for _ in range(LINES[code]))
        width = COUNTED.get(code)
        if width is not None:
            return self._take(width) and self._take(self._number(width, signed=code in SIGNED))
        if not self._take(_WIDTHS.get(code, 0)):
            return False
        return code != Op.FRAME or self._fill(self._number(8))

    def _number(self, width: int, signed: bool = False) -> int:
        return int.from_bytes(self.data[self.at - width : self.at], "little", signed=signed)

    def _take(self, size: int) -> bool:
        """Moves on by `size` bytes; False where they are not there."""
        if size < 0 or not self._fill(size):
            return False
        self.at += size
        return True

    def _fill(self, size: int) -> bool:
        """Has at least `size` bytes behind `at` in `data`."""
        while (missing := self.at + size - len(self.data)) > 0:
            more = self.file.read(min(missing, CHUNK))
            if not more:
                return False
            self.data += more
        return True

    def _line(self) -> bool:
        """Moves on behind the next newline."""
        stop = self.data.find(b"\n", self.at)
        if stop < 0:
            self.data += self.file.readline()
            stop = self.data.find(b"\n", self.at)
        if stop < 0:
            return False
        self.at = stop + 1
        return True
