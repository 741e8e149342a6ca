"""Regular expressions that are compiled when they are first used: most scans use few of those their modules have."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr


def later(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` makes, to whoever uses it. An expression that is none shows with its first use."""
    return _Later(pattern, flags)  # type: ignore[return-value]


class _Later:
    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._said: Any = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._said), name)
        setattr(self, name, value)
        return value
