"""How a refusal is worded, recorded and raised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from modelscan.approvals import allowed_names, kept_names
from modelscan.errors import UnsafeModelError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.guard import callers, journal
from modelscan.guard.events import HISTORY, Decision, Event
from modelscan.guard.scope import Pair, Scope, current, latch, set_aside
from modelscan.guard.state import STATE
from modelscan.guard.tripwire import PROGRAMS
from modelscan.policy import Policy
from modelscan.records import replace
from modelscan.render.inert import inert
from modelscan.report import Failure, Report, Severity, Verdict
from modelscan.scanner import versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.carried import Session

NAMED = 3
"""Operators that the one-line message names."""


def message(report: Report) -> str:
    """One line: `refused to load 'resnet.pt': 1 CRITICAL (os.system), 1 HIGH`."""
    return f"refused to load '{inert(PurePath(report.source).name or report.source, 80)}': {_why(report)}"


def _why(report: Report) -> str:
    if report.verdict is Verdict.INCONCLUSIVE:
        worst = next((row for row in report.failures if row.unread), next(iter(report.failures), None))
        return f"not analysed, {inert(worst.reason)}" if worst else "not analysed"
    return ", ".join(_counts(report))


def _counts(report: Report) -> Iterator[str]:
    for severity, count in report.counts().items():
        if not count:
            continue
        if severity is not report.worst:
            yield f"{count} {severity}"
            continue
        names = list(dict.fromkeys(inert(row.operator, 60) for row in report.findings if row.severity is severity))
        more = ", …" if len(names) > NAMED else ""
        yield f"{count} {severity} ({', '.join(names[:NAMED])}{more})"


def refused(loader: str, report: Report) -> UnsafeModelError:
    """The error to raise, numbered, recorded and told to whoever listens."""
    caller = callers.caller()
    number = HISTORY.number()
    STATE.refused[loader] += 1
    latch(row.operator for row in report.findings if row.severity > Severity.LOW)
    error = UnsafeModelError(message(report), report, number, caller)
    around = current()
    if around is not None:  # so that no library can make another error of it, or none
        around.refusals.append(error)
    happened(HISTORY.add(number, loader, Decision.REFUSED, caller, report))
    return error


def interrupted(loader: str, source: str) -> None:
    """Records that a person stopped the scan: what was not looked at to its end is not loaded."""
    reason = "a person stopped the scan, so nothing was loaded"
    failure = Failure(Where(source), "interrupted", reason, unread=True)
    report = Report(source, Verdict.INCONCLUSIVE, refused=True, failures=(failure,), versions=versions())
    STATE.refused[loader] += 1
    report = replace(report, policy=STATE.policy.word, digest=STATE.policy.digest)
    happened(HISTORY.add(HISTORY.number(), loader, Decision.REFUSED, callers.caller(), report))


def happened(event: Event) -> None:
    """Keeps what is worth knowing later, and tells it to whoever listens."""
    with set_aside():
        journal.keep(event)
        STATE.tell(event)


def outside(source: str, module: str, name: str) -> UnsafeModelError:
    """For a name that an unpickler asks for outside of any guarded load."""
    facts = list(_asked(STATE.policy, source, [(module, name)]))
    report = Report(source, Verdict.INCONCLUSIVE, refused=False, imports=(f"{module}.{name}",), versions=versions())
    return refused("unpickler", _decided(replace(report, findings=STATE.policy.findings(facts))))


def unseen(source: str, module: str, name: str) -> UnsafeModelError:
    """For a name that the scan of an archive did not see, which is read outside of any guarded load."""
    scope = Scope(None)
    scope.blocked.append((module, name))
    report = Report(source, Verdict.INCONCLUSIVE, refused=False, versions=versions())
    return refused("unpickler", surprised(report, scope, None))


def surprised(report: Report, scope: Scope, session: Session | None) -> Report:
    """The report on a load that asked for more than the scan had seen, or did more than loading."""
    policy = STATE.policy.with_allowed(allowed_names() | kept_names())
    where = Where(report.source)
    acts = (
        Evidence(
            Kind.ANOMALY, "program-start" if event in PROGRAMS else "acts-while-loading", where, {"expression": said}
        )
        for event, said in dict.fromkeys(scope.acts)
    )
    findings = policy.findings([*acts, *_asked(policy, report.source, scope.blocked)], session)
    imports = {*report.imports, *(f"{module}.{name}" for module, name in scope.blocked)}
    return _decided(replace(report, findings=(*findings, *report.findings), imports=tuple(sorted(imports))))


def _rule(event: str) -> str:
    return "program-start" if event in PROGRAMS else "acts-while-loading"


def changed(report: Report) -> Report:
    """The report on a file that was another one after the load."""
    fact = Evidence(Kind.ANOMALY, "changed-file", Where(report.source))
    return _decided(replace(report, findings=(*STATE.policy.findings([fact]), *report.findings)))


def _asked(policy: Policy, source: str, names: Iterable[Pair]) -> Iterator[Evidence]:
    """Each name, and where no rule denies it, that it was asked for unseen."""
    for module, name in dict.fromkeys(names):
        dotted = f"{module}.{name}"
        yield Evidence(Kind.IMPORT, dotted, Where(source), {"module": module, "name": name, "opcode": ""})
        rule = policy.rules.match(module, name).rule
        if rule is None or rule.on_call:
            yield Evidence(Kind.ANOMALY, "unseen-name", Where(source), {"expression": dotted})


def _decided(report: Report) -> Report:
    return replace(
        STATE.policy.decide(replace(report, policy=STATE.policy.word, digest=STATE.policy.digest)), refused=True
    )
