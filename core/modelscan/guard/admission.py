"""Whether a load goes ahead, and the load itself: scan, judge, refuse or run under the names that the scan saw."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from typing import Any

from modelscan import approvals
from modelscan.guard import callers, refusal, shapes
from modelscan.guard.call import Call
from modelscan.guard.collector import PAUSE
from modelscan.guard.events import HISTORY, Decision, Event
from modelscan.guard.scope import Pair, Scope
from modelscan.guard.session import CurrentSession
from modelscan.guard.sources import Source
from modelscan.guard.state import STATE
from modelscan.policy import Policy
from modelscan.records import replace
from modelscan.report import Report, Verdict
from modelscan.scanner import judge


def known(call: Call, source: Source, names: AbstractSet[Pair]) -> Any:
    """A load that needs no scan, because it may resolve nothing but these names: known to be harmless, or none."""
    scope = _scope(names | call.target.renames(names) if names else names)
    report = Report(source.label, Verdict.INCONCLUSIVE, refused=False)
    result = _bound(call, source, report, scope)
    if scope.noted:
        _remembered(call, Decision.LOADED, report, scope)
    return result


def scanned(call: Call, source: Source) -> Any:
    """Scan, judge, and load if that is allowed."""
    with PAUSE:
        return _scanned(call, source)


def _scanned(call: Call, source: Source) -> Any:
    started = time.perf_counter()
    session = CurrentSession(source.folder)
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
    if policy.allowed and any(policy.rules.match(*pair).name in policy.allowed for pair in names):
        scope.trip = False  # who approved a name approved what it does
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
    if STATE.enforces and source.changed():
        raise refusal.refused(call.target.name, refusal.changed(report))
    if scope.approved:
        return result
    event = _remembered(call, decision, report, scope)
    if event.decision is not Decision.LOADED or report.verdict is Verdict.UNVERIFIED:
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


def _bound(call: Call, source: Source, report: Report, scope: Scope) -> Any:
    """Loads inside `scope`. What the scope stopped is a refusal, whatever the loader made of it."""
    try:
        result = call.within(scope)
    except Exception:
        if not scope.vetoed:
            raise
    else:
        if not scope.vetoed:
            return result
    return _stopped(call, source, report, scope)


def _stopped(call: Call, source: Source, report: Report, scope: Scope) -> Any:
    """Refuses; a file that was approved for all it does is loaded once more, from its beginning."""
    if scope.refusals:
        raise scope.refusals[0]
    report = refusal.surprised(report, scope, CurrentSession(source.folder))
    if scope.acts and not scope.blocked and not source.changed():
        report = replace(report, sha256=source.sha256())
        if is_approved(report):
            source.rewind()
            result = call.within(Scope(scope.allowed, trip=False))
            scope.approved = True
            refusal.happened(_remembered(call, Decision.ALLOWED, report, scope))
            return result
    raise refusal.refused(call.target.name, report)
