"""Settings in the notebook: the same as everywhere, seen and changed through IPython's own ways."""

from __future__ import annotations

import pickle
import warnings
from collections import OrderedDict
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from modelscan import guard
from modelscan.settings import Settings
from modelscan_jupyter.extension import unload
from modelscan_jupyter.options import DEFAULTS, KEYS


@pytest.fixture
def clean(tmp_path):
    Path(tmp_path, "clean.pkl").write_bytes(pickle.dumps(OrderedDict(a=1)))
    return "import pickle\nwith open('clean.pkl', 'rb') as file: pickle.load(file)"


def rows(run):
    return {row[0]: row[1:] for row in run("%modelscan policy")[0].rows}


def test_config_lists_and_checks(loaded):
    said = loaded("%config ModelScan")[2]
    for name in ("policy", "feedback", "buttons", "progress"):
        assert f"ModelScan.{name}=" in said
    loaded("%config ModelScan.policy = 'strict'")
    assert guard.status().policy == "strict"
    assert rows(loaded)["policy"] == ("strict", "%config ModelScan")
    loaded("%config ModelScan.policy = 'nope'")
    assert guard.status().policy == "strict"


def test_a_configuration_file_counts(shell, run):
    shell.config.ModelScan.policy = "strict"
    shell.config.ModelScan.buttons = False
    run("%load_ext modelscan")
    assert guard.status().policy == "strict"
    assert rows(run)["notebook.buttons"] == ("false", "%config ModelScan")


def test_the_environment_counts_and_says_so(run, monkeypatch):
    monkeypatch.setenv("MODELSCAN_POLICY", "warn")
    run("%load_ext modelscan")
    assert rows(run)["policy"] == ("warn", "environment MODELSCAN_POLICY")
    assert "'warn'" in run("%config ModelScan.policy")[2] or run("%config ModelScan.policy")[0] == "warn"
    run("%config ModelScan.policy = 'standard'")
    assert rows(run)["policy"] == ("standard", "%config ModelScan")


def test_the_working_folder_may_tune_and_not_weaken(run, tmp_path):
    Path(tmp_path, "modelscan-settings.toml").write_text('policy = "off"\n[notebook]\nfeedback = 1\n', encoding="utf-8")
    _, _, said = run("%load_ext modelscan")
    assert "policy is not used" in said
    assert guard.status().policy == "standard"
    assert rows(run)["notebook.feedback"][0] == "1"


def test_a_wrong_setting_leaves_the_guard_on(run, monkeypatch):
    monkeypatch.setenv("MODELSCAN_POLICY", "loose")
    _, error, said = run("%load_ext modelscan")
    assert error is None
    assert "MODELSCAN_POLICY must be one of" in said
    assert guard.status().active
    assert guard.status().policy == "standard"


def test_a_guard_that_is_on_keeps_its_policy(run):
    guard.install("strict")
    run("%load_ext modelscan")
    assert guard.status().policy == "strict"


def test_feedback(loaded, clean, shell):
    """Pickles of a shape that is known are counted and not listed, so each has another one."""
    assert loaded(clean)[2] == ""
    loaded("%config ModelScan.feedback = 1")
    Path("clean.pkl").write_bytes(pickle.dumps(OrderedDict(b=[1, 2, 3])))
    assert loaded(clean)[2].startswith("modelscan: SAFE - clean.pkl")
    loaded("%config ModelScan.feedback = 2")
    Path("clean.pkl").write_bytes(pickle.dumps([OrderedDict(c="d"), OrderedDict()]))
    loaded(clean)
    assert shell.display_pub.outputs[-1]["data"]["text/plain"].startswith("SAFE - clean.pkl")


def test_traits_complete(loaded, shell):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        line = "%config ModelScan.pol"
        assert [row.text for row in shell.Completer.completions(line, len(line))] == ["ModelScan.policy"]


def test_unloading_forgets_the_section(loaded, shell):
    unload(shell)
    assert "ModelScan" not in {type(row).__name__ for row in InteractiveShell.instance().configurables}


def test_the_defaults_are_those_of_the_table():
    assert {name: Settings().get(KEYS[name]) for name in KEYS} == DEFAULTS
