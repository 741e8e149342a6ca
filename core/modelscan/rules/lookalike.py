"""Package names that are one letter away from a known one, as typo-squatted packages are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

SHORTEST = 5
"""Shorter names have too many honest neighbours."""

_CONFUSED = str.maketrans({"I": "l", "1": "l", "0": "o", "5": "s"})


def lookalike(package: str, known: Collection[str]) -> str | None:
    """The known package that `package` could be mistaken for, None if there is none or it is known itself."""
    if package in known or len(package) < SHORTEST - 1:
        return None
    near, longest = _shortened(frozenset(known))
    if len(package) > longest + 1:
        return None
    plain = package.translate(_CONFUSED).lower()
    found = {name for word in _without_a_letter(plain) for name in near.get(word, ())}
    return next((name for name in sorted(found) if _near(plain, name)), None)


@lru_cache(maxsize=8)
def _shortened(known: frozenset[str]) -> tuple[dict[str, list[str]], int]:
    """Known names by what is left of them without a letter, and the longest name's length.

    Two names at one edit have such a word in common. A file may name a package in every ten bytes: too many to hold
    each of them against all that are known.
    """
    near: dict[str, list[str]] = {}
    for name in known:
        if len(name) >= SHORTEST:
            for word in _without_a_letter(name):
                near.setdefault(word, []).append(name)
    return near, max(map(len, near), default=0)


def _without_a_letter(name: str) -> Iterator[str]:
    """The name itself, and all that is left of it without one letter."""
    yield name
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]


def _near(one: str, other: str) -> bool:
    """Equal after confusable letters, or at one edit (insertion, deletion, substitution, swap of neighbours)."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, rest_other = one[start:], other[start:]
    return (
        rest[1:] == rest_other[1:]
        or rest[1:] == rest_other
        or rest == rest_other[1:]
        or (rest[1:2] + rest[:1] + rest[2:]) == rest_other
    )
