"""`modelscan scan`: what it takes, what it prints where, and how it ends."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from samples import call, global_, text

import modelscan
from modelscan import folder
from modelscan.cli import output, progress
from modelscan.render import RENDERERS

EVIL = call(global_("os", "system"), text("x")) + b"."
MEDIUM = call(global_("lib", "make")) + b"."
FORMATS = sorted({*RENDERERS} - {"custom"})
LOW = global_("lib", "Net") + b"."
SAFE = pickle.dumps([1])
BROKEN = SAFE[:-1]


@pytest.fixture
def models(tmp_path):
    def write(**files):
        for name, data in files.items():
            (tmp_path / f"{name}.pkl").write_bytes(data)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, 3),
        ({"a": SAFE}, 0),
        ({"a": SAFE, "b": LOW}, 0),
        ({"a": SAFE, "b": MEDIUM}, 1),
        ({"a": SAFE, "b": BROKEN}, 2),
        ({"a": EVIL, "b": BROKEN}, 2),
        ({"a": EVIL, "c": EVIL, "b": b""}, 2),
        ({"b": BROKEN}, 3),
        ({"b": b""}, 3),
        ({"b": b"words"}, 3),
        ({"a": EVIL[:-1]}, 3),
    ],
)
def test_exit_codes_in_their_order(run, models, files, code):
    done = run("-p", models(**files))
    assert done.code == code
    assert ("No issues found" in done.out) == (code == 0 and "b" not in files)


def test_wrong_usage_shows_the_help_and_exits_with_4(run):
    for args in ((), ("-p", "no-such-file"), ("--nonsense",), ("scan",), ("-r", "xml", "-p", "."), ("-l", "LOUD", ".")):
        done = run(*args)
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith("Error: ")
        assert "create-settings-file" in done.err


def test_several_paths_make_one_report(run, models):
    folder = models(a=EVIL, b=MEDIUM, c=SAFE)
    done = run("-r", "json", folder / "a.pkl", folder / "c.pkl", "-p", folder / "b.pkl", "-p", folder / "a.pkl")
    found = json.loads(done.out)
    assert done.code == 1
    assert sorted(row["source"] for row in found["issues"]) == ["a.pkl", "b.pkl"]
    assert sorted(found["summary"]["scanned"]["scanned_files"]) == ["a.pkl", "b.pkl", "c.pkl"]
    assert found["summary"]["absolute_path"] == str(folder)


def test_a_path_that_is_called_like_a_command(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("rules").write_bytes(EVIL)
    assert run("-p", "rules").code == run("./rules").code == 1


@pytest.mark.parametrize(("data", "code"), [(EVIL, 1), (SAFE, 0), (b"", 3)])
def test_standard_input(run, monkeypatch, data, code):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    done = run("-", "-r", "json")
    assert done.code == code
    assert json.loads(done.out)["summary"]["input_path"] == "<stdin>"


def test_standard_input_has_a_limit(run, monkeypatch, tmp_path):
    (tmp_path / "s.toml").write_text("limits.expanded = 10")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(bytes(11))))
    done = run("-", "--settings-file", tmp_path / "s.toml")
    assert done.code == 3
    assert "more than 10 bytes" in done.out


@pytest.mark.parametrize("form", FORMATS)
def test_each_report_goes_to_stdout_or_into_a_file(run, models, form, tmp_path):
    folder = models(a=EVIL)
    shown = run(folder, "-r", form)
    kept = run(folder, "-r", form, "-o", tmp_path / "report")
    assert shown.code == kept.code == 1
    assert kept.out == ""
    assert "Report written to" in kept.err
    for said in (shown.out, (tmp_path / "report").read_text("utf-8")):
        assert "os.system" in said or "'system'" in said


REPORTER = """
class Mine:
    @staticmethod
    def generate(scan, settings):
        print("mine:", len(scan.issues.all_issues), settings["colour"])
"""


def test_a_custom_report_only_from_a_file_that_was_named(run, models, tmp_path, monkeypatch):
    (tmp_path / "my_reports.py").write_text(REPORTER)
    monkeypatch.syspath_prepend(tmp_path)
    folder = models(a=EVIL)
    settings = "[reporting]\nmodule = 'my_reports.Mine'\n[reporting.settings]\ncolour = 'red'\n"
    Path("modelscan-settings.toml").write_text(settings)
    lying = run(folder / "a.pkl", "-r", "custom")
    assert lying.code == 4
    assert "my_reports" not in sys.modules
    named = run(folder / "a.pkl", "-r", "custom", "--settings-file", "modelscan-settings.toml")
    assert (named.code, named.out.strip()) == (1, "mine: 1 red")


def test_json_is_alone_on_stdout(run, models, tmp_path):
    done = run(models(a=EVIL), "-r", "json", "--show-skipped")
    assert json.loads(done.out)["summary"]["total_issues"] == 1
    assert "No settings file detected at" in done.err


def test_the_console_begins_with_the_settings(run, models, tmp_path):
    done = run(models(a=SAFE))
    assert done.out.startswith("No settings file detected at ")
    assert done.err == ""
    (tmp_path / "s.toml").write_text("")
    assert run(tmp_path, "--settings-file", tmp_path / "s.toml").out.startswith("Detected settings file. Using ")
    assert "Scanning" not in run(tmp_path, "-l", "ERROR").out


def test_fail_on_strict_and_min_severity(run, models):
    folder = models(a=SAFE, low=LOW, medium=MEDIUM)
    assert run(folder, "--fail-on", "high").code == 0
    assert run(folder, "--min-severity", "HIGH").code == 1
    (folder / "medium.pkl").unlink()
    assert run(folder).code == 0
    assert run(folder, "--strict").code == 1
    assert run(folder, "--strict", "--fail-on", "MEDIUM").code == 0
    assert run(folder, "--fail-on", "low").code == 1
    full, least = run(folder, "-r", "json"), run(folder, "-r", "json", "--min-severity", "medium")
    assert len(json.loads(full.out)["issues"]) == 1
    assert json.loads(least.out)["issues"] == []
    assert json.loads(least.out)["modelscan_jupyter"]["verdict"] == "UNVERIFIED"
    assert "No issues found" not in run(folder, "--min-severity", "high").out


def test_policies_by_word_and_by_file(run, models, tmp_path):
    folder = models(low=LOW, medium=MEDIUM)
    found = json.loads(run(folder, "-r", "json", "--policy", "warn").out)
    assert found["modelscan_jupyter"]["policy"] == "warn"
    policy = tmp_path / "policy.toml"
    policy.write_text("policy = 'strict'\n[[approved]]\nname = 'lib.make'\nreason = 'ours'\n")
    done = run(folder, "-r", "json", "--policy", policy)
    assert done.code == 0
    assert json.loads(done.out)["modelscan_jupyter"]["policy"] == "strict"
    assert run(folder, "--policy", "loose").code == 4


def test_a_file_that_was_approved_does_not_fail_the_scan_and_is_shown(run, models, tmp_path):
    folder = models(a=EVIL, b=SAFE)
    digest = hashlib.sha256(EVIL).hexdigest()
    (tmp_path / "p.toml").write_text(f"[[approved]]\nsha256 = '{digest}'\nreason = 'it is a test file'\n")
    done = run(folder / "a.pkl", folder / "b.pkl", "--policy", tmp_path / "p.toml")
    assert done.code == 0
    assert "system" in done.out
    assert "it is a test file" in done.out
    assert "No issues found" not in done.out
    # A file whose name spells a member of an approved one is another file.
    (folder / "a.pkl!b.pkl").write_bytes(EVIL + b"N.")
    assert run(folder, "--policy", tmp_path / "p.toml").code != 0


def test_a_broken_file_that_was_approved_counts_as_read(run, models, tmp_path):
    folder = models(b=BROKEN)
    digest = hashlib.sha256(BROKEN).hexdigest()
    (tmp_path / "p.toml").write_text(f"[[approved]]\nsha256 = '{digest}'\nreason = 'known'\n")
    assert run(folder / "b.pkl", "--policy", tmp_path / "p.toml").code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("jobs = 'x'", "s.toml:1: jobs must be a whole number"),
        ("\npolcy = 1", "s.toml:2: unknown setting polcy"),
        ("a = [", "s.toml: not valid TOML"),
    ],
)
def test_a_settings_file_that_is_wrong_exits_with_2(run, models, tmp_path, text, words):
    (tmp_path / "s.toml").write_text(text)
    done = run(models(a=EVIL), "--settings-file", tmp_path / "s.toml")
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert run(tmp_path, "--settings-file", tmp_path / "gone.toml").code == 4


def test_the_working_folder_cannot_weaken_a_scan(run, models):
    Path("modelscan-settings.toml").write_text("policy = 'off'\nfail_on = 'CRITICAL'\n[limits]\nseconds = 9\n")
    done = run(models(m=MEDIUM))
    assert done.code == 1
    assert "policy is not used" in done.err
    assert "fail_on is not used" in done.err


@pytest.mark.parametrize("where", ["no/report", ".", "a.pkl/report"])
def test_an_output_that_cannot_be_written_is_told_before_the_scan(run, models, where, monkeypatch):
    folder = models(a=EVIL)
    monkeypatch.chdir(folder)
    done = run("-p", "a.pkl", "-o", where)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: cannot write {where}: ")
    assert len(done.err.splitlines()) == 1


def test_an_output_that_fails_in_the_end(run, models, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output, "open", full, raising=False)
    done = run(models(a=EVIL), "-o", tmp_path / "report")
    assert done.code == 2
    assert "cannot write" in done.err
    assert "No space left" in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_what_is_no_file(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        done = run("-p", path)
        assert done.code == 3
        assert "No issues found" not in done.out


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_names_that_are_no_text_in_every_report(run, tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n\x1b[2J.pkl")).write_bytes(EVIL)
    for form in FORMATS:
        done = run(tmp_path, "-r", form)
        assert done.code == 1
        assert "\x1b" not in done.out + done.err
    json.loads(run(tmp_path, "-r", "json").out)


@pytest.mark.skipif(sys.platform != "linux", reason="a hole in a file")
def test_a_huge_sparse_file_costs_nothing(run, tmp_path):
    with (tmp_path / "huge.bin").open("wb") as file:
        file.write(EVIL)
        file.truncate(5 << 30)
    started = time.process_time()
    assert run(tmp_path).code in (1, 2, 3)
    assert time.process_time() - started < 60


def test_an_interrupted_scan_reports_what_was_done(run, models, monkeypatch):
    real = folder.scan_path

    def stop(path, policy, **how):
        if str(path).endswith("c.pkl"):
            raise KeyboardInterrupt
        return real(path, policy, **how)

    monkeypatch.setattr(folder, "scan_path", stop)
    done = run(models(a=SAFE, b=EVIL, c=EVIL, d=EVIL), "-r", "json")
    found = json.loads(done.out)
    assert done.code == 2
    assert "not complete" in done.err
    assert [row["source"] for row in found["issues"]] == ["b.pkl"]
    assert any("stopped by the user" in row["description"] for row in found["errors"])
    assert "stopped by the user" in run(models(), "--no-cache").out


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_in_earnest(tmp_path):
    (tmp_path / "m0000.pkl").write_bytes(EVIL)
    (tmp_path / "m0001.pkl").write_bytes(pickle.dumps([{"id": n, "name": str(n)} for n in range(100_000)]))
    for number in range(2, 2000):  # more than half a minute of work
        os.link(tmp_path / "m0001.pkl", tmp_path / f"m{number:04}.pkl")
    # A shell's background ignores the signal, which a child would inherit; a handler it would not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen(
        [sys.executable, "-m", "modelscan", str(tmp_path), "-r", "json", "--no-cache"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    child.stderr.readline()  # the settings line: the scan begins
    time.sleep(0.15)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert "Traceback" not in err
    assert "not complete" in err
    assert child.returncode in (2, 3)
    assert any("stopped by the user" in row["description"] for row in json.loads(out)["errors"])


def test_whoever_stops_reading_gets_no_traceback(models):
    folder = models(**{f"m{number}": EVIL for number in range(300)})
    child = subprocess.Popen(
        [sys.executable, "-m", "modelscan", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    child.stdout.readline()
    child.stdout.close()
    assert "Traceback" not in child.stderr.read()
    child.wait()
    child.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_one_sentence(models, form):
    words = f'"{sys.executable}" -m modelscan "{models(a=SAFE)}" -l ERROR -r {form} > /dev/full'
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Error: cannot write the report: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="a shell's way to close streams")
def test_closed_streams(models):
    run = f'"{sys.executable}" -m modelscan "{models(a=SAFE)}"'
    for closed, code, out, err in (
        (">&-", 2, "", "Error: cannot write the report: standard output is closed\n"),
        ("2>&-", 0, "No issues found", ""),
    ):
        done = subprocess.run(["sh", "-c", f"{run} {closed}"], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert out in done.stdout
        assert done.stderr == err


def test_a_path_that_cannot_be_read_stops_no_other(run, models, monkeypatch):
    folder_ = models(a=SAFE, b=EVIL)
    opened = open

    def refused(path, *rest, **more):
        if str(path).endswith("b.pkl"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *rest, **more)

    monkeypatch.setattr("builtins.open", refused)
    monkeypatch.setattr("os.access", lambda path, mode: not str(path).endswith("b.pkl"))
    done = run(folder_ / "a.pkl", folder_ / "b.pkl")
    assert done.code == 2
    assert "b.pkl: Permission denied" in " ".join(done.out.split())
    assert "a.pkl using modelscan.scanners" in done.out
    assert run(folder_ / "b.pkl").code == 3


def test_what_nobody_thought_of_is_one_line(run, models, monkeypatch):
    monkeypatch.setattr("modelscan.cli.scan.gather", lambda *args: 1 / 0)
    done = run(models(a=EVIL))
    assert (done.code, done.out) == (2, "")
    assert done.err == "Exception: ZeroDivisionError: division by zero\n"


def test_several_processes(run, models):
    folder = models(**{f"m{number:02}": EVIL if number % 9 == 0 else SAFE for number in range(30)})
    found = json.loads(run(folder, "--jobs", "2", "--no-cache", "-r", "json").out)
    assert found["summary"]["total_issues"] == 4
    assert found["summary"]["scanned"]["total_scanned"] == 30


def test_no_cache_reads_again(run, models, monkeypatch):
    folder_ = models(a=EVIL)
    run(folder_)
    read = []
    real = folder.scan_path
    monkeypatch.setattr(folder, "scan_path", lambda path, policy, **how: read.append(path) or real(path, policy, **how))
    assert run(folder_).code == 1
    assert read == []
    assert run(folder_, "--no-cache").code == 1
    assert len(read) == 1


def test_the_bar_waits_a_second_and_needs_a_terminal(monkeypatch, capsys):
    bar = progress.Bar()
    bar(1, 10)
    bar._started -= 2
    bar(2, 10)
    assert bar._shown is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress.Bar() as bar:
        bar(1, 10)
        assert bar._shown is None
        bar._started -= 2
        bar(2, 10)
        bar(3, 10)
        assert bar._shown is not None
    assert bar.done == 3
    said = capsys.readouterr()
    assert said.out == ""


def test_colours_only_on_a_terminal_and_never_against_no_color(run, models, monkeypatch):
    folder = models(a=EVIL)
    assert "\x1b[" not in run(folder).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run(folder).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in run(folder).out


def test_80_columns(run, models, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(models(a=EVIL)).out.splitlines()
    prose = [line for line in lines if line.lstrip().startswith(("- Why", "- Fix"))]
    assert prose
    assert all(len(line) <= 80 for line in prose)


def test_the_report_reads_back(run, models):
    found = json.loads(run(models(a=EVIL), "-r", "json").out)
    assert modelscan.Report.from_dict(found["modelscan_jupyter"]).verdict == "UNSAFE"
