"""What stands in the arguments of opcodes: names, numbers in odd spellings, strings in every notation."""

from __future__ import annotations

import random
import struct

from modelscan.pickles.opcodes import COUNTED, LINES, OPERANDS, Op
from modelscan.pickles.opcodes import NAMES as OPCODES

NAMES = ["os", "posix", "system", "numpy.os", "a.b", "collections", "OrderedDict", "x", "builtins", "getattr", "\u00e9"]
ODD = ["", " ", "a b", "a\rb", "\U0001f600", "a..b", ".", "\u200b", "x\0y", "__class__", "n" * 4100, "\ud800"]
READ = [
    ("builtins", "getattr"),
    ("builtins", "type"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("_codecs", "encode"),
    ("functools", "partial"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("numpy._core", "_ufunc_reconstruct"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch.storage", "_load_from_bytes"),
    ("pickle", "loads"),
    ("dill._dill", "_create_array"),
    ("dill._dill", "_import_module"),
    ("types", "CodeType"),
    ("marshal", "loads"),
    ("scipy.stats.x", "rv"),
    ("joblib.numpy_pickle", "NDArrayWrapper"),
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
]
"""Names whose calls the machine reads further (`pickles.meaning`)."""

INDICES = (b"0", b"1", b" 2", b"1_0", b"01", b"3\0x", b"-1", b"", b"2 ", b"0x1", b"+1", b"9" * 25)
INTEGERS = (b"1", b"0x10", b"1\0junk", b"00", b"01", b"1L", b"-0", b"0o7", b"", b"x", b"1 ", b"\t1", b"0x", b"1_0")
LONGS = (b"1L", b"1", b"0x10", b"1\0junk", b"", b"L", b"1LL", b"-1L", b"1 L", b"9" * 5000 + b"L", b"1_000L")
FLOATS = (b"1.0", b"1.0\0x", b"nan", b"inf", b"1e999", b"", b"x", b" 1", b"1 ", b"0x1p3", b"1_0.0")
STRINGS = (b"'os'", b'"system"', b"'p\\x6fsix'", b"'\\157s'", b"os", b"'", b"'\\x4'", b"''", b"'a\"", b"'a' ", b"'\\q'")
UNICODES = (b"os", b"\\u006fs", b"\\U0000006fs", b"\\u00", b"\\\\u006f", b"a\\", b"\xe9", b"\xc3\xa9", b"")


class Words:
    """Random arguments, from `random` alone."""

    def __init__(self, random: random.Random) -> None:
        self.random, self.fresh = random, 0

    def word(self) -> str:
        pick = self.random.random()
        if pick < 0.03:
            return self.random.choice(ODD)
        if pick < 0.5:  # a name of its own, so that nothing else can account for it
            self.fresh += 1
            return f"m{self.fresh}"
        return self.random.choice(NAMES)

    def pair(self) -> tuple[str, str]:
        return self.random.choice(READ) if self.random.random() < 0.25 else (self.word(), self.word())

    def line(self, op: int) -> bytes:
        """The text argument of an opcode."""
        odd = {
            Op.GET: INDICES,
            Op.PUT: INDICES,
            Op.INT: INTEGERS,
            Op.LONG: LONGS,
            Op.FLOAT: FLOATS,
            Op.STRING: STRINGS,
            Op.UNICODE: UNICODES,
        }
        return self.random.choice(odd[op]) if op in odd else plain(self.word())

    def opcode(self) -> bytes:
        """Any opcode with some argument."""
        op = self.random.choice(list(OPCODES))
        code = bytes([op])
        if op in COUNTED:
            return code + self.counted(op, plain(self.word()))
        if op in LINES:
            return code + b"".join(self.line(op) + b"\n" for _ in range(LINES[op]))
        width = OPERANDS.get(op, {Op.BININT1: 1, Op.BININT2: 2, Op.BININT: 4, Op.BINFLOAT: 8}.get(op, 0))
        return code + bytes(self.random.choice((0, 0, 1, 2, 7)) for _ in range(width))

    @staticmethod
    def counted(op: int, raw: bytes) -> bytes:
        """Length and bytes, without the opcode; what is too long for the length is cut."""
        raw = raw[: (1 << 8 * min(COUNTED[op], 4)) - 1]
        return len(raw).to_bytes(COUNTED[op], "little") + raw

    def string(self, word: str | None = None) -> bytes:
        word = self.word() if word is None else word
        raw = plain(word)
        return self.random.choice(
            (
                b"\x8c" + self.counted(0x8C, raw),
                b"\x8c" + self.counted(0x8C, raw),
                b"X" + struct.pack("<I", len(raw)) + raw,
                b"\x8d" + struct.pack("<Q", len(raw)) + raw,
                b"V" + word.encode("raw-unicode-escape", "replace").replace(b"\n", b"\\u000a") + b"\n",
                b"V" + "".join(f"\\u{ord(c) & 0xFFFF:04x}" for c in word).encode() + b"\n",
                b"U" + self.counted(0x55, raw),
                b"T" + struct.pack("<i", len(raw)) + raw,
                b"S" + repr(word).encode("unicode-escape").replace(b"\\\\", b"\\") + b"\n",
                b"S'" + "".join(f"\\x{ord(c) & 0xFF:02x}" for c in word).encode() + b"'\n",
            )
        )

    def number(self) -> bytes:
        kind = self.random.randrange(9)
        if kind < 3:
            return b"K" + bytes([self.random.randrange(256)])
        if kind == 3:
            return b"J" + struct.pack("<i", self.random.choice((-1, 0, 1 << 30)))
        if kind == 4:
            return b"G" + struct.pack(">d", self.random.random())
        if kind == 5:
            return b"\x8a" + self.counted(0x8A, b"\x01" * self.random.randrange(12))
        if kind == 6:
            return b"\x8b" + self.counted(0x8B, b"\x7f" * self.random.choice((0, 1, 9, 300)))
        op = self.random.choice((Op.INT, Op.LONG, Op.FLOAT))
        return bytes([op]) + self.line(op) + b"\n"

    def raw(self, inner: bytes) -> bytes:
        """Bytes that look like more opcodes."""
        op = self.random.choice((Op.BINBYTES, Op.SHORT_BINBYTES, Op.BINBYTES8, Op.BYTEARRAY8))
        return bytes([op]) + self.counted(op, inner)


def plain(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")
