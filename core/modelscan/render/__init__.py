"""Renderers: each turns a Report into text. `RENDERERS` is the one registry; a new report is one file and one row."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.records import dataclass, field
from modelscan.report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

RENDERERS: dict[str, str] = {
    "console": "modelscan.render.console",
    "custom": "modelscan.reports",
    "html": "modelscan.render.page",
    "json": "modelscan.render.json",
    "markdown": "modelscan.render.markdown",
    "sarif": "modelscan.render.sarif",
}
"""Name, as `-r` takes it, to the module with its `render(report, options) -> str`; imported when it is used."""


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever asks for a report may choose about it."""

    show_skipped: bool = False
    """List also what is no model, file by file."""
    first: str = ""
    """A line above the console report: which settings were used."""
    scanners: bool = True
    """Name every file that was scanned, with its scanner, above the console report."""
    off: frozenset[str] = frozenset()
    """Scanners of modelscan 0.8, by dotted name, whose files are left out."""
    reporter: str = ""
    """Dotted name of a custom reporter's class. Only ever out of a settings file that was named explicitly."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """`reporting.settings`, for a custom reporter."""
    output: str | None = None
    """Where the report will be written; a custom reporter may do that by itself."""


PLAIN = Options()


if TYPE_CHECKING:

    class Render(Protocol):
        def __call__(self, report: Report, options: Options = PLAIN) -> str: ...


def renderer(name: str) -> Render:
    """The renderer of that name. Raises KeyError for an unknown one."""
    render: Render = __import__(RENDERERS[name], fromlist=("render",)).render
    return render
