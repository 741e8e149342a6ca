"""The engine: an artifact goes to its readers, their facts go to the policy, a report comes out.

It knows no format and no rule. It never runs, imports or unpickles what it reads, and whatever goes wrong with one
file becomes a row of its report.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterable, Sequence

from modelscan.collector import PAUSE
from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.limits import Budget
from modelscan.policy import Policy
from modelscan.progress import Meter
from modelscan.records import dataclass, field, replace
from modelscan.report import Finding, Report, Scanned, Skip, Verdict
from modelscan.source.artifact import Artifact, StreamRoot, read_up_to
from modelscan.spelling import spelled
from modelscan.version import version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, BinaryIO

    from modelscan.carried import Session

    # the readers are many and the guard is installed in every session: they come with the first scan
    from modelscan.formats import Context, Reader, Row

    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

NAMELESS = "<bytes>"


@dataclass(slots=True)
class Examination:
    """What was gathered before anybody judged it."""

    evidence: list[Evidence] = field(default_factory=list)
    scanned: list[Scanned] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def names(self) -> frozenset[tuple[str, str]]:
        """Every (module, name) that the file asks its loader for."""
        return frozenset(
            (fact.detail["module"], fact.detail["name"]) for fact in self.evidence if fact.kind is Kind.IMPORT
        )


def scan(source: Source, policy: Policy | str | None = None) -> Report:
    """What loading `source` would do. Never runs its content, and never raises because of it.

    `source` is a path, a folder, bytes, or a binary file object (read from its position on, and put back there).
    `policy` is a Policy or one of "strict", "standard", "warn", "off". Raises FileNotFoundError for a missing path,
    TypeError for anything that is no source, SettingsError for an unknown policy.
    """
    chosen = Policy.of(policy)
    if isinstance(source, str | os.PathLike):
        path = spelled(os.fspath(source))
        if not stat.S_ISDIR(os.stat(path).st_mode):  # noqa: PTH116
            return scan_path(path, chosen)
        from modelscan.folder import scan_folder

        return scan_folder(path, chosen)
    if isinstance(source, bytes | bytearray | memoryview):
        return scan_artifact(Artifact.of_bytes(NAMELESS, source), chosen)
    if hasattr(source, "read"):
        with Borrowed(source) as artifact:
            return scan_artifact(artifact, chosen)
    raise TypeError(f"cannot scan {type(source).__name__}: give a path, bytes or a binary file object")


def scan_path(path: str | Path, policy: Policy, *, signed: bool = True) -> Report:
    """One file. What cannot be opened is a failure row, not an exception.

    `signed`: with the digest of the policy, for which every file of rules is read.
    """
    started = time.perf_counter()
    try:
        artifact = Artifact.open(path)
    except FormatError as error:
        return _unopened(path, policy, error, signed)
    except OSError as error:
        return _unopened(path, policy, FormatError("not-accessible", error.strerror or str(error)), signed)
    try:
        before = artifact.identity()
        found = examine(artifact, policy)
        if artifact.identity() != before:
            _note(found, artifact, "changed-while-read", "somebody wrote to it while it was read")
        return approved(artifact, judge(artifact, found, policy, started=started, signed=signed), policy)
    finally:
        artifact.close()


def approved(artifact: Artifact, report: Report, policy: Policy) -> Report:
    """The report after what a person approved by hash; hashed only where that may matter."""
    if not policy.approved or report.verdict is Verdict.SAFE or not report.alone:
        return report
    try:
        return policy.approve(replace(report, sha256=artifact.sha256()))
    except (OSError, ValueError):  # it shrank or vanished: no approval is of what is left
        return report


def scan_artifact(artifact: Artifact, policy: Policy, *, started: float | None = None) -> Report:
    """Examine and judge."""
    began = time.perf_counter() if started is None else started
    return judge(artifact, examine(artifact, policy), policy, started=began)


def examine(
    artifact: Artifact, policy: Policy, *, single: bool = False, loader: str = "", reader: Reader | None = None
) -> Examination:
    """All facts about an artifact and what is inside it.

    `single` and `loader` are as in `formats.reader.Context`. `reader`: what the loader takes the bytes for, whatever
    they look like.
    """
    from modelscan.formats import Context, hides

    found = Examination()

    budget, wanted = Budget(policy.limits.expanded), policy.wanted()
    context = Context(policy.limits, budget, single, loader, policy.operators, hides, wanted)
    try:
        with PAUSE, Meter(artifact.name, artifact.size) as meter:
            _read(artifact, context, found, 0, reader, meter)
    except Exception as error:  # the one broad catch: whatever a hostile file makes of us is a row, never SAFE
        reason = f"{type(error).__name__}: {error}"
        found.evidence.append(Evidence(Kind.UNREADABLE, "internal", Where(artifact.name), {"reason": reason}))
    return found


def judge(
    artifact: Artifact,
    found: Examination,
    policy: Policy,
    *,
    session: Session | None = None,
    started: float,
    signed: bool = True,
) -> Report:
    """The report on what was found. `signed` as in `scan_path`."""
    with PAUSE:
        findings, failures = policy.findings(found.evidence, session), policy.failures(found.evidence)
    verdict, refused = policy.outcome(findings, failures, bool(found.scanned))
    return Report(
        source=artifact.name,
        verdict=verdict,
        refused=refused,
        artifacts=tuple(found.scanned),
        imports=tuple(sorted({fact.subject for fact in found.evidence if fact.kind is Kind.IMPORT})),
        findings=findings,
        skips=tuple(found.skips),
        parts=tuple(found.parts),
        cleared=_cleared(found.evidence, findings),
        failures=failures,
        policy=policy.word,
        digest=policy.digest if signed else "",
        size=artifact.size,
        versions=versions(),
        milliseconds=_since(started),
    )


def _cleared(evidence: Sequence[Evidence], findings: Sequence[Finding]) -> tuple[Finding, ...]:
    if not findings:
        return ()
    from modelscan.cleared import cleared

    return cleared(evidence, findings)


_VERSIONS = {"modelscan-jupyter": version(), "python": ".".join(map(str, sys.version_info[:3]))}


def versions() -> dict[str, str]:
    """Of this package and of Python."""
    return _VERSIONS.copy()


def _read(
    artifact: Artifact, context: Context, found: Examination, depth: int, only: Reader | None, meter: Meter
) -> None:
    """One artifact by every reader that claims it, then what they found inside."""
    if depth > context.limits.depth:
        _note(found, artifact, "limit", f"containers nested deeper than {context.limits.depth}")
        return
    from modelscan.formats import READERS, Parts

    claimed = False
    readers: Iterable[Reader | Row] = READERS if only is None else (only,)
    for reader in readers:
        if only is None and not reader.claims(artifact, context):
            continue
        claimed, at = True, len(found.scanned)
        found.scanned.append(Scanned(artifact.name, reader.format(artifact), artifact.size))
        try:
            for item in reader.read(artifact, context):
                if isinstance(item, Artifact):
                    _read(item, context, found, depth + 1, None, meter)
                    meter.next(item.size)
                    item.release()
                elif isinstance(item, Scanned):
                    found.scanned[at] = item
                elif isinstance(item, Parts):
                    found.parts += [f"{artifact.name}!{name}" for name in item.names]
                elif isinstance(item, Skip):
                    found.scanned.pop()
                    _leave(found, artifact, item.reason)
                elif item.kind is not Kind.BROKEN or not artifact.expected:
                    # A tensor may begin like anything; that it then breaks off says nothing.
                    found.evidence.append(item)
        except LimitExceeded as error:
            _note(found, artifact, "limit", f"{error.reason} (limit {error.budget!r})")
        except FormatError as error:
            _note(found, artifact, error.code, error.reason)
    if not claimed:
        _leave(found, artifact)


def _leave(found: Examination, artifact: Artifact, reason: str = "") -> None:
    """No model, as far as any reader can tell."""
    if artifact.expected:
        found.parts.append(artifact.name)
    else:
        found.skips.append(Skip(artifact.name, reason or _reason(artifact)))


def _note(found: Examination, artifact: Artifact, code: str, reason: str) -> None:
    found.evidence.append(Evidence(Kind.UNREADABLE, code, Where(artifact.name), {"reason": reason}))


def _reason(artifact: Artifact) -> str:
    if not artifact.size:
        return "the file is empty"
    text = artifact.head.decode("utf-8", "ignore")
    cut = len(artifact.head) - len(text.encode())  # a character may be cut at the end of the head
    plain = cut < 4 and "".join(text.split()).isprintable()
    return "plain text, not a model" if plain else "not a model format that any reader knows"


def _unopened(path: str | Path, policy: Policy, error: FormatError, signed: bool) -> Report:
    found = Examination()
    artifact = Artifact.of_bytes(str(path), b"")
    found.evidence.append(Evidence(Kind.UNREADABLE, error.code, Where(str(path)), {"reason": error.reason}))
    return judge(artifact, found, policy, started=time.perf_counter(), signed=signed)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def can_seek(file: Any) -> bool:
    """Can it be put back where it stands? A memory map has no word for that before Python 3.13, so it is tried."""
    if hasattr(file, "seekable"):
        return bool(file.seekable())
    try:
        file.seek(file.tell())
    except Exception:
        return False
    return True


class Borrowed:
    """A file object of the caller's, as an artifact from its position on; the position is put back."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> Artifact:
        file = self.file
        name = getattr(file, "name", None)
        label = name if isinstance(name, str) else f"<{type(file).__name__}>"
        if not can_seek(file):
            self.origin: int | None = None
            return Artifact.of_bytes(label, file.read())
        self.origin = file.tell()
        file.seek(0, os.SEEK_END)
        size = file.tell() - self.origin
        return Artifact(label, StreamRoot(self._read_at, self.origin), 0, max(0, size))

    def _read_at(self, start: int, length: int) -> bytes:
        self.file.seek(start)
        return read_up_to(self.file, length)

    def __exit__(self, *error: object) -> None:
        if self.origin is not None:
            self.file.seek(self.origin)
