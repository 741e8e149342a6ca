"""A short run of the hunt for loads that crash, and whether it would find a scanner that lets them through."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child that crashes is a fork")

BLIND = """
import sys
from modelscan.pickles import dtypes
dtypes.is_raw = lambda *_: False
from tests.fuzz.crashes import main
sys.exit(main())
"""


def hunted(tmp_path, *program):
    options = ("--kind", "numpy fields", "--seed", "0", "--cases", "300", "--state", str(tmp_path / "crashes.json"))
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, *program, *options], cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_what_crashes_a_load_is_refused(tmp_path):
    code, lines = hunted(tmp_path, "-m", "tests.fuzz.crashes")
    assert code == 0, lines
    assert lines[-1] == "0 not refused"
    assert any("SIG" in line for line in lines), "none of the damaged files crashed"


def test_what_is_let_through_is_told_with_its_seed(tmp_path):
    code, lines = hunted(tmp_path, "-c", BLIND)
    assert code == 1, lines
    assert any(line.startswith("HOLE seed ") for line in lines)
