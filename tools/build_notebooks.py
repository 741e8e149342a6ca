"""Builds notebooks/*.ipynb from the plain Python beside them.

    python tools/build_notebooks.py          write them, with the outputs of running them
    python tools/build_notebooks.py --check  exit 1 if one is not built from its source

Cells start at "# %%", "# %% [markdown]" or "# %% tags=[...]"; a line "# %name" or "# x = %name" is a magic.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
_HEADER = re.compile(r"# %%(?P<markdown> \[markdown\])?(?: tags=(?P<tags>\[.*\]))?$")
_MAGIC = re.compile(r"# ((?:\w+ = )?%[A-Za-z].*)$")


WIDGET = "application/vnd.jupyter.widget-view+json"


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


def play(notebook: NotebookNode, folder: Path, seconds: int = 300) -> NotebookNode:
    """Runs it below `folder`, in a kernel that sees nobody's settings; errors are kept as outputs."""
    from nbclient import NotebookClient

    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MODELSCAN_HOME"):
        os.environ[name] = str(folder / name.lower())
    NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns about TCP on every start
    ).execute()
    return notebook


def timeless(notebook: NotebookNode) -> NotebookNode:
    """Without what differs from run to run: times, hashes, buttons, and everything that needs a kernel."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel adds its version
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        kept = [
            row
            for row in cell.get("outputs", [])
            if "application/vnd.jupyter.widget-view+json" not in row.get("data", {})
        ]
        for row in kept:
            if "data" in row:
                texts = {mime: text for mime, text in row.data.items() if mime.startswith("text/")}
                row["data"] = {mime: _settled(text) for mime, text in texts.items()}
            for key in ("text", "evalue"):
                if key in row:
                    row[key] = _settled(row[key])
            if "traceback" in row:
                row["traceback"] = [_settled(line) for line in row["traceback"]]
        if cell.cell_type == "code":
            cell["outputs"] = kept
    return notebook


def _settled(text: str) -> str:
    text = re.sub(r"(?:under 1|[\d,]+) ms", "… ms", text)
    return re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b|\b[0-9a-f]{8}…", "…", text)


def bare(notebook: NotebookNode) -> str:
    """Its text without outputs and counters: what is built from the source."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return str(nbformat.writes(copy))


def main() -> int:
    stale = []
    for source in sorted((ROOT / "notebooks").glob("*.py")):
        target, built = source.with_suffix(".ipynb"), build(source)
        if target.exists() and bare(nbformat.read(target, as_version=4)) == bare(built) and "--all" not in sys.argv:
            continue
        stale.append(target.name)
        if "--check" not in sys.argv:
            with tempfile.TemporaryDirectory() as folder:
                played = timeless(play(built, Path(folder)))
            target.write_text(nbformat.writes(played) + "\n", encoding="utf-8", newline="\n")
    if stale:
        print("not up to date:" if "--check" in sys.argv else "written:", ", ".join(stale))
    return int("--check" in sys.argv and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
