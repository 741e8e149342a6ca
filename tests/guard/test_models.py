"""Models of Keras and TensorFlow run what they carry without the guard, and are refused with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from guard.running import MODES, names_in, outcome

pytestmark = pytest.mark.frameworks
SCRIPT = "models.py"
CASES = names_in(SCRIPT)
ATTACKS = [name for name in CASES if "_attack_" in name]
PLAIN = [name for name in CASES if "_plain_" in name]


def modes(names: list[str]) -> list[tuple[str, str]]:
    """Keras on torch is tried with the guard behind the import, TensorFlow both ways."""
    return [(name, mode) for name in names for mode in (MODES if name.startswith("tensor") else ("after",))]


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_live_without_the_guard(name):
    found = outcome(SCRIPT, name, "bare")
    assert found.marker, found


@pytest.mark.parametrize(("name", "mode"), modes(ATTACKS))
def test_it_is_refused_with_the_guard(name, mode):
    found = outcome(SCRIPT, name, mode)
    assert found.error == "UnsafeModelError", found
    assert not found.marker
    assert found.text.startswith("refused to load '")


@pytest.mark.parametrize(("name", "mode"), modes(PLAIN))
def test_an_ordinary_load_is_not_disturbed(name, mode):
    bare = outcome(SCRIPT, name, "bare")
    assert bare.error is None, bare
    guarded = outcome(SCRIPT, name, mode)
    assert bool(guarded.hashed) == ("approved" in name)
    assert replace(guarded, hashed=0) == bare


def test_the_code_is_told():
    assert "mkdir" in outcome(SCRIPT, "keras_attack_lambda", "after").text


def test_an_approval_leaves_safe_mode_as_it_was_set():
    assert outcome(SCRIPT, "keras_plain_approved_lambda", "after").value == ["ValueError", False, True]
