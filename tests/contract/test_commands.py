"""The contract's table of commands: options, exit codes in their precedence, lines on stdout, keys of the JSON."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from contract.commands import modelscan
from contract.corpus import EVIL
from samples import zipped

from modelscan.cli import cli

__all__ = ["modelscan"]
CLEAN = pickle.dumps([1])
BAD_NPY = b"\x93NUMPY\x09\x00nonsense"

EXIT_CODES = {
    "clean": ({"a.pkl": CLEAN}, 0),
    "clean, and words beside it": ({"a.pkl": CLEAN, "readme.md": b"words"}, 0),
    "issues": ({"a.pkl": EVIL}, 1),
    "issues, and words beside them": ({"a.pkl": EVIL, "readme.md": b"words"}, 1),
    "issues in an archive": ({"a.zip": zipped({"data.pkl": EVIL})}, 1),
    "two issues and an empty pickle": ({"a.pkl": EVIL, "b.pkl": EVIL, "empty.pkl": b""}, 2),
    "issues and an error": ({"a.pkl": EVIL, "torn.pkl": CLEAN[:-1]}, 2),
    "clean and an error": ({"a.pkl": CLEAN, "torn.pkl": CLEAN[:-1]}, 2),
    "an error alone": ({"torn.pkl": CLEAN[:-1]}, 3),
    "an issue in what is torn": ({"torn.pkl": EVIL[:-1]}, 3),
    "an array that errors": ({"a.npy": BAD_NPY}, 3),
    "an empty pickle": ({"a.pkl": b""}, 3),
    "words": ({"readme.md": b"words"}, 3),
    "words in an archive": ({"a.zip": zipped({"readme.md": b"words"})}, 3),
    "noise named as a model": ({"a.bin": b"\x01\x02" * 99}, 3),
    "an empty folder": ({}, 3),
}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", EXIT_CODES)
def test_exit_codes(modelscan, models, name):
    files, code = EXIT_CODES[name]
    put(models, files)
    done = modelscan("-p", models)
    assert done.code == code, done
    assert ("No issues found!" in done.out) == (code == 0)


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("scan",),
        ("-p",),
        ("-p", "no-such-file"),
        ("--no-such-option",),
        ("-p", ".", "-r", "xml"),
        ("-p", ".", "-l", "LOUD"),
        ("-p", ".", "--settings-file", "no-such-file.toml"),
        ("-p", ".", "-r", "custom"),
        ("create-settings-file", "--no-such-option"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_4(modelscan, args):
    done = modelscan(*args)
    assert done.code == 4
    assert "Error: " in done.err + done.out
    assert "--path" in done.err + done.out or "Usage: " in done.err + done.out


def test_broken_settings_exit_with_2_and_name_line_and_key(modelscan, models):
    put(models, {"a.pkl": CLEAN, "s.toml": b'# settings\n[reporting]\nmodule = 3\n[scanners."x"]\nenabled = "yes"\n'})
    done = modelscan("-p", models / "a.pkl", "--settings-file", models / "s.toml")
    assert done.code == 2
    assert "s.toml:3" in done.err
    assert "reporting.module" in done.err
    assert "s.toml:5" in done.err
    assert "enabled" in done.err


def test_scan_is_the_default_command(modelscan, models):
    put(models, {"a.pkl": EVIL})
    one, other = (
        modelscan("-p", models, "-r", "json"),
        modelscan("scan", "--path", models, "--reporting-format", "json"),
    )
    assert (one.code, other.code) == (1, 1)
    assert json.loads(one.out)["issues"] == json.loads(other.out)["issues"]


@pytest.mark.parametrize("args", [("-v",), ("--version",), ("scan", "-v")])
def test_the_version(modelscan, args):
    done = modelscan(*args)
    assert done.code == 0
    assert done.out.startswith("modelscan, version ")


@pytest.mark.parametrize("args", [("-h",), ("--help",), ("scan", "-h"), ("create-settings-file", "-h")])
def test_help(modelscan, args):
    done = modelscan(*args)
    assert done.code == 0
    assert done.out.startswith("Usage: ")


@pytest.mark.parametrize("level", ["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"])
def test_log_levels(modelscan, models, level):
    put(models, {"a.pkl": EVIL})
    done = modelscan("-p", models / "a.pkl", "-l", level)
    assert done.code == 1
    assert (f"Scanning {models / 'a.pkl'} using modelscan.scanners.PickleUnsafeOpScan model scan" in done.out) == (
        level in ("INFO", "DEBUG")
    )


def test_the_console_stands_in_its_order(modelscan, models):
    put(models, {"a.pkl": EVIL, "b.pkl": CLEAN, "torn.pkl": CLEAN[:-1], "readme.md": b"words"})
    lines = modelscan("-p", models).out.split("\n")
    assert lines[0] == f"No settings file detected at {Path.cwd() / 'modelscan-settings.toml'}. Using defaults. "
    assert lines[1] == ""
    wanted = [
        f"Scanning {models / 'b.pkl'} using modelscan.scanners.PickleUnsafeOpScan model scan",
        "--- Summary ---",
        "Total Issues: 1",
        "Total Issues By Severity:",
        "    - LOW: 0",
        "    - MEDIUM: 0",
        "    - HIGH: 0",
        "    - CRITICAL: 1",
        "--- Issues by Severity ---",
        "--- CRITICAL ---",
        "Unsafe operator found:",
        "  - Severity: CRITICAL",
        "  - Description: Use of unsafe operator 'system' from module 'posix'",
        f"  - Source: {models / 'a.pkl'}",
        "--- Errors --- ",
        "Error 1:",
        "--- Skipped --- ",
        "Total skipped: 1 - run with --show-skipped to see the full list.",
    ]
    places = [lines.index(line) for line in wanted]
    assert places == sorted(places)


def test_a_settings_file_is_told(modelscan, models):
    put(models, {"a.pkl": CLEAN})
    put(Path.cwd(), {"modelscan-settings.toml": b"[limits]\nseconds = 60\n"})
    assert modelscan("-p", models).out.startswith(
        f"Detected settings file. Using {Path.cwd() / 'modelscan-settings.toml'}. \n\n"
    )
    named = put(models, {"mine.toml": b"[limits]\nseconds = 60\n"}) / "mine.toml"
    assert modelscan("-p", models / "a.pkl", "--settings-file", named).out.startswith(
        f"Detected settings file. Using {named}. \n\n"
    )


def test_skipped_files_are_listed_when_asked_for(modelscan, models):
    put(models, {"a.pkl": CLEAN, **{f"note{number}.txt": b"words" for number in range(20)}})
    assert modelscan("-p", models, "--show-skipped").out.count("note") == 20
    brief, full = (json.loads(modelscan("-p", models, "-r", "json", *flag).out) for flag in ((), ("--show-skipped",)))
    assert "skipped" not in brief["summary"]
    assert full["summary"]["skipped"]["total_skipped"] == 20


@pytest.mark.parametrize("form", ["console", "json", "sarif", "html", "markdown"])
def test_every_report_goes_to_stdout_or_into_a_file(modelscan, models, form):
    put(models, {"a.pkl": EVIL})
    shown, written = modelscan("-p", models, "-r", form), modelscan("-p", models, "-r", form, "-o", "report")
    assert (shown.code, written.code, written.out) == (1, 1, "")
    for text in (shown.out, Path("report").read_text("utf-8")):
        assert "os.system" in text
        if form in ("json", "sarif"):
            json.loads(text)


def test_the_json_has_its_keys_and_nothing_is_around_it(modelscan, models):
    put(models, {"a.pkl": EVIL, "long" * 40 + ".txt": b"words"})
    done = modelscan("-p", models, "-r", "json")
    assert done.out.count("\n") == 1
    found = json.loads(done.out)
    assert list(found)[:3] == ["summary", "issues", "errors"]
    assert found["summary"]["input_path"] == str(models)
    assert found["summary"]["absolute_path"] == str(models)
    assert found["issues"][0]["source"] == "a.pkl"


REPORTER = """
class Short:
    @staticmethod
    def generate(scan, settings):
        print(f"{len(scan.issues.all_issues)} issues, {len(scan.scanned)} scanned")
        return f"{settings['unit']}, {settings['show_skipped']}"
"""


def test_a_report_class_out_of_a_named_settings_file(modelscan, models, monkeypatch):
    put(models, {"a.pkl": EVIL})
    code = put(models.parent / "code", {"short_report.py": REPORTER.encode()})
    monkeypatch.syspath_prepend(str(code))
    settings = b'[reporting]\nmodule = "short_report.Short"\n[reporting.settings]\nunit = "x"\n'
    named = put(models.parent, {"mine.toml": settings}) / "mine.toml"
    done = modelscan("-p", models, "-r", "custom", "--settings-file", named)
    assert (done.code, done.out.strip()) == (1, "1 issues, 1 scanned")
    done = modelscan("-p", models, "-r", "custom", "--settings-file", named, "-o", "out.txt")
    assert (done.code, done.out) == (1, "")
    assert Path("out.txt").read_text("utf-8").strip() == "1 issues, 1 scanned"
    sys.modules.pop("short_report", None)


WRITER = """
class Writer:
    @staticmethod
    def generate(scan, settings):
        print("written")
        with open(settings["output_file"], "w") as file:
            file.write(str(len(scan.issues.all_issues)))
"""


def test_a_report_class_may_write_the_file_by_itself(modelscan, models, monkeypatch):
    put(models, {"a.pkl": EVIL})
    code = put(models.parent / "code", {"writing_report.py": WRITER.encode()})
    monkeypatch.syspath_prepend(str(code))
    named = put(models.parent, {"mine.toml": b'[reporting]\nmodule = "writing_report.Writer"\n'}) / "mine.toml"
    assert modelscan("-p", models, "-r", "custom", "--settings-file", named, "-o", "out.txt").code == 1
    assert Path("out.txt").read_text("utf-8") == "1"
    sys.modules.pop("writing_report", None)


@pytest.mark.parametrize("name", EXIT_CODES)
def test_the_group_ends_with_the_same_codes_in_other_programs(models, name):
    files, code = EXIT_CODES[name]
    put(models, files)
    assert CliRunner().invoke(cli, ["-p", str(models), "-l", "CRITICAL"]).exit_code == code
    assert CliRunner().invoke(cli, ["--no-such-option"]).exit_code == 4


@pytest.mark.parametrize("given", ["a.pkl", "./a.pkl", "sub/../a.pkl", ".", "./", "sub/.."])
def test_paths_are_told_as_they_were_given(modelscan, given):
    put(Path.cwd(), {"a.pkl": EVIL, "sub/b.pkl": EVIL})
    found = json.loads(modelscan("-p", given, "-r", "json").out)
    parent = Path(given).absolute().parent if given.endswith("pkl") else Path(given).absolute()
    assert found["summary"]["input_path"] == given
    assert found["summary"]["absolute_path"] == str(parent)
    wanted = ["a.pkl"] if given.endswith("pkl") else ["a.pkl", str(Path("sub", "b.pkl"))]
    assert sorted(row["source"] for row in found["issues"]) == wanted


@pytest.mark.parametrize("module", ["no_such_module.Class", "os.NoSuchClass", "nonsense", ""])
def test_a_report_class_that_cannot_be_had_is_a_sentence(modelscan, models, module):
    put(models, {"a.pkl": EVIL})
    named = put(models.parent, {"mine.toml": f'[reporting]\nmodule = "{module}"\n'.encode()}) / "mine.toml"
    done = modelscan("-p", models, "-r", "custom", "--settings-file", named)
    assert done.code in (2, 4)
    assert "Error: " in done.err
    assert "reporting.module" in done.err


def test_settings_files_are_created_and_kept(modelscan, models):
    target = Path("modelscan-settings.toml")
    assert modelscan("create-settings-file").code == 0
    made = target.read_text("utf-8")
    assert "unsafe_globals" in made
    target.write_text("mine", encoding="utf-8")
    kept = modelscan("create-settings-file")
    assert (kept.code, target.read_text("utf-8")) == (0, "mine")
    assert "--force" in kept.err + kept.out
    assert modelscan("create-settings-file", "-f").code == 0
    assert target.read_text("utf-8") == made
    assert modelscan("create-settings-file", "-l", models / "mine.toml").code == 0
    assert (models / "mine.toml").read_text("utf-8") == made


def test_what_is_not_shown_is_not_called_clean(modelscan, models):
    put(models, {"a.pkl": b"\x80\x04clib\nmake\n)R."})
    shown = modelscan("-p", models)
    hidden = modelscan("-p", models, "--min-severity", "CRITICAL")
    assert (shown.code, hidden.code) == (1, 1)
    assert "Total Issues: 1" in shown.out
    assert "Total Issues: 0" in hidden.out
    assert "UNSAFE" in hidden.out
    assert "No issues found" not in hidden.out


def test_a_scanner_that_a_named_settings_file_switches_off_is_left_out(modelscan, models):
    put(models, {"a.pkl": EVIL, "b.npy": b"\x93NUMPY\x01\x00", "c.zip": zipped({"data.pkl": EVIL})})
    off = b'[scanners."modelscan.scanners.PickleUnsafeOpScan"]\nenabled = false\n'
    named = put(models.parent, {"off.toml": off}) / "off.toml"
    assert modelscan("-p", models / "a.pkl").code == 1
    assert modelscan("-p", models / "a.pkl", "--settings-file", named).code == 3
    done = modelscan("-p", models, "--settings-file", named, "-r", "json", "--show-skipped")
    found = json.loads(done.out)
    assert found["issues"] == []
    skipped = {row["source"]: row["category"] for row in found["summary"]["skipped"]["skipped_files"]}
    assert skipped == {"a.pkl": "SCAN_NOT_SUPPORTED", "c.zip:data.pkl": "SCAN_NOT_SUPPORTED"}
