"""`modelscan scan`: settings, files, one report, an exit code. click stays out of this (see `modelscan.cli`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping

from modelscan.choices import LEVELS, Choices
from modelscan.cli import WrongUsage, say
from modelscan.cli.output import deliver, prepare
from modelscan.cli.progress import Bar
from modelscan.contract import Terms
from modelscan.folder import Merged, Way, gather
from modelscan.places import FOLDER_FILE, anything_set
from modelscan.policy import WORDS, Policy
from modelscan.records import replace
from modelscan.render import Options
from modelscan.render.inert import inert
from modelscan.report import Report, Severity, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.settings import Settings

STDIN, NAME = "-", "<stdin>"
"""Instead of a path, for what comes out of a pipe; and what that is called."""


def scan(
    more: tuple[str, ...],
    paths: tuple[str, ...],
    form: str | None,
    output: str | None,
    settings_file: str | None,
    policies: tuple[str, ...],
    fail_on: str | None,
    strict: bool,
    min_severity: str | None,
    jobs: int | None,
    cached: bool | None,
    annotate: bool,
    show_skipped: bool | None,
    log: str | None,
) -> int:
    """Scan files and folders, and report what loading them would do."""
    wanted = list(dict.fromkeys((*paths, *more)))
    if not wanted:
        raise WrongUsage("Command line must include a path")
    words = ["strict"] if strict else [value for value in policies if value in WORDS]
    given = {
        "policy": words[-1] if words else None,
        "fail_on": "LOW" if strict and fail_on is None else fail_on,
        "min_severity": min_severity,
        "jobs": jobs,
        "cache": cached,
        "show_skipped": show_skipped,
        "log": log,
        "reporting.format": form,
    }
    settings = _settings(settings_file, [value for value in policies if value not in WORDS], given)
    _listen(settings.get("log"))
    for note in settings.notes:
        _tell(settings, "WARNING", f"Settings: {note}")
    prepare(output)
    options = _options(settings, settings_file, output)
    policy = _policy(wanted, settings)
    report = _report(wanted, settings, policy)
    if isinstance(settings, Choices) and _may_be_approved(report):
        full = settings.with_kept().policy()
        if full != policy:
            policy, report = full, _report(wanted, settings, full)
    if report.verdict is not Verdict.SAFE or settings.get("reporting.format") != "console":
        report = replace(report, digest=policy.digest)  # the console does not tell it of what is safe
    if annotate:
        _annotate(report, settings)
    deliver(_shown(report, settings), settings.get("reporting.format"), output, options)
    return exit_code(report, settings.get("fail_on"), settings.switched_off)


def exit_code(report: Report, fail_on: Severity = Severity.MEDIUM, off: Collection[str] = ()) -> int:
    """0 to 3 in the precedence that callers of modelscan 0.8 rely on: nothing scanned, errors, findings, none.

    What a person approved by hash counts as read, and as nothing found.
    """
    findings = tuple(row for row in report.findings if not row.approved)
    failures = tuple(row for row in report.failures if not row.approved)
    terms = Terms(replace(report, findings=findings, failures=failures, cleared=()), off)
    if not terms.total:
        return 3
    if terms.errors:
        return 2
    return int(any(row.severity >= fail_on for _, rows in terms.rows for row in rows))


def _annotate(report: Report, settings: Settings | Choices) -> None:
    from modelscan.notebooks.record import annotate, notebooks_in

    for path in notebooks_in(report):
        try:
            annotate(path, report)
        except (OSError, ValueError) as error:
            _tell(settings, "WARNING", f"{inert(str(path))} was not annotated: {inert(str(error))}")
        else:
            trust = "Jupyter no longer trusts its outputs until it is run again"
            _tell(settings, "INFO", f"{inert(str(path))} was annotated; {trust}.")


def _settings(file: str | None, policies: list[str], given: Mapping[str, Any]) -> Settings | Choices:
    for path in policies:
        if not os.path.isfile(path):  # noqa: PTH113
            raise WrongUsage(f"Invalid value for '--policy': {path!r} is neither one of {', '.join(WORDS)} nor a file")
    said = {key: value for key, value in given.items() if value is not None}
    if not (file or policies or said.get("reporting.format") == "custom" or anything_set()):
        return Choices(said)
    from modelscan.settings import Settings

    return Settings.load(file, *policies, given=said)


def _policy(paths: Collection[str], settings: Settings | Choices) -> Policy:
    """Without settings also without what is approved, which says nothing about what is safe and takes time to read.

    What comes out of a pipe comes once.
    """
    if isinstance(settings, Choices) and STDIN in paths and _anything_kept():
        return settings.with_kept().policy()
    return settings.policy()


def _may_be_approved(report: Report) -> bool:
    interrupted = any(row.code == "interrupted" for row in report.failures)
    return report.verdict is not Verdict.SAFE and not interrupted and _anything_kept()


def _anything_kept() -> bool:
    from modelscan import store  # most scans do not ask

    return store.exists()


def _listen(level: str) -> None:
    """What the library says goes to stderr, as Python does with it unless told otherwise."""
    if level == "INFO" and "logging" not in sys.modules:
        return
    import logging

    logger = logging.getLogger("modelscan")
    logger.setLevel(level)
    logger.handlers[:] = [logging.StreamHandler(sys.stderr)]


def _tell(settings: Settings | Choices, level: str, text: str) -> None:
    """Words go to stderr, as they are."""
    if LEVELS.index(level) <= LEVELS.index(settings.get("log")):
        say(text)


def _options(settings: Settings | Choices, file: str | None, output: str | None) -> Options:
    form = settings.get("reporting.format")
    if form == "custom" and not settings.reporter:
        raise WrongUsage("-r custom needs a --settings-file whose reporting.module names a report class")
    lying = os.path.join(os.getcwd(), FOLDER_FILE)  # noqa: PTH109, PTH118
    found = file or lying
    known = file is not None or lying in map(str, settings.files)
    line = (
        f"Detected settings file. Using {found}. "
        if known
        else f"No settings file detected at {lying}. Using defaults. "
    )
    told = settings.get("log") in ("INFO", "DEBUG")
    printed = form == "console" and output is None
    if not printed:
        _tell(settings, "INFO", line)
    return Options(
        show_skipped=settings.get("show_skipped"),
        first=line if printed else "",
        scanners=told,
        off=settings.switched_off,
        reporter=settings.reporter if form == "custom" else "",
        settings=settings.get("reporting.settings") if form == "custom" else {},
        output=output,
    )


def _report(paths: list[str], settings: Settings | Choices, policy: Policy) -> Report:
    """Scans all of it. Interrupted, the report says what is missing."""
    merged = Merged(_source(paths), policy)
    bar = Bar()
    try:
        if STDIN in paths:
            from modelscan.cli.stdin import read_stdin

            read_stdin(merged, NAME)
        with bar:
            files = [path for path in paths if path != STDIN]
            gather(merged, files, Way(settings.get("jobs"), settings.get("cache"), bar))
    except KeyboardInterrupt:
        merged.stop(bar.done)
        _tell(settings, "ERROR", "Interrupted: this report is not complete.")
    return merged.report(signed=False)


def _source(paths: Iterable[str]) -> str:
    """What was asked for in one name: a single path as it was given, several by the folder around them."""
    first, *more = paths
    if not more:
        return NAME if first == STDIN else first
    try:
        return os.path.commonpath([os.path.abspath(path) for path in (first, *more) if path != STDIN])  # noqa: PTH100
    except ValueError:  # on several drives
        return os.getcwd()  # noqa: PTH109


def _shown(report: Report, settings: Settings | Choices) -> Report:
    least = settings.get("min_severity")
    kept = tuple(row for row in report.findings if row.severity >= least)
    if len(kept) < len(report.findings):
        hidden = len(report.findings) - len(kept)
        _tell(settings, "INFO", f"{hidden} findings below {least} are left out of the report.")
    return replace(report, findings=kept, cleared=report.cleared if kept else ())
