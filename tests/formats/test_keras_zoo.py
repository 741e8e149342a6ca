"""All that Keras has passes without a finding, as Keras itself writes it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras_samples as made
import pytest

import modelscan

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="keras not installed"),
]
LEAST = 300


@pytest.fixture(scope="module", params=["tensorflow"])
def zoo(request, tmp_path_factory) -> Path:
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} not installed")
    folder = tmp_path_factory.mktemp(request.param)
    script = Path(__file__).with_name("keras_zoo.py")
    environment = {**os.environ, "KERAS_BACKEND": request.param, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_every_object_of_keras(zoo):
    rows = json.loads((zoo / "configurations.txt").read_text("utf-8"))
    assert len(rows) > LEAST
    found = {}
    for name, row in rows.items():
        for data in (made.archive(made.sequential(row)), made.old_model(made.old_sequential(row))):
            report = modelscan.scan(data)
            if report.verdict != "SAFE":
                found[name] = [finding.operator for finding in report.findings]
    assert found == {}


def test_every_model_of_keras(zoo):
    paths = [path for path in sorted(zoo.iterdir()) if path.suffix in (".keras", ".h5", ".json")]
    assert len(paths) > 10
    for path in paths:
        report = modelscan.scan(path)
        assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ()), path.name
