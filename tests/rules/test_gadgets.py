"""A line in gadgets.toml is enough: whatever is listed there is refused, as severely as its group says."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from samples import call, global_, proto, stack_global, text

import modelscan
from modelscan.report import Severity
from modelscan.rules.match import names_in

GROUPS = tomllib.loads((files("modelscan.rules") / "gadgets.toml").read_text("utf-8"))
CALLED = [key for key, group in GROUPS.items() if group.get("on") != "state"]
"""What a group about states refuses hangs on the state: tests/rules/test_states.py."""


def spelled(name: str) -> tuple[str, str]:
    """A module, and a name in it that the line covers."""
    module, _, last = name.replace("*.", "somebody.", name.startswith("*.")).rpartition(".")
    return module, "anything" if last == "*" else last


@pytest.mark.parametrize("key", CALLED)
def test_every_name_of_a_group_is_refused(key):
    least = Severity[GROUPS[key]["severity"]]
    for name in names_in(GROUPS[key]["names"]):
        for written in (global_(*spelled(name)), proto() + stack_global(*spelled(name))):
            report = modelscan.scan(call(written, text("x")) + b".")
            assert report.verdict == "UNSAFE", name
            assert report.findings[0].severity >= least, (name, report.findings[0])
