"""What stands in the place of each kind of loader: `GATES` is the table. The gate of ordinary loads is `gate.load`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from modelscan import approvals
from modelscan.evidence import Evidence, Kind, Where
from modelscan.guard import audit, callers, gate, opening, refusal
from modelscan.guard.events import HISTORY, Decision
from modelscan.guard.gate import Call, Loader
from modelscan.guard.sources import label_of
from modelscan.guard.state import STATE
from modelscan.guard.target import Does, Target
from modelscan.report import Report, Verdict
from modelscan.scanner import versions

Gate = Callable[[Target, Loader, object, tuple[Any, ...], Mapping[str, Any]], Any]


def parse(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A loader that only parses: it runs first, and what came of it is scanned before anybody gets it."""
    result = loader(*args, **kwargs)
    if not gate.guards():
        return result
    call = Call(target, loader, args, kwargs)
    STATE.calls[target.name] += 1
    source = opening.of(target, result)
    if source is None:
        return result
    source.label = target.label.format(label_of(call.source))
    with closing(source):
        return gate.scanned(replace(call, loader=lambda *_, **__: result), source)


def resolve(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """`find_class` of an unpickler that raises no event."""
    if STATE.active:
        module, name = (*args, *kwargs.values())
        audit.asks(sys._getframe(1), str(module), str(name))
    return loader(*args, **kwargs)


def run(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A repository's code: there is nothing to scan, so it is approved by name or refused.

    The name is the loader's with the repository behind it: `torch.hub:pytorch/vision`.
    """
    call = Call(target, loader, args, kwargs)
    if not gate.guards() or not isinstance(call.source, str):
        return call.straight()
    started = time.perf_counter()
    STATE.calls[target.name] += 1
    operator = f"{target.module}:{call.source}"
    fact = Evidence(Kind.ANOMALY, "repository-code", Where(call.source), {"expression": operator})
    policy = STATE.policy.with_allowed(approvals.allowed_names())
    found = () if operator in policy.allowed else policy.findings([fact])
    report = Report(
        call.source,
        Verdict.UNSAFE,
        refused=False,
        findings=found,
        policy=policy.word,
        digest=policy.digest,
        versions=versions(),
        milliseconds=round((time.perf_counter() - started) * 1000, 3),
    )
    decision = Decision.ALLOWED if not found else Decision.WARNED if policy.word == "warn" else Decision.REFUSED
    if decision is Decision.REFUSED:
        raise refusal.refused(target.name, replace(report, refused=True))
    STATE.tell(HISTORY.add(HISTORY.number(), target.name, decision, callers.caller(), report))
    return call.straight()


GATES: dict[Does, Gate] = {Does.LOADS: gate.load, Does.PARSES: parse, Does.RESOLVES: resolve, Does.RUNS: run}
