"""Hostile values as opcodes, for a process in which `world.prepare` has been called."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable

from .world import CODE, FOLDER, INSIDE, MODULE, TOUCH_OF_PYTHON

Name = tuple[str, str]


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def blob(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def name(module: str, of: str) -> bytes:
    return f"c{module}\n{of}\n".encode()


def call(callee: bytes, *args: bytes) -> bytes:
    return callee + b"(" + b"".join(args) + b"tR"


def entries(pairs: Iterable[tuple[str, bytes]]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in pairs) + b"u"


def instance(cls: bytes, state: bytes | None = None) -> bytes:
    """By NEWOBJ, and BUILD."""
    return cls + b")\x81" + (state + b"b" if state is not None else b"")


KEPT = (b"h\x01", b"h\x02")
"""Two objects with a function under every name of the class, made in `prelude`: an unreviewed and a known one."""
TOUCH, KNOWN = b"h\x03", b"h\x04"
"""A function that nobody reviewed, which may be kept and must not be called; the same under a name that is trusted for
being kept. Named in `prelude`."""
CLASS = name(MODULE, "Thing")
TRAP = instance(name(MODULE, "Trap"))
"""An object of an unreviewed class that tells what it is asked for."""
LATER = call(name("functools", "partial"), KNOWN, text("x"))
NESTED = blob(b"\x80\x04" + call(name(MODULE, "touch")) + b".")
TEXTS = (
    MODULE,
    CODE,
    f"{FOLDER}/marker.pkl",
    f"{INSIDE}/new",
    f"{MODULE}:touch",
    f"{MODULE}.touch",
    "http://[::1]:9/m",
)
MAPPING = (
    *("pop", "get", "items", "keys", "values", "update", "copy", "setdefault"),
    *("append", "extend", "add", "read", "readline", "write", "close"),
)
"""Names that are called on what looks like a mapping, list or file."""
RECORD = name("argparse", "Namespace")


def record(names: Iterable[str], function: bytes) -> bytes:
    return instance(RECORD, entries((each, function) for each in names))


def prelude(names: Iterable[str], data: bytes) -> bytes:
    """Puts into the memo what `KEPT`, `TOUCH` and `KNOWN` get from there, as far as `data` needs it."""
    made = b""
    for get, by in zip(KEPT, (TOUCH, KNOWN), strict=True):
        if get in data:
            made += record(names, by) + b"q" + get[1:] + b"0"
    functions = zip((TOUCH, KNOWN), (name(MODULE, "touch"), name(*TOUCH_OF_PYTHON)), strict=True)
    named = b"".join(spelled + b"q" + get[1:] + b"0" for get, spelled in functions if get in data + made)
    return named + made


PALETTE: tuple[tuple[int, Callable[[random.Random, list[str]], bytes]], ...] = (
    (18, lambda *_: TOUCH),
    (18, lambda *_: KNOWN),
    (6, lambda *_: LATER),
    (8, lambda rng, _: rng.choice(KEPT)),
    (8, lambda *_: TRAP),
    (16, lambda rng, _: text(rng.choice(TEXTS))),
    (5, lambda rng, _: b"K" + bytes([rng.randrange(4)])),
    (4, lambda *_: b"N"),
    (4, lambda rng, _: rng.choice((b"\x88", b"\x89"))),
    (3, lambda *_: NESTED),
    (3, lambda *_: CLASS),
    (4, lambda rng, _: b"]" + rng.choice((TOUCH, KNOWN, TRAP, text(CODE))) + b"a"),
    (3, lambda rng, names: entries((each, rng.choice((TOUCH, KNOWN))) for each in names[:40])),
    (2, lambda *_: call(name("collections", "OrderedDict"))),
    (3, lambda rng, _: b"(" + rng.choice((TOUCH, KNOWN)) + text(rng.choice(TEXTS)) + b"t"),
    (2, lambda *_: instance(CLASS)),
    (2, lambda *_: b"G" + struct.pack(">d", 1.5)),
)
MAKERS, WEIGHTS = [maker for _, maker in PALETTE], [weight for weight, _ in PALETTE]


def anything(rng: random.Random, names: list[str]) -> bytes:
    return rng.choices(MAKERS, WEIGHTS)[0](rng, names)
