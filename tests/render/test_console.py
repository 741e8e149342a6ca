"""The console report: the lines that modelscan 0.8 printed, what would run, and every file that was not read."""

from __future__ import annotations

import io
import pickle
import zlib

import pytest
from reports import FACTS, HOSTILE, INVISIBLE, hostile_report, report
from rich.console import Console
from samples import call, global_, text, zipped

import modelscan
from modelscan.render import Options, renderer
from modelscan.render.console import render, show

EVIL = b"\x80\x04" + call(global_("posix", "system"), text("touch marker")) + b"."
CLEAN = " No issues found! 🎉"


@pytest.fixture
def folder(tmp_path):
    files = {
        "a.pkl": EVIL,
        "b.zip": zipped({"data.pkl": call(global_("lib", "make")) + b"."}),
        "broken.pkl": pickle.dumps([1])[:-1],
        "readme.txt": b"some words",
        "safe.pkl": pickle.dumps([1]),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def ordered(lines, *wanted):
    """Each wanted line stands behind the one before."""
    at = -1
    for line in wanted:
        assert line in lines[at + 1 :], line
        at = lines.index(line, at + 1)
    return True


def test_the_lines_of_modelscan_stand_in_their_order(folder):
    lines = render(modelscan.scan(folder), Options(first="No settings file detected at x. Using defaults. ")).split(
        "\n"
    )
    assert lines[:2] == ["No settings file detected at x. Using defaults. ", ""]
    assert ordered(
        lines,
        f"Scanning {folder / 'a.pkl'} using modelscan.scanners.PickleUnsafeOpScan model scan",
        f"Scanning {folder / 'b.zip'}:data.pkl using modelscan.scanners.PickleUnsafeOpScan model scan",
        "--- Summary ---",
        "Total Issues: 2",
        "Total Issues By Severity:",
        "    - LOW: 0",
        "    - MEDIUM: 1",
        "    - HIGH: 0",
        "    - CRITICAL: 1",
        "--- Issues by Severity ---",
        "--- CRITICAL ---",
        "Unsafe operator found:",
        "  - Severity: CRITICAL",
        "  - Description: Use of unsafe operator 'system' from module 'posix'",
        f"  - Source: {folder / 'a.pkl'}",
        "--- MEDIUM ---",
        "Unsafe operator found:",
        "  - Severity: MEDIUM",
        "  - Description: Use of unsafe operator 'make' from module 'lib'",
        f"  - Source: {folder / 'b.zip'}:data.pkl",
        "--- Errors --- ",
        "Error 1:",
        "--- Skipped --- ",
        "Total skipped: 1 - run with --show-skipped to see the full list.",
    )


def test_it_says_what_would_run_where_why_and_what_to_do(folder):
    shown = render(modelscan.scan(folder / "a.pkl"))
    assert shown.index("UNSAFE") < shown.index("Loading this file would run:") < shown.index("--- Summary ---")
    for words in (
        "  - Runs: os.system('touch marker')",
        "  - Where: a.pkl @ 0x",
        "  - Why: ",
        "(MS-P101)",
        "  - Fix: ",
    ):
        assert words in shown


def test_what_was_not_read_is_told_by_name_and_reason(folder):
    shown = " ".join(render(modelscan.scan(folder)).split())  # the length of the folder's name decides where lines end
    assert f"{folder / 'broken.pkl'}: Parsing error: " in shown
    assert f"{folder / 'readme.txt'}: plain text, not a model" in shown


def test_the_full_list_of_what_was_skipped_is_asked_for(folder):
    for number in range(30):
        (folder / f"note{number}.txt").write_bytes(b"words")
    report = modelscan.scan(folder)
    assert render(report).count("plain text") < 31
    assert render(report, Options(show_skipped=True)).count("plain text") == 31


@pytest.mark.parametrize(
    ("data", "clean"),
    [
        (pickle.dumps([1]), True),
        (zipped({"a.pkl": pickle.dumps([1]), "readme.txt": b"words"}), True),
        (EVIL, False),
        (pickle.dumps([1])[:-1], False),
        (b"words", False),
        (b"", False),
        (global_("lib", "Net") + b".", False),
        (zipped({"readme.txt": b"words"}), False),
        (b"Rar!\x1a\x07\x01\x00" + bytes(99), False),
    ],
)
def test_only_what_was_read_and_is_clean_has_no_issues(tmp_path, data, clean):
    (tmp_path / "model.pkl").write_bytes(data)
    assert (CLEAN in render(modelscan.scan(tmp_path / "model.pkl")).split("\n")) is clean
    assert (CLEAN in render(modelscan.scan(tmp_path)).split("\n")) is clean


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_stay_inert(payload):
    shown = render(hostile_report(payload), Options(show_skipped=True))
    assert not INVISIBLE.search(shown.replace("\n", ""))
    starts = {line.split(" ")[0] for line in shown.split("\n")}
    assert "SAFE" not in starts
    assert CLEAN not in shown


@pytest.mark.parametrize("width", [40, 80, 200])
def test_prose_is_wrapped_and_lines_for_programs_are_not(folder, width):
    lines = render(modelscan.scan(folder), width=width).split("\n")
    assert f"  - Source: {folder / 'b.zip'}:data.pkl" in lines
    fixed = ("Scanning ", "  - Source: ", "  - Description: ", "Total skipped: ")
    prose = [line for line in lines if not line.startswith(fixed) and str(folder) not in line]
    assert max(map(len, prose)) <= max(width, 60)


@pytest.mark.parametrize("given", FACTS.values(), ids=FACTS)
def test_colours_change_no_word(given):
    options = Options(show_skipped=True)
    target = io.StringIO()
    show(given, Console(file=target, width=100, color_system=None), options)
    assert target.getvalue().split("\n")[:-1] == render(given, options, 100).split("\n")
    coloured = io.StringIO()
    show(given, Console(file=coloured, width=100, force_terminal=True, color_system="truecolor"), options)
    assert "\x1b[" in coloured.getvalue()


def test_a_person_is_not_shown_every_clean_file(tmp_path):
    for number in range(30):
        (tmp_path / f"{number}.pkl").write_bytes(pickle.dumps(number))
    target = io.StringIO()
    given = modelscan.scan(tmp_path)
    show(given, Console(file=target, width=100, color_system=None))
    assert target.getvalue().count("Scanning ") == 10
    assert "and 20 more" in target.getvalue()
    assert render(given).count("Scanning ") == 30


def test_a_compressed_pickle_is_a_pickle(tmp_path):
    (tmp_path / "m.joblib").write_bytes(zlib.compress(EVIL))
    assert f"Scanning {tmp_path / 'm.joblib'} using modelscan.scanners.PickleUnsafeOpScan model scan" in render(
        modelscan.scan(tmp_path / "m.joblib")
    )


def test_a_policy_that_lets_it_through_says_so():
    assert "The policy is 'warn'" in render(report(refused=False, policy="warn"))


def test_the_registry_has_it():
    assert renderer("console") is render
