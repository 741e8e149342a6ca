"""Where a report goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from modelscan.cli import Undone, say
from modelscan.render import Options, renderer
from modelscan.report import Report


def prepare(output: str | None) -> None:
    """Raises Undone where the report could not be written later: nobody wants to learn that after the scan."""
    if output is None:
        return
    from pathlib import Path

    path = Path(output)
    if path.is_dir():
        raise Undone(f"cannot write {output}: it is a folder")
    if not path.parent.is_dir():
        raise Undone(f"cannot write {output}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Undone(f"cannot write {output}: permission denied")


def deliver(report: Report, form: str, output: str | None, options: Options) -> None:
    """To a file, or to stdout and nothing else there."""
    if output is not None:
        before = _stamp(output)
        text = renderer(form)(report, options)
        if _stamp(output) == before:  # else a report class of the user's wrote it
            write(output, text + "\n")
        say(f"Report written to {output}")
    elif form == "console":
        _print(report, options)
    else:
        _put([renderer(form)(report, options)])


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - the path as it was given
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def write(output: str, text: str) -> None:
    """Raises Undone for what cannot be written."""
    try:
        with open(output, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.write(text)
    except OSError as error:
        raise Undone(f"cannot write {output}: {error.strerror}") from None


def _print(report: Report, options: Options) -> None:
    from modelscan.render import console

    if (sys.stdout is not None and sys.stdout.isatty()) or os.environ.get("FORCE_COLOR"):
        from rich.console import Console

        console.show(report, Console(highlight=False), options)
    else:
        _put(console.rows(report, options, _columns()))


def _put(rows: Iterable[str]) -> None:
    if sys.stdout is None:
        raise Undone("cannot write the report: standard output is closed")
    try:
        for row in rows:
            sys.stdout.write(row)
            sys.stdout.write("\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Undone(f"cannot write the report: {error.strerror}") from None


def _columns() -> int:
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdigit() and int(said) > 0 else 80
