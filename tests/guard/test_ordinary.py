"""What worked works, and what went wrong goes wrong in the same words."""

from __future__ import annotations

import pytest
from guard.running import MODES, doors, names_in, outcome

SCRIPTS = ("ordinary.py", "libraries.py", "frameworks.py", "processes.py")
ORDINARY = [
    (script, name, mode)
    for script in SCRIPTS
    for name in names_in(script)
    for mode in doors(script, name.partition("_")[0])
]


@pytest.mark.parametrize(("script", "name", "mode"), ORDINARY)
def test_an_ordinary_load_is_not_disturbed(script, name, mode):
    bare = outcome(script, name, "bare")
    assert bare.error is None, bare
    assert outcome(script, name, mode) == bare


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", names_in("complaints.py"))
def test_a_mistake_is_reported_as_ever(name, mode):
    bare = outcome("complaints.py", name, "bare")
    assert bare.error is not None
    assert outcome("complaints.py", name, mode) == bare
