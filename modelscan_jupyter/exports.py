"""Reports and tables written into files, by the renderers that the command line uses."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from modelscan.render import renderer
from modelscan.render.inert import inert
from modelscan.report import Report
from modelscan_jupyter.table import Table

if TYPE_CHECKING:
    from modelscan_jupyter.commands import Call

RENDERERS = {"--json": "json", "--html": "html", "--md": "markdown", "--sarif": "sarif"}
"""Option to the name of its renderer."""


def kept(call: Call, report: Report) -> Report | None:
    """The report, written to the files that were asked for; itself to be shown where none was."""
    asked = [(option, path) for option, path in call.options.items() if option in RENDERERS]
    for option, path in asked:
        _write(path, renderer(RENDERERS[option])(report))
    return None if asked else report


def table(call: Call, shown: Table) -> None:
    """Writes a table to the files that were asked for."""
    for option, path in call.options.items():
        if option == "--json":
            rows = [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]
            _write(path, json.dumps({"title": shown.title, "rows": rows}, indent=2))
        elif option == "--html":
            title = html.escape(shown.title)
            head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
            _write(path, f"{head}<body>{shown._repr_html_()}</body></html>")
        elif option == "--md":
            _write(path, shown.markdown())


def _write(path: str, text: str) -> None:
    try:
        Path(path).expanduser().write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write '{inert(path)}': {error.strerror}") from None
    print(f"written: {inert(path)}")  # noqa: T201
