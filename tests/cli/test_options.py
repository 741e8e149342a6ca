"""A plain call is read without click, and read as click reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import modelscan
from modelscan import store
from modelscan.cli import options, scanning

WORDS = (
    *(name for option in options.OPTIONS for name in (*option.names, option.off) if name),
    *("a.pkl", "folder", "missing", "-", "--", "", "-x", "--nonsense", "json", "sarif", "jsn", "low", "HIGH", "Medium"),
    *(
        "info",
        "DEBUG",
        "0",
        "2",
        "-1",
        "two",
        "٣",
        "strict",
        "own.toml",
        "out.json",
        "--path=a.pkl",
        "-pa.pkl",
        "--pat",
    ),
    *("--pat", "--no-strict", "-h", "--help", "-v"),
)


def by_click(words: list[str]) -> dict | None:
    """What click hands to the command; None for an error, help and the like."""
    try:
        context = scanning.scan.make_context("scan", list(words))
    except (click.ClickException, click.exceptions.Exit):
        return None
    return context.params


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pkl").write_bytes(b"N.")
    (tmp_path / "own.toml").write_text("")
    (tmp_path / "folder").mkdir()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=5))
def test_a_plain_call_is_read_as_click_reads_it(place, words):
    read = options.read(words)
    assert read is None or read == by_click(words)


@pytest.mark.parametrize("option", options.OPTIONS, ids=lambda option: option.names[-1])
def test_every_option_is_read_where_it_is_spelled_out(place, option):
    value = {
        options.Takes.PATH: "folder",
        options.Takes.FILE: "own.toml",
        options.Takes.FORMAT: "sarif",
        options.Takes.SEVERITY: "high",
        options.Takes.LEVEL: "error",
        options.Takes.COUNT: "2",
    }.get(option.takes, "x")
    for name in (*option.names, *([option.off] if option.off else [])):
        words = ["a.pkl", name, *([] if option.takes == options.Takes.NOTHING else [value])]
        read = options.read(words)
        assert read is not None
        assert read == by_click(words)
        assert read != options.read(["a.pkl"])


@pytest.mark.parametrize(
    "words", [[], ["missing"], ["-p"], ["a.pkl", "-r", "jsn"], ["a.pkl", "--jobs", "-1"], ["a\0b"], ["a.pkl", "-h"]]
)
def test_what_is_not_plain_is_left_to_click(place, words):
    assert options.read(words) is None


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    """Where an earlier test kept something, a scan has more to read."""
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))


def child(words, folder):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, cwd=folder)


def test_a_plain_scan_imports_neither_click_nor_what_makes_it_slow(tmp_path, empty_home):
    """What a small scan takes is what it imports; the set is of modules, not of times."""
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04]\x94(K\x01K\x02e.")
    code = (
        "import sys; sys.path.append(sys.argv.pop(1)); before = set(sys.modules)\n"
        "sys.argv[1:] = ['-p', sys.argv[1], '--no-cache']\n"
        "from modelscan.cli import main\n"
        "try: main()\nfinally: print(*sorted(set(sys.modules) - before))"
    )
    # Without `site`, by which an editable install has imported half of them already.
    home = str(Path(modelscan.__file__).parents[1])
    done = child(["-S", "-c", code, home, str(tmp_path / "m.pkl")], tmp_path)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "modelscan.pickles.machine" in loaded, done.stderr
    assert not loaded & {"click", "dataclasses", "inspect", "logging", "rich", "json", "difflib", "uuid", "gzip"}
    assert not loaded & {"hashlib", "pathlib", "platformdirs", "sqlite3", "threading", "tomllib", "typing"}
    assert not loaded & {"fcntl", "platform", "signal", "subprocess", "tempfile"}
    assert not {name for name in loaded if name.startswith("modelscan.notebooks")}


def test_the_program_ends_at_once_with_its_exit_code_and_all_that_it_said(tmp_path, empty_home):
    """Where nobody waits for the end, as an `atexit` of a report class does."""
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04]\x94(K\x01K\x02e.")
    code = (
        "import sys\nclass Last:\n    def __del__(self): print('taken apart', flush=True)\nlast = Last()\n"
        "sys.argv[1:] = ['-p', sys.argv[1], '--no-cache', *sys.argv[2:]]\n"
        "from modelscan.cli import program\nprogram()"
    )
    quick, slow, wrong = (
        child(["-c", start + code, *words], tmp_path)
        for start, words in (
            ("", ["m.pkl"]),
            ("import atexit, threading\n", ["m.pkl", "-r", "json"]),
            ("", ["m.pkl", "--nonsense"]),
        )
    )
    assert (quick.returncode, "taken apart" in quick.stdout, "No issues found" in quick.stdout) == (0, False, True)
    assert (slow.returncode, slow.stdout.endswith("taken apart\n")) == (0, True)
    assert (wrong.returncode, "Error: No such option" in wrong.stderr) == (4, True)
