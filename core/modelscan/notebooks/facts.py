"""One notebook's facts, cell by cell; a cell that does not parse does not stop the rest."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from modelscan.notebooks.calls import Calls, Fact
from modelscan.notebooks.cells import Cell, Notebook
from modelscan.notebooks.loaders import WORDS
from modelscan.notebooks.names import nodes_of
from modelscan.notebooks.syntax import tree_of
from modelscan.records import dataclass

WHOLE = 32_768
"""Characters of code up to which every cell is parsed; of a longer notebook, those in which one of `WORDS` stands."""

_WORDS = re.compile(WORDS)
_BINDS = re.compile(
    r"^(?:from [\w.]+ import\b.*|import .*|"
    r"[A-Za-z_]\w* *= *(?:[rbfuRBFU]{0,2}[\"'].*|[\w.]+|(?:pathlib\.)?Path\(.*) *)$",
    re.MULTILINE,
)
_PROCESS = re.compile(r"^\s*!|\bos\.system\b|\bsubprocess\.|^\s*%%(?:bash|sh|script|cmd)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A cell that neither Python nor IPython can read."""

    line: int
    reason: str


def facts_of(notebook: Notebook) -> Iterator[tuple[Cell, Fact | Unparsed]]:
    """The calls of each code cell, in order."""
    code = [cell for cell in notebook.cells if cell.kind == "code" and cell.source.strip()]
    whole = sum(len(cell.source) for cell in code) <= WHOLE
    parts: dict[int, list[list[ast.AST]]] = {}
    failed: dict[int, Unparsed] = {}
    for number, cell in enumerate(code):
        wanted = whole or not cell.source.isascii() or _WORDS.search(cell.source) is not None
        for part in _parsed(cell.source) if wanted else _bound(cell.source):
            if isinstance(part, Unparsed):
                failed[number] = part
            else:
                parts.setdefault(number, []).append(nodes_of(part))
    calls = Calls()
    calls.learn([(number, nodes) for number, several in parts.items() for nodes in several])
    for number, cell in enumerate(code):
        found = [fact for nodes in parts.get(number, ()) for fact in calls.facts(nodes, number)]
        yield from ((cell, fact) for fact in found)
        if cell.hidden and (any(fact.subject for fact in found) or _PROCESS.search(cell.source)):
            yield cell, Fact("cell-hidden", 1, "cell", " ".join(cell.source.split())[:200])
        if number in failed and notebook.is_python:
            yield cell, failed[number]


def _parsed(source: str) -> Iterator[ast.AST | Unparsed]:
    """The cell's tree; where it has none, those of its statements that have one, and why."""
    try:
        yield tree_of(source)
    except SyntaxError as error:
        yield Unparsed(error.lineno or 1, error.msg or "not Python")
        yield from _salvaged(source)


def _salvaged(source: str) -> Iterator[ast.AST]:
    """Statements that start at the margin, each by itself."""
    lines = source.split("\n")
    starts = [at for at, line in enumerate(lines) if line[:1].strip() and line[0] not in ")]}#"]
    for at, end in itertools.pairwise([*starts, len(lines)]):
        try:
            tree = tree_of("\n".join(lines[at:end]))
        except SyntaxError:
            continue
        yield ast.increment_lineno(tree, at)


def _bound(source: str) -> Iterator[ast.AST]:
    """Only what a cell without one of the words imports and assigns, for the others to refer to."""
    lines = _BINDS.findall(source)
    if lines:
        try:
            yield tree_of("\n".join(lines))
        except SyntaxError:
            for line in lines:
                yield from _salvaged(line)
