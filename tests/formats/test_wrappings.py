"""Each way of wrapping a pickle, in several forms: alive without a guard, and refused."""

from __future__ import annotations

from importlib.util import find_spec

import live
import pytest
from formats.wrappings import BOMBS, LOADERS, WRAPPINGS
from live import Case, load_unguarded

import modelscan

NEEDS = {"Z01 7z": "py7zr", "Z13 compressed by joblib": "joblib"}
UNREAD = {"Z05 methods nobody knows"}
"""What nobody reads by the book: INCONCLUSIVE."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Per way its files, all loaded in one child without a guard, and what the loaders complained about."""
    live.LOADERS.update(LOADERS)
    found = {}
    for number, (name, forms) in enumerate(WRAPPINGS.items()):
        if find_spec(NEEDS.get(name, "json")) is None:
            continue
        found[name] = []
        for place, (suffix, loader, write) in enumerate(forms):
            folder = tmp_path_factory.mktemp(f"{number}_{place}_")
            marker, path = folder / "marker", folder / f"m{suffix}"
            path.write_bytes(write(marker))
            found[name].append(Case(f"{name} {place}", loader, path, marker))
    return found, load_unguarded([case for cases in found.values() for case in cases])


@pytest.mark.parametrize("name", WRAPPINGS)
def test_every_form_lives_and_is_refused(cases, name):
    found, said = cases
    if name not in found:
        pytest.skip(f"{NEEDS[name]} is not installed")
    assert len(found[name]) >= 3
    assert not [case.name for case in found[name] if not case.marker.exists()], said
    for case in found[name]:
        report = modelscan.scan(case.path)
        assert (case.name, report.refused) == (case.name, True)
        assert (report.verdict == "UNSAFE") != (name in UNREAD)


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_told_and_not_followed(name):
    assert modelscan.scan(BOMBS[name]()).refused
