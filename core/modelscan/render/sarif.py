"""SARIF 2.1.0 for code scanning: rules, findings with byte offsets as regions, and what was not read.

An artifact inside another one goes by our name chain ("model.pt!archive/data.pkl"), and says which one holds it; byte
offsets count from its own first byte. Every result also has a line, since some consumers insist on one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from modelscan.contract import Terms
from modelscan.evidence import Where
from modelscan.render import PLAIN, Options
from modelscan.render.inert import inert
from modelscan.render.words import EXPRESSION, acts, place
from modelscan.report import Failure, Finding, Report, Severity
from modelscan.rules.match import Rule, Rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "SCANROOT"
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}
"""`security-severity`, as GitHub sorts it: above 9.0 critical, from 7.0 high, from 4.0 medium, below low."""
UNREAD = "warning"
PATH = 4_096


def render(report: Report, options: Options = PLAIN) -> str:
    """One log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_Run(report, options).run()]}
    return json.dumps(log, ensure_ascii=True, indent=1)


class _Run:
    def __init__(self, report: Report, options: Options) -> None:
        self.report, self.options, self.terms = report, options, Terms(report, options.off)
        self.names = self._names()
        self.rules = sorted(Rules.load().all(), key=lambda rule: rule.id)
        self.at = {rule.id: number for number, rule in enumerate(self.rules)}
        self.structure = {key: rule.id for key, rule in Rules.load().structure.items()}
        self.seen: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        report = self.report
        return {
            "tool": {
                "driver": {
                    "name": "modelscan-jupyter",
                    "semanticVersion": _semantic(report.versions.get("modelscan-jupyter", "")),
                    "rules": [_rule(rule) for rule in self.rules],
                    "properties": {"rules": report.digest, "policy": report.policy},
                }
            },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {BASE: {"uri": f"{_folder_uri(self.terms.folder)}/"}},
            "artifacts": list(self._artifacts()),
            "invocations": [
                {
                    "executionSuccessful": not any(failure.code == "internal" for failure in report.failures),
                    "toolExecutionNotifications": list(self._notifications()),
                }
            ],
            "results": [*map(self._finding, report.findings), *map(self._failure, report.failures)],
            "properties": {"verdict": report.verdict.value, "refused": report.refused},
        }

    def _names(self) -> dict[str, int]:
        """Every artifact and what holds it, holders first, to its index."""
        report = self.report
        mentioned = (
            *(row.name for row in report.artifacts),
            *(row.where.artifact for row in report.findings),
            *(row.where.artifact for row in report.failures),
            *(row.name for row in report.skips),
        )
        chained = dict.fromkeys(name for mention in mentioned for name in self.terms.chain(mention))
        return {name: number for number, name in enumerate(chained)}

    def _artifacts(self) -> Iterator[dict[str, Any]]:
        read = {row.name: row for row in self.report.artifacts}
        for name in self.names:
            chain = self.terms.chain(name)
            row: dict[str, Any] = {"location": {"uri": self._uri(name), "uriBaseId": BASE}}
            if len(chain) > 1:
                row["parentIndex"] = self.names[chain[-2]]
            if name in read:
                row["length"] = read[name].size
                row["properties"] = {"format": inert(read[name].format)}
            if name == self.report.source and self.report.sha256:
                row["hashes"] = {"sha-256": self.report.sha256}
            yield row

    def _uri(self, name: str) -> str:
        """Below the scanned folder where it is, else whole."""
        path, *inner = self.terms.chain(name)
        told = self.terms.relative(str(Path(path).absolute()))
        shown = Path(told).as_posix() + name[len(path) :] if inner else Path(told).as_posix()
        return quote(shown.encode("utf-8", "surrogateescape" if _came_from_disk(shown) else "backslashreplace"), "/!")

    def _location(self, where: Where) -> dict[str, Any]:
        region: dict[str, Any] = {"startLine": 1}
        if where.offset is not None:
            region |= {"byteOffset": max(0, where.offset), "byteLength": 1}
        logical = inert(str(where), PATH)
        return {
            "physicalLocation": {
                "artifactLocation": {
                    "uri": self._uri(where.artifact),
                    "uriBaseId": BASE,
                    "index": self.names[where.artifact],
                },
                "region": region,
            },
            "logicalLocations": [{"fullyQualifiedName": logical, "kind": "member" if where.path else "object"}],
        }

    def _finding(self, finding: Finding) -> dict[str, Any]:
        verb, what = acts(finding)
        text = f"{verb.capitalize()} {what} ({place(finding.where, self.report.source)}). {finding.why} {finding.fix}"
        result = self._result(finding.rule, finding.where, text, LEVELS[finding.severity], what)
        result["properties"] = {
            "severity": finding.severity.name,
            "security-severity": SCORES[finding.severity],
            "operator": inert(finding.operator),
            "expression": what,
        }
        _suppress(result, finding.approved)
        return result

    def _failure(self, failure: Failure) -> dict[str, Any]:
        text = f"Not read to its end: {place(failure.where, self.report.source)}: {failure.reason}."
        rule = self.structure.get(failure.code, "")
        result = self._result(rule, failure.where, text, UNREAD, failure.code)
        result["properties"] = {"code": inert(failure.code), "unread": failure.unread}
        _suppress(result, failure.approved)
        return result

    def _result(self, rule: str, where: Where, text: str, level: str, about: str) -> dict[str, Any]:
        print_ = self._fingerprint(rule, self._uri(where.artifact), where.path or "", about)
        result: dict[str, Any] = {
            "ruleId": rule or "unknown",
            "level": level,
            "message": {"text": _message(text)},
            "locations": [self._location(where)],
            "partialFingerprints": {"modelscan/v1": print_},
        }
        if rule in self.at:
            result["ruleIndex"] = self.at[rule]
        holder = self.terms.chain(where.artifact)[0]
        if holder != where.artifact:
            result["analysisTarget"] = {"uri": self._uri(holder), "uriBaseId": BASE, "index": self.names[holder]}
        return result

    def _fingerprint(self, *parts: str) -> str:
        """The same for the same thing in the same file, also when bytes before it moved; repeats are counted."""
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
        self.seen[digest] += 1
        return f"{digest}:{self.seen[digest]}"

    def _notifications(self) -> Iterator[dict[str, Any]]:
        """What is no model as far as any reader can tell. What could not be read is a result."""
        for skip in self.report.skips:
            location = self._location(Where(skip.name))
            yield {"level": "note", "message": {"text": _message(f"Skipped: {skip.reason}.")}, "locations": [location]}


def _folder_uri(folder: str) -> str:
    try:
        return Path(folder).as_uri().rstrip("/")
    except UnicodeEncodeError:  # no name that a disk could hold, as in a report that somebody made
        return Path(folder.encode("utf-8", "backslashreplace").decode("utf-8")).as_uri().rstrip("/")


def _suppress(result: dict[str, Any], reason: str) -> None:
    """A person approved the file."""
    if reason:
        result["suppressions"] = [{"kind": "external", "justification": inert(reason)}]


def _rule(rule: Rule) -> dict[str, Any]:
    severity = rule.severity
    help_ = f"{rule.why} {rule.fix}"
    properties: dict[str, Any] = {"tags": ["security", *_tags(rule)], "precision": "high"}
    if severity is not None:
        properties["security-severity"] = SCORES[severity]
    found: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in re.split(r"[^0-9A-Za-z]+", rule.key)),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_, "markdown": f"**Why:** {rule.why}\n\n**What to do:** {rule.fix}"},
        "defaultConfiguration": {"level": UNREAD if severity is None else LEVELS[severity]},
        "properties": properties,
    }
    return found


def _tags(rule: Rule) -> Iterator[str]:
    if rule.cwe:
        yield f"external/cwe/{rule.cwe.lower()}"


def _message(text: str) -> str:
    """Inert, and without the square brackets that SARIF would take for a link."""
    return re.sub(r"([\\\[\]])", r"\\\1", inert(text, EXPRESSION * 4))


def _semantic(version: str) -> str:
    return version if re.fullmatch(r"\d+\.\d+\.\d+([-+].+)?", version) else "0.0.0"


def _came_from_disk(text: str) -> bool:
    """Does it hold bytes of a file name that is no UTF-8, as Python keeps them?"""
    return any("\udc80" <= character <= "\udcff" for character in text) and not any(
        "\ud800" <= character < "\udc80" or "\udcff" < character <= "\udfff" for character in text
    )
