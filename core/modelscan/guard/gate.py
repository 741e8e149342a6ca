"""The way of every guarded load: find its source, then scan it, or let it go where there is nothing to scan."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from types import FrameType
from typing import Any

from modelscan.errors import UnsafeModelError
from modelscan.guard import admission, callers, opening, shapes, sources
from modelscan.guard.call import MISSING, Call, Loader
from modelscan.guard.plain import WINDOW, looks_plain
from modelscan.guard.scope import Scope, current, resting
from modelscan.guard.state import STATE
from modelscan.guard.target import Target

_getframe: Callable[[int], FrameType] = sys._getframe
CAUSES = 16
"""Errors of a chain that are looked through."""


def guards() -> bool:
    """Is there a policy to ask at all?"""
    return STATE.active and STATE.policy.word != "off"


def load(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What stands in the place of `loader`. The shape of the arguments is wrapt's; `instance` is bound already."""
    scope = current()
    if not guards() or (scope is not None and _is_part_of(scope, _getframe(1))):
        return loader(*args, **kwargs)
    if target.single and args and type(args[0]) is bytes:
        data = args[0]
        if len(data) <= WINDOW and looks_plain(data):
            STATE.calls[target.name] += 1
            return loader(*args, **kwargs)
        if target.module == "pickle" and callers.is_internal(callers.asker(_getframe(1))):
            return loader(*args, **kwargs)
        names = shapes.names(data, STATE.policy)
        if names is not None:
            STATE.calls[target.name] += 1
            return admission.small(target, loader, args, kwargs, names)
    call = Call(target, loader, args, kwargs)
    value = call.source
    if value is None or value is MISSING or not target.unpickles(args, kwargs):
        return call.straight()
    if sources.passes_on(target, value):
        return _passed_on(call)
    if target.module == "pickle" and callers.is_internal(callers.asker(_getframe(1))):
        return call.straight()
    STATE.calls[target.name] += 1
    with resting(scope):
        source = opening.of(target, value)
        if source is None:  # the loader may say what is wrong with it, and resolve nothing
            return admission.known(call, sources.Unknown(value), shapes.NOTHING)
        with closing(source):
            source.prepare()
            names = source.names(STATE.policy)
            return admission.scanned(call, source) if names is None else admission.known(call, source, names)


def _passed_on(call: Call) -> Any:
    """A load by another guarded loader: what that one refused is refused, though the library says it in its words."""
    try:
        return call.straight()
    except Exception as error:
        cause: BaseException | None = error
        for _ in range(CAUSES):
            if cause is None or isinstance(cause, UnsafeModelError):
                break
            cause = cause.__cause__ or cause.__context__
        if cause is error or not isinstance(cause, UnsafeModelError):
            raise
        raise cause from None


def _is_part_of(scope: Scope, frame: FrameType) -> bool:
    """One load is scanned once: numpy and pandas call `pickle.load`. A class that unpickles bytes of its own is not."""
    return scope.allowed is None or callers.is_library(callers.asker(frame))
