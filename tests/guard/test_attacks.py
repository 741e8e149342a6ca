"""Whatever way a payload takes into the process, it runs without the guard and does not with it."""

from __future__ import annotations

import pytest
from guard.running import MODES, names_in, outcome

SCRIPT = "attacks.py"


@pytest.mark.parametrize("name", names_in(SCRIPT))
def test_it_is_live_without_the_guard(name):
    found = outcome(SCRIPT, name, "bare")
    assert found.marker, found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", names_in(SCRIPT))
def test_it_is_refused_with_the_guard(name, mode):
    found = outcome(SCRIPT, name, mode)
    assert found.error == "UnsafeModelError", found
    assert not found.marker
    assert found.text.startswith("refused to load '")


@pytest.mark.parametrize("name", ["case_swapped_between_scan_and_load", "case_library_that_swallows"])
def test_what_was_scanned_is_what_may_be_loaded(name):
    assert "__main__.touch" in outcome(SCRIPT, name, "before").text
