"""Calls that come to far more than the bytes which write them: iterators without end, sizes and digits from a number.

`list(itertools.repeat(1))` and `bytearray(2**40)` are a few dozen bytes. One of `RUNS` costs nothing as long as nobody
goes through it, so it matters who is given it; one of `SIZED` is paid for at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import mul

from modelscan.patterns import later
from modelscan.pickles import leaves, objects
from modelscan.pickles.opcodes import Op
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GIANT = 1 << 20
"""Items, or digits, from which on nothing may be given it that might go through it."""
MOST = 1 << 28
"""Bytes that all calls of a stream may come to."""
ENDLESS = 1 << 62
DIGITS = 16
"""What a digit of an exponent counts: a number of more digits takes longer for each of them."""
SOME = 256
"""Items from which on it is counted how often they are gone through."""
ITEMS = 1 << 25
"""Items that all calls of a stream may go through beyond those that it spells."""
LONG = 1_024
"""Bytes of an integer from which on it takes longer to convert than to read; the time grows with their square."""
WIDE = 4
"""Bytes of a character of numpy's `U`."""

Reading = Callable[[leaves.Buffer, int, "list[Any]"], int]
"""Of the arguments: items, digits, or bytes."""

_DATA = frozenset({Op.BINBYTES, Op.SHORT_BINBYTES, Op.BINBYTES8, Op.BYTEARRAY8, Op.SHORT_BINSTRING, Op.BINSTRING})
_COPIED = frozenset({Op.BINBYTES, Op.BINBYTES8, Op.BYTEARRAY8, Op.BINUNICODE, Op.BINUNICODE8, Op.BINSTRING})
_INTEGERS = frozenset({Op.BININT, Op.BININT1, Op.BININT2, Op.LONG1})

_EXPONENT = later(r"[eE][+-]?([\d_]+)")
_NUMBER = later(r"\d+")
_SIZED_DTYPE = later(r"[<>|=]?[SUVa]\d+|.*[,(].*")
_PREFIX = later(r"[^/]*/(\d{1,3})")


def of(read: Reading, data: leaves.Buffer, end: int, args: Any) -> int:
    """What it comes to; arguments that nobody knows may come to anything."""
    items = args.whole() if isinstance(args, Group) and args.kind == "tuple" else None
    if items and len(items) == 2 and isinstance(items[0], Group) and isinstance(items[1], Group):  # NEWOBJ_EX
        items = items[0].whole() if not items[1].size else None
    return ENDLESS if items is None else read(data, end, items)


def hangs_on(args: Any) -> list[int]:
    """Offsets of the plain data among the arguments."""
    return [item for item in args.head if type(item) is int] if isinstance(args, Group) else []


def gone_through(data: leaves.Buffer, end: int, args: Group) -> int:
    """Items of the largest argument, or eights of its bytes, which the call may copy each time it is given it."""
    most = 0
    for item in args.head:
        kind = type(item)
        if kind is int:
            if data[item] in _COPIED:
                start, stop = leaves.span(data, item, end)
                most = max(most, (stop - start) >> 3)
        elif kind is Group:
            most = max(most, item.size if item.spelled else objects.count(item))
        elif kind is Made:
            most = max(most, item.amount)
    return most if most >= SOME else 0


def is_fixed(spelled: str, data: leaves.Buffer, args: Any) -> bool:
    """Would a call with other plain data of the same kinds come to as little?"""
    first = hangs_on(args)[:1]
    if spelled not in SIZED or (isinstance(args, Group) and not args.size):
        return True
    kind = data[first[0]] if first else -1
    return kind in _DATA if SIZED[spelled] is _zeros else SIZED[spelled] is _fraction and kind in _INTEGERS


def blurred(made: Made) -> bool:
    """Does it stand for several, whose numbers nobody has looked at?"""
    return type(made.callee) is Global and made.callee.spelled in RUNS


def _range(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    numbers = [leaves.number(data, item, end) for item in items]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or not 0 < len(known) < 4:
        return ENDLESS
    start, stop, step = (0, *known, 1) if len(known) == 1 else (*known, 1)[:3]
    return max(0, (stop - start) // step) if step else 0


def _repeat(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    times = leaves.number(data, items[1], end) if len(items) == 2 else None
    return ENDLESS if times is None else times


def _count(*_: Any) -> int:
    return ENDLESS


def _network(bits: int) -> Reading:
    def read(data: leaves.Buffer, end: int, items: list[Any]) -> int:
        """Addresses of `10.0.0.0/8`, and a single one without a prefix."""
        text = leaves.string(data, items[0], end) if items else None
        if text is None or "/" not in text:
            return ENDLESS if text is None else 1
        prefix = _PREFIX.fullmatch(text)
        return 1 << max(0, bits - int(prefix[1])) if prefix else ENDLESS

    return read


def _decimal(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    """By its exponent, up to which an integer has to be filled with digits."""
    value = items[0] if items else None
    if isinstance(value, Group):
        parts = value.whole() or []
        exponent = leaves.number(data, parts[2], end) if len(parts) == 3 else None
        return ENDLESS if exponent is None else DIGITS * abs(exponent)
    return ENDLESS if isinstance(value, Made) else DIGITS * _exponent(leaves.string(data, value, end) or "")


def _exponent(text: str) -> int:
    found = _EXPONENT.search(text)
    return min(int(found[1].replace("_", "")[:19] or 0), ENDLESS) if found else 0


def _dtype(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    value = items[0] if items else None
    if isinstance(value, Group | Made):
        return ENDLESS
    return _written(leaves.string(data, value, end), end)


def _written(text: str | None, end: int) -> int:
    """Bytes of an item of that dtype, as far as the stream could not have written them out; 0 for no such text."""
    if text is None or not _SIZED_DTYPE.fullmatch(text):
        return 0
    size = WIDE * reduce(mul, (max(1, int(digits[:19])) for digits in _NUMBER.findall(text)), 1)
    return min(size, ENDLESS) if size > max(end, GIANT) else 0


def _zeros(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    """As many as the number says; other data is copied."""
    value = items[0] if items else None
    if type(value) is not int:
        return 0
    found = leaves.decode(data, value, end)
    if isinstance(found, leaves.Undecoded):
        return ENDLESS if found.opcode in ("LONG1", "LONG4", "LONG", "INT") else 0
    return found if isinstance(found, int) else 0


def _fraction(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    text = leaves.string(data, items[0], end) if items else None
    return DIGITS * DIGITS * _exponent(text or "")


def _logger(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    """`logging` keeps a place for each part of the name, by all of the name up to there."""
    text = leaves.string(data, items[0], end) if items else None
    if text is None:
        return ENDLESS if items and type(items[0]) is int and isinstance(_undecoded(data, end, items[0]), int) else 0
    return text.count(".") * len(text) // 2


def _undecoded(data: leaves.Buffer, end: int, at: int) -> int | None:
    found = leaves.decode(data, at, end)
    return found.size if isinstance(found, leaves.Undecoded) else None


def _places(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    """Addresses of objects, one for each place of the shape that an array is made with."""
    shape = next((item for item in items[:3] if type(item) is Group), None)
    sizes = shape.whole() if shape is not None and shape.kind == "tuple" else None
    numbers = [leaves.number(data, size, end) or 0 for size in sizes or (None,)]
    return max(8 * reduce(mul, numbers, 1), 0)


def _array(data: leaves.Buffer, end: int, items: list[Any]) -> int:
    """Without data, of a dtype whose name says how much there is."""
    texts = [leaves.string(data, item, end) for item in items]
    return max(_places(data, end, items), *(_written(text, end) for text in texts), 0)


RUNS: dict[str, Reading] = {
    **dict.fromkeys(("builtins:range", "__builtin__:range", "__builtin__:xrange"), _range),
    "itertools:repeat": _repeat,
    "itertools:count": _count,
    "ipaddress:IPv4Network": _network(32),
    "ipaddress:IPv6Network": _network(128),
    "decimal:Decimal": _decimal,
    "_decimal:Decimal": _decimal,
    "_pydecimal:Decimal": _decimal,
}
"""What has an amount that costs nothing yet."""
DTYPE = "numpy:dtype"
RECONSTRUCT: dict[str, Reading] = dict.fromkeys(
    ("numpy.core.multiarray:_reconstruct", "numpy._core.multiarray:_reconstruct"), _places
)
"""How every array is made, empty as a rule, so that rows of them are read in bulk."""
SIZED: dict[str, Reading] = {
    **dict.fromkeys(("builtins:bytes", "builtins:bytearray", "__builtin__:bytes", "__builtin__:bytearray"), _zeros),
    **dict.fromkeys(("numpy:bytes_", "numpy:void"), _zeros),
    "fractions:Fraction": _fraction,
    "logging:getLogger": _logger,
    "numpy.ma.core:_mareconstruct": _array,
    **{f"numpy:{name}": _array for name in ("ndarray", "matrix", "record", "recarray", "memmap", "chararray")},
}
"""What takes as many bytes as one of its arguments says."""
READINGS: dict[str, Reading] = {**RUNS, **SIZED, **RECONSTRUCT, DTYPE: _dtype}
