"""What a panel says, in words. `text` and `html` only lay a `Panel` out, so that they cannot state different facts.

Every string of a `Panel` is inert already; HTML still has to escape it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice

from modelscan.evidence import Kind, Where, file_of
from modelscan.records import dataclass
from modelscan.render.inert import inert
from modelscan.report import Failure, Finding, Report, Severity, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Row = TypeVar("Row", Finding, Failure)

EXPRESSION = 400
"""Characters of an expression; names are held to the 200 of `inert`."""
FINDINGS = 25
"""Findings spelled out; a folder may hold thousands."""
MOST = 500
"""Files of a folder that are named at all; the report holds every one."""
LINES = 10
"""Rows of a listing that are spelled out."""
TRACE = 24
"""The same of a call tree or a disassembly."""
NAMES = 8

_ACTS: dict[Kind, tuple[str, str]] = {
    Kind.CALL: ("runs", "Loading this file would run:"),
    Kind.IMPORT: ("imports", "Loading this file would import:"),
    Kind.ATTRIBUTE: ("reaches", "Loading this file would reach:"),
    Kind.CONSTRUCT: ("makes", "Loading this file would make an instance of:"),
    Kind.STATE: ("fills", "Loading this file would set the state of:"),
    Kind.MUTATE: ("changes", "Loading this file would change:"),
    Kind.EXTENSION: ("fetches", "Loading this file would fetch, without naming it:"),
    Kind.PERSISTENT: ("asks for", "Loading this file would ask the loader for:"),
    Kind.COMPONENT: ("makes", "Loading this file would make:"),
    Kind.OPERATOR: ("runs", "Running this model would run:"),
    Kind.CODE: ("runs", "Loading this file would make a function of:"),
    Kind.SOURCE: ("runs", "Running this notebook would run:"),
    Kind.OUTPUT: ("shows", "Opening this notebook would show:"),
    Kind.REFERENCE: ("opens", "Loading this file would open:"),
}
_ODD = ("shows", "What is wrong with this file:")
"""For what is odd about the bytes or the load and runs nothing by itself; said by its reason."""

_TRACES = {"tree": "call tree", "opcodes": "opcodes", "disassembly": "code"}
"""Keys of `Evidence.detail` with lines that show how an act comes about, and what they are called."""

_REPOSITORIES = ("models", "datasets", "spaces")
"""Beginnings of folder names in a Hugging Face cache: `models--org--name/snapshots/<revision>/…`."""

_SEPARATORS = os.sep + (os.altsep or "")
_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB"))


@dataclass(frozen=True, slots=True)
class Listing:
    """Facts beside the findings: "not read", "skipped", "imports", "scan"."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding. `rows` are label and text, such as ("why", "Runs a command."); `folds` are for who wants more."""

    severity: Severity
    operator: str
    place: str
    rule: str
    rows: tuple[tuple[str, str], ...]
    folds: tuple[Listing, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One file of a folder. `word` is its verdict, `about` the worst thing in it."""

    word: str
    tone: str
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One report in words, in reading order."""

    word: str
    """REFUSED, or the verdict."""
    tone: str
    """A severity, SAFE or UNKNOWN: what colour goes with it. The words never rely on it."""
    name: str
    about: str
    verdict: str
    """The verdict where `word` does not say it already."""
    counts: tuple[tuple[Severity, int], ...]
    headline: tuple[str, str] | None
    notes: tuple[str, ...]
    entries: tuple[Entry, ...]
    listings: tuple[Listing, ...]
    files: tuple[File, ...] = ()
    """Of a folder: its models that have to be looked at, worst first."""
    safe: int = 0
    """Of a folder: its other models."""
    named: tuple[File, ...] = ()
    """The first of them."""


def panel(report: Report, limit: int = FINDINGS) -> Panel:
    """Everything that is said about a report, with `limit` findings spelled out."""
    quiet = report.verdict is Verdict.SAFE
    headline = _headline(report)
    files, safe, named = _files(report)
    told = headline[1] if headline else ""
    return Panel(
        word="REFUSED" if report.refused else report.verdict.value,
        tone=_tone(report),
        name=inert(report.source),
        about=", ".join(_about(report)),
        verdict=report.verdict.value if report.refused else "",
        counts=tuple((severity, count) for severity, count in report.counts().items() if count),
        headline=headline,
        notes=tuple(_notes(report, limit)),
        entries=tuple(entry(finding, report.source, told) for finding in report.findings[:limit]),
        listings=tuple(row for row in _listings(report, quiet) if row.lines),
        files=files,
        safe=safe,
        named=named,
    )


def _files(report: Report) -> tuple[tuple[File, ...], int, tuple[File, ...]]:
    """Of a folder: the models that have to be looked at, worst first; how many others there are, and the first of them.

    These go by one at a time: there may be a hundred thousand.
    """
    if not _is_folder(report):
        return (), 0, ()
    worst, failed = _first_of_each(report.findings), _first_of_each(report.failures)
    told = worst.keys() | failed.keys()
    ranked = sorted((_rank(worst.get(name), failed.get(name)), name) for name in told)
    files = tuple(_file(place(Where(name), report.source), worst.get(name), failed.get(name)) for _, name in ranked)
    others = (name for name in _roots(report) if name not in told)
    first = sorted(islice(others, MOST))
    named = tuple(_file(place(Where(name), report.source), None, None) for name in first)
    return files, len(first) + sum(1 for _ in others), named


def _is_folder(report: Report) -> bool:
    told = (file_of(row.where.artifact) for rows in (report.failures, report.findings) for row in rows)
    return any(name != report.source for name in chain(_roots(report), told))


def _roots(report: Report) -> Iterator[str]:
    """The files that were read. What belongs to a file stands together."""
    return (name for name, _ in groupby(file_of(row.name) for row in report.artifacts))


def _first_of_each(rows: Sequence[Row]) -> dict[str, Row]:
    """Of the rows about a file the first one."""
    return {file_of(row.where.artifact): row for row in reversed(rows)}


def glance(report: Report, source: str) -> File:
    """One file of a folder `source` that is still being scanned."""
    finding, failure = next(iter(report.findings), None), next(iter(report.failures), None)
    return _file(place(Where(report.source), source), finding, failure)


def _rank(finding: Finding | None, failure: Failure | None) -> int:
    """Low for what has to be looked at first."""
    if finding is not None and finding.severity is not Severity.LOW:
        return -int(finding.severity)
    if failure is not None:
        return 0
    return 1 if finding is not None else 2


def _file(name: str, finding: Finding | None, failure: Failure | None) -> File:
    if finding is not None and finding.severity is not Severity.LOW:
        return File(Verdict.UNSAFE.value, finding.severity.name, name, spoken(finding))
    if failure is not None:
        return File(Verdict.INCONCLUSIVE.value, "UNKNOWN", name, inert(failure.reason, EXPRESSION))
    if finding is not None:
        return File(Verdict.UNVERIFIED.value, "LOW", name, inert(finding.operator))
    return File(Verdict.SAFE.value, "SAFE", name, "")


def size(count: int) -> str:
    """12345 as "12.3 KB"."""
    for unit, word in _SIZES:
        if count >= unit:
            return f"{count / unit:.1f} {word}"
    return f"{count} bytes"


def duration(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 1 else "under 1 ms"


def spoken(finding: Finding) -> str:
    """What would run."""
    return inert(finding.expression, EXPRESSION)


def acts(finding: Finding) -> tuple[str, str]:
    """What it does, as a verb, and to what: "runs" and "os.system('id')"."""
    return _ACTS.get(finding.evidence.kind, _ODD)[0], spoken(finding)


def place(where: Where, source: str) -> str:
    """Where in the file: "archive/data.pkl @ 0x1f4"; the scanned file itself goes by its name alone."""
    inner = where.artifact.removeprefix(source).lstrip("!/\\") if where.artifact.startswith(source) else where.artifact
    shown = inert(_cached(inner) or os.path.basename(source.rstrip(_SEPARATORS)) or source)  # noqa: PTH119
    if where.path is not None:
        return f"{shown} : {inert(where.path)}"
    return shown if where.offset is None else f"{shown} @ 0x{where.offset:x}"


def _cached(path: str) -> str:
    """A path inside a Hugging Face cache by repository and revision, `org/name@a1b2c3d weights.bin`; others as is."""
    parts = path.replace("\\", "/").split("/")
    for at in range(len(parts) - 3):
        kind, *owner = parts[at].split("--")
        if kind in _REPOSITORIES and owner and parts[at + 1] == "snapshots":
            return f"{'/'.join(owner)}@{parts[at + 2][:7]} {'/'.join(parts[at + 3 :])}"
    return path


def _tone(report: Report) -> str:
    if report.verdict is Verdict.INCONCLUSIVE:
        return "UNKNOWN"
    return "SAFE" if report.worst is None else report.worst.name


def _about(report: Report) -> Iterator[str]:
    if not report.artifacts:
        yield "nothing was read"
    elif all(name == report.source for name in _roots(report)):
        yield inert(report.artifacts[0].format)
    else:
        yield _many(sum(1 for _ in _roots(report)), "model")
    yield size(report.size)
    if report.sha256:
        yield f"sha256 {report.sha256[:8]}…"
    yield duration(report.milliseconds)


def _headline(report: Report) -> tuple[str, str] | None:
    """The worst thing the file would do; of several, one that runs something."""
    if report.worst is None or report.worst is Severity.LOW:
        return None
    worst = [finding for finding in report.findings if finding.severity is report.worst]
    finding = next((row for row in worst if row.evidence.kind is Kind.CALL), worst[0])
    if finding.evidence.kind not in _ACTS:
        return _about_which(report, finding, _ODD[1]), inert(finding.why, EXPRESSION)
    return _about_which(report, finding, _ACTS[finding.evidence.kind][1]), spoken(finding)


def _about_which(report: Report, finding: Finding, words: str) -> str:
    """Of a folder, which file of it is meant."""
    if not _is_folder(report):
        return words
    name = place(Where(file_of(finding.where.artifact)), report.source)
    return words.replace("this file", name).replace("this model", name).replace("this notebook", name)


def _notes(report: Report, limit: int) -> Iterator[str]:
    if report.verdict is Verdict.INCONCLUSIVE:
        yield "This is not a verdict of safety."
    if report.verdict is Verdict.UNVERIFIED:
        yield "Everything was read. Not reviewed: " + _some(dict.fromkeys(row.operator for row in report.findings))
    if report.verdict is not Verdict.SAFE and not report.refused and report.policy in ("warn", "off"):
        yield f"The policy is {report.policy!r}: this file would be loaded all the same."
    if len(report.findings) > limit:
        yield f"The worst {limit} of {len(report.findings)} findings follow; report.findings holds them all."


def entry(finding: Finding, source: str, told: str = "") -> Entry:
    """One finding in a scan of `source`.

    What it does is left out where it is its name, or what the headline told already.
    """
    rows = [("why", inert(finding.why, EXPRESSION)), ("fix", inert(finding.fix, EXPRESSION))]
    operator, (act, expression) = inert(finding.operator), acts(finding)
    if expression not in (operator, f"{operator}()", told):
        rows.insert(0, (act, expression))
    folds = tuple(fold for fold in _folds(finding) if fold.lines)
    return Entry(finding.severity, operator, place(finding.where, source), inert(finding.rule), tuple(rows), folds)


def _folds(finding: Finding) -> Iterator[Listing]:
    """How it comes about, where the reader of the format says so."""
    for key, label in _TRACES.items():
        lines = finding.evidence.detail.get(key)
        if isinstance(lines, list | tuple):
            yield Listing(label, _cut(map(_indented, lines), TRACE))


def _indented(line: object) -> str:
    """Inert, with its indentation kept."""
    text = str(line)
    inner = text.lstrip(" ")
    return " " * min(len(text) - len(inner), 24) + inert(inner)


def _listings(report: Report, quiet: bool) -> Iterator[Listing]:
    unread = [row for row in report.failures if row.unread]
    yield Listing("not read", _cut(_failure(report, row) for row in unread))
    yield Listing("breaks off", _cut(_failure(report, row) for row in report.failures if not row.unread))
    skipped = (f"{place(Where(row.name), report.source)}: {inert(row.reason)}" for row in report.skips)
    yield Listing("skipped", _cut(skipped))
    if quiet:
        return
    if report.imports:
        yield Listing("imports", (f"{_many(len(report.imports), 'object')}: {_some(report.imports)}",))
    if report.sha256:
        yield Listing("sha256", (report.sha256,))
    rules = f", rules {inert(report.digest)}" if report.digest else ""
    versions = "".join(f", {inert(name)} {inert(value)}" for name, value in report.versions.items())
    yield Listing("scan", (f"policy {inert(report.policy)}{rules}{versions}",))


def _failure(report: Report, failure: Failure) -> str:
    return f"{place(failure.where, report.source)}: {inert(failure.reason, EXPRESSION)} ({inert(failure.code)})"


def _cut(lines: Iterable[str], most: int = LINES) -> tuple[str, ...]:
    rows = tuple(lines)
    return rows if len(rows) <= most else (*rows[:most], f"and {len(rows) - most} more")


def _some(names: Iterable[str]) -> str:
    rows = [inert(name, 80) for name in names]
    more = f" and {len(rows) - NAMES} more" if len(rows) > NAMES else ""
    return ", ".join(rows[:NAMES]) + more


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
