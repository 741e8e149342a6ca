"""Texts that dill evaluates while it loads, as far as they are what it writes itself: they say no more than a name."""

from __future__ import annotations

from modelscan.patterns import later

CONSTANTS = frozenset({"Ellipsis", "NotImplemented"})
_RANGE = later(r"range\(-?\d+, -?\d+(, -?\d+)?\)")
_LONGEST_RANGE = 70
"""Characters of three numbers of 64 bits."""
_METHOD = later(r"<(?:method|slot wrapper) '(\w+)' of '([\w.]+)' objects>")


def is_range(text: str) -> bool:
    return len(text) <= _LONGEST_RANGE and _RANGE.fullmatch(text) is not None


def owner(name: str, shown: str) -> str | None:
    """The compiled type that a method is of, "builtins" left out, by the text Python has for it; None of other texts.

    dill takes the type out of that text and evaluates it together with the name.
    """
    found = _METHOD.fullmatch(shown)
    if found is None or found[1] != name or not name.isidentifier():
        return None
    return found[2] if all(part.isidentifier() for part in found[2].split(".")) else None
