"""Policy: what a person allows or denies, what the verdict is, and what is refused (docs/explanation/verdicts.md)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from modelscan.errors import SettingsError
from modelscan.evidence import Evidence, Kind
from modelscan.limits import Limits
from modelscan.records import dataclass, field, replace
from modelscan.report import Failure, Finding, Report, Severity, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:  # what a scan without a single fact needs none of
    from modelscan.carried import Session
    from modelscan.rules.match import Rules
    from modelscan.wanted import Passed, Wanted

WORDS = ("strict", "standard", "warn", "off")
KERAS, TENSORFLOW = "keras", "tensorflow"
"""What names without a module are names of, in `Policy.denied`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What unknown means and what is refused."""

    word: str = "standard"
    limits: Limits = field(default_factory=Limits)
    allowed: frozenset[str] = frozenset()
    """Names a person approved, as "package.module.Name"."""
    denied: Mapping[str, Severity] = field(default_factory=dict, hash=False)
    """Names a person denied beyond the rules; they only add. "package.module.name", "package.module.*", and for what
    has no module "keras:Class" and "tensorflow:Operator"."""
    approved: Mapping[str, str] = field(default_factory=dict, hash=False)
    """sha256 of whole files that a person approved, with the reason."""

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise SettingsError(f"policy {self.word!r}: use one of {', '.join(WORDS)}")

    @classmethod
    def of(cls, policy: Policy | str | None) -> Policy:
        """A policy from a policy, one of the four words, or None for the standard one."""
        return policy if isinstance(policy, Policy) else cls(policy or "standard")

    @property
    def rules(self) -> Rules:
        from modelscan.rules.match import Rules

        return Rules.load()

    @property
    def digest(self) -> str:
        """Identifies the rules and settings behind a report."""
        return _digest(self)

    def operators(self) -> frozenset[str]:
        """Operators of graphs that are worth a row."""
        prefix = f"{TENSORFLOW}:"
        denied = frozenset(name.removeprefix(prefix) for name in self.denied if name.startswith(prefix))
        return self.rules.operators.names | (denied - {""})

    def with_allowed(self, names: Iterable[str]) -> Policy:
        """The same policy with more approved names, in their usual spelling.

        Raises ValueError for a name whose group is CRITICAL, and for what is no "package.module.Name".
        """
        names = list(names)
        if not names:
            return self
        from modelscan.judge import could_be_imported, worse
        from modelscan.rules.components import is_keras

        found = set(self.allowed)
        for name in names:
            module, _, attribute = name.rpartition(".")
            if not module or not could_be_imported(name):
                raise ValueError(f"{name!r} is no full name: write package.module.Name")
            rule = self.rules.components.match(module, attribute).rule if is_keras(module) else None
            for spelling in _spellings(name):  # a file may say `torch`, `os.system`
                rule = worse(rule, self.rules.match(*spelling).rule)
            if rule is not None and rule.severity is Severity.CRITICAL:
                raise ValueError(f"{name} cannot be allowed: {rule.title.lower()} ({rule.id}, CRITICAL)")
            found.add(self.rules.match(module, attribute).name)
        return replace(self, allowed=frozenset(found))

    def findings(self, evidence: Sequence[Evidence], session: Session | None = None) -> tuple[Finding, ...]:
        """Opinions about facts, worst first; what only repeats a worse one about the same name is left out."""
        if not evidence:
            return ()
        passed = _passed(self)
        if session is None and evidence in passed:
            return ()
        from modelscan.judge import Judge

        found = tuple(Judge(self, session).judge(evidence))
        if not found:
            if session is None:
                passed.add(evidence)
            return ()
        from modelscan.order import ordered

        return ordered(found)

    def wanted(self) -> Wanted:
        """Which facts may become findings, so that somebody will look at their details."""
        return _wanted(self)

    def failures(self, evidence: Iterable[Evidence]) -> tuple[Failure, ...]:
        rows = (fact for fact in evidence if fact.kind in (Kind.BROKEN, Kind.UNREADABLE))
        return tuple(
            Failure(fact.where, fact.subject, str(fact.detail.get("reason", "")), fact.kind is Kind.UNREADABLE)
            for fact in rows
        )

    def decide(self, report: Report) -> Report:
        """The report with its verdict, and whether this policy refuses the load."""
        verdict, refused = self.outcome(report.findings, report.failures, bool(report.artifacts))
        return replace(report, verdict=verdict, refused=refused)

    def outcome(
        self, findings: Sequence[Finding], failures: Sequence[Failure], anything_read: bool
    ) -> tuple[Verdict, bool]:
        """The verdict, and whether this policy refuses the load. What was approved counts for the first only."""
        verdict = _verdict(findings, failures, anything_read)
        counting = [row for row in findings if not row.approved]
        unread = [row for row in failures if not row.approved]
        return verdict, self._refuses(_verdict(counting, unread, anything_read), unread)

    def approve(self, report: Report) -> Report:
        """The report on a file whose `sha256` was approved: what it says stays, and counts no longer."""
        reason = self.approved.get(report.sha256 or "")
        if reason is None:
            return report
        findings = tuple(replace(row, approved=reason) for row in report.findings)
        failures = tuple(replace(row, approved=reason) for row in report.failures)
        return self.decide(replace(report, findings=findings, failures=failures))

    def _refuses(self, verdict: Verdict, failures: Sequence[Failure]) -> bool:
        if self.word in ("warn", "off") or verdict is Verdict.SAFE:
            return False
        if verdict is Verdict.UNSAFE:
            return True
        if verdict is Verdict.UNVERIFIED:
            return self.word == "strict"
        if not failures:  # nothing was read, so nothing can be loaded either
            return False
        return self.word == "strict" or any(failure.unread for failure in failures)


def _spellings(name: str) -> Iterator[tuple[str, str]]:
    """Every module and path of attributes in it that a dotted name could mean."""
    parts = name.split(".")
    yield from ((".".join(parts[:size]), ".".join(parts[size:])) for size in range(1, len(parts)))


@functools.lru_cache(16)
def _wanted(policy: Policy) -> Wanted:
    from modelscan.wanted import Wanted

    return Wanted(policy)


@functools.lru_cache(16)
def _passed(policy: Policy) -> Passed:  # noqa: ARG001 - what one policy lets pass another one may not
    from modelscan.wanted import Passed

    return Passed()


@functools.lru_cache(16)
def _digest(policy: Policy) -> str:
    import hashlib

    decided = f"{sorted(policy.allowed)} {sorted(policy.denied.items())} {sorted(policy.approved)}"
    text = f"{policy.rules.digest} {policy.word} {policy.limits} {decided}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _verdict(findings: Sequence[Finding], failures: Sequence[Failure], anything_read: bool) -> Verdict:
    worst = max((finding.severity for finding in findings), default=None)
    if worst is not None and worst >= Severity.MEDIUM:
        return Verdict.UNSAFE
    if failures or not anything_read:
        return Verdict.INCONCLUSIVE
    return Verdict.SAFE if worst is None else Verdict.UNVERIFIED
