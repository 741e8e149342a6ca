"""The way of every guarded load: find its source, scan it, judge it, then refuse or load under the names it holds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from modelscan import approvals
from modelscan.errors import UnsafeModelError
from modelscan.guard import callers, opening, refusal, shapes, sources
from modelscan.guard.collector import PAUSE
from modelscan.guard.events import HISTORY, Decision
from modelscan.guard.plain import WINDOW, looks_plain
from modelscan.guard.scope import Pair, Scope, current, run
from modelscan.guard.session import CurrentSession
from modelscan.guard.sources import Source
from modelscan.guard.state import STATE
from modelscan.guard.target import Target
from modelscan.policy import Policy
from modelscan.report import Report, Verdict
from modelscan.scanner import NAMELESS, judge

Loader = Callable[..., Any]

_MISSING = object()
_getframe: Callable[[int], FrameType] = sys._getframe


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a guarded loader."""

    target: Target
    loader: Loader
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def source(self) -> Any:
        position = self.target.position
        return self.args[position] if len(self.args) > position else self.kwargs.get(self.target.keyword, _MISSING)

    def straight(self) -> Any:
        """The real loader, as it was called."""
        return self.loader(*self.args, **self.kwargs)

    def of(self, given: Any) -> Call:
        """The same call with `given` as its source."""
        position = self.target.position
        if len(self.args) > position:
            return replace(self, args=(*self.args[:position], given, *self.args[position + 1 :]))
        return replace(self, kwargs={**self.kwargs, self.target.keyword: given})

    def within(self, scope: Scope) -> Any:
        return run(scope, self.loader, self.args, self.kwargs)


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
            return _named(Call(target, loader, args, kwargs), NAMELESS, names)
    call = Call(target, loader, args, kwargs)
    value = call.source
    if value is None or value is _MISSING or not target.unpickles(args, kwargs) or sources.passes_on(target, value):
        return call.straight()
    if target.module == "pickle" and callers.is_internal(callers.asker(_getframe(1))):
        return call.straight()
    STATE.calls[target.name] += 1
    source = opening.of(target, value)
    if source is None:  # the loader may say what is wrong with it, and resolve nothing
        return _named(call, sources.label_of(value), frozenset())
    with closing(source):
        source.prepare()
        if source.given is not None:
            call = call.of(source.given)
        names = source.names(STATE.policy)
        return scanned(call, source) if names is None else _named(call, source.label, names)


def _is_part_of(scope: Scope, frame: FrameType) -> bool:
    """One load is scanned once: numpy and pandas call `pickle.load`. A class that unpickles bytes of its own is not."""
    return scope.allowed is None or callers.is_library(callers.asker(frame))


def _named(call: Call, label: str, names: AbstractSet[Pair]) -> Any:
    """A load that needs no scan, because it may resolve nothing but these names: known to be harmless, or none."""
    scope = _scope(names | call.target.renames(names) if names else names)
    try:
        result = run(scope, call.loader, call.args, call.kwargs)
    except Exception:
        if scope.vetoed:
            raise _stopped(call, _unscanned(label), scope, CurrentSession(None)) from None
        raise
    if scope.vetoed:
        raise _stopped(call, _unscanned(label), scope, CurrentSession(None))
    return result


def _unscanned(label: str) -> Report:
    return Report(label, Verdict.INCONCLUSIVE, refused=False)


def scanned(call: Call, source: Source) -> Any:
    """Scan, judge, and load if that is allowed."""
    with PAUSE:
        return _scanned(call, source)


def _scanned(call: Call, source: Source) -> Any:
    """Scan, judge, and load if that is allowed."""
    started = time.perf_counter()
    session = CurrentSession(source.folder)
    policy = STATE.policy.with_allowed(approvals.allowed_names())
    artifact, found = source.examine(policy)
    report = judge(artifact, found, policy, session=session, started=started)
    if report.findings and (kept := approvals.kept_names()):
        policy = policy.with_allowed(kept)
        report = judge(artifact, found, policy, session=session, started=started)
    names = found.names()
    scope = _scope(names | call.target.renames(names))
    decision = _decision(call, report, policy)
    if decision is Decision.REFUSED:
        report = replace(report, refused=True, sha256=source.sha256())
        if not is_approved(report):
            raise refusal.refused(call.target.name, report)
        decision = Decision.ALLOWED
        scope.trip = False  # the person who approved it approved what it runs
    elif report.verdict is Verdict.SAFE and source.small is not None:
        shapes.remember(source.small, STATE.policy, session, names)
    result = _bound(call, report, scope, session)
    if STATE.enforces and source.changed():
        raise refusal.refused(call.target.name, refusal.changed(report))
    caller = callers.caller()
    event = HISTORY.add(HISTORY.number(), call.target.name, decision, caller, report)
    if decision is not Decision.LOADED or report.verdict is Verdict.UNVERIFIED:
        refusal.happened(event)
    return result


def _decision(call: Call, report: Report, policy: Policy) -> Decision:
    """What the policy makes of it, before any approval of this very file."""
    if policy.word == "warn":
        return Decision.WARNED if replace(policy, word="standard").decide(report).refused else Decision.LOADED
    if not report.refused:
        return Decision.LOADED
    restricted = call.target.restricted(call.args, call.kwargs)
    if restricted and report.verdict is Verdict.INCONCLUSIVE and policy.word == "standard":
        return Decision.WARNED
    return Decision.REFUSED


def is_approved(report: Report) -> bool:
    return bool(report.sha256 and approvals.wants_hash() and approvals.approval_of(report.sha256))


def _scope(names: AbstractSet[Pair]) -> Scope:
    return Scope(names) if STATE.enforces else Scope(None, trip=False)


def _bound(call: Call, report: Report, scope: Scope, session: CurrentSession) -> Any:
    """Loads inside `scope`. What the scope stopped is a refusal, whatever the loader made of it."""
    try:
        result = call.within(scope)
    except Exception:
        if scope.vetoed:
            raise _stopped(call, report, scope, session) from None
        raise
    if scope.vetoed:
        raise _stopped(call, report, scope, session)
    return result


def _stopped(call: Call, report: Report, scope: Scope, session: CurrentSession) -> UnsafeModelError:
    if scope.refusals:
        return scope.refusals[0]
    return refusal.refused(call.target.name, refusal.surprised(report, scope, session))
