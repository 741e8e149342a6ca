"""Small pickles that differ from one that was scanned only in their numbers and texts.

A program that unpickles dates, arrays of a few numbers or objects of its own by the thousand meets the same few
shapes again and again. A shape is every opcode in order, every place in the memo and every name. It is remembered
only when a full scan called it SAFE, when all its names are trusted whatever texts they are given, and when each
opcode that takes a name has that name written out before it; the load itself is bound to the names as any other.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Set as AbstractSet
from typing import Any

from modelscan.guard.outline import UNTOLD, Outline, blanked, outline
from modelscan.guard.scope import Pair
from modelscan.guard.session import CurrentSession, resolve
from modelscan.pickles import caches
from modelscan.pickles.opcodes import CALLS, COUNTED, FIXED, GROUPING, Op
from modelscan.policy import Policy
from modelscan.records import dataclass
from modelscan.rules.match import Use

NOTHING: AbstractSet[Pair] = frozenset()
LONGEST = 4096
"""Bytes of a pickle that is looked at."""
KEPT = 4096
"""Shapes that are remembered."""

_ANY_TEXT = frozenset({Use.CALL, Use.CALL_TRUSTED, Use.HOLD, Use.CONSTRUCT, Use.NAME})
_SPECIAL = re.compile(rb"(?<![a-z])__(?!(?:main|builtin)__)[a-z]").search
"""A text such as `__setstate__`, which may mean more than a text."""
_CACHE = caches.KEY.encode()
"""An attribute that compiled code of pandas believes."""


def _steps() -> list[int]:
    """Per opcode byte: how far the next one is, or the bytes of its length made negative, or 0 if it needs a look."""
    steps: dict[int, int] = dict.fromkeys(GROUPING | CALLS, 1)
    steps |= {op: 1 + width for op, width in FIXED.items() if op != Op.NEXT_BUFFER}
    steps |= {op: -width for op, width in COUNTED.items()}
    return [steps.get(code, 0) for code in range(256)]


_STEPS = _steps()
_MEMOIZE, _STACK_GLOBAL, _GLOBAL = int(Op.MEMOIZE), int(Op.STACK_GLOBAL), int(Op.GLOBAL)
_TEXTS = frozenset({int(Op.SHORT_BINUNICODE), int(Op.BINUNICODE)})
_GETS = {int(Op.BINGET): 1, int(Op.LONG_BINGET): 4}
_PUTS = {int(Op.BINPUT): 1, int(Op.LONG_BINPUT): 4}
_PROTO, _FRAME, _STOP = int(Op.PROTO), int(Op.FRAME), int(Op.STOP)

Key = tuple[bytes, tuple[Pair, ...]]


@dataclass(frozen=True, slots=True)
class Known:
    """`names` are what the load may resolve. `own` are objects of the user's, with what made the scan accept them."""

    policy: Policy
    names: AbstractSet[Pair]
    packages: tuple[str, ...]
    own: tuple[tuple[Pair, Any], ...]
    folder: str

    def holds(self, policy: Policy) -> bool:
        """Is the policy the same, and what the session knew about these names?"""
        modules = sys.modules
        if policy is not self.policy:
            return False
        for package in self.packages:
            if package not in modules:
                return False
        if not self.own:
            return True
        return os.getcwd() == self.folder and all(resolve(*pair) is value for pair, value in self.own)  # noqa: PTH109


_known: dict[Key, Known] = {}
_drawn: dict[Outline, Known] = {}
"""The same, by what is found faster than a shape."""


def names(data: bytes, policy: Policy) -> AbstractSet[Pair] | None:
    """The names that the one pickle in these bytes may resolve, None if it has to be scanned."""
    if _drawn and not _is_unusual(data):
        drawn = _drawn.get(outline(data))
        if drawn is not None and drawn.holds(policy):
            return drawn.names
    key = shape(data)
    if key is None:
        return None
    found = _known.get(key)
    if found is not None and found.holds(policy):
        return found.names
    return None if key[1] else NOTHING


def remember(data: bytes, policy: Policy, session: CurrentSession, names: AbstractSet[Pair]) -> None:
    """After a scan that found nothing: `names` are those it saw."""
    from modelscan.pickles.meaning import MEANINGS, SHAPED  # there by now, and not needed before the first scan

    key = shape(data)
    if key is None or names != frozenset(key[1]):
        return
    own = []
    for module, name in names:
        match = policy.rules.match(module, name)
        if match.rule is not None or (match.use is not None and match.use not in _ANY_TEXT):
            return
        spelled = f"{module}:{name}"
        if spelled in MEANINGS and spelled not in SHAPED:
            return
        if match.use is None:
            if not (session.is_own(module, name) or session.is_enum(module, name)):  # approved, for now
                return
            own.append(((module, name), resolve(module, name)))
    if len(_known) >= KEPT:
        _known.clear()
        _drawn.clear()
    renamed = key[0][0] == _PROTO and key[0][1] < 3  # the unpickler then translates the names of Python 2
    modules = (policy.rules.canonical(*pair) if renamed else pair[0] for pair in names)
    packages = tuple({module.partition(".")[0] for module in modules})
    _known[key] = Known(policy, names, packages, tuple(own), os.getcwd())  # noqa: PTH109
    if _is_told_by_outline(data, key):
        _drawn[outline(data)] = _known[key]


def _is_told_by_outline(data: bytes, key: Key) -> bool:
    """Is every name written out in it, and does the pickle end with the bytes?

    Which texts are encodings is part of a shape, and not of an outline.
    """
    if b"codecs" in data or any("?" in part for pair in key[1] for part in pair):
        return False
    return outline(data) != UNTOLD and shape(blanked(data)) == key and shape(data[:-1]) is None


def _encoding(raw: bytes) -> bytes:
    from modelscan.pickles.meaning import ENCODING, LONGEST_KEY

    return b"\1" if len(raw) <= LONGEST_KEY and ENCODING.fullmatch(raw.decode("latin-1")) else b"\0"


def shape(data: bytes) -> Key | None:
    """The shape of the one pickle that these bytes are; None for whatever is in the least unusual."""
    if _is_unusual(data):
        return None
    try:
        return _shape(data)
    except (IndexError, KeyError, ValueError):  # it ends in the middle, or makes no sense
        return None


def _is_unusual(data: bytes) -> bool:
    if len(data) > LONGEST or (data[2:3] == b"\x95" and int.from_bytes(data[3:11], "little") > len(data)):
        return True
    return _CACHE in data or (b"__" in data and _SPECIAL(data) is not None)


def _shape(data: bytes) -> Key | None:
    """`below` and `top` are the two topmost values of the stack where they are texts written out in the pickle."""
    codes, names = bytearray(), []
    memo: dict[int, bytes | None] = {}
    below: bytes | None = None
    top: bytes | None = None
    steps, note, frame, at = _STEPS, codes.append, 0, 0
    coded = b"codecs" in data  # which of its texts are encodings is part of the shape: one may say how bytes are made
    while True:
        code = data[at]
        note(code)
        step = steps[code]
        if code == _MEMOIZE:
            memo[len(memo)] = top
            at += 1
        elif step > 0:
            at += step
            top = None
        elif step < 0:
            start = at + 1 - step
            at = start + (data[at + 1] if step == -1 else int.from_bytes(data[at + 1 : start], "little"))
            below, top = top, data[start:at] if code in _TEXTS else None
            codes += _encoding(data[start:at]) if coded else b""
        elif code == _STACK_GLOBAL and below is not None and top is not None:
            names.append((below.decode(), top.decode()))
            top = None
            at += 1
        elif code in _GETS:
            index = data[at + 1 : at + 1 + _GETS[code]]
            below, top = top, memo[int.from_bytes(index, "little")]
            codes += index
            at += 1 + len(index)
        elif code in _PUTS:
            index = data[at + 1 : at + 1 + _PUTS[code]]
            memo[int.from_bytes(index, "little")] = top
            codes += index
            at += 1 + len(index)
        elif code == _GLOBAL:
            first = data.index(b"\n", at)
            second = data.index(b"\n", first + 1)
            names.append((data[at + 1 : first].decode("ascii"), data[first + 1 : second].decode("ascii")))
            top = None
            at = second + 1
        elif code == _FRAME and at == 2:
            frame = at + 9 + int.from_bytes(data[3:11], "little")
            at += 9
        elif code == _PROTO and at == 0:
            note(data[1])
            at = 2
        elif code == _STOP and frame in (0, at + 1):
            return bytes(codes), tuple(names)
        else:
            return None
