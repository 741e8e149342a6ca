"""Package names that are one letter away from a known one, as typo-squatted packages are."""

from __future__ import annotations

from collections.abc import Collection

SHORTEST = 5
"""Shorter names have too many honest neighbours."""

_CONFUSED = str.maketrans({"I": "l", "1": "l", "0": "o", "5": "s"})


def lookalike(package: str, known: Collection[str]) -> str | None:
    """The known package that `package` could be mistaken for, None if there is none or it is known itself."""
    if package in known or len(package) < SHORTEST - 1:
        return None
    plain = package.translate(_CONFUSED).lower()
    return next((name for name in sorted(known) if len(name) >= SHORTEST and _near(plain, name)), None)


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
