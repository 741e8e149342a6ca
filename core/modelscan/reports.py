"""Report classes of modelscan 0.8, and the bridge to those that callers wrote themselves."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from modelscan.defaults import DEFAULT_SETTINGS
from modelscan.errors import SettingsError
from modelscan.modelscan import ModelScan, switched_off
from modelscan.render import PLAIN, Options
from modelscan.render import console as console_report
from modelscan.render.inert import inert
from modelscan.report import Report as Outcome


class Report:
    """What a report class looks like: `generate` prints, and may return what it printed."""

    @staticmethod
    def generate(scan: ModelScan, settings: Mapping[str, Any] = {}) -> str | None:
        raise NotImplementedError


class ConsoleReport(Report):
    @staticmethod
    def generate(scan: ModelScan, settings: Mapping[str, Any] = {}) -> None:
        show = bool(settings.get("show_skipped"))
        if isinstance(scan, ModelScan):
            options = Options(show_skipped=show, scanners=False, off=switched_off(scan._settings))
            text = console_report.render(scan.report, options)
        else:
            text = "\n".join(_lists(scan, show))
        print(text)  # noqa: T201 - printing is what it is for
        _save(text, settings)


class JSONReport(Report):
    @staticmethod
    def generate(scan: ModelScan, settings: Mapping[str, Any] = {}) -> None:
        results = scan._generate_results()
        if not settings.get("show_skipped"):
            del results["summary"]["skipped"]
        text = json.dumps(results)
        print(text)  # noqa: T201 - printing is what it is for
        _save(text, settings)


def render(report: Outcome, options: Options = PLAIN) -> str:
    """What the reporter of the options prints or returns.

    Raises SettingsError where no settings file that a person named says which class that is, or where it cannot be
    had. The class is given a ModelScan and the settings beside its name.
    """
    if not options.reporter:
        raise SettingsError("no report class: name one as reporting.module in a file given with --settings-file")
    module, _, name = options.reporter.rpartition(".")
    try:
        reporter = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as problem:
        raise SettingsError(f"reporting.module: cannot import {options.reporter!r}: {problem}") from None
    printed = io.StringIO()
    settings = {"show_skipped": options.show_skipped, "output_file": options.output, **options.settings}
    with contextlib.redirect_stdout(printed):
        returned = reporter.generate(scan=ModelScan.of(report, DEFAULT_SETTINGS), settings=settings)
    return printed.getvalue().removesuffix("\n") or str(returned or "")


def _lists(scan: Any, show_skipped: bool) -> Iterator[str]:
    """What has the lists of a ModelScan and no report behind them."""
    yield "--- Summary ---\n"
    issues = scan.issues.all_issues
    if not (issues or scan.errors or scan.skipped):
        yield " No issues found! 🎉"
        return
    yield f"Total Issues: {len(issues)}"
    for issue in issues:
        yield "\n".join(("", "Unsafe operator found:", f"  - Severity: {issue.severity.name}"))
        yield from (f"  - {inert(line, 4096)}" for line in issue.details.output_lines())
    if scan.errors:
        yield "\n--- Errors --- "
        yield from (f"\nError {number}:\n{inert(str(error), 4096)}" for number, error in enumerate(scan.errors, 1))
    if scan.skipped:
        yield "\n--- Skipped --- \n"
        yield f"Total skipped: {len(scan.skipped)} - run with --show-skipped to see the full list."
        yield from (inert(str(row), 4096) for row in scan.skipped if show_skipped)


def _save(text: str, settings: Mapping[str, Any]) -> None:
    output = settings.get("output_file")
    if output:
        Path(output).write_text(text + "\n", encoding="utf-8")
