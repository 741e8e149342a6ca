"""transformers, huggingface_hub, mlflow and catboost, where they are installed."""

from __future__ import annotations

import pytest
from guard.running import MODES, names_in, outcome

SCRIPT = "hubs.py"
CASES = names_in(SCRIPT)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [name for name in CASES if "_attack_" in name])
def test_it_is_refused_with_the_guard(name, mode):
    bare = outcome(SCRIPT, name, "bare")
    assert bare.marker, bare
    found = outcome(SCRIPT, name, mode)
    assert found.error == "UnsafeModelError", found
    assert not found.marker


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [name for name in CASES if "_plain" in name])
def test_an_ordinary_load_is_not_disturbed(name, mode):
    bare = outcome(SCRIPT, name, "bare")
    assert bare.error is None, bare
    assert outcome(SCRIPT, name, mode) == bare
