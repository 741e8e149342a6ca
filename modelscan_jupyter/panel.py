"""Reports as notebooks show them: one static bundle of HTML, plain text and JSON."""

from __future__ import annotations

from typing import Any

from modelscan.guard.events import Decision, Event
from modelscan.render.inert import inert
from modelscan.report import Finding, Report, Verdict

JSON = "application/vnd.modelscan+json"
"""Of our own, because JupyterLab would draw "application/json" as a tree in place of the HTML."""


MOST = 1000
"""Rows of one kind that go into a notebook; `report` itself holds them all."""
LONGEST = 4096
"""Characters of one text there."""


class Reports(tuple[Report, ...]):
    """What `%modelscan A B` returns: a tuple that shows every report in full."""

    __slots__ = ()


Shown = Report | Reports | Finding


def bundle(shown: Shown) -> dict[str, Any]:
    """Every way of showing it, by MIME type."""
    if isinstance(shown, Finding):
        from modelscan.render.html import render_finding

        return {"text/html": render_finding(shown), "text/plain": plain(shown), JSON: _data(shown)}
    from modelscan.render import html

    reports = (shown,) if isinstance(shown, Report) else shown
    return {
        "text/html": "".join(map(html.render, reports)),
        "text/plain": plain(shown),
        JSON: _data(shown) if isinstance(shown, Report) else {"reports": [_data(report) for report in reports]},
    }


def plain(shown: Shown) -> str:
    if isinstance(shown, Finding):
        from modelscan.render.text import render_finding

        return render_finding(shown)
    from modelscan.render import text

    reports = (shown,) if isinstance(shown, Report) else shown
    return "\n\n".join(map(text.render, reports))


def _data(shown: Report | Finding) -> Any:
    if isinstance(shown, Report):
        return _sendable(shown.to_dict())
    source = shown.where.artifact
    return _sendable(Report(source, Verdict.UNSAFE, refused=False, findings=(shown,)).to_dict())["findings"][0]


def summary(report: Report) -> str:
    """The first line of the panel."""
    from modelscan.render.words import panel

    shown = panel(report)
    return f"{shown.word} - {shown.name}  {shown.about}"


def line(event: Event) -> str:
    """What is said of one load in a line: what became of it, and which classes nobody has reviewed."""
    from modelscan.render.words import panel  # like the renderers: not needed before there is something to show

    shown = panel(event.report)
    if event.decision is Decision.ALLOWED:
        return f"modelscan: ALLOWED - {shown.name}  {shown.about}"
    return f"modelscan: {shown.word} - {shown.name}  {' '.join(shown.notes) or shown.about}"


def _sendable(value: Any) -> Any:
    """Bounded, and as inert as the panel: a saved notebook is text that people and tools read."""
    if isinstance(value, str):
        return inert(value, LONGEST)
    if isinstance(value, dict):
        return {_sendable(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item) for item in value[:MOST]]
    return value
