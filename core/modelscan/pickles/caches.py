"""Objects of pandas whose `_cache` is no dictionary.

`cache_readonly` (pandas/_libs/properties.pyx) takes whatever is there for a dictionary, with functions of C that do not
look: of bytes, the first eight are followed as the address of its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from modelscan.patterns import later
from modelscan.pickles import leaves
from modelscan.pickles.values import Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "_cache"
_SPELLED, _ESCAPED = later(rb"_cache"), later(rb"\\[xuU0-7]")
_TEXT = later(rb"[VS][^\n]*\Z")
_NEAR = 40
"""Bytes between the opcode of such a text and its first escape: no more than the key has, and a quote."""
_NO_MAPPINGS = frozenset({"joblib", "numpy", "pandas"})
"""Packages, by their own name or below `sklearn.externals`, whose objects in such a place are arrays or wrap one."""


def may_be_spelled(data: leaves.Buffer, start: int, end: int) -> bool:
    """May the key be a leaf of this pickle: as it is, or escaped in an opcode of protocol 0?

    Each expression begins with one byte, which is looked for much faster than either of two.
    """
    if _SPELLED.search(data, start, end) is not None:
        return True
    escapes = (found.start() for found in _ESCAPED.finditer(data, start, end))
    return any(_TEXT.search(data[max(start, at - _NEAR) : at]) is not None for at in escapes)


def is_kept_by(module: str) -> bool:
    return module.startswith("pandas.")


def dictionaries(state: Any) -> Iterator[Any]:
    """What a state may set attributes from: itself, or the two parts of a pair; other tuples are for `__setstate__`."""
    if type(state) is Group and state.kind == "tuple":
        parts = state.whole() if state.size == 2 else None
        yield from (part for part in parts or () if could_set(part))
    elif could_set(state):
        yield state


def is_confused(data: leaves.Buffer, end: int, state: Any, could_be_text: Callable[[Any], bool], careful: bool) -> bool:
    """Does it set the cache to anything but a dictionary or None, or would nobody know?"""
    if type(state) is not Group:
        return True
    pairs = state.pairs()
    if pairs is None:
        return _is_hidden(data, state, careful)
    for key, value in pairs:
        name = leaves.string(data, key, end)
        if (name == KEY or (name is None and could_be_text(key))) and not _is_dictionary(data, value):
            return True
    return False


def _is_hidden(data: leaves.Buffer, state: Group, careful: bool) -> bool:
    """Of a state with more entries than are kept: those that matter were noted, or no leaf of the pickle is the key."""
    if not careful:
        return state.odd
    noted = state.noted
    return noted is None or any(name in ("", KEY) and not _is_dictionary(data, value) for name, value in noted)


def could_set(part: Any) -> bool:
    """A dictionary, or what some call made, which may be one: arrays and objects of pandas themselves are none."""
    if type(part) is Group:
        return part.kind == "dict"
    return type(part) is Made and (part.root is None or not _NO_MAPPINGS.intersection(part.root.module.split(".")))


def _is_dictionary(data: leaves.Buffer, value: Any) -> bool:
    return leaves.is_none(data, value) or (type(value) is Group and value.kind == "dict")
