"""Decisions of a person to load something anyway, in memory: bound to the task and thread, or used up once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from modelscan.policy import Policy


@dataclass(frozen=True, slots=True)
class Approval:
    """`sha256` of a whole file (or of the bytes given to `loads`), or `name` as "package.module.Class"."""

    sha256: str | None
    name: str | None
    reason: str


_current: ContextVar[tuple[Approval, ...]] = ContextVar("modelscan_approvals", default=())
_once: dict[str, Approval] = {}
_lock = threading.Lock()


@contextmanager
def allow(*, sha256: str | None = None, name: str | None = None, reason: str = "") -> Iterator[None]:
    """Lets one file (by its sha256) or one name be loaded inside the `with`, in this task and thread only.

    Nests; ends with the `with`. Raises ValueError without exactly one of the two, for what is no sha256, and for a
    name whose group is CRITICAL.
    """
    approval = _checked(sha256, name, reason)
    token = _current.set((*_current.get(), approval))
    try:
        yield
    finally:
        _current.reset(token)


def _checked(sha256: str | None, name: str | None, reason: str) -> Approval:
    if (sha256 is None) == (name is None):
        raise ValueError("allow() takes either sha256= or name=")
    if sha256 is not None:
        sha256 = sha256.lower()
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise ValueError("sha256 must be the 64 hexadecimal digits of the whole file")
    if name is not None:
        Policy().with_allowed([name])
    return Approval(sha256, name, reason)


def allowed_names() -> frozenset[str]:
    """Names approved here and now."""
    return frozenset(approval.name for approval in _current.get() if approval.name)


def wants_hash() -> bool:
    """Is there any approval by hash that a refusal should be held against?"""
    return bool(_once) or any(approval.sha256 for approval in _current.get())


def approval_of(sha256: str) -> Approval | None:
    """The approval of this hash, if there is one; a "once" approval is used up by being asked for."""
    for approval in reversed(_current.get()):
        if approval.sha256 == sha256:
            return approval
    with _lock:
        return _once.pop(sha256, None)


def allow_once(sha256: str, reason: str) -> Approval:
    """The next load of this hash goes ahead, in whatever cell it is. Gone when the process ends."""
    approval = _checked(sha256, None, reason)
    with _lock:
        _once[sha256.lower()] = approval
    return approval
