"""Issues as modelscan 0.8 has them: one an operator and file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from enum import Enum
from pathlib import Path

from modelscan.defaults import Property


class IssueSeverity(Enum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class IssueCode:
    UNSAFE_OPERATOR = Property("UNSAFE_OPERATOR", 1)


class IssueDetails(ABC):
    """What an issue says beside its severity."""

    def __init__(self, scanner: str = "") -> None:
        self.scanner = scanner

    @abstractmethod
    def output_lines(self) -> list[str]: ...

    @abstractmethod
    def output_json(self) -> dict[str, str]: ...


class OperatorIssueDetails(IssueDetails):
    """An operator that should not be there. `description` replaces the usual sentence."""

    def __init__(
        self,
        module: str,
        operator: str,
        severity: IssueSeverity,
        source: Path | str,
        scanner: str = "",
        description: str = "",
    ) -> None:
        super().__init__(scanner)
        self.module, self.operator, self.severity, self.source = module, operator, severity, source
        self.description = description or f"Use of unsafe operator '{operator}' from module '{module}'"

    def output_lines(self) -> list[str]:
        return [f"Description: {self.description}", f"Source: {self.source}"]

    def output_json(self) -> dict[str, str]:
        return {
            "description": self.description,
            "operator": str(self.operator),
            "module": str(self.module),
            "source": str(self.source),
            "scanner": str(self.scanner),
            "severity": self.severity.name,
        }

    def __repr__(self) -> str:
        return f"OperatorIssueDetails({self.module}, {self.operator}, {self.severity.name}, {self.source})"


class Issue:
    """Equal to another one of the same code, severity, module, operator and source."""

    def __init__(self, code: Property, severity: IssueSeverity, details: IssueDetails) -> None:
        self.code, self.severity, self.details = code, severity, details

    def _key(self) -> tuple[object, ...]:
        told = self.details
        names = (getattr(told, "module", ""), getattr(told, "operator", ""), str(getattr(told, "source", "")))
        return (self.code, self.severity, *names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Issue) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Issue({self.severity.name}, {self.details!r})"

    def print(self) -> None:
        """As the console report shows it."""
        from modelscan.render.inert import inert

        lines = (f"Severity: {self.severity.name}", *self.details.output_lines())
        head = "Unsafe operator" if self.code == IssueCode.UNSAFE_OPERATOR else self.code.name
        shown = "\n".join(f"  - {inert(line, 4096)}" for line in lines)
        print(f"\n{head} found:\n{shown}")  # noqa: T201 - printing is what this method is for


class Issues:
    """The issues of one scan."""

    def __init__(self, issues: list[Issue] | None = None) -> None:
        self.all_issues: list[Issue] = [] if issues is None else issues

    def add_issue(self, issue: Issue) -> None:
        self.all_issues.append(issue)

    def add_issues(self, issues: list[Issue]) -> None:
        self.all_issues.extend(issues)

    def group_by_severity(self) -> dict[str, list[Issue]]:
        """Severity's name to its issues; only those that occur."""
        groups: dict[str, list[Issue]] = defaultdict(list)
        for issue in self.all_issues:
            groups[issue.severity.name].append(issue)
        return groups
