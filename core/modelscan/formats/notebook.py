"""Notebook files (`.ipynb`): what their cells would run and load, and what their saved outputs would show.

A model that a cell names, and that lies in the notebook's own folder, is handed on to be read as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.notebooks import cells, facts, markup, text
from modelscan.notebooks.calls import Fact
from modelscan.report import Skip
from modelscan.source.artifact import Artifact, identity_of

FILES = 400
"""Files of one folder that a cell names which are read."""
_KERNEL = re.compile(r"[\w.\-+ ()@\[\]:]{0,200}")


def claims(artifact: Artifact, context: Context) -> bool:
    """JSON that is called a notebook, or that has what every notebook has."""
    if artifact.expected or not artifact.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return False
    if artifact.name.lower().endswith(".ipynb"):
        return True
    data = artifact.read(0, min(artifact.size, context.limits.metadata))
    return b'"nbformat"' in data and (b'"cells"' in data or b'"worksheets"' in data)


def read(artifact: Artifact, context: Context) -> Facts:
    """Rows in the order of the cells, then the models they name."""
    if artifact.size > context.limits.metadata:
        raise LimitExceeded("metadata", "a notebook larger than the limit")
    try:
        notebook = cells.parse(artifact.read(0, artifact.size))
    except FormatError as error:
        yield unreadable(artifact, error)
        return
    if notebook is None:
        yield Skip(artifact.name, "JSON, not a notebook")
        return
    if not notebook.complete:
        yield unreadable(artifact, FormatError("limit", f"more than {cells.CELLS:,} cells"))
    if not notebook.is_python and any(cell.kind == "code" and cell.source.strip() for cell in notebook.cells):
        yield unreadable(artifact, FormatError("notebook-language", f"its cells are in {notebook.language[:40]}"))
    folder = _folder(artifact)
    models: dict[str, None] = {}
    for count, row in enumerate(_rows(artifact, notebook, folder, models)):
        if count > context.limits.rows:
            raise LimitExceeded("rows", "more distinct facts than the limit")
        yield row
    for name in models:
        yield from _opened(artifact, name)


def _rows(
    artifact: Artifact, notebook: cells.Notebook, folder: Path | None, models: dict[str, None]
) -> Iterator[Evidence | Artifact]:
    for cell, fact in facts.facts_of(notebook):
        if isinstance(fact, Fact):
            yield from _stated(artifact, cell, fact, folder, models)
        else:
            where = Where(artifact.name, path=f"{cell.place}:{fact.line}")
            yield Evidence(Kind.BROKEN, "notebook-cell", where, {"reason": f"the cell is no Python: {fact.reason}"})
    for cell in notebook.cells:
        yield from _shown(artifact, cell)
    for value in cells.strings(notebook.metadata):
        for act in markup.data_acts(value):
            yield _output(artifact, "metadata", "metadata", act)
    if not _KERNEL.fullmatch(notebook.kernel):
        yield _row(artifact, Kind.OUTPUT, "kernel-name", "metadata.kernelspec", "kernelspec", notebook.kernel)


def _stated(
    artifact: Artifact, cell: cells.Cell, fact: Fact, folder: Path | None, models: dict[str, None]
) -> Iterator[Evidence | Artifact]:
    """A call, with the files it would read."""
    place = f"{cell.place}:{fact.line}"
    if fact.data is not None:
        yield artifact.child(place, fact.data)
        return
    named = list(_named(artifact, folder, fact.path)) if fact.path and folder else []
    if not fact.subject and not named:
        return
    models.update(dict.fromkeys(named))
    detail = {"expression": fact.expression, "operator": fact.operator, "references": named, "sure": fact.sure}
    detail |= {"host": fact.host} if fact.host else {}
    yield Evidence(Kind.SOURCE, fact.subject or "loader-read", Where(artifact.name, path=place), detail)


def _shown(artifact: Artifact, cell: cells.Cell) -> Iterator[Evidence]:
    """What the text and the saved outputs of a cell hold."""
    if cell.kind == "code":
        for key, line, about in text.odd(cell.source):
            yield _row(artifact, Kind.SOURCE, key, f"{cell.place}:{line}", "cell", about)
    else:
        for act in markup.markdown_acts(cell.source):
            yield _output(artifact, cell.place, cell.kind or "cell", act)
    for output in cell.outputs:
        for act in dict.fromkeys(markup.acts_of(output.mime, output.text)):
            yield _output(artifact, output.place, output.mime, act)


def _output(artifact: Artifact, place: str, mime: str, act: markup.Act) -> Evidence:
    return _row(artifact, Kind.OUTPUT, act.subject, place, mime, act.shown)


def _row(artifact: Artifact, kind: Kind, key: str, place: str, operator: str, about: str) -> Evidence:
    detail = {"expression": about[:400], "operator": operator[:80], "references": [], "sure": True}
    return Evidence(kind, key, Where(artifact.name, path=place), detail)


def _folder(artifact: Artifact) -> Path | None:
    """Where the notebook lies, if it is a file of its own and not a member of something."""
    path = Path(artifact.name)
    try:
        return path.parent if identity_of(path) == artifact.identity() else None
    except OSError:
        return None


def _named(artifact: Artifact, folder: Path | None, spelled: str) -> Iterator[str]:
    """The file of that name below the notebook's folder, or the files of that folder; never anything outside."""
    if folder is None or "\0" in spelled or len(spelled) > 1024:
        return
    try:
        root, found = folder.resolve(), (folder / spelled).resolve()
        if not found.is_relative_to(root) or found == root or found == Path(artifact.name).resolve():
            return
        if found.is_file():
            yield str(folder / found.relative_to(root))
        elif found.is_dir():
            below = [Path(where, name) for where, _, names in os.walk(found) for name in sorted(names)][: FILES + 1]
            if len(below) <= FILES:
                yield from (str(folder / file.relative_to(root)) for file in below if file.is_file())
    except (OSError, ValueError, RuntimeError):  # a name no system takes, or links in a circle
        return


def _opened(artifact: Artifact, name: str) -> Facts:
    try:
        model = Artifact.open(name)
    except FormatError as error:
        yield Evidence(Kind.UNREADABLE, error.code, Where(name), {"reason": error.reason})
    except OSError as error:
        yield Evidence(Kind.UNREADABLE, "not-accessible", Where(name), {"reason": error.strerror or str(error)})
    else:
        yield model


READER = Reader(claims, read, lambda artifact: "Jupyter notebook")
