"""What worked works, and what went wrong goes wrong in the same words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from guard.running import MODES, doors, names_in, outcome

SCRIPTS = ("ordinary.py", "habits.py", "places.py", "libraries.py", "frameworks.py", "processes.py")
ORDINARY = [
    (script, name, mode)
    for script in SCRIPTS
    for name in names_in(script)
    for mode in doors(script, name.partition("_")[0])
]


@pytest.mark.parametrize(("script", "name", "mode"), ORDINARY)
def test_an_ordinary_load_is_not_disturbed(script, name, mode):
    """Nor is anything hashed for it, which would take longer than to scan it, but what is approved by its hash."""
    bare = outcome(script, name, "bare")
    assert bare.error is None, bare
    guarded = outcome(script, name, mode)
    assert bool(guarded.hashed) == ("approved" in name)
    assert replace(guarded, hashed=0) == bare


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", names_in("complaints.py"))
def test_a_mistake_is_reported_as_ever(name, mode):
    bare = outcome("complaints.py", name, "bare")
    assert bare.error is not None
    assert outcome("complaints.py", name, mode) == bare
