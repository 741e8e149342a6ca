"""Whether a load goes ahead, and the load itself: scan, judge, refuse or run under the names that the scan saw."""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

from modelscan import approvals
from modelscan.collector import PAUSE
from modelscan.guard import callers, refusal, shapes
from modelscan.guard.call import Call, Loader
from modelscan.guard.events import HISTORY, Decision, Event
from modelscan.guard.scope import Pair, Scope, run
from modelscan.guard.session import CurrentSession
from modelscan.guard.sources import Bytes, Source
from modelscan.guard.state import STATE
from modelscan.guard.target import Target
from modelscan.policy import Policy
from modelscan.records import replace
from modelscan.report import Report, Verdict
from modelscan.scanner import judge


def small(
    target: Target, loader: Loader, args: tuple[Any, ...], kwargs: Mapping[str, Any], names: AbstractSet[Pair]
) -> Any:
    """`known` for bytes, thousands of times a second: what tells about a load is made where there is need."""
    more = target.renames(names)
    scope = _scope(names | more if more else names)
    scope.approval = lambda: _approves(Bytes(args[0]), None)
    try:
        result = run(scope, loader, args, kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException:
        if not scope.vetoed:
            raise
        result = None
    if scope.acts or scope.noted or scope.vetoed:
        call, source = Call(target, loader, args, kwargs), Bytes(args[0])
        return _noted(call, source, _ended(call, source, None, scope, result), scope)
    return result


def known(call: Call, source: Source, names: AbstractSet[Pair]) -> Any:
    """A load that needs no scan, because it may resolve nothing but these names: known to be harmless, or none."""
    scope = _scope(names | call.target.renames(names) if names else names)
    return _noted(call, source, _bound(call, source, None, scope), scope)


def _noted(call: Call, source: Source, result: Any, scope: Scope) -> Any:
    if scope.noted and not scope.approved:
        _remembered(call, Decision.LOADED, _unscanned(source), scope)
    return result


def _unscanned(source: Source) -> Report:
    return Report(source.label, Verdict.INCONCLUSIVE, refused=False)


def scanned(call: Call, source: Source) -> Any:
    """Scan, judge, and load if that is allowed."""
    depth = PAUSE.depth()
    try:
        with PAUSE:
            return _scanned(call, source)
    except KeyboardInterrupt:
        PAUSE.settle(depth)
        raise


def _scanned(call: Call, source: Source) -> Any:
    started = time.perf_counter()
    session = CurrentSession(source.beside())
    policy = STATE.policy.with_allowed(approvals.allowed_names())
    try:
        artifact, found = source.examine(policy)
    except KeyboardInterrupt:
        refusal.interrupted(call.target.name, source.label)
        raise
    report = judge(artifact, found, policy, session=session, started=started)
    if report.findings and (kept := approvals.kept_names()):
        policy = policy.with_allowed(kept)
        report = judge(artifact, found, policy, session=session, started=started)
    names = found.names()
    scope = _scope(names | call.target.renames(names), source.foreign)
    if report.verdict is Verdict.SAFE and policy.allowed and _anything_approved(names, policy):
        scope.trip = False  # who approved a name approved what it does, and nobody else is there to do anything
    decision = _decision(call, report, policy)
    if decision is Decision.REFUSED:
        report = replace(report, refused=True, sha256=source.sha256())
        if not is_approved(report):
            raise refusal.refused(call.target.name, report)
        decision = Decision.ALLOWED
        scope.trip = False
    elif report.verdict is Verdict.SAFE and source.small is not None:
        shapes.remember(source.small, STATE.policy, session, names)
    result = _bound(call, source, report, scope)
    if scope.approved:
        return result
    if STATE.enforces and source.changed():
        raise refusal.refused(call.target.name, refusal.changed(report))
    event = _remembered(call, decision, report, scope)
    if event.decision is not Decision.LOADED or report.verdict is Verdict.UNVERIFIED:
        refusal.happened(event)
    return result


def _anything_approved(names: AbstractSet[Pair], policy: Policy) -> bool:
    return any(policy.rules.match(*pair).name in policy.allowed for pair in names)


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
    """Did a person approve this very file?"""
    if report.sha256 is None or not report.alone:  # whose bytes the other files have, no hash of this one says
        return False
    if report.sha256 in STATE.policy.approved:
        return True
    return approvals.wants_hash() and approvals.approval_of(report.sha256) is not None


def _scope(names: AbstractSet[Pair], reads: bool = False) -> Scope:
    return Scope(names, reads=reads) if STATE.enforces else Scope(None, trip=False)


def _remembered(call: Call, decision: Decision, report: Report, scope: Scope) -> Event:
    return HISTORY.add(HISTORY.number(), call.target.name, decision, callers.caller(), report, scope.noted)


def _bound(call: Call, source: Source, report: Report | None, scope: Scope) -> Any:
    """Loads inside `scope`. What the scope stopped is a refusal, whatever the loader made of it."""
    if source.given is not None:
        call = call.of(source.given)
    if scope.trip:
        scope.approval = partial(_approves, source, report)
    try:
        result = call.within(scope)
    except KeyboardInterrupt:
        raise
    except BaseException:  # a SystemExit of the model's own is no way past a refusal
        if not scope.vetoed:
            raise
        result = None
    return _ended(call, source, report, scope, result)


def _ended(call: Call, source: Source, report: Report | None, scope: Scope, result: Any) -> Any:
    """After the load: what the scope stopped is a refusal, what was approved and done is written down."""
    if scope.refusals:
        raise scope.refusals[0]
    if scope.vetoed:
        raise refusal.refused(call.target.name, _surprised(source, report, scope))
    if scope.approved:
        refusal.happened(_remembered(call, Decision.ALLOWED, _surprised(source, report, scope), scope))
    return result


def _surprised(source: Source, report: Report | None, scope: Scope) -> Report:
    found = refusal.surprised(report or _unscanned(source), scope, CurrentSession(source.beside()))
    if scope.blocked or source.changed():
        return found  # an approval would be of something else
    return replace(found, sha256=source.digest or source.sha256())


def _approves(source: Source, report: Report | None) -> bool:
    """Asked in the middle of a load, before what it does is stopped: did a person approve this very file?"""
    if not (STATE.policy.approved or approvals.wants_hash()) or source.changed():
        return False
    source.digest = source.sha256()
    return is_approved(replace(report or _unscanned(source), sha256=source.digest))
