"""The other commands."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from samples import call, global_, text

from modelscan import approvals, guard, store
from modelscan.contract import template
from modelscan.errors import UnsafeModelError
from modelscan.rules.match import Rules

EVIL = call(global_("os", "system"), text("x")) + b"."
DIGEST = hashlib.sha256(EVIL).hexdigest()


def test_the_version(run):
    for args in (("-v",), ("--version",), ("scan", "-v")):
        done = run(*args)
        assert done.code == 0
        assert done.out.startswith("modelscan, version ")


@pytest.mark.parametrize(
    "command",
    ["", "scan", "explain", "rules", "approvals", "history", "settings", "create-settings-file", "completion"],
)
def test_every_command_has_help(run, command):
    for option in ("-h", "--help"):
        done = run(*command.split(), option)
        assert done.code == 0
        assert done.out.startswith("Usage: modelscan")
        assert max(map(len, done.out.splitlines())) <= 80


def test_a_settings_file_is_made_once_and_can_be_used(run, tmp_path):
    done = run("create-settings-file")
    assert (done.code, done.out) == (0, "")
    path = Path("modelscan-settings.toml")
    assert tomllib.loads(path.read_text("utf-8")) == template()
    path.write_text("jobs = 2")
    again = run("create-settings-file")
    assert again.code == 0
    assert "already exists" in again.err
    assert path.read_text() == "jobs = 2"
    assert run("create-settings-file", "-f").code == 0
    assert tomllib.loads(path.read_text("utf-8")) == template()
    (tmp_path / "m.pkl").write_bytes(EVIL)
    assert run("-p", tmp_path / "m.pkl").code == 1
    assert run("-p", tmp_path / "m.pkl", "--settings-file", path).code == 1


def test_a_settings_file_elsewhere(run, tmp_path):
    assert run("create-settings-file", "-l", tmp_path / "mine.toml").code == 0
    assert (tmp_path / "mine.toml").stat().st_size > 1000
    done = run("create-settings-file", "-l", tmp_path / "no" / "mine.toml")
    assert done.code == 2
    assert done.err.startswith("Error: cannot write")


def test_settings_are_shown_with_where_they_come_from(run, monkeypatch):
    monkeypatch.setenv("MODELSCAN_FAIL_ON", "HIGH")
    (store.home() / "settings.toml").write_text("\n[limits]\nseconds = 5\n")
    Path("modelscan-settings.toml").write_text("policy = 'off'\n")
    done = run("settings")
    assert done.code == 0
    lines = done.out.splitlines()
    assert 'fail_on = "HIGH"  # environment MODELSCAN_FAIL_ON' in lines
    assert 'policy = "standard"  # default' in lines
    assert f"limits.seconds = 5  # {store.home() / 'settings.toml'}:3" in lines
    assert "policy is not used" in done.err


def test_rules_are_listed_and_explained(run):
    listed = run("rules").out.splitlines()
    assert len(listed) == len(list(Rules.load().all()))
    plain = json.loads(run("rules", "--json").out)
    for rule in plain:
        shown = run("explain", rule["id"].lower())
        assert shown.code == 0
        assert shown.out.startswith(rule["id"])
        assert " ".join(rule["why"].split()) in " ".join(shown.out.split())


def test_names_are_explained(run):
    assert "CRITICAL" in run("explain", "posix.system").out
    assert "which is os.system" in run("explain", "posix.system").out
    assert "Trusted for" in run("explain", "collections.OrderedDict").out
    assert "approvals add --name lib.Net" in run("explain", "lib.Net").out


def test_a_rule_that_does_not_exist(run):
    done = run("explain", "MS-P9999")
    assert done.code == 4
    assert "is no rule" in done.err


def test_the_history_of_every_session(run, tmp_path):
    assert "Nothing was decided yet" in run("history").err
    path = tmp_path / "m\x1b[2J.pkl"
    path.write_bytes(EVIL)
    guard.install()
    try:
        for _ in range(2):
            with pytest.raises(UnsafeModelError), path.open("rb") as file:
                pickle.load(file)
    finally:
        guard.uninstall()
    (shown,) = run("history", "-n", 1).out.splitlines()
    assert "refused   UNSAFE        pickle.load" in shown
    assert "os.system" in shown
    assert "by test_commands.py:" in shown
    assert "\x1b" not in shown
    first, second = json.loads(run("history", "--json").out)
    assert first["sha256"] == second["sha256"] == DIGEST
    assert first["time"] <= second["time"]
    assert run("history", "-n", 0).code == 4


def test_approvals_from_adding_to_revoking(run, tmp_path):
    assert "There are no approvals" in run("approvals", "list").err
    (tmp_path / "m.pkl").write_bytes(EVIL)
    assert run("-p", tmp_path / "m.pkl").code == 1
    added = run("approvals", "add", tmp_path / "m.pkl", "--reason", "built by us")
    assert (added.code, added.out) == (0, "")
    assert run("-p", tmp_path / "m.pkl").code == 0
    run("approvals", "add", "--name", "lib.Net", "--reason", "read it")
    run("approvals", "add", "--sha256", "ab" * 32, "--reason", "because")
    assert len(run("approvals", "list").out.splitlines()) == 3
    assert json.loads(run("approvals", "list", "--json").out)[0]["name"] == "lib.Net"
    assert run("approvals", "revoke", DIGEST[:8], "lib.Net").code == 0
    assert run("-p", tmp_path / "m.pkl").code == 1
    gone = run("approvals", "revoke", "lib.Net", "ab" * 32)
    assert gone.code == 2
    assert "there is no approval of lib.Net" in gone.err
    assert approvals.kept() == ()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--name", "os.system", "--reason", "x"), "cannot be allowed"),
        (("--name", "lib.Net"), "Missing option '--reason'"),
        (("--name", "lib.Net", "--reason", " "), "needs a reason"),
        (("--reason", "x"), "say one of PATH"),
        (("--name", "a.B", "--sha256", "ab" * 32, "--reason", "x"), "say one of PATH"),
        (("--sha256", "zz", "--reason", "x"), "64 hexadecimal digits"),
        (("gone.pkl", "--reason", "x"), "does not exist"),
    ],
)
def test_approvals_that_cannot_be_given(run, args, words):
    done = run("approvals", "add", *args)
    assert done.code == 4
    assert words in done.err
    assert approvals.kept() == ()


def test_approvals_travel_as_a_file(run, tmp_path):
    run("approvals", "add", "--name", "lib.Net", "--reason", 'says "quoted" \\ things')
    run("approvals", "add", "--sha256", "ab" * 32, "--reason", "because")
    before = approvals.kept()
    shown = run("approvals", "export").out
    assert run("approvals", "export", tmp_path / "team.toml").code == 0
    assert (tmp_path / "team.toml").read_text("utf-8") == shown
    run("approvals", "revoke", "lib.Net", "ab" * 32)
    assert run("approvals", "import", tmp_path / "team.toml").code == 0
    assert approvals.kept() == before
    assert run("approvals", "export").out == shown


def test_a_file_with_one_wrong_approval_is_not_imported_at_all(run, tmp_path):
    (tmp_path / "team.toml").write_text(
        "[[approved]]\nname = 'a.B'\nreason = 'x'\n[[approved]]\nname = 'os.system'\nreason = 'x'\n"
    )
    done = run("approvals", "import", tmp_path / "team.toml")
    assert done.code == 2
    assert "team.toml:4: approved: os.system cannot be allowed" in done.err
    assert approvals.kept() == ()


def test_approvals_that_cannot_be_kept_are_an_error(run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(store.HOME, str(tmp_path / "file"))
    done = run("approvals", "add", "--name", "lib.Net", "--reason", "x")
    assert done.code == 2
    assert "cannot use" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run, shell, monkeypatch):
    if shell == "bash":  # click asks for the version of bash
        monkeypatch.setattr(subprocess, "run", lambda *args, **rest: subprocess.CompletedProcess(args, 0, b"5.2.0"))
    done = run("completion", shell)
    assert done.code == 0
    assert "_MODELSCAN_COMPLETE" in done.out


def test_a_shell_is_told_the_commands_and_options():
    script = "from modelscan.cli import main; main([])"
    variables = {"_MODELSCAN_COMPLETE": "bash_complete", "COMP_CWORD": "1", "PATH": ""}
    for words, wanted in {"modelscan ap": "approvals", "modelscan --reporting": "--reporting-format"}.items():
        given = {**variables, "COMP_WORDS": words}
        done = subprocess.run([sys.executable, "-c", script], check=False, env=given, capture_output=True, text=True)
        assert wanted in done.stdout, done.stderr
