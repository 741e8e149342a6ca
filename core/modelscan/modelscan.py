"""`ModelScan` of modelscan 0.8: the same names, lists and dict, on the engine of this package.

It may be subclassed. Scanners are told by content, so the extensions in its settings matter to `is_compatible` only;
what the settings switch off is left out, and what they deny is added to our own rules.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from modelscan import error
from modelscan.contract import SCANNERS, Entry, Terms, relative
from modelscan.defaults import DEFAULT_SETTINGS
from modelscan.error import ErrorBase, ModelScanError, PathError
from modelscan.errors import SettingsError
from modelscan.issues import Issue, IssueCode, Issues, IssueSeverity, OperatorIssueDetails
from modelscan.model import Model
from modelscan.render.json import layout
from modelscan.report import Report, Verdict
from modelscan.scanner import scan
from modelscan.schema import Keys, dotted, field_of
from modelscan.settings import Setting, Settings
from modelscan.skip import ModelScanSkipped, SkipCategories
from modelscan.version import version

logger = logging.getLogger("modelscan")

_ERRORS: Mapping[str, type[error.ModelScanScannerError]] = {
    kind.name(): kind
    for kind in (error.ModelScanScannerError, error.DependencyError, error.PickleGenopsError, error.JsonDecodeError)
}


class ModelScan:
    """Scans paths one after the other; the lists hold what the last one gave."""

    def __init__(self, settings: Mapping[str, Any] = DEFAULT_SETTINGS) -> None:
        """Raises SettingsError for a setting of ours with a value it cannot have."""
        self._settings: dict[str, Any] = copy.deepcopy(dict(settings))
        self._policy = settings_of(self._settings).policy()
        self._input_path = ""
        self._take(Report("", Verdict.INCONCLUSIVE, refused=False))

    @classmethod
    def of(cls, report: Report, settings: Mapping[str, Any] = DEFAULT_SETTINGS) -> ModelScan:
        """A scan that was made already, for those who ask for its report."""
        made = cls(settings)
        made._input_path = report.source
        made._take(report)
        return made

    def scan(self, path: str | Path) -> dict[str, Any]:
        """The results, shaped like the JSON report. Raises FileNotFoundError where there is nothing."""
        self._input_path = str(path)
        self._take(Report(self._input_path, Verdict.INCONCLUSIVE, refused=False))
        if not Path(path).exists():
            self._errors.append(PathError("Path is not valid", Path(path)))
            raise FileNotFoundError(f"Path {path} does not exist")
        self._take(scan(path, self._policy))
        for source, scanner in self._rows.scanned.items():
            logger.info("Scanning %s using %s model scan", source, scanner)
        return self._generate_results()

    def is_compatible(self, path: str) -> bool:
        """Does modelscan 0.8 have a scanner for files of this extension? We look at the content."""
        suffix = Path(path).suffix
        rows = self._settings.get("scanners", {}).values()
        return suffix in self._settings.get("supported_zip_extensions", ()) or any(
            suffix in row.get("supported_extensions", ()) for row in rows
        )

    def generate_report(self) -> str | None:
        """By the report class that the settings name. What goes wrong in it becomes a row of `errors`."""
        chosen = self._settings.get("reporting", {})
        name = chosen.get("module") or DEFAULT_SETTINGS["reporting"]["module"]
        try:
            module, _, kind = name.rpartition(".")
            made: str | None = getattr(import_module(module), kind).generate(
                scan=self, settings=chosen.get("settings", {})
            )
        except Exception as problem:
            logger.error("Error generating report using %s: %s", name, problem)
            self._errors.append(ModelScanError(f"Error generating report using {name}: {problem}"))
            return None
        return made

    @property
    def report(self) -> Report:
        """The richer report behind the lists."""
        return self._report

    @property
    def issues(self) -> Issues:
        return self._issues

    @property
    def errors(self) -> list[ErrorBase]:
        return self._errors

    @property
    def scanned(self) -> list[str]:
        return self._scanned

    @property
    def skipped(self) -> list[ModelScanSkipped]:
        return self._skipped

    def _take(self, report: Report) -> None:
        self._report, self._rows = report, Rows(report, off=switched_off(self._settings))
        self._issues = Issues(self._rows.issues)
        self._errors, self._skipped = self._rows.errors, self._rows.skipped
        self._scanned = list(self._rows.scanned)

    def _generate_results(self) -> dict[str, Any]:
        """The dict, from the lists as they are now: subclasses and report classes of modelscan 0.8 rely on it."""
        given = Path(self._input_path)
        folder = str(given.absolute().parent if given.is_file() else given.absolute())

        def told(row: Mapping[str, str]) -> dict[str, str]:
            return {**row, "source": relative(row["source"], folder)} if "source" in row else dict(row)

        return layout(
            input_path=self._input_path,
            folder=folder,
            version=version(),
            issues=[told(issue.details.output_json()) for issue in self._issues.all_issues],
            errors=[told(row.to_dict()) for row in self._errors],
            scanned=[relative(source, folder) for source in self._scanned],
            skipped=[
                told({"category": row.category.name, "description": row.message, "source": row.source})
                for row in self._skipped
            ],
            report=self._report,
        )


class Rows:
    """The rows of a report as objects of modelscan 0.8. `model` is what they are said to be about, else their files."""

    def __init__(
        self, report: Report, off: frozenset[str] = frozenset(), model: Model | None = None, scan_name: str = ""
    ) -> None:
        terms = Terms(report, off)
        self._model, self._scan_name = model, scan_name
        self.scanned = dict(terms.scanned())
        self.issues: list[Issue] = [
            Issue(
                IssueCode.UNSAFE_OPERATOR,
                IssueSeverity[row.severity.name],
                OperatorIssueDetails(
                    row.module,
                    row.operator,
                    IssueSeverity[row.severity.name],
                    self._of(row.source).get_source(),
                    row.scanner,
                    row.description,
                ),
            )
            for row in terms.issues
        ]
        self.errors: list[ErrorBase] = [self._error(row) for row in terms.errors]
        self.skipped = [
            ModelScanSkipped(
                scan_name or row.scanner,
                getattr(SkipCategories, row.category),
                row.description,
                str(self._of(row.source).get_source()),
            )
            for row in terms.skipped
        ]

    def _of(self, source: str) -> Model:
        return self._model or Model(source)

    def _error(self, row: Entry) -> ErrorBase:
        model = self._of(row.source)
        if row.category == PathError.name():
            return PathError(row.description, model.get_source())
        return _ERRORS[row.category](self._scan_name or row.scanner, row.description, model)


def settings_of(table: Mapping[str, Any]) -> Settings:
    """The settings in a dict of modelscan 0.8. What we do not know is passed over, as it always was.

    Raises SettingsError for a value that its key cannot have.
    """
    values: dict[Keys, Setting] = {}

    def take(keys: Keys, row: Mapping[Any, Any]) -> None:
        for key, value in row.items():
            inner = (*keys, str(key))
            known = field_of(inner)
            if known is not None:
                try:
                    values[inner] = Setting(known.kind.read(value), "given")
                except (ValueError, KeyError):
                    raise SettingsError(f"{dotted(inner)} must be {known.kind.expects}, not {value!r}") from None
            elif isinstance(value, Mapping):
                take(inner, value)

    take((), table)
    return Settings(values)


def switched_off(settings: Mapping[str, Any]) -> frozenset[str]:
    """Scanners that the settings leave out, by not enabling them or by not naming them."""
    rows = settings.get("scanners")
    if rows is None:
        return frozenset()
    return frozenset(one.dotted for one in SCANNERS if not rows.get(one.dotted, {}).get("enabled", False))
