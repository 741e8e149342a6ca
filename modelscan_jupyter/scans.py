"""`%modelscan PATH…`: what is named is looked into, nothing is loaded and nothing fetched."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from modelscan.errors import SettingsError, UnsafeModelError
from modelscan.folder import Merged, Way, gather
from modelscan.guard.refusal import message
from modelscan.guard.state import STATE
from modelscan.policy import WORDS, Policy
from modelscan.records import replace
from modelscan.render.inert import inert
from modelscan.report import Report, Severity
from modelscan.scanner import NAMELESS
from modelscan.scanner import scan as scan_source
from modelscan_jupyter import arguments, exports, panel
from modelscan_jupyter.panel import Reports

if TYPE_CHECKING:
    from modelscan_jupyter.commands import Call

CACHE = "hf-cache"
THIS = "this"
_HUB = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")
"""A repository on the hub, perhaps with a revision."""


class ScanInterrupted(KeyboardInterrupt):
    """A person stopped a scan. `report` is on what was read until then, and says that the rest was not."""

    def __init__(self, report: Report) -> None:
        last = report.failures[-1]
        super().__init__(f"the scan of '{inert(report.source)}' was {last.reason}")
        self.report = report

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: a line instead of the stack of the scanner."""
        return [f"KeyboardInterrupt: {self}"]


def scan(call: Call) -> Report | Reports | None:
    """One report, or several together; None where they went into files or were not to be shown.

    Stopped by a person, it shows what it has and raises ScanInterrupted, so that Run All stops as well.
    """
    if not call.words:
        raise UsageError("give a file or a folder to scan")
    reports: list[Report] = []
    try:
        reports += (one(call, word) for word in call.words)
    except ScanInterrupted as stop:
        left = _told(call, [*reports, stop.report])
        if left is not None:
            call.face.shell.display_pub.publish(panel.bundle(left), {})
        raise
    if "--annotate" in call.options:
        _annotate(reports)
    if "--strict" in call.options:
        for report in reports:
            if report.refused:
                raise UnsafeModelError(message(report), report)
    return _told(call, reports)


def _told(call: Call, reports: list[Report]) -> Report | Reports | None:
    """Into files, or in a line each; what is to be shown is left over."""
    shown = [report for report in reports if exports.kept(call, report) is not None]
    if "--quiet" in call.options:
        for report in shown:
            print(panel.summary(report))  # noqa: T201
        return None
    if not shown:
        return None
    return shown[0] if len(reports) == 1 else Reports(reports)


def _annotate(reports: list[Report]) -> None:
    from modelscan.notebooks.record import annotate, notebooks_in

    for report in reports:
        for path in notebooks_in(report):
            try:
                annotate(path, report)
            except (OSError, ValueError) as error:
                raise UsageError(f"'{inert(str(path))}' was not annotated: {inert(str(error))}") from None
            print(f"annotated: {inert(str(path))}; Jupyter trusts its outputs again once it is run")  # noqa: T201


def one(call: Call, word: str) -> Report:
    """The report on what one word stands for."""
    policy = _policy(call)
    if word == THIS and not Path(word).exists():
        found = scan_cells(call.names.get("In", ()), "executed cells of this session", policy)
    else:
        found = _scanned(_source(call, word), policy, _way(call))
    least = call.options.get("--min-severity")
    return found if least is None else _from(found, least)


def _scanned(source: str, policy: Policy, way: Way) -> Report:
    merged, done = Merged(source, policy), 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1

    try:
        if not Path(source).is_dir():
            return scan_source(source, policy)
        gather(merged, [source], replace(way, progress=count))
    except KeyboardInterrupt:
        merged.stop(done)
        raise ScanInterrupted(merged.report()) from None
    return merged.report()


def _way(call: Call) -> Way:
    """How a folder is scanned: as asked for here, or as the settings say."""
    settings, given = call.face.options.settings, call.options
    jobs = given.get("--jobs", str(settings.get("jobs")))
    if not jobs.isdigit():
        raise UsageError(f"--jobs needs a number of processes, not '{inert(jobs)}'")
    asked = [name for name in given if name in ("--cache", "--no-cache")]
    cached = asked[-1] == "--cache" if asked else settings.get("cache")
    return Way(int(jobs), cached, follow="--no-follow" not in given)


def _from(report: Report, word: str) -> Report:
    """Only findings of that severity or worse; the verdict stays what it is."""
    known = [severity.name for severity in Severity]
    if word.upper() not in known:
        raise UsageError(f"unknown severity '{word}': {', '.join(known)}")
    kept = tuple(row for row in report.findings if row.severity >= Severity[word.upper()])
    return replace(report, findings=kept)


def _policy(call: Call) -> Policy:
    """The policy of this session under another word: its limits and approved names stay. Or that of a file."""
    from modelscan_jupyter.commands import one_of

    word = call.options.get("--policy", STATE.policy.word)
    if word not in WORDS and Path(word).is_file():
        return _policy_of(word)
    return replace(STATE.policy, word=one_of(word, WORDS, "policy"))


def _policy_of(file: str) -> Policy:
    from modelscan.settings import Settings

    try:
        return Settings.load(file).policy()
    except (SettingsError, OSError) as error:
        raise UsageError(inert(str(error), 400)) from None


def _source(call: Call, word: str) -> str:
    """A path; the whole cache; or a cached repository."""
    if word == CACHE and not Path(word).exists():
        return arguments.path(str(cache()), {})
    if "://" in word:
        raise UsageError("nothing is downloaded: fetch the file yourself, then give its path")
    if _HUB.fullmatch(word) and not Path(word).exists() and (snapshot := _snapshot(word)):
        return str(snapshot)
    return arguments.path(word, call.names)


def cache() -> Path:
    """Where huggingface_hub keeps what it downloaded
    (https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
    """
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home, "hub")).expanduser()


def _snapshot(repository: str) -> Path | None:
    """The cached snapshot of `org/name` or `org/name@revision`; of several the one that `main` points to."""
    name, _, revision = repository.partition("@")
    folder = cache() / f"models--{name.replace('/', '--')}"
    pointer = folder / "refs" / "main"
    if not revision and pointer.is_file():
        revision = pointer.read_text("utf-8", "replace").strip()
    found = [path for path in _folders(folder / "snapshots") if path.name.startswith(revision)]
    return found[0] if found else None


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def scan_cells(cells: Any, label: str, policy: Policy) -> Report:
    """The cells as a notebook of the working folder, since it is from there that they name files.

    A kernel does not know which file its cells belong to. Where the folder cannot be written to, the files that the
    cells name are not looked at.
    """
    rows = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": number}
        for number, source in enumerate(cells)
        if number and isinstance(source, str)
    ]
    data = json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    try:
        handle, full = tempfile.mkstemp(suffix=".ipynb", prefix=".modelscan-", dir=".")
    except OSError:
        return _renamed(scan_source(data, policy), NAMELESS, label)
    path = Path(full).name
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return _renamed(scan_source(path, policy), path, label)
    finally:
        Path(path).unlink(missing_ok=True)


def _renamed(report: Report, old: str, new: str) -> Report:
    """The same report on something that goes by another name."""

    def renamed(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(old):
            return new + value.removeprefix(old)
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    return Report.from_dict(renamed(report.to_dict()))
