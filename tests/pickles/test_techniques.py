"""Each technique of hiding a call in a pickle, in several forms: alive without a guard, and refused."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest
from live import Case, load_unguarded
from pickles.techniques import BOMBS, LOADERS, TECHNIQUES

import modelscan

MISSING = [name for name in ("cloudpickle", "dill", "joblib", "numpy", "pandas", "torch") if find_spec(name) is None]
"""Forms that need these are left out."""
MENDED = {"P25": (3, 14), "P27": (3, 13)}
"""Techniques that live in CPython's own unpickler up to some version."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Per technique its files, all loaded in one child without a guard, and what the loaders complained about."""
    found = {}
    for number, (name, forms) in enumerate(TECHNIQUES.items()):
        found[name] = []
        for form, write in enumerate(forms):
            folder = tmp_path_factory.mktemp(f"{number}_{form}_")
            marker, path = folder / "marker", folder / "m.pkl"
            try:
                data = write(marker)
            except ModuleNotFoundError:
                continue
            if any(library.encode() in data for library in MISSING):
                continue
            path.write_bytes(data)
            found[name].append(Case(f"{name} {form}", loader(name, form), path, marker))
    said = load_unguarded([case for cases in found.values() for case in cases])
    return found, said


def loader(name: str, form: int) -> str:
    """Who is beaten; `pickle.load` of a file where nothing else is said."""
    found = LOADERS.get(name, "pickle")
    return found if isinstance(found, str) else found[form]


def is_mended(name: str) -> bool:
    since = MENDED.get(name[:3])
    return since is not None and sys.version_info >= since


@pytest.mark.parametrize("name", TECHNIQUES)
def test_every_form_lives_and_is_refused(cases, name):
    found, said = cases
    assert len(found[name]) >= 3 or MISSING
    dead = [case.name for case in found[name] if not case.marker.exists()]
    assert is_mended(name) or not dead, said
    passed = [case.name for case in found[name] if modelscan.scan(case.path).verdict != "UNSAFE"]
    assert not passed


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_told_and_not_followed(name, tmp_path):
    assert modelscan.scan(BOMBS[name](tmp_path)).refused
