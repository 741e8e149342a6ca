"""Programs that mostly run: each opcode fits what those before it left on the stack and in the memo."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .words import Words, plain

TEXT, DATA, TUPLE, LIST, DICT, SET, NAME, THING = "text", "data", "tuple", "list", "dict", "set", "name", "thing"
"""What stands on the stack. NAME: an imported object, THING: what came of calling one."""
DECOYS = (b"cos\nsystem\n)R.", b"\x80\x04\x8c\x02os\x8c\x06system\x93.", b"\n" * 3, b"0" * 40, b".")
EVERYTHING = 0.06
"""How often an opcode is taken although it may not fit."""


@dataclass
class Program:
    """One stream while it is written: its opcodes so far, and the kinds of value the unpickler would have then."""

    random: random.Random
    words: Words
    protocol: int = 4
    parts: list[bytes] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)
    marks: list[list[str]] = field(default_factory=list)
    memo: dict[int, str] = field(default_factory=dict)

    def write(self, steps: int) -> list[bytes]:
        """Opcode by opcode, without PROTO and STOP."""
        for _ in range(steps):
            if self.random.random() < EVERYTHING:
                self.parts.append(self.words.opcode())
                continue
            step = self.random.choices(STEPS, WEIGHTS)[0]
            step(self)
        return self.parts

    def put(self, code: bytes, *kinds: str) -> None:
        self.parts.append(code)
        self.stack += kinds

    def fits(self, *kinds: str) -> bool:
        """Is this on top of the stack? "*" fits anything, "a|b" one of them."""
        if len(self.stack) < len(kinds):
            return False
        return all(
            want == "*" or have in want.split("|") for want, have in zip(kinds[::-1], self.stack[::-1], strict=False)
        )

    def drop(self, count: int) -> None:
        del self.stack[len(self.stack) - count :]

    def close(self) -> list[str]:
        items, self.stack = self.stack, self.marks.pop()
        return items


def _text(one: Program) -> None:
    one.put(one.words.string(), TEXT)


def _data(one: Program) -> None:
    one.put(one.random.choice((one.words.number, lambda: one.random.choice((b"N", b"\x88", b"\x89"))))(), DATA)


def _bytes(one: Program) -> None:
    decoy = one.random.choice(
        (b"cos\nsystem\n)R.", b"\x80\x04\x8c\x02os\x8c\x06system\x93.", b"\n" * 3, b"0" * 40, b".")
    )
    one.put(one.words.raw(decoy), DATA)


def _empty(one: Program) -> None:
    one.put(*one.random.choice(((b"]", LIST), (b"}", DICT), (b")", TUPLE), (b"\x8f", SET))))


def _mark(one: Program) -> None:
    if len(one.marks) < 4:
        one.parts.append(b"(")
        one.marks.append(one.stack)
        one.stack = []


def _group(one: Program) -> None:
    if not one.marks:
        return
    even = len(one.stack) % 2 == 0
    one.close()
    kinds = [(b"t", TUPLE), (b"t", TUPLE), (b"l", LIST), (b"\x91", SET)] + [(b"d", DICT)] * even
    one.put(*one.random.choice(kinds))


def _tuple(one: Program) -> None:
    size = one.random.randint(1, 3)
    if len(one.stack) >= size:
        one.drop(size)
        one.put(bytes([0x84 + size]), TUPLE)


def _global(one: Program) -> None:
    module, name = one.words.pair()
    code = b"c%s\n%s\n" % (plain(module).replace(b"\n", b""), plain(name).replace(b"\n", b""))
    one.put(code, NAME)


def _stack_global(one: Program) -> None:
    if not one.fits(TEXT, TEXT):
        return
    one.drop(2)
    one.put(b"\x93", NAME)


def _named(one: Program) -> None:
    """Module and name with memo opcodes and decoys between."""
    for word in one.words.pair():
        one.put(one.words.string(word), TEXT)
        for _ in range(one.random.choice((0, 0, 1, 1, 2))):
            one.random.choice((_memoize, _memoize, _again, _decoy))(one)
    if one.fits(TEXT, TEXT):
        _stack_global(one)


def _decoy(one: Program) -> None:
    """Something that is there and gone again."""
    _, after = one.random.choice(
        (
            ("push and pop", one.words.string() + b"0"),
            ("mark and pop", b"(" + one.words.string() + b"1"),
            ("mark and pop twice", b"(" + one.words.string() + b"00"),
            ("twice", b"20"),
        )
    )
    one.parts.append(after if one.stack or after != b"20" else b"")


def _memoize(one: Program) -> None:
    if not one.stack:
        return
    free = one.random.choice((len(one.memo), len(one.memo), 0, 1, 2, 3, 7, 300))
    code = one.random.choice(
        (b"\x94", b"\x94", b"q" + bytes([free % 256]), b"r" + struct.pack("<I", free), b"p%d\n" % free)
    )
    at = len(one.memo) if code == b"\x94" else free % 256 if code[:1] == b"q" else free
    one.memo[at] = one.stack[-1]
    one.parts.append(code)


def _again(one: Program) -> None:
    """Takes something out of the memo."""
    if not one.memo:
        return
    at = one.random.choice(list(one.memo))
    codes = [b"g%d\n" % at, b"j" + struct.pack("<I", at)] + [b"h" + bytes([at & 0xFF])] * 3 * (at < 256)
    one.put(one.random.choice(codes), one.memo[at])


def _dup(one: Program) -> None:
    if one.stack:
        one.put(b"2", one.stack[-1])


def _pop(one: Program) -> None:
    if one.stack:
        one.parts.append(b"0")
        one.stack.pop()
    elif one.marks:
        one.parts.append(b"0")
        one.close()


def _pop_mark(one: Program) -> None:
    if one.marks:
        one.parts.append(b"1")
        one.close()


def _reduce(one: Program) -> None:
    if one.fits("name|thing", TUPLE):
        one.drop(2)
        one.put(one.random.choice((b"R", b"R", b"\x81")), THING)
    elif one.fits("name|thing"):
        one.put(b")" + one.random.choice((b"R", b"\x81")))
        one.stack[-1] = THING


def _newobj_ex(one: Program) -> None:
    if one.fits("name", TUPLE, DICT):
        one.drop(3)
        one.put(b"\x92", THING)
    elif one.fits("name"):
        one.put(b")}\x92")
        one.stack[-1] = THING


def _inst(one: Program) -> None:
    if one.marks:
        module, name = one.words.pair()
        one.close()
        one.put(b"i%s\n%s\n" % (plain(module).replace(b"\n", b""), plain(name).replace(b"\n", b"")), THING)


def _obj(one: Program) -> None:
    if one.marks and one.stack and one.stack[0] in (NAME, THING):
        one.close()
        one.put(b"o", THING)


def _build(one: Program) -> None:
    if one.fits("name|thing", "*"):
        one.drop(1)
        one.parts.append(b"b")


def _fill(one: Program) -> None:
    if one.fits("list|thing|name", "*"):
        one.drop(1)
        one.parts.append(b"a")
    elif one.fits("dict|thing|name", "*", "*"):
        one.drop(2)
        one.parts.append(b"s")


def _fill_marked(one: Program) -> None:
    if not one.marks or not one.marks[-1]:
        return
    target, even = one.marks[-1][-1], len(one.stack) % 2 == 0
    codes = {LIST: [b"e"], DICT: [b"u"], SET: [b"\x90"], THING: [b"e", b"u", b"\x90"], NAME: [b"e", b"u", b"\x90"]}
    code = one.random.choice(codes.get(target, [b""]))
    if code and (even or code != b"u"):
        one.close()
        one.parts.append(code)


def _outside(one: Program) -> None:
    kind = one.random.randrange(4)
    if kind == 0:
        one.put(b"P" + plain(one.words.word()).replace(b"\n", b"") + b"\n", THING)
    elif kind == 1 and one.stack:
        one.drop(1)
        one.put(b"Q", THING)
    else:
        code = one.random.choice((1, 1, 2, 7, 0, 300))
        width, letter = one.random.choice(((1, b"\x82"), (2, b"\x83"), (4, b"\x84")))
        one.put(letter + (code % (1 << 8 * width)).to_bytes(width, "little"), NAME)


def _protocol(one: Program) -> None:
    one.parts.append(b"\x80" + bytes([one.random.choice((0, 2, 3, 4, 5, 5))]))


Step = Callable[[Program], None]
TABLE: dict[Step, int] = {
    _text: 8,
    _data: 5,
    _bytes: 2,
    _empty: 6,
    _mark: 6,
    _group: 5,
    _tuple: 5,
    _global: 6,
    _stack_global: 8,
    _named: 8,
    _decoy: 2,
    _memoize: 8,
    _again: 8,
    _dup: 4,
    _pop: 4,
    _pop_mark: 2,
    _reduce: 12,
    _newobj_ex: 3,
    _inst: 4,
    _obj: 4,
    _build: 5,
    _fill: 5,
    _fill_marked: 5,
    _outside: 2,
    _protocol: 1,
}
STEPS, WEIGHTS = list(TABLE), list(TABLE.values())
