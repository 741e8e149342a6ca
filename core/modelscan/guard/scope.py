"""What a guarded load may resolve while it runs, bound to the task and thread that runs it."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterable, Iterator, Mapping
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

    `allowed` are the names that the scan saw, None for a load that nothing is kept from. `trip`: what acts is stopped,
    as `tripwire` says. `reads`: the source is an object of somebody else's, which may fetch its bytes as it likes.
    """

    __slots__ = ("acts", "allowed", "approval", "approved", "blocked", "noted", "open", "reads", "refusals", "trip")

    def __init__(self, allowed: AbstractSet[Pair] | None, trip: bool = True, reads: bool = False) -> None:
        self.allowed, self.trip, self.reads = allowed, trip, reads
        self.approval: Callable[[], bool] | None = None
        """Did a person approve this very file? Asked before the first act would be stopped."""
        self.blocked: list[Pair] = []
        """Names that were asked for and are not in `allowed`."""
        self.acts: list[tuple[str, str]] = []
        """Audit events that were stopped, or let through because they are approved, and how they are told."""
        self.noted: list[str] = []
        """What was let through and written down."""
        self.refusals: list[UnsafeModelError] = []
        """Loads inside this one that were refused."""
        self.approved = False
        """What it does would be stopped, but is approved: all of it is let through and written down."""
        self.open = True
        """False once the load is over: a task it created keeps its context, and with it this scope."""

    @property
    def vetoed(self) -> bool:
        """Was anything stopped? Then the load is refused, whatever came of it."""
        return bool(self.blocked or (self.acts and not self.approved) or self.refusals)

    def approves(self) -> bool:
        """Asks once. Whatever it opens to find out is no act of the load."""
        ask, self.approval = self.approval, None
        if ask is None or self.vetoed:
            return self.approved
        self.trip = False
        with set_aside():
            self.approved = ask()
        self.trip = not self.approved
        return self.approved


_current: ContextVar[Scope | None] = ContextVar("modelscan_scope", default=None)
scope_here: Callable[[], Scope | None] = _current.get
"""The innermost scope of this task and thread, perhaps of a load that is over."""


_latched: ContextVar[frozenset[str]] = ContextVar("modelscan_latched", default=frozenset())
latched: Callable[[], frozenset[str]] = _latched.get
"""Names for which a load was refused in this task and thread: a library that falls back to another unpickler meets
the same refusal."""
LATCHED = 1000


def latch(names: Iterable[str]) -> None:
    _latched.set(frozenset([*names, *latched()][:LATCHED]))


def unlatch() -> None:
    """What comes now is another attempt of the user's."""
    _latched.set(frozenset())


def current() -> Scope | None:
    """The scope of the load that is running here, None outside of any."""
    scope = scope_here()
    return scope if scope is not None and scope.open else None


@contextmanager
def resting(scope: Scope | None) -> Iterator[None]:
    """For the scan of a load inside another one: it may use temporary files."""
    if scope is None:
        yield
        return
    trip, scope.trip = scope.trip, False
    try:
        yield
    finally:
        scope.trip = trip


@contextmanager
def set_aside() -> Iterator[None]:
    """For listeners, and for what is kept on disk, while a load runs."""
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
    token = None
    try:
        token = _current.set(scope)  # from here on: a person may press the stop button anywhere
        return load(*args, **kwargs)
    finally:
        scope.open = False
        if token is not None:
            _current.reset(token)
