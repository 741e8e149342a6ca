"""The cells of a notebook file of format 3 or 4, by a tolerant walk: a wrong type is taken for something empty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelscan.errors import FormatError
from modelscan.records import dataclass

CELLS = 20_000
"""Cells of one notebook that are read."""
_OLD_TYPES = {"text": "text/plain", "html": "text/html", "svg": "image/svg+xml", "javascript": "application/javascript"}
"""How format 3 named the kinds of output that can act."""
_HIDING = frozenset({"hide-input", "hide-cell", "hide_input", "remove-input", "remove-cell", "remove_cell"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `place` is its key path in the file, `outputs` are `Output`s with places of their own."""

    place: str
    kind: str
    """"code", "markdown", "raw" or "heading"."""
    source: str
    outputs: tuple[Output, ...]
    hidden: bool
    """Its source is not shown to whoever opens the notebook."""


@dataclass(frozen=True, slots=True)
class Output:
    """One representation of one saved output, or an attachment."""

    place: str
    mime: str
    """"stream" for what a program wrote to the terminal."""
    text: str


@dataclass(frozen=True, slots=True)
class Notebook:
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    complete: bool
    """False: there were more cells than are read."""

    @property
    def kernel(self) -> str:
        return str(_mapping(self.metadata.get("kernelspec")).get("name", ""))

    @property
    def language(self) -> str:
        """In lower case; "" where the file does not say."""
        spec, info = _mapping(self.metadata.get("kernelspec")), _mapping(self.metadata.get("language_info"))
        return str(info.get("name") or spec.get("language") or "").lower()

    @property
    def is_python(self) -> bool:
        return self.language in ("", "python", "python3", "ipython", "ipython3")


def parse(data: bytes) -> Notebook | None:
    """The notebook in `data`; None for JSON that is none. Raises FormatError for what is no JSON."""
    try:
        tree = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise FormatError("notebook-json", f"the file is no JSON: {error}") from None
    if not isinstance(tree, dict) or not (isinstance(tree.get("cells"), list) or _is_old(tree)):
        return None
    rows = list(_rows(tree))
    cells = tuple(_cell(place, row) for place, row in rows[:CELLS])
    return Notebook(cells, _mapping(tree.get("metadata")), len(rows) <= CELLS)


def strings(value: Any) -> Iterator[str]:
    """Every string inside a JSON value that could be markup."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "<" in item:
                yield item
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def text_of(value: Any) -> str:
    """Text as notebook files hold it: a string, or a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return ""


def _is_old(tree: Mapping[str, Any]) -> bool:
    return isinstance(tree.get("worksheets"), list) and "nbformat" in tree


def _rows(tree: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, row in enumerate(_sequence(tree.get("cells"))):
        yield f"cells[{number}]", _mapping(row)
    for sheet, worksheet in enumerate(_sequence(tree.get("worksheets"))):
        for number, row in enumerate(_sequence(_mapping(worksheet).get("cells"))):
            yield f"worksheets[{sheet}].cells[{number}]", _mapping(row)


def _cell(place: str, row: Mapping[str, Any]) -> Cell:
    source = text_of(row.get("source", row.get("input")))
    metadata = _mapping(row.get("metadata"))
    outputs = (*_outputs(place, row), *_attachments(place, row))
    return Cell(place, str(row.get("cell_type", "")), source, outputs, _is_hidden(metadata, row))


def _is_hidden(metadata: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    tags = {tag for tag in _sequence(metadata.get("tags")) if isinstance(tag, str)}
    folded = _mapping(metadata.get("jupyter")).get("source_hidden") is True
    spelled = metadata.get("hide_input") is True or metadata.get("cellView") == "form" or row.get("collapsed") is True
    return folded or (spelled and row.get("cell_type") == "code") or bool(tags & _HIDING)


def _outputs(place: str, row: Mapping[str, Any]) -> Iterator[Output]:
    for number, output in enumerate(_sequence(row.get("outputs"))):
        at, body = f"{place}.outputs[{number}]", _mapping(output)
        if body.get("output_type") in ("error", "pyerr"):
            yield Output(at, "stream", "\n".join(map(str, _sequence(body.get("traceback")))))
        elif body.get("output_type") == "stream":
            yield Output(at, "stream", text_of(body.get("text")))
        bundle = body.get("data") if isinstance(body.get("data"), dict) else body
        for key, value in _mapping(bundle).items():
            mime = _OLD_TYPES.get(key, key)
            if "/" in mime and mime.isascii():
                yield Output(at, mime.lower(), text_of(value) or _nested(value))


def _nested(value: Any) -> str:
    """The strings inside a JSON representation that a renderer may turn into a page."""
    return "\n".join(strings(value)) if isinstance(value, dict) else ""


def _attachments(place: str, row: Mapping[str, Any]) -> Iterator[Output]:
    for name, bundle in _mapping(row.get("attachments")).items():
        for mime, value in _mapping(bundle).items():
            yield Output(f"{place}.attachments[{str(name)[:80]}]", str(mime).lower(), text_of(value))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
