"""The notebooks of notebooks/: built from their sources, and every one of them shows what it says."""

from __future__ import annotations

import importlib
import os
import re
import runpy
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
PLAYED = [source for source in SOURCES if source.stem != "tour"]  # test_tour.py plays that one
NEEDS = {
    "pytorch": ("torch",),
    "hugging_face": ("torch",),
    "numpy_and_pandas": ("pandas",),
    "keras": ("keras", "torch"),
    "tensorflow": ("tensorflow",),
    "scikit_learn": ("xgboost",),
    "bypasses": ("torch",),
}
SECTIONS = ("The attack", "What the guard does", "What the evidence says", "Going on safely")
EXPECTED = {
    "unguarded": lambda shown, error: "payload ran: True" in shown,
    "ran-each": lambda shown, error: shown.count("payload ran: True") == len(shown.splitlines()) > 1 and not error,
    "refused-template": lambda shown, error: error == ["UnsafeModelError"],
    "xgboost": lambda shown, error: (
        "the same model: True" in shown
        and re.findall(r"(?:SAFE|UNSAFE|INCONCLUSIVE)", shown) == ["SAFE", "UNSAFE", "INCONCLUSIVE", "INCONCLUSIVE"]
    ),
    "refused": lambda shown, error: error == ["UnsafeModelError"] and "REFUSED" in shown,
    "clean": lambda shown, error: not shown,
    "marker": lambda shown, error: "payload ran: False" in shown,
    "caught": lambda shown, error: shown.count("refused: CRITICAL os.system") == 3,
    "scan": lambda shown, error: "REFUSED - model" in shown,
    "live": lambda shown, error: 12 <= int(shown.split()[0]) <= int(shown.split()[2]) == 14,  # new Pythons mend two
    "found": lambda shown, error: (
        "UNSAFE" in shown and not re.search("SAFE  |UNVERIFIED|False  |ran: True", calm(shown))
    ),
    "keras": lambda shown, error: (shown.count("UNSAFE"), shown.count("MS-K")) == (4, 4),
    "torch": lambda shown, error: verdicts(shown) == ["SAFE"] * 2 + ["UNSAFE"] * 4 and shown.count("MS-P101") == 2,
    "numpy": lambda shown, error: verdicts(shown) == ["SAFE"] * 3 + ["UNSAFE"] * 3,
    "joblib": lambda shown, error: verdicts(shown) == ["SAFE"] + ["UNSAFE"] * 3,
    "tensorflow": lambda shown, error: (
        re.findall(r"\S*SAFE|\w+File|PyFunc", shown)
        == ["SAFE", "UNSAFE", "ReadFile", "UNSAFE", "WriteFile", "UNSAFE", "PyFunc"]
    ),
}


def verdicts(shown: str) -> list[str]:
    return re.findall(r"\b(?:UN)?SAFE\b", shown)


def calm(shown: str) -> str:
    return shown.replace("UNSAFE ", "")


@pytest.fixture(scope="module")
def builder():
    return runpy.run_path(str(ROOT / "tools" / "build_notebooks.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_notebook_is_built_from_its_source(builder, source):
    kept = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    assert builder["bare"](kept) == builder["bare"](builder["build"](source))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_outputs_are_kept_without_traces_of_a_machine(source):
    text = source.with_suffix(".ipynb").read_text("utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert any(cell.get("outputs") for cell in notebook.cells)
    assert "widgets" not in notebook.metadata
    assert not re.search(r"/(tmp|home|root)/|Users|widget-view|\b\d+ ms|execution\"", text)


@pytest.mark.parametrize("source", PLAYED, ids=lambda path: path.stem)
def test_it_tells_the_whole_story(builder, source):
    """Attack, guard, evidence, the way on, and a proof that the attack is live. The gallery only scans."""
    notebook = builder["build"](source)
    titles = {line[3:] for cell in notebook.cells for line in cell.source.splitlines() if line.startswith("## ")}
    assert set(SECTIONS if source.stem != "bypasses" else SECTIONS[-1:]) <= titles
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    assert tags & {"unguarded", "ran-each", "live"}
    assert tags & {"refused", "found"}


@pytest.mark.parametrize("source", PLAYED, ids=lambda path: path.stem)
def test_everything_in_it_happens(builder, source, tmp_path, monkeypatch):
    for name in NEEDS.get(source.stem, ()):
        importlib.util.find_spec(name) or pytest.skip(f"{name} is not installed")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    notebook = builder["play"](builder["build"](source), tmp_path)
    checked = 0
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        outputs = cell.outputs
        shown = "\n".join(row.get("text") or row.get("data", {}).get("text/plain", "") for row in outputs)
        errors = [row.ename for row in outputs if row.output_type == "error"]
        for tag in set(cell.metadata.get("tags", [])) & set(EXPECTED):
            checked += 1
            assert EXPECTED[tag](shown, errors), f"{tag}: {cell.source}\n{shown}"
    assert checked
    assert not list(tmp_path.rglob("marker*"))
