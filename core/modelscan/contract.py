"""A report in the terms of modelscan 0.8, whose callers we serve unchanged: its scanners, categories and fixed texts.

The JSON and console reports and the old Python names all speak through `Terms`, so that they state the same entries.
Our own richer facts stay in the Report.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Collection, Iterable, Iterator, Mapping

from modelscan.evidence import Kind, file_of
from modelscan.records import dataclass
from modelscan.report import Failure, Finding, Report, Scanned, Severity, Verdict
from modelscan.spelling import absolute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def template_text() -> str:
    """The settings file of modelscan 0.8 with what it means here, as `create-settings-file` writes it."""
    from pathlib import Path

    return Path(__file__).with_name("settings.toml").read_text("utf-8")


@functools.cache
def template() -> Mapping[str, Any]:
    """What modelscan 0.8 has where nothing is set: scanners with their extensions, and names with their grades."""
    import tomllib

    return tomllib.loads(template_text())


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner of modelscan 0.8. `labels` are what `Scanned.format` starts with for the files it reads."""

    name: str
    extensions: tuple[str, ...]
    """As in `settings.toml`, which takes longer to be parsed than a file to be scanned."""
    labels: tuple[str, ...]

    @property
    def dotted(self) -> str:
        return f"modelscan.scanners.{self.name}"


_PICKLES = (".pkl", ".pickle", ".joblib", ".dill", ".dat", ".data")

H5 = Scanner("H5LambdaDetectScan", (".h5",), ("HDF5", "Keras HDF5"))
KERAS = Scanner("KerasLambdaDetectScan", (".keras",), ("Keras",))
LAMBDA = Scanner("SavedModelLambdaDetectScan", (".pb",), ("Keras metadata",))
OPERATORS = Scanner("SavedModelTensorflowOpScan", (".pb",), ("SavedModel", "TensorFlow"))
NUMPY = Scanner("NumpyUnsafeOpScan", (".npy",), ("NumPy",))
PICKLE = Scanner("PickleUnsafeOpScan", _PICKLES, ("pickle", "PyTorch pickle", "TorchScript pickle"))
TORCH = Scanner("PyTorchUnsafeOpScan", (".bin", ".pt", ".pth", ".ckpt"), ("PyTorch legacy",))
SCANNERS = (H5, KERAS, LAMBDA, OPERATORS, NUMPY, PICKLE, TORCH)
OURS = "modelscan.scan"
"""Named as the scanner of whatever modelscan 0.8 has none for."""

_CONFIGURED = (*KERAS.extensions, *H5.extensions)
"""Files that hold a configuration, of which modelscan 0.8 speaks as of something else."""
_STREAMS = ("pickle", "PyTorch pickle", "PyTorch legacy", "NumPy array")
"""Formats whose parts have no names of their own; so have those that end in " data", the compressed streams."""
_ARCHIVES = ("zip archive", "tar archive", "7z archive", "PyTorch zip", "PyTorch exported", "TorchScript")
"""Formats that are scanned member by member: where there is one, the archive itself was not what was scanned."""

_ERRORS = {
    "pickle": "PICKLE_GENOPS",
    "not-a-file": "PATH",
    "not-accessible": "PATH",
    "codec-missing": "DEPENDENCY",
    "keras-json": "JSON_DECODE",
}
"""Our code, or its first word, to the category of an error; everything else is MODEL_SCAN."""


_NAMES = (Kind.IMPORT, Kind.CALL, Kind.CONSTRUCT, Kind.STATE, Kind.FILL, Kind.MUTATE, Kind.ATTRIBUTE)
"""Facts about an object of Python."""
_GRAPHS = ("saved_model.pb", "keras_metadata.pb")
"""Beside them a SavedModel has a fingerprint.pb, in which there is no graph."""
_NO_FORMAT = "its bytes are of no format that any reader knows"
_NO_CONFIGURATION = "HDF5 without a configuration"
"""Read wholly all the same, so that it counts as scanned as well."""
_OPERATORS = {"Keras": "unsafe_keras_operators", "Tensorflow": "unsafe_tf_operators"}
"""What modelscan 0.8 calls the module of an operator that has none, to the table of its settings that grades it."""
_WORDS = {"PICKLE_GENOPS": "Parsing error: {}", "JSON_DECODE": "Not a valid JSON data"}
BY_SETTINGS = "MS-U020"
"""The rule of what settings deny, which say how bad it is."""
NOT_SCANNED = "Model Scan did not scan file"


@dataclass(frozen=True, slots=True)
class Issue:
    description: str
    operator: str
    module: str
    source: str
    scanner: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Entry:
    """An error or something skipped."""

    category: str
    description: str
    source: str
    scanner: str = OURS


class Terms:
    """The rows of one report as modelscan 0.8 shapes them. Sources are absolute, members follow a colon."""

    def __init__(self, report: Report, off: Collection[str] = ()) -> None:
        """`off`: scanners, by dotted name, whose files are left out."""
        self.report, self.off = report, frozenset(off)
        self.total = 0
        """Files and members that were scanned."""
        self.errors: list[Entry] = []
        self.skipped: list[Entry] = []
        self._formats: dict[str, str] = {}
        self._sort_apart()
        members = (name for name in (*self._formats, *(row.name for row in report.skips), *report.parts) if "!" in name)
        self._holders = {holder for name in members for holder in self.chain(name)[:-1]}
        source, alone = report.source, any(self.chain(name)[0] == report.source for name in _names(report))
        self.folder = os.path.dirname(absolute(source)) if alone else absolute(source)  # noqa: PTH120
        self.rows = sorted(self._found(), key=lambda row: -row[0].severity)
        self.issues = [issue for issue, _ in self.rows]
        self._scanned: dict[str, str] = {}
        self._sort_out()
        self.errors = [error for error in dict.fromkeys(self.errors) if error.scanner not in self.off]
        self.skipped = _once(self.skipped)

    def scanned(self) -> Iterator[tuple[str, str]]:
        """What was scanned, in the order of the report: sources, each with its scanner.

        They are made when somebody asks: of most of a hundred thousand files there is nothing that has to be kept.
        """
        told: set[str] = set()
        for row in self.report.artifacts:
            if row.name not in self._formats:
                if (scanner := _scanner(row.format, row.name)) not in self.off:
                    yield absolute(row.name), scanner
                continue
            source = self.source(row.name)
            if source in self._scanned and source not in told:
                told.add(source)
                yield source, self.scanner(self._scanned[source])

    @property
    def clean(self) -> bool:
        """Something was read, all of it was that calls itself a model, and there is nothing to say about it."""
        strange = any(entry.category not in ("SCAN_NOT_SUPPORTED", "MODEL_CONFIG") for entry in self.skipped)
        safe = self.report.verdict is Verdict.SAFE  # what --min-severity leaves out was found all the same
        return bool(self.total) and safe and not (self.issues or self.errors or strange)

    def source(self, name: str) -> str:
        """ "folder/m.pt!archive/data.pkl" as "/…/folder/m.pt:archive/data.pkl"."""
        chain = self.chain(name)
        shown = absolute(chain[0])
        for holder, part in itertools.pairwise(chain):
            shown += "" if self._is_stream(holder) else f":{part[len(holder) + 1 :]}"
        return shown

    def relative(self, source: str) -> str:
        """A source as told from the scanned folder."""
        return relative(source, self.folder)

    def scanner(self, name: str) -> str:
        """The scanner of modelscan 0.8 that such a file belongs to."""
        label = next((self._formats[one] for one in reversed(self.chain(name)) if one in self._formats), "")
        return _scanner(label, name)

    def chain(self, name: str) -> list[str]:
        """The file, what holds the artifact inside it, and the artifact: names, outermost first."""
        if "!" not in name:
            return [name]
        cuts = [at for at, character in enumerate(name) if character == "!"]
        return [*(name[:at] for at in cuts if name[:at] in self._formats), name]

    def _found(self) -> Iterable[tuple[Issue, list[Finding]]]:
        """One issue an operator and file, however often it occurs there."""
        found: dict[Issue, list[Finding]] = {}
        for finding in (*self.report.findings, *self.report.cleared):
            issue = self._issue(finding)
            if issue.scanner not in self.off:
                found.setdefault(issue, []).append(finding)
        return found.items()

    def _sort_out(self) -> None:
        """What failed, what was left out, and what was read to its end."""
        report = self.report
        for failure in report.failures:
            self._failed(failure)
        left = [(row.name, row.reason) for row in report.skips] + [(name, _NO_FORMAT) for name in report.parts]
        for name, reason in left:
            if name not in self._formats:  # one reader leaving it to another is no skip
                self._left(name, reason)
        failed = {self._nearest(failure.where.artifact) for failure in report.failures}
        for row in report.artifacts:
            if row.name not in self._formats:
                continue
            if row.name not in failed and not self._is_holder(row.name):
                self._settle(row.name)
            if row.name.lower().endswith(_CONFIGURED):
                self._keras(row)
        self.total += len(self._scanned)

    def _sort_apart(self) -> None:
        """Counts the files about which the report has nothing else to say, and keeps the formats of all others."""
        told = {file_of(name) for name in _told(self.report)}
        for root, group in itertools.groupby(self.report.artifacts, lambda row: file_of(row.name)):
            rows = list(group)
            row = rows[0]
            if len(rows) > 1 or row.name != root or root in told or root.lower().endswith(_CONFIGURED):
                self._formats.update((row.name, row.format) for row in rows)
            elif self.off and _scanner(row.format, root) in self.off:
                self.skipped.append(Entry("SCAN_NOT_SUPPORTED", NOT_SCANNED, absolute(root)))
            else:
                self.total += 1

    def _keras(self, row: Scanned) -> None:
        """Its configuration is read as part of it, so that the member itself counts as left out."""
        source = self.source(row.name)
        if row.format.startswith(_ARCHIVES) or row.format == _NO_CONFIGURATION:
            self.skipped.append(Entry("MODEL_CONFIG", "Model Config not found", source, self.scanner(row.name)))
        elif row.format.startswith(KERAS.labels):
            self.skipped.append(Entry("SCAN_NOT_SUPPORTED", NOT_SCANNED, f"{source}:config.json"))

    def _nearest(self, name: str) -> str:
        """The artifact that a place belongs to."""
        return next((one for one in reversed(self.chain(name)) if one in self._formats), name)

    def _is_holder(self, name: str) -> bool:
        return name in self._holders and self._formats[name].startswith(_ARCHIVES)

    def _settle(self, name: str) -> None:
        """Something was read to its end."""
        source, scanner = self.source(name), self.scanner(name)
        if scanner in self.off:
            self.skipped.append(Entry("SCAN_NOT_SUPPORTED", NOT_SCANNED, source))
        elif source not in self._scanned or self.scanner(self._scanned[source]) == OURS:
            self._scanned[source] = name  # of a compressed stream, what was in it

    def _is_stream(self, name: str) -> bool:
        label = self._formats.get(name, "")
        return label in _STREAMS or label.endswith(" data")

    def _issue(self, finding: Finding) -> Issue:
        name = finding.where.artifact
        module, operator = _named(finding)
        if module:
            description = f"Use of unsafe operator '{operator}' from module '{module}'"
            severity = grade(module, operator) or finding.severity
        else:
            description, module, severity = finding.why, self._formats.get(name, ""), finding.severity
        if finding.rule == BY_SETTINGS:
            severity = finding.severity
        return Issue(description, operator, module, self.source(name), self.scanner(name), severity)

    def _failed(self, failure: Failure) -> None:
        source, scanner = self.source(failure.where.artifact), self.scanner(failure.where.artifact)
        category = _ERRORS.get(failure.code) or _ERRORS.get(failure.code.partition("-")[0], "MODEL_SCAN")
        words = _WORDS.get(category, "{}").format(failure.reason)
        self.errors.append(Entry(category, words, source, scanner))
        if failure.code.startswith("zip-"):
            self.skipped.append(Entry("BAD_ZIP", f"Skipping zip file due to error: {failure.reason}", source))

    def _left(self, name: str, reason: str) -> None:
        """What no reader claimed. A file that calls itself a model and is none is an error, as it always was."""
        source, suffix = self.source(name), os.path.splitext(name)[1].lower()  # noqa: PTH122
        if suffix in (*PICKLE.extensions, *NUMPY.extensions):
            self.errors.append(Entry("PICKLE_GENOPS", f"Parsing error: {reason}", source, PICKLE.dotted))
        elif suffix in H5.extensions or os.path.basename(name) in _GRAPHS:  # noqa: PTH119
            self.errors.append(Entry("MODEL_SCAN", reason, source, H5.dotted if suffix == ".h5" else OPERATORS.dotted))
        elif suffix in KERAS.extensions:
            self.skipped.append(Entry("BAD_ZIP", f"Skipping zip file due to error: {reason}", source, KERAS.dotted))
        elif suffix in TORCH.extensions:
            self.skipped.append(Entry("MAGIC_NUMBER", "Invalid magic number", source, TORCH.dotted))
        else:
            self.skipped.append(Entry("SCAN_NOT_SUPPORTED", NOT_SCANNED, source))


def relative(source: str, folder: str) -> str:
    """An absolute source as told from `folder`; unchanged where it is not below it."""
    prefix = folder.rstrip(os.sep) + os.sep
    return source.removeprefix(prefix)


def _names(report: Report) -> Iterator[str]:
    """Of all that was read, or was to be."""
    yield from (row.name for row in report.artifacts)
    yield from _others(report)


def _others(report: Report) -> Iterator[str]:
    yield from (row.name for row in report.skips)
    yield from report.parts
    yield from (row.where.artifact for row in report.failures)


def _told(report: Report) -> Iterator[str]:
    """The places of all that is said besides what was read."""
    yield from _others(report)
    yield from (row.where.artifact for rows in (report.findings, report.cleared) for row in rows)


def _scanner(label: str, name: str) -> str:
    is_torch = label == "pickle" and name.lower().endswith(TORCH.extensions)
    suffix = os.path.splitext(name)[1].lower() if is_torch else ""  # noqa: PTH122 - of thousands of names
    return _scanner_of(label, suffix)


@functools.cache
def _scanner_of(label: str, suffix: str) -> str:
    """By the format; of raw pickles, those that are named as torch files are torch's."""
    if suffix in TORCH.extensions:
        return TORCH.dotted
    fits = ((len(start), one.dotted) for one in SCANNERS for start in one.labels if label.startswith(start))
    return max(fits, default=(0, OURS))[1]


def grade(module: str, operator: str) -> Severity | None:
    """How bad modelscan 0.8 calls a name it knows. An issue's severity follows it; what is found is ours to say."""
    for key, table in _OPERATORS.items():
        for scanner in template()["scanners"].values() if module == key else ():
            if operator in scanner.get(table, ()):
                return Severity[scanner[table][operator]]
    for severity in sorted(Severity, reverse=True):
        names = template()["unsafe_globals"][severity.name].get(module, ())
        if names == "*" or operator.partition(".")[0] in names:
            return severity
    return None


def _named(finding: Finding) -> tuple[str, str]:
    """Module and name as the file spells them; the module is empty for what is no name."""
    fact = finding.evidence
    module, _, name = str(fact.detail.get("callee", "")).partition(":")
    module, name = str(fact.detail.get("module", module)), str(fact.detail.get("name", name))
    if fact.kind is Kind.COMPONENT:
        return "Keras", name
    if fact.kind is Kind.OPERATOR:
        return "Tensorflow", name or fact.subject
    if fact.kind not in _NAMES or not (module or name):
        return "", fact.subject
    if fact.kind is Kind.IMPORT or finding.operator.rpartition(".")[2] == name.rpartition(".")[2]:
        return module, name
    module, _, name = finding.operator.rpartition(".")  # an argument of the call
    return module, name


def _once(entries: Iterable[Entry]) -> list[Entry]:
    """One entry a source: the first, which says more."""
    return list({entry.source: entry for entry in reversed(list(entries))}.values())[::-1]
