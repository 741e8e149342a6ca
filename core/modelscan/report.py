"""What a scan says: a pure value that every renderer, the guard and the command line read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, StrEnum

from modelscan.evidence import Evidence, Kind, Where
from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Severity(IntEnum):
    """How bad a finding is; ordered, so that `finding.severity >= Severity.MEDIUM` reads as it should."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name


class Verdict(StrEnum):
    """The four answers a scan can give."""

    SAFE = "SAFE"
    """Everything was read and everything named is trusted."""
    UNVERIFIED = "UNVERIFIED"
    """Everything was read; only LOW findings."""
    UNSAFE = "UNSAFE"
    """A finding of MEDIUM or higher."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """Something could not be read, or nothing was. Never called safe."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An opinion about a fact."""

    rule: str
    severity: Severity
    operator: str
    """The name in its usual spelling: "os.system", also where the file says "posix system"."""
    where: Where
    why: str
    fix: str
    evidence: Evidence
    approved: str = ""
    """The reason with which a person approved the file by its sha256; it counts no longer then."""

    @property
    def expression(self) -> str:
        """What would run, as one readable line, with the callee in its usual spelling.

        A finding may be about an argument, as in functools.partial(posix.system); the callee keeps its own name then.
        """
        line, written = str(self.evidence.detail.get("expression") or self.operator), self.evidence.subject
        same = written.rpartition(".")[2] == self.operator.rpartition(".")[2]
        return self.operator + line.removeprefix(written) if same and line.startswith(f"{written}(") else line


@dataclass(frozen=True, slots=True)
class Scanned:
    """One artifact that a reader read. Size in bytes."""

    name: str
    format: str
    size: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that is not a model as far as any reader can tell."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not read to its end. `code` is a rule of rules/structure.toml."""

    where: Where
    code: str
    reason: str
    unread: bool
    """True: a loader may see what we did not. False: the stream breaks here for the loader too."""
    approved: str = ""
    """As for a finding."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one scan. `Report.from_dict(report.to_dict()) == report`.

    Of a folder, `artifacts`, `skips` and `parts` may be long: they are tuples, or `many.Many` rows.
    """

    source: str
    verdict: Verdict
    refused: bool
    """What the policy would refuse to load."""
    artifacts: Sequence[Scanned] = ()
    imports: tuple[str, ...] = ()
    """Every "module.name" the file asks for, as it is written there, trusted ones included."""
    findings: tuple[Finding, ...] = ()
    """Worst first, then by place."""
    skips: Sequence[Skip] = ()
    parts: Sequence[str] = ()
    """Members of an archive that its loader takes for plain data: tensors, the version of a torch checkpoint."""
    cleared: tuple[Finding, ...] = ()
    """Denied names that do nothing here, of a file in which others do. Nothing is decided by them."""
    failures: tuple[Failure, ...] = ()
    policy: str = "standard"
    digest: str = ""
    """Identifies rules and settings that were used."""
    size: int = 0
    sha256: str | None = None
    """Of the whole file, when a decision needed it."""
    milliseconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def worst(self) -> Severity | None:
        return max((finding.severity for finding in self.findings), default=None)

    def counts(self) -> dict[Severity, int]:
        """Findings per severity, worst first, zeroes included."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in sorted(Severity, reverse=True)}

    @property
    def alone(self) -> bool:
        """Does it speak of its source only, and not of other files that a load of it would open as well?"""
        read = (*(row.name for row in self.artifacts), *(row.name for row in self.skips), *self.parts)
        names = (*read, *(row.where.artifact for row in self.failures))
        inside = (f"{self.source}!", f"{self.source}/", f"{self.source}{os.sep}")
        return all(name == self.source or name.startswith(inside) for name in names)

    def to_dict(self) -> dict[str, Any]:
        """JSON values only: severities by name, tuples as lists."""
        from dataclasses import asdict, replace

        made: dict[str, Any] = _plain(asdict(replace(self, artifacts=(), skips=(), parts=())))
        made["artifacts"], made["skips"] = _rows(self.artifacts), _rows(self.skips)
        return made | {"parts": list(self.parts)}

    def to_json(self, indent: int | None = 2) -> str:
        import json

        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """The report that `to_dict` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            **{
                **data,
                "verdict": Verdict(data["verdict"]),
                "artifacts": tuple(Scanned(**row) for row in data["artifacts"]),
                "imports": tuple(data["imports"]),
                "findings": tuple(_finding(row) for row in data["findings"]),
                "skips": tuple(Skip(**row) for row in data["skips"]),
                "parts": tuple(data.get("parts", ())),
                "cleared": tuple(_finding(row) for row in data.get("cleared", ())),
                "failures": tuple(Failure(**{**row, "where": Where(**row["where"])}) for row in data["failures"]),
                "versions": dict(data["versions"]),
            }
        )


def _finding(row: Mapping[str, Any]) -> Finding:
    fact = row["evidence"]
    evidence = Evidence(Kind(fact["kind"]), fact["subject"], Where(**fact["where"]), dict(fact["detail"]))
    return Finding(
        **{**row, "severity": Severity[row["severity"]], "where": Where(**row["where"]), "evidence": evidence}
    )


def _rows(rows: Iterable[Scanned | Skip]) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in row.__match_args__} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, Severity):
        return value.name
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
