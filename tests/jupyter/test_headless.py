"""Without a person: nbclient stops at a refusal, the export shows the panel, a terminal says the same."""

from __future__ import annotations

import os
import pickle
import re
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
from samples import Payload

SETUP = """\
import pickle
%load_ext modelscan
def load(path):
    with open(path, "rb") as file:
        return pickle.load(file)"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("headless")
    (folder / "clean.pkl").write_bytes(pickle.dumps(OrderedDict(a=[1])))
    (folder / "poisoned.pkl").write_bytes(pickle.dumps(Payload(folder / "marker")))
    return folder


@pytest.fixture(scope="module")
def played(models):
    """What nbclient raised, and the notebook as it was left."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat.v4 import new_code_cell, new_notebook

    sources = (SETUP, "load('clean.pkl')", "load('poisoned.pkl')", "open('reached', 'w').close()")
    notebook = new_notebook(cells=[new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(sources)])
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(models / name.lower()))
        client = NotebookClient(
            notebook,
            timeout=110,
            kernel_name="python3",
            resources={"metadata": {"path": str(models)}},
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        with pytest.raises(CellExecutionError) as caught:
            client.execute()
    return caught.value, notebook


def test_a_headless_run_stops_at_the_refusal(played, models):
    error, _ = played
    assert error.ename == "UnsafeModelError"
    assert error.evalue.startswith("refused to load 'poisoned.pkl': 1 HIGH (os.mkdir)")
    assert not (models / "reached").exists()
    assert not (models / "marker").exists()


def test_what_is_left_is_readable_without_widgets(played):
    _, notebook = played
    panel, row, error = notebook.cells[2].outputs
    assert "text/html" in panel.data
    assert "Decide about refusal" in row.data["text/plain"]
    assert len(error.traceback) == 3


def test_a_run_that_allows_errors_goes_on_without_the_model(models, tmp_path):
    """As `jupyter nbconvert --execute --allow-errors` and papermill's reports do."""
    from nbconvert.preprocessors import ExecutePreprocessor
    from nbformat.v4 import new_code_cell, new_notebook

    captured = "%%capture\nmodel = load('poisoned.pkl')"
    sources = (SETUP, captured, "model = load('poisoned.pkl')", "print('model' in dir())")
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    options = {"allow_errors": True, "timeout": 110, "kernel_name": "python3"}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(tmp_path / name.lower()))
        run = ExecutePreprocessor(**options, extra_arguments=["--IPKernelApp.log_level=ERROR"])
        run.preprocess(notebook, {"metadata": {"path": str(models)}})
    kinds = [[row.output_type for row in cell.outputs] for cell in notebook.cells[1:3]]
    assert kinds == [["error"], ["display_data", "display_data", "error"]]
    assert notebook.cells[3].outputs[0].text == "False\n"
    assert not (models / "marker").exists()


def test_the_export_shows_it_and_asks_nobody(played, monkeypatch):
    import nbconvert
    from nbconvert import HTMLExporter

    prefix = Path(nbconvert.__file__).parents[4]  # where its templates are, also for a Python that only borrows it
    monkeypatch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
    _, notebook = played
    notebook.metadata.pop("widgets", None)
    page, _ = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="").from_notebook_node(notebook)
    assert "Loading this file would run:" in page
    assert "os.mkdir(" in page
    assert "Decide about refusal" in page


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect needs a POSIX terminal")
def test_a_terminal_says_the_same(models, tmp_path):
    pexpect = pytest.importorskip("pexpect")
    options = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "COLUMNS": "80", "TERM": "dumb"}
    child = pexpect.spawn(
        sys.executable, options, cwd=str(models), env=environment, encoding="utf-8", dimensions=(50, 200), timeout=60
    )
    try:
        child.expect(r"In \[1\]: ")
        child.sendline("%load_ext modelscan")
        child.expect("guard on: .*policy standard")
        child.expect(r"In \[2\]: ")
        child.sendline("import pickle; pickle.load(open('poisoned.pkl', 'rb'))")
        child.expect(r"In \[3\]: ")
        said = child.before.replace("\r", "")
        child.sendline("exit")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    for line in ("REFUSED - poisoned.pkl", "UNSAFE: 1 HIGH", "UnsafeModelError: refused to load 'poisoned.pkl'"):
        assert line in said
    assert re.search(r"next: +%modelscan report \d+   \|   %modelscan allow --once \d+", said)
    assert "Box(" not in said
    assert not (models / "marker").exists()
