"""What a guarded load may resolve while it runs, bound to the task and thread that runs it."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from modelscan.errors import ModelScanError, UnsafeModelError

Pair = tuple[str, str]
"""(module, name) as the unpickler asks for it."""

_extension_cache: dict[int, Any] = copyreg._extension_cache  # type: ignore[attr-defined]


class Veto(ModelScanError):
    """Raised inside a load to stop it. Libraries wrap or swallow it; the gate raises UnsafeModelError in its place."""


class Scope:
    """One load. Not frozen: the audit hook writes down what it stopped.

    `allowed` are the names that the scan saw, None for a load that nothing is kept from. `trip`: starting a program
    is stopped.
    """

    __slots__ = ("allowed", "blocked", "open", "refusals", "started", "trip")

    def __init__(self, allowed: AbstractSet[Pair] | None, trip: bool = True) -> None:
        self.allowed, self.trip = allowed, trip
        self.blocked: list[Pair] = []
        """Names that were asked for and are not in `allowed`."""
        self.started: list[str] = []
        """Audit events of programs that were not started."""
        self.refusals: list[UnsafeModelError] = []
        """Loads inside this one that were refused."""
        self.open = True
        """False once the load is over: a task it created keeps its context, and with it this scope."""

    @property
    def vetoed(self) -> bool:
        """Was anything stopped? Then the load is refused, whatever came of it."""
        return bool(self.blocked or self.started or self.refusals)


_current: ContextVar[Scope | None] = ContextVar("modelscan_scope", default=None)
scope_here: Callable[[], Scope | None] = _current.get
"""The innermost scope of this task and thread, perhaps of a load that is over."""


def current() -> Scope | None:
    """The scope of the load that is running here, None outside of any."""
    scope = scope_here()
    return scope if scope is not None and scope.open else None


@contextmanager
def outside() -> Iterator[None]:
    """For what the guard itself does while a load runs."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def run(scope: Scope, load: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """`load(*args, **kwargs)` inside `scope`."""
    if _extension_cache:
        # What this cache holds is handed out without an event (CPython Lib/pickle.py, get_extension).
        _extension_cache.clear()
    token = _current.set(scope)
    try:
        return load(*args, **kwargs)
    finally:
        scope.open = False
        _current.reset(token)
