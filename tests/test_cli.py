"""The command line: what it prints, where, and how it exits."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from samples import call, global_, text

import modelscan

EVIL = call(global_("os", "system"), text("x")) + b"."
FILES = {
    "safe": (pickle.dumps([1]), 0),
    "low": (global_("lib", "Net") + b".", 0),
    "medium": (call(global_("lib", "make")) + b".", 1),
    "critical": (EVIL, 1),
    "broken": (pickle.dumps([1])[:-1], 3),
    "evil and broken": (EVIL[:-1], 3),
    "text": (b"some words", 3),
    "empty": (b"", 3),
}


def run(*args: str, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "modelscan", *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        encoding="utf-8",
    )


@pytest.mark.parametrize("name", FILES)
def test_exit_codes(tmp_path, name):
    data, code = FILES[name]
    (tmp_path / "m.pkl").write_bytes(data)
    done = run("-p", str(tmp_path / "m.pkl"))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert ("No issues found!" in done.stdout) == (name == "safe")


def test_errors_come_before_findings_in_the_exit_code(tmp_path):
    (tmp_path / "a.pkl").write_bytes(EVIL)
    (tmp_path / "b.pkl").write_bytes(FILES["broken"][0])
    assert run("-p", str(tmp_path)).returncode == 2


@pytest.mark.parametrize("args", [("-p", "no-such-file"), ("--nonsense",), ("scan",), ("-r", "xml", "-p", ".")])
def test_wrong_usage_exits_with_4(args):
    done = run(*args)
    assert done.returncode == 4
    assert "Usage" in done.stderr or "Error" in done.stderr


def test_json_on_stdout_is_only_json(tmp_path):
    (tmp_path / "m.pkl").write_bytes(EVIL)
    done = run("-p", str(tmp_path / "m.pkl"), "-r", "json")
    found = json.loads(done.stdout)
    assert found["summary"]["total_issues_by_severity"]["CRITICAL"] == 1
    issue = found["issues"][0]
    assert (issue["module"], issue["operator"], issue["source"]) == ("os", "system", "m.pkl")
    assert modelscan.Report.from_dict(found["modelscan_jupyter"]).verdict == "UNSAFE"


def test_the_default_command_is_scan(tmp_path):
    (tmp_path / "m.pkl").write_bytes(EVIL)
    assert run("scan", "-p", str(tmp_path)).returncode == run("-p", str(tmp_path)).returncode == 1


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_report_can_go_into_a_file(tmp_path, form):
    (tmp_path / "m.pkl").write_bytes(EVIL)
    done = run("-p", str(tmp_path / "m.pkl"), "-r", form, "-o", str(tmp_path / "out"))
    assert done.stdout == ""
    assert "os.system" in (tmp_path / "out").read_text("utf-8")


def test_an_output_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "m.pkl").write_bytes(EVIL)
    done = run("-p", str(tmp_path / "m.pkl"), "-o", str(tmp_path / "no" / "out"))
    assert done.returncode == 2
    assert "cannot write" in done.stderr


def test_the_console_says_what_would_run(tmp_path):
    (tmp_path / "m.pkl").write_bytes(EVIL)
    text = run("-p", str(tmp_path / "m.pkl")).stdout
    for words in ("UNSAFE", "CRITICAL", "os.system('x')", "m.pkl @ 0x", "MS-P"):
        assert words in text


def test_what_was_not_read_is_named(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "notes.txt").write_bytes(b"words")
    text = run("-p", str(tmp_path)).stdout
    assert "INCONCLUSIVE" in text
    assert "a.h5" in text
    assert "notes.txt" in text


def test_fail_on(tmp_path):
    (tmp_path / "m.pkl").write_bytes(FILES["medium"][0])
    assert run("-p", str(tmp_path), "--fail-on", "high").returncode == 0
    assert run("-p", str(tmp_path), "--fail-on", "low").returncode == 1


def test_version_and_help():
    assert run("-v").stdout.startswith("modelscan, version ")
    assert "Exit codes" in run("-h").stdout


def test_hostile_names_do_not_reach_the_terminal(tmp_path):
    evil = call(b"cos\nsystem\n", text("\x1b[2J\u202egnp.exe\nline")) + b"."
    (tmp_path / "m.pkl").write_bytes(evil)
    text_ = run("-p", str(tmp_path / "m.pkl")).stdout
    assert "\x1b" not in text_
    assert "\u202e" not in text_
