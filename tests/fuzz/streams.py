"""Cases: programs in frames, rows that repeat, arrays between opcodes, several pickles, and all of that damaged."""

from __future__ import annotations

import datetime
import decimal
import pickle
import random
import struct
from collections import OrderedDict
from collections.abc import Callable

from modelscan.pickles.opcodes import NAMES

from .program import Program
from .words import Words

VALUES = [
    [1, 2.5, None, True, 10**30, -5, "text", b"bytes", ("a",), {"k": [1]}],
    OrderedDict(a=1),
    datetime.datetime(2020, 1, 2),
    [decimal.Decimal("1.5")] * 3,
    {1, 2, 3},
    frozenset({"a"}),
    bytearray(b"xyz"),
    "long" * 800,
    [OrderedDict(), OrderedDict(b=2), datetime.date(2000, 1, 1)],
    complex(1, 2),
    [{"name": f"n{n}", "at": n, "tags": ["a", "b"]} for n in range(40)],
]
LEGACY = [
    pickle.dumps(0x1950A86A20F9469CFC6C, 2),
    pickle.dumps(1001, 2),
    pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, 2),
    pickle.dumps({}, 2),
    pickle.dumps([], 2),
]
"""The five pickles of torch's old format."""


class Generator:
    """Random streams by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = Words(self.random)

    def case(self) -> bytes:
        kinds = (self.program, self.soup, self.real, self.repeated, self.several, self.arrays, self.legacy)
        data = self.random.choices(kinds, (40, 12, 6, 14, 12, 10, 6))[0]()
        pick = self.random.random()
        if pick < 0.12:
            return self.spliced(data)
        return self.damaged(data) if pick < 0.35 else data

    def program(self) -> bytes:
        head = self.random.choice((b"", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x04", b"\x80\x05"))
        parts = Program(self.random, self.words).write(self.random.choice((5, 12, 25, 60)))
        stop = b"." if self.random.random() < 0.9 else b""
        return head + self.framed([*parts, stop])

    def framed(self, parts: list[bytes]) -> bytes:
        """In frames that end between two opcodes, as a rule."""
        if self.random.random() < 0.7:
            return b"".join(parts)
        found = []
        while parts:
            size = self.random.randint(1, len(parts))
            body, parts = b"".join(parts[:size]), parts[size:]
            wrong = self.random.choice((1, -1, 1 << 40, -len(body))) if self.random.random() < 0.1 else 0
            frame = b"\x95" + struct.pack("<Q", max(0, len(body) + wrong))
            found.append(frame + body if self.random.random() < 0.8 else body)
        return b"".join(found)

    def soup(self) -> bytes:
        """Opcodes that need not fit each other."""
        head = b"\x80" + bytes([self.random.choice((0, 2, 3, 4, 5))]) if self.random.random() < 0.7 else b""
        body = [self.step() for _ in range(self.random.randint(1, 24))]
        return head + self.framed(body) + (b"." if self.random.random() < 0.9 else b"")

    def step(self) -> bytes:
        """A few opcodes that often make sense together."""
        pick = self.random.random()
        if pick < 0.15:
            return b"c%s\n%s\n" % tuple(word.encode("utf-8", "replace") for word in self.words.pair())
        if pick < 0.3:
            first, second = self.words.pair()
            named = self.words.string(first) + self.memo() + self.words.string(second) + self.memo()
            return named + b"\x93" + self.memo()
        if pick < 0.4:
            return self.random.choice((b"(", b")", b"]", b"}", b"N", b"K\x01", b"\x8f"))
        if pick < 0.5:
            return self.random.choice(
                (b"R", b")R", b")\x81", b"}b", b"o", b"t", b"\x85R", b"Nb", b"e", b"u", b"a", b"s")
            )
        if pick < 0.6:
            return self.random.choice((b"0", b"1", b"2", b"(0", b"(1", b"\x94", b"l", b"d", b"\x91", b"\x90"))
        if pick < 0.7:
            return b"h" + bytes([self.random.randrange(4)])
        return self.words.opcode()

    def memo(self) -> bytes:
        slot = self.random.randrange(4)
        return self.random.choice(
            (b"", b"", b"\x94", b"q" + bytes([slot]), b"0h" + bytes([slot]), f"p{slot}\n".encode())
        )

    def real(self) -> bytes:
        return pickle.dumps(self.random.choice(VALUES), self.random.randrange(6))

    def repeated(self) -> bytes:
        """Rows that are alike but for a few, as in the containers that are read many at a time."""
        steps = [self.step() for _ in range(self.random.randint(1, 8))]
        if self.random.random() < 0.5:
            steps = Program(self.random, self.words).write(self.random.randint(3, 10)) or steps
        rows = []
        for _ in range(self.random.randint(6, 40)):
            if self.random.random() < 0.1:
                steps[self.random.randrange(len(steps))] = self.step()
            rows.append(b"".join(self.again(step) for step in steps))
        used = b"".join(self.words.string() + b"\x940" for _ in range(4))
        opened = self.random.choice((b"](", b"}(", b"(", b"c%s\n%s\n(" % (b"a.b", b"x")))
        tail = b"".join(self.step() for _ in range(self.random.randint(0, 6)))
        closed = self.random.choice((b"e", b"u", b"t", b"l", b""))
        return b"\x80" + self.random.choice((b"\2", b"\4")) + used + opened + b"".join(rows) + closed + tail + b"."

    def again(self, step: bytes) -> bytes:
        """The same opcodes, with another string or number where that is all there is."""
        if step[:1] == b"\x8c" and len(step) == step[1] + 2:
            return b"\x8c" + Words.counted(0x8C, self.words.word().encode("utf-8", "surrogatepass"))
        return b"K" + bytes([self.random.randrange(256)]) if step[:1] == b"K" and len(step) == 2 else step

    def several(self) -> bytes:
        """Pickles behind each other, some with other bytes between."""
        kinds = (self.program, self.real, self.soup, self.arrays)
        parts = [self.random.choice(kinds)() for _ in range(self.random.randint(2, 4))]
        between = self.random.choice((b"", b"", b"", b"\0" * 8, b"\n", b"junk", b"\x80\x04N."))
        return between.join(parts)

    def legacy(self) -> bytes:
        """torch's five pickles, one of them something else, and the numbers behind them."""
        parts = LEGACY.copy()
        parts[self.random.randrange(5)] = self.program()
        return b"".join(parts) + self.noise()

    def noise(self) -> bytes:
        """What stands in an array: numbers, or bytes that look like opcodes."""
        return self.random.choice((bytes(16), self.random.randbytes(24), b"cm\nn\n)R.", self.soup(), b"\x80\x04("))

    def arrays(self) -> bytes:
        """A list with joblib's wrappers in it, each with its array behind it, and names before and behind."""
        program = Program(self.random, self.words)
        parts = [b"\x80\x04", b"]", b"("]
        for _ in range(self.random.randint(1, 3)):
            parts += [b"(", *program.write(self.random.randint(0, 6)), b"l"]
            parts.append(self.array())
            program.parts, program.stack, program.marks = [], [], []
        parts += [b"cm%d\nbehind\n" % self.random.randrange(99), b")R" * self.random.randrange(2), b"e", b"."]
        return b"".join(parts)

    def array(self) -> bytes:
        raw = self.noise()
        letter, data = self.random.choice(
            ((b"f8", raw), (b"u1", raw), (b"O", self.program()), (b"S3", raw), (b"V", raw))
        )
        size = {b"f8": 8, b"u1": 1, b"O": 8, b"S3": 3, b"V": 0}[letter]
        count = len(data) // size if size and letter != b"O" else self.random.randrange(3)
        wrong = self.random.choice((0, 0, 0, 0, 0, 1, -1))
        shape = self.random.choice(
            (b"K%c\x85" % max(0, min(255, count + wrong)), b"K%cK\x01\x86" % min(255, count), b")")
        )
        padding = self.random.choice((b"", b"\x00", b"\x03"))
        dtype = b"cnumpy\ndtype\n" + b"\x8c%c" % len(letter) + letter + b"\x89\x88\x87R"
        state = [
            _key(b"subclass") + b"cnumpy\nndarray\n",
            _key(b"shape") + shape,
            _key(b"order") + b"\x8c\x01C",
            _key(b"dtype") + dtype,
            _key(b"allow_mmap") + b"\x88",
            _key(b"numpy_array_alignment_bytes") + (b"K\x10" if padding else b"N"),
        ]
        wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(" + b"".join(state) + b"ub"
        between = padding + b"\xff" * padding[0] if padding else b""
        return wrapper + between + (data if letter == b"O" else data[: max(0, count * size)])

    def damaged(self, data: bytes) -> bytes:
        buffer = bytearray(data)
        hows: tuple[Callable[[bytearray, int], None], ...] = (self._set, self._insert, self._delete, self._copy)
        for _ in range(self.random.randint(1, 4)):
            self.random.choice(hows)(buffer, self.random.randrange(len(buffer) + 1))
        return bytes(buffer) or b"."

    def _set(self, buffer: bytearray, at: int) -> None:
        buffer[at : at + 1] = bytes([self.random.choice((self.random.randrange(256), self.random.choice(list(NAMES))))])

    def _insert(self, buffer: bytearray, at: int) -> None:
        buffer[at:at] = self.step()

    def _delete(self, buffer: bytearray, at: int) -> None:
        del buffer[at : at + self.random.randint(1, 4)]

    def _copy(self, buffer: bytearray, at: int) -> None:
        """A piece of it once more, in another place."""
        start = self.random.randrange(len(buffer) + 1)
        buffer[at:at] = buffer[start : start + self.random.randint(1, 40)]

    def spliced(self, data: bytes) -> bytes:
        other = self.random.choice((self.program, self.soup, self.real, self.arrays))()
        return data[: self.random.randrange(len(data) + 1)] + other[self.random.randrange(len(other) + 1) :] or b"."


def _key(word: bytes) -> bytes:
    return b"\x8c" + bytes([len(word)]) + word
