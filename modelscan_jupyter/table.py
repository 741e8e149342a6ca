"""A small table that shows itself, as text and as static HTML; what the sub-commands of `%modelscan` return."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from modelscan.records import dataclass
from modelscan.render.inert import inert

COLUMNS = 80
WIDEST = 30
"""Of a column in text; a longer cell moves the rest of its own row only."""
_TABLE = "border-collapse:collapse;margin:6px 0;font-size:13px"
_CELL = "text-align:left;vertical-align:top;padding:2px 16px 2px 0"
_LINE = "border-bottom:1px solid rgba(128,128,128,0.4)"


@dataclass(frozen=True, slots=True)
class Table:
    """Without `columns` the first cell of each row is its heading."""

    title: str
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Table(…)" if cycle else str(self))

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{_CELL};{_LINE}">{_safe(name)}</th>' for name in self.columns)
        body = "".join(f'<tr style="background-color:transparent">{self._cells(row)}</tr>' for row in self.rows)
        table = f"<thead><tr>{head}</tr></thead>" if head else ""
        notes = "".join(f"<div>{_safe(note)}</div>" for note in self.notes)
        return (
            f'<div style="max-width:860px;font-size:14px"><div><strong>{_safe(self.title)}</strong></div>'
            f'<table style="{_TABLE}">{table}<tbody>{body}</tbody></table>{notes}</div>'
        )

    def markdown(self) -> str:
        """As a table of GitHub's Markdown; nothing in a cell is markup."""
        head = self.columns or ("",) * len(self.rows[0]) if self.rows else self.columns
        rows = (head, ("---",) * len(head), *self.rows) if head else ()
        lines = (f"| {' | '.join(cell if row is rows[1] else _quoted(cell) for cell in row)} |" for row in rows)
        return "\n".join((f"**{_quoted(self.title)}**", "", *lines, "", *map(_quoted, self.notes)))

    def _cells(self, row: tuple[str, ...]) -> str:
        first = f'<th scope="row" style="{_CELL};font-weight:600">{_safe(row[0])}</th>'
        return first + "".join(f'<td style="{_CELL}">{_safe(cell)}</td>' for cell in row[1:])

    def _lines(self) -> Iterator[str]:
        yield from textwrap.wrap(inert(self.title), COLUMNS)
        lines = [tuple(inert(cell, 400) for cell in row) for row in (self.columns, *self.rows) if row]
        widths = [min(max(map(len, column)), WIDEST) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = [f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)]
            indent = " " * (widths[0] + 4 if len(line) == 2 else 8)
            row = "  " + "  ".join(cells).rstrip()
            yield from textwrap.wrap(row, COLUMNS, subsequent_indent=indent, break_on_hyphens=False)
        for note in self.notes:
            yield from textwrap.wrap(inert(note, 400), COLUMNS)


def _quoted(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&])", r"\\\1", inert(text, 400))


def _safe(text: str) -> str:
    return f"<bdi>{html.escape(inert(text, 400), quote=True)}</bdi>"
