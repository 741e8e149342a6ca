"""Whatever way a payload takes into the process, it runs without the guard and does not with it."""

from __future__ import annotations

import pytest
from guard.running import MODES, names_in, outcome

SCRIPTS = (
    "attacks.py",
    "attacks_sources.py",
    "attacks_libraries.py",
    "attacks_doubles.py",
    "attacks_moments.py",
    "attacks_places.py",
)
DECOYS = [name for name in names_in("attacks_doubles.py") if name.startswith("case_decoy_")]
"""The loader gets what was scanned, which is harmless, and never sees the other."""
ATTACKS = [(script, name) for script in SCRIPTS for name in names_in(script) if name not in DECOYS]


@pytest.mark.parametrize(("script", "name"), ATTACKS)
def test_it_is_live_without_the_guard(script, name):
    found = outcome(script, name, "bare")
    assert found.marker, found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("script", "name"), ATTACKS)
def test_it_is_refused_with_the_guard(script, name, mode):
    found = outcome(script, name, mode)
    assert found.error == "UnsafeModelError", found
    assert not found.marker
    assert found.text.startswith("refused to load '")


@pytest.mark.parametrize("name", DECOYS)
def test_it_is_the_scanned_one_that_is_loaded(name):
    assert outcome("attacks_doubles.py", name, "bare").marker
    for mode in MODES:
        found = outcome("attacks_doubles.py", name, mode)
        assert (found.error, found.value, found.marker) == (None, [1, 2, 3], False), found


@pytest.mark.parametrize("name", ["case_swapped_between_scan_and_load", "case_library_that_swallows"])
def test_what_was_scanned_is_what_may_be_loaded(name):
    assert "__main__.touch" in outcome(SCRIPTS[0], name, "before").text
