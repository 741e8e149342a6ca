"""A line in gadgets.toml is enough: whatever is listed there is refused, as severely as its group says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

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


REASON = re.compile(r"([^#\s]+)  # (`.+` reaches [^\s()]+\(\))")
PUBLISHED = {
    ".".join(line.split("|")[:2])
    for line in (Path(__file__).parent / "published.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
}


def test_hundreds_are_found_by_ourselves_and_say_what_reaches_what():
    """Out of the sources of the standard library and of the libraries, by tools/walk_gadgets.py, and read."""
    text = (files("modelscan.rules") / "gadgets.toml").read_text("utf-8")
    reasons = dict(found.groups() for found in map(REASON.fullmatch, text.splitlines()) if found)
    own = reasons.keys() - PUBLISHED
    assert len(own) > 900
    harms = {key: own.intersection(names_in(group["names"])) for key, group in GROUPS.items()}
    for key in ("shell-command", "python-code", "import-code", "second-stage", "file-write", "network"):
        assert len(harms[key]) >= 20, key


def test_what_was_read_and_is_no_gadget_says_why():
    lines = (Path(__file__).parents[2] / "tools" / "walked.txt").read_text("utf-8").splitlines()
    found = [line.partition("  # ") for line in lines if not line.startswith("#")]
    names = [name for name, _, _ in found]
    assert names == sorted(set(names))
    assert all(len(why) > 20 for _, _, why in found)
    denied = {name for group in GROUPS.values() for name in names_in(group["names"])}
    assert not denied.intersection(names)


def test_the_tool_sees_what_reaches_a_sink(tmp_path):
    package = tmp_path / "somelib"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import os\n\ndef show(path, *, quiet=True):\n    command = f'open {path}'\n    os.system(command)\n\n"
        "class Viewer:\n    def view(self, name):\n        show(name)\n\n"
        "    def count(self, name):\n        return len(name)\n"
    )
    tool = Path(__file__).parents[2] / "tools" / "walk_gadgets.py"
    done = subprocess.run([sys.executable, tool, package], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "# starts a program: 2",
        "somelib.Viewer.view  # `name` reaches show()",
        "somelib.show  # `command` reaches os.system()",
    ]
