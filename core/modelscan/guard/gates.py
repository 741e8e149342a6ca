"""What stands in the place of each kind of loader: `GATES` is the table. The gate of ordinary loads is `gate.load`."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from modelscan import approvals
from modelscan.evidence import Evidence, Kind, Where
from modelscan.guard import admission, audit, callers, gate, opening, refusal
from modelscan.guard.call import Call, Loader
from modelscan.guard.events import HISTORY, Decision
from modelscan.guard.folder import Folder
from modelscan.guard.scope import Pair, current
from modelscan.guard.sources import label_of
from modelscan.guard.state import STATE
from modelscan.guard.target import Does, Target
from modelscan.records import replace
from modelscan.report import Report, Verdict
from modelscan.scanner import versions

Gate = Callable[[Target, Loader, object, tuple[Any, ...], Mapping[str, Any]], Any]


_opened: WeakKeyDictionary[Any, AbstractSet[Pair]] = WeakKeyDictionary()
"""By the archive that was opened, the names that its scan saw."""


def open_(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A constructor that opens an archive. It loads nothing yet; what is read later is held to the names seen now."""

    def remember(*args: Any, **kwargs: Any) -> Any:
        scope = current()
        if scope is not None and scope.allowed is not None:
            _opened[instance] = scope.allowed
        return loader(*args, **kwargs)

    return gate.load(target, remember, instance, args, kwargs)


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
        return admission.scanned(replace(call, loader=lambda *_, **__: result), source)


def resolve(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """`find_class` of an unpickler that raises no event; `_importer` is the archive that it reads."""
    if STATE.enforces:
        module, name = (*args, *kwargs.values())
        audit.asks(sys._getframe(1), str(module), str(name), _seen_in(getattr(instance, "_importer", None)))
    return loader(*args, **kwargs)


def _seen_in(archive: object) -> AbstractSet[Pair] | None:
    with suppress(TypeError):  # nothing that could be remembered
        return _opened.get(archive)
    return None


def run(target: Target, loader: Loader, instance: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A repository's code: there is nothing that a scan could vouch for, so it is approved or refused.

    A local one by the sha256 of its files (see `Folder`), another one by a name: `hub.pytorch.vision.v0_10_0`.
    """
    call = Call(target, loader, args, kwargs)
    if not gate.guards() or not isinstance(call.source, str):
        return call.straight()
    STATE.calls[target.name] += 1
    local = kwargs.get("source") == "local"
    report = _repository(call.source, local)
    decision = Decision.WARNED if STATE.policy.word == "warn" else Decision.REFUSED
    if decision is Decision.REFUSED:
        report = replace(report, sha256=Folder(Path(call.source)).sha256() if local else None)
        if not (admission.is_approved(report) or _names_approved() & {row.operator for row in report.findings}):
            raise refusal.refused(target.name, report)
        decision = Decision.ALLOWED
    refusal.happened(HISTORY.add(HISTORY.number(), target.name, decision, callers.caller(), report))
    return call.straight()


def _repository(source: str, local: bool) -> Report:
    started = time.perf_counter()
    policy = STATE.policy
    name = "hub.local" if local else "hub." + re.sub(r"[^\w.]", "_", re.sub("[/:]", ".", source).replace("..", "."))
    fact = Evidence(Kind.ANOMALY, "repository-code", Where(source), {"expression": name})
    report = Report(
        source,
        Verdict.UNSAFE,
        refused=policy.word != "warn",
        findings=policy.findings([fact]),
        policy=policy.word,
        digest=policy.digest,
        versions=versions(),
    )
    return replace(report, milliseconds=round((time.perf_counter() - started) * 1000, 3))


def _names_approved() -> AbstractSet[str]:
    return {*STATE.policy.allowed, *approvals.allowed_names(), *approvals.kept_names()} - {"hub.local"}


GATES: dict[Does, Gate] = {
    Does.LOADS: gate.load,
    Does.OPENS: open_,
    Does.PARSES: parse,
    Does.RESOLVES: resolve,
    Does.RUNS: run,
}
