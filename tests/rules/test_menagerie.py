"""One of every ordinary thing that can be made here, in every way it is written: nothing is found at MEDIUM or above.

A child makes them (menagerie.py): every estimator of scikit-learn, fitted; every module, optimizer and schedule of
torch; tables and arrays of every kind; boosters; plain data. Classes that nobody reviewed are worth one LOW each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import modelscan
from modelscan.report import Severity

GUARDED_ZOO = Path(__file__).parents[2] / "tools" / "guarded_zoo.py"
UNFITTED = 3
"""Estimators of another release of scikit-learn that the child may not know how to fit."""
FEWEST = {"plain": 80, "tables": 300, "estimators": 1200, "boosted": 60, "torches": 1200, "own": 48}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    done = subprocess.run(
        [sys.executable, "-c", f"import menagerie; menagerie.main({str(folder)!r})"],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    print("not installed, so not tried:", said["absent"])
    return folder, said


@pytest.mark.parametrize("kind", ["plain", "tables", "estimators", "boosted", "torches"])
def test_ordinary_things_are_safe(zoo, kind):
    folder, said = zoo
    if kind in said["absent"] or (kind == "boosted" and {"xgboost", "lightgbm"} & said["absent"].keys()):
        pytest.skip(f"{kind}: {said['absent']}")
    files = sorted((folder / kind).iterdir())
    assert len(files) >= FEWEST[kind]
    found = Counter()
    for file in files:
        report = modelscan.scan(file)
        found.update(f"{row.operator} in {file.stem}" for row in report.findings if row.severity >= Severity.MEDIUM)
        found.update(f"{report.verdict} {file.name}" for _ in report.failures)
    assert found == {}


def test_all_are_loaded_under_the_guard(zoo):
    """By every loader that reads them, with names bound and the tripwire as it is: what loads bare loads guarded."""
    files = [file for file in zoo[0].rglob("*") if file.is_file()]
    done = subprocess.run(
        [sys.executable, str(GUARDED_ZOO), str(zoo[0]), "--path", str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    said = dict(line.rsplit(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert set(said) <= {"loaded", "load neither way"} | {line for line in said if line.startswith("written down")}
    assert int(said["loaded"].replace(",", "")) >= len(files)


def test_all_could_be_made(zoo):
    assert len(zoo[1]["unmade"]) <= UNFITTED, zoo[1]["unmade"]


def test_classes_of_ones_own_are_low(zoo):
    files = sorted((zoo[0] / "own").iterdir())
    assert len(files) >= FEWEST["own"]
    for file in files:
        report = modelscan.scan(file)
        said = [(row.severity, row.operator.split(".")[0]) for row in report.findings]
        assert (file.name, report.verdict, said) == (file.name, "UNVERIFIED", [(Severity.LOW, "menagerie")])
