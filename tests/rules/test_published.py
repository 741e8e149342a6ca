"""Every published gadget is refused when a file calls it, and is called at least as severe as those who found it do."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import call, global_, proto, stack_global, text

import modelscan
from modelscan.report import Severity

LINES = (Path(__file__).parent / "published.txt").read_text("utf-8").splitlines()
ROWS = [tuple(line.split("|")) for line in LINES if not line.startswith("#")]
KEEPERS = {"_functools.partial", "collections.defaultdict", "functools.partial"}
"""Harmless with harmless arguments, as models have them; a text is no argument for them, and refused as MEDIUM."""


def test_the_list_is_sorted():
    assert sorted(set(ROWS)) == ROWS
    assert len(ROWS) > 350


@pytest.mark.parametrize(("module", "name", "least"), ROWS)
def test_a_published_gadget_is_refused(module, name, least):
    made = {
        "GLOBAL": global_(module, name),
        "STACK_GLOBAL": proto() + stack_global(module, name),
    }
    for written in made.values():
        for argument in ("x", "echo x"):
            report = modelscan.scan(call(written, text(argument)) + b".")
            assert report.verdict == "UNSAFE"
            expected = "MEDIUM" if f"{module}.{name}" in KEEPERS else least
            assert report.findings[0].severity >= Severity[expected], report.findings[0]
