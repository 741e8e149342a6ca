"""A sample of what `make promises` does whole: trusted names out of hostile arguments and states."""

from __future__ import annotations

import os

import pytest

from .groups import Row, installed, known_crashes, rows
from .running import tried
from .table import open_crashes

SAMPLE = {"python": 14, "numpy": 40, "pandas": 130, "sklearn": 250, "torch": 250}
"""Every so many of a library's names."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each name is tried in a fork")


def _seen(package, *names):
    return {row.of: said for row, said in tried([Row(package, "", *name) for name in names], ())}


@pytest.mark.parametrize("package", SAMPLE)
def test_trusted_names_keep_their_promise(package):
    if installed(package) is None:
        pytest.skip(f"{package} is not installed")
    sample = list(rows([package]))[:: SAMPLE[package]]
    first = () if package == "python" else ("numpy", package)
    seen = {row.name: said for row, said in tried(sample, first)}
    assert len(seen) == len(sample)
    assert {name: said["broken"] for name, said in seen.items() if said.get("broken")} == {}
    assert {name: crash for name, said in seen.items() if (crash := open_crashes(said, known_crashes()))} == {}
    assert {name: said["left"] for name, said in seen.items() if "left" in said} == {}
    assert sum(said.get("loaded", 0) for said in seen.values()) > 20 * len(seen) / 2
    assert sum(said.get("passed", 0) for said in seen.values()) > 0, "a scan refuses all, so nothing was tried"


def test_harm_is_seen(tmp_path, monkeypatch):
    """Promises that are broken on purpose, each in a way of its own."""
    (tmp_path / "weak_library.py").write_text(WEAK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    acts = ["Program", "Writer", "Socket", "Importer", "Native", "Coder", "Caller", "Dropped", "Asking"]
    names = [("weak_library", name, "construct") for name in (*acts, "Crash", "Hang", "Plain", "Absent")]
    seen = _seen("weak_library", *names)
    what = {name: {broken["what"].split(" ")[0] for broken in seen[name]["broken"]} for name in acts}
    assert what == {
        "Program": {"subprocess.Popen"},
        "Writer": {"open"},
        "Socket": {"socket.__new__"},
        "Importer": {"import"},
        "Native": {"ctypes.dlopen"},
        "Coder": {"compile", "called"},
        "Caller": {"called"},
        "Dropped": {"called"},
        "Asking": set(),
    }
    assert seen["Asking"]["asked"]
    assert seen["Crash"]["crashed"][0]["how"] in ("SIGSEGV", "SIGBUS")
    assert open_crashes(seen["Crash"], {})
    assert not open_crashes(seen["Crash"], {"weak_library.Crash": "on purpose"})
    called = _seen("weak_library", ("weak_library", "Choice", "call"))["Choice"]
    assert "called what it was given" in called["held"]
    assert (seen["Plain"]["broken"], seen["Plain"]["crashed"], seen["Plain"]["held"]) == ([], [], {})
    assert seen["Plain"]["passed"] > 3
    assert "absent" in seen["Absent"]


def test_what_a_scan_refuses_is_held():
    seen = _seen("python", ("os", "mkdir", "call"), ("builtins", "eval", "call"), ("functools", "reduce", "call"))
    assert {name: said["broken"] for name, said in seen.items()} == {"mkdir": [], "eval": [], "reduce": []}
    assert "os.mkdir" in seen["mkdir"]["held"]
    assert "called what it was given" in seen["eval"]["held"]


def test_every_known_crash_is_of_a_trusted_name():
    assert known_crashes().keys() <= {row.name for row in rows()}


WEAK = """
import ctypes, enum, os, signal, socket, subprocess, sys

class Choice(enum.Enum):
    pass

class Program:
    def __setstate__(self, state):
        if isinstance(state, dict):
            subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]).wait()

class Writer:
    def __setstate__(self, state):
        open(state["path"] + "x", "w").close()

class Socket:
    def __setstate__(self, state):
        if isinstance(state, dict) and state.get("host"):
            socket.socket().close()

class Importer:
    def __setstate__(self, state):
        __import__(state["module"] + "_of_the_file")

class Native:
    def __setstate__(self, state):
        ctypes.CDLL(state["path"])

class Coder:
    def __setstate__(self, state):
        eval(state["code"])

class Caller:
    def __setstate__(self, state):
        state["function"]()

class Dropped:
    def __del__(self):
        self.__dict__["close"]()

class Asking:
    def __setstate__(self, state):
        len(state["items"])

class Crash:
    def __new__(cls, *args):
        if args and isinstance(args[0], str):
            os.kill(os.getpid(), signal.SIGSEGV)
        return object.__new__(cls)

class Plain:
    def __setstate__(self, state):
        self.__dict__.update(state if isinstance(state, dict) else {})

class Hang(Plain):
    pass
"""
