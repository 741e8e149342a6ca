"""Estimators of scikit-learn whose version is no text.

`BaseEstimator.__setstate__` (sklearn/base.py) compares the version in the state with its own and, where they differ,
puts it into a warning. Of an object that runs the methods by which it is compared and shown: functions of the file.
"""

from __future__ import annotations

from modelscan.pickles import caches, leaves
from modelscan.pickles.batches import Batch
from modelscan.pickles.values import Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

KEY = "_sklearn_version"
PACKAGE = "sklearn"


def is_of(module: str) -> bool:
    return module.startswith(PACKAGE)


class Versions:
    """Of one pickle, from the first name of the package on: picklers write a state behind the class that it is for."""

    __slots__ = ("could_be_text", "data", "end", "fresh", "known", "odd", "seen")

    def __init__(self, data: leaves.Buffer, end: int, could_be_text: Callable[[Any], bool]) -> None:
        self.data, self.end, self.could_be_text = data, end, could_be_text
        self.seen: dict[int, Group] = {}
        """Dictionaries that were empty since then, by identity."""
        self.odd: dict[int, Group] = {}
        """Of these, the ones with anything but plain data as a version."""
        self.fresh = -1
        """The last text that was a key of more than plain data."""
        self.known: dict[int, bool] = {}
        """Such texts, and whether they are the one key."""

    def filled(self, target: Group, items: list[Any]) -> Iterator[int]:
        """Keys that nobody has seen yet and that decide what the dictionary is."""
        if target.size == len(items):
            self.seen[id(target)] = target
        for key, value in zip(items[::2], items[1::2], strict=False):
            if type(value) is int:
                continue
            if type(key) is int and key > self.fresh:
                self.fresh = key
                yield key
            if self._is_version(key):
                self.odd[id(target)] = target

    def _is_version(self, key: Any) -> bool:
        if type(key) is not int:
            return self.could_be_text(key)
        found = self.known.get(key)
        if found is None:
            text = leaves.string(self.data, key, self.end)
            found = self.known[key] = text == KEY or (text is None and self.could_be_text(key))
        return found

    def is_odd(self, target: Made, state: Any) -> bool:
        """Could an estimator find an object where its version should be?"""
        if target.root is None or not is_of(target.root.module):
            return False
        if type(state) is Made:
            return state.root is not None and caches.could_set(state)
        if type(state) is not Group or id(state) in self.seen:
            return id(state) in self.odd
        pairs = state.pairs()
        if pairs is not None:
            return any(type(value) is not int and self._is_version(key) for key, value in pairs)
        return state.kind == "dict" and any(type(part) not in (int, Batch) for part in state.parts())
