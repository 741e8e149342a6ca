"""Loading leaves nothing undone, unloading leaves nothing behind, and a refusal shows itself."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy
import pytest
from live import Case, load_unguarded
from samples import Payload

from modelscan import UnsafeModelError, guard
from modelscan.guard.state import STATE
from modelscan.report import Report
from modelscan_jupyter import extension
from modelscan_jupyter.panel import JSON, Reports

HEAVY = ("torch", "keras", "tensorflow", "h5py", "nbformat", "ipywidgets", "numpy", "pandas", "joblib", "sklearn")
LOADERS = [(pickle, "load"), (pickle, "loads"), (joblib, "load"), (numpy, "load")]


@pytest.fixture
def poisoned(tmp_path):
    """A joblib file with a call behind its first array; live, as an unguarded process shows first."""
    marker, path = tmp_path / "marker", tmp_path / "poisoned.joblib"
    joblib.dump([numpy.arange(100), Payload(marker)], path)
    load_unguarded([Case("poisoned", "joblib", path, marker)])
    assert marker.is_dir()
    marker.rmdir()
    yield path
    assert not marker.exists()


def state_of(shell):
    """Everything an extension may have touched."""
    formatter = shell.display_formatter
    return {
        "loaders": [getattr(module, name) for module, name in LOADERS],
        "magics": {kind: dict(table) for kind, table in shell.magics_manager.magics.items()},
        "registry": dict(shell.magics_manager.registry),
        "configurables": list(shell.configurables),
        "events": {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()},
        "bundles": dict(formatter.mimebundle_formatter.type_printers),
        "printers": {name: dict(each.type_printers) for name, each in formatter.formatters.items()},
        "callbacks": list(STATE.callbacks),
    }


def test_unloading_leaves_nothing_behind(shell):
    shell.run_line_magic("unload_ext", "modelscan")  # IPython imports its own magics when the first one is used
    before = state_of(shell)
    for _ in range(50):
        shell.run_line_magic("load_ext", "modelscan")
        assert state_of(shell) != before
        shell.run_line_magic("unload_ext", "modelscan")
        assert state_of(shell) == before
    assert all(getattr(module, name) is was for (module, name), was in zip(LOADERS, before["loaders"], strict=True))


def test_loading_guards_and_says_so_once(run):
    original = pickle.load
    _, _, said = run("%load_ext modelscan")
    line = r"modelscan 0\.1 guard on: pickle(, \w+){4} and \d+ more \| policy standard \| %modelscan\? for help\n"
    assert re.fullmatch(line, said)
    guarded = pickle.load
    assert guarded is not original
    assert "already loaded" in run("%load_ext modelscan")[2]
    assert run("%load_ext modelscan_jupyter")[2] == ""
    assert pickle.load is guarded
    run("%unload_ext modelscan")
    assert pickle.load is original
    run("%unload_ext modelscan_jupyter")
    assert pickle.load is original


def test_reloading_guards_once(loaded, shell):
    before = state_of(shell)
    assert "guard on" in loaded("%reload_ext modelscan")[2]
    after = state_of(shell)
    assert [len(after[key]) for key in after] == [len(before[key]) for key in before]
    assert len(after["events"]["pre_run_cell"]) == len(before["events"]["pre_run_cell"])


def test_silent_from_a_configuration_file(shell, capsys):
    shell.extension_manager.load_extension("modelscan")
    assert capsys.readouterr().out == ""
    assert guard.status().active


def test_foreign_files_are_reported(run, monkeypatch):
    monkeypatch.setattr(extension, "installed", {"modelscan": "0.8.5"}.get)
    _, _, said = run("%load_ext modelscan")
    assert "Another package named 'modelscan' is installed" in said.splitlines()[1]


def test_a_refusal_shows_the_panel_and_raises(loaded, shell, poisoned):
    _, error, _ = loaded("import joblib; joblib.load('poisoned.joblib')")
    assert isinstance(error, UnsafeModelError)
    [shown] = shell.display_pub.outputs
    assert set(shown["data"]) == {"text/html", "text/plain", JSON}
    assert "os.mkdir(" in shown["data"]["text/plain"]
    assert "os.mkdir(" in shown["data"]["text/html"]
    assert Report.from_dict(shown["data"][JSON]) == error.report
    assert len(error._render_traceback_()) == 3


def test_a_name_bound_before_is_guarded(run, poisoned):
    run("from joblib import load\noriginal = load")
    run("%load_ext modelscan")
    assert isinstance(run("load('poisoned.joblib')")[1], UnsafeModelError)
    run("%unload_ext modelscan")
    assert run("load is original")[0] is True
    assert run("import joblib; joblib.load is load")[0] is True


def test_a_name_bound_behind_the_guards_back_is_swept(loaded, poisoned, shell):
    shell.user_ns["mine"] = joblib.load.__wrapped__
    assert isinstance(loaded("mine('poisoned.joblib')")[1], UnsafeModelError)


def test_a_clean_load_says_nothing(loaded, shell, tmp_path):
    joblib.dump({"weights": numpy.arange(10)}, tmp_path / "clean.joblib")
    assert loaded("model = joblib.load('clean.joblib')" if "joblib" in shell.user_ns else "pass")[1] is None
    result, error, said = loaded("import joblib; model = joblib.load('clean.joblib')")
    assert (result, error, said, shell.display_pub.outputs) == (None, None, "", [])


def test_a_load_under_warning_shows_the_panel(loaded, shell, tmp_path):
    marker = tmp_path / "marker"
    joblib.dump(Payload(marker), tmp_path / "poisoned.joblib")
    loaded("%modelscan policy warn")
    assert loaded("import joblib; joblib.load('poisoned.joblib')")[1] is None
    assert marker.is_dir()
    [shown] = shell.display_pub.outputs
    assert shown["data"]["text/plain"].startswith("UNSAFE - poisoned.joblib")
    assert "The policy is 'warn'" in shown["data"]["text/plain"]


def test_an_unreviewed_class_is_one_line(loaded, tmp_path, monkeypatch):
    library = tmp_path / "elsewhere"
    library.mkdir()
    (library / "unheard_of.py").write_text("class Model:\n    weights = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(library)
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04\x8c\x0aunheard_of\x8c\x05Model\x93)\x81.")
    _, error, said = loaded("import pickle\nwith open('model.pkl', 'rb') as file: model = pickle.load(file)")
    assert (error, said.splitlines()) == (
        None,
        ["modelscan: UNVERIFIED - model.pkl  Everything was read. Not reviewed: unheard_of.Model"],
    )


def test_a_worker_process_displays_nothing(loaded, shell, poisoned, monkeypatch):
    shell.user_ns["path"] = poisoned
    parent = os.getpid()
    monkeypatch.setattr(extension.os, "getpid", lambda: parent + 1)
    assert isinstance(loaded("import joblib; joblib.load(path)")[1], UnsafeModelError)
    assert shell.display_pub.outputs == []


def test_reports_show_themselves_only_while_loaded(loaded, shell, poisoned):
    report, _, _ = loaded("%modelscan poisoned.joblib")
    assert set(shell.display_formatter.format(report)[0]) == {"text/html", "text/plain", JSON}
    assert shell.display_formatter.format([report])[0]["text/plain"].startswith("[REFUSED - poisoned.joblib")
    both = Reports((report, report))
    assert shell.display_formatter.format(both)[0]["text/html"].count("REFUSED") == 2
    loaded("%unload_ext modelscan")
    assert set(shell.display_formatter.format(report)[0]) == {"text/plain"}


def in_a_process(code, tmp_path, *arguments):
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    command = [sys.executable, *arguments, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=120).stdout


def test_loading_imports_nothing_heavy(tmp_path):
    code = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
bare = set(sys.modules)
shell.run_cell("%load_ext modelscan")
print(sorted({set(HEAVY)!r} & (set(sys.modules) - bare)))
"""
    assert in_a_process(code, tmp_path).splitlines()[-1] == "[]"


def test_configured_for_every_session(tmp_path):
    code = "import pickle; print(hasattr(pickle.load, '__wrapped__'))"
    options = ("-m", "IPython", "--no-banner", "--colors=NoColor", "--ext=modelscan")
    assert in_a_process(code, tmp_path, *options).strip() == "True"
    assert Path(tmp_path, "ipython").exists()
