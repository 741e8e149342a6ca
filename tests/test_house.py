"""The walls of the house, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modelscan

CORE = Path(modelscan.__file__).parent
HEAVY = ("IPython", "numpy", "torch", "h5py", "google.protobuf", "wrapt", "ipywidgets", "nbformat", "rich", "click")


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((CORE / folder).rglob("*.py"))]


GROUND = ("evidence", "report", "errors", "limits", "records")


@pytest.mark.parametrize("path", files("formats", "notebooks", "pickles", "source"), ids=str)
def test_facts_know_no_opinions(path):
    above = (
        "modelscan.rules",
        "modelscan.carried",
        "modelscan.judge",
        "modelscan.policy",
        "modelscan.scanner",
        "modelscan.guard",
        "modelscan.render",
    )
    assert not {name for name in imports_of(path) if name.startswith(above)}


@pytest.mark.parametrize("path", files("."), ids=str)
def test_core_knows_no_notebook(path):
    allowed = {"modelscan_jupyter"} if path == CORE / "__init__.py" else set()  # the two lazy delegates of %load_ext
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert not roots & ({"IPython", "ipywidgets", "modelscan_jupyter"} - allowed)


@pytest.mark.parametrize("name", GROUND)
def test_the_ground_floor_imports_nothing_above(name):
    ours = {found for found in imports_of(CORE / f"{name}.py") if found.startswith("modelscan.")}
    assert {found.split(".")[1] for found in ours} <= set(GROUND)


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_importing_is_light():
    assert not loaded_by("import modelscan") & set(HEAVY)


def test_scanning_needs_no_library(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04N.")
    loaded = loaded_by(f"import modelscan; modelscan.scan({str(tmp_path / 'm.pkl')!r})")
    assert not loaded & set(HEAVY)


def test_the_public_names_are_exported():
    assert set(modelscan.__all__) == {name for name in modelscan.__all__ if getattr(modelscan, name) is not None}
    with pytest.raises(AttributeError):
        _ = modelscan.nonsense


FACADE = {"_version", "defaults", "error", "issues", "model", "modelscan", "reports", "skip", "tools"}
"""The old names for callers of modelscan 0.8, which can be deleted as a unit."""


@pytest.mark.parametrize("path", files("."), ids=str)
def test_the_core_never_imports_the_old_names(path):
    inside = path.relative_to(CORE).parts[0].removesuffix(".py")
    allowed = (
        {"defaults"} if inside == "settings" else set()
    )  # the lazy delegate for `from modelscan.settings import …`
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("modelscan.")}
    assert inside in FACADE or not ours & (FACADE - allowed)
