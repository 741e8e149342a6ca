"""Renderers: each turns a Report into text. `RENDERERS` is the one registry; a new report is one file and one row."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from modelscan.report import Report

Render = Callable[[Report], str]

RENDERERS: dict[str, str] = {
    "console": "modelscan.render.console",
    "html": "modelscan.render.html",
    "json": "modelscan.render.json",
    "text": "modelscan.render.text",
}
"""Name to the module with its `render(report) -> str`; imported when it is used."""


def renderer(name: str) -> Render:
    """The renderer of that name. Raises KeyError for an unknown one."""
    render: Render = import_module(RENDERERS[name]).render
    return render
