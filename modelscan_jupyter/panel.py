"""Reports as notebooks show them: one static bundle of HTML, plain text and JSON."""

from __future__ import annotations

from typing import Any

from modelscan.guard.events import Decision, Event
from modelscan.render import renderer
from modelscan.report import Report

JSON = "application/vnd.modelscan+json"
"""Of our own, because JupyterLab would draw "application/json" as a tree in place of the HTML."""


class Reports(tuple[Report, ...]):
    """What `%modelscan A B` returns: a tuple that shows every report in full."""

    __slots__ = ()


def bundle(shown: Report | Reports) -> dict[str, Any]:
    """Every way of showing it, by MIME type."""
    reports = (shown,) if isinstance(shown, Report) else shown
    data: Any = [_sendable(report.to_dict()) for report in reports]
    return {
        "text/html": "".join(map(renderer("html"), reports)),
        "text/plain": plain(shown),
        JSON: data[0] if isinstance(shown, Report) else {"reports": data},
    }


def plain(shown: Report | Reports) -> str:
    reports = (shown,) if isinstance(shown, Report) else shown
    return "\n\n".join(map(renderer("text"), reports))


def line(event: Event) -> str:
    """What is said of a load that went ahead: why, if a person allowed it, or which classes nobody has reviewed."""
    from modelscan.render.words import panel  # like the renderers: not needed before there is something to show

    shown = panel(event.report)
    if event.decision is Decision.ALLOWED:
        return f"modelscan: ALLOWED - {shown.name}  {shown.about}"
    return f"modelscan: {shown.word} - {shown.name}  {' '.join(shown.notes)}"


def _sendable(value: Any) -> Any:
    """Without lone surrogates: a file may hold them, a message to the front end must be UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_sendable(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item) for item in value]
    return value
