"""Builds notebooks/*.ipynb from the plain Python beside them.

    python tools/build_notebooks.py          write them
    python tools/build_notebooks.py --check  exit 1 if one is not up to date

Cells start at "# %%", "# %% [markdown]" or "# %% tags=[...]"; a line "# %name" or "# x = %name" is a magic.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
_HEADER = re.compile(r"# %%(?P<markdown> \[markdown\])?(?: tags=(?P<tags>\[.*\]))?$")
_MAGIC = re.compile(r"# ((?:\w+ = )?%[A-Za-z].*)$")


def build(source: Path) -> NotebookNode:
    """The notebook of a source file; what stands above its first cell is for readers of the source only."""
    cells = [_cell(number, *parts) for number, parts in enumerate(_split(source.read_text("utf-8")))]
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.validate(notebook)
    return notebook


def _split(text: str) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Is it markdown, its tags, its lines."""
    cells: list[tuple[bool, list[str], list[str]]] = []
    for line in text.splitlines():
        if header := _HEADER.match(line):
            cells.append((bool(header["markdown"]), json.loads(header["tags"] or "[]"), []))
        elif cells:
            cells[-1][2].append(line)
    yield from cells


def _cell(number: int, markdown: bool, tags: list[str], lines: list[str]) -> NotebookNode:
    """Ids count up, so that a build gives the same bytes every time."""
    if markdown:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines).strip()
        return new_markdown_cell(text, id=f"cell-{number}")
    text = "\n".join(_MAGIC.sub(r"\1", line) for line in lines).strip()
    return new_code_cell(text, id=f"cell-{number}", metadata={"tags": tags} if tags else {})


def main() -> int:
    stale = []
    for source in sorted((ROOT / "notebooks").glob("*.py")):
        target = source.with_suffix(".ipynb")
        text = nbformat.writes(build(source)) + "\n"
        if target.exists() and target.read_text("utf-8") == text:
            continue
        stale.append(target.name)
        if "--check" not in sys.argv:
            target.write_text(text, encoding="utf-8", newline="\n")
    if stale:
        print("not up to date:" if "--check" in sys.argv else "written:", ", ".join(stale))
    return int("--check" in sys.argv and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
