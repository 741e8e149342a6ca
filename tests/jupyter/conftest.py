"""A real IPython shell in this process, without anybody's profile or history."""

from __future__ import annotations

import atexit

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from modelscan.guard.state import STATE
from modelscan.policy import Policy
from modelscan_jupyter.extension import unload


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, display_pub_class=CapturingDisplayPublisher)
    yield shell
    unload(shell)
    STATE.policy = Policy()
    InteractiveShell.clear_instance()
    atexit.unregister(shell.atexit_operations)  # each collects all the garbage of the test run, a minute in sum


@pytest.fixture
def run(shell, capsys):
    """Runs a cell; what it returned, what it raised and what it printed."""

    def run_cell(code):
        capsys.readouterr()
        done = shell.run_cell(code)
        return done.result, done.error_before_exec or done.error_in_exec, capsys.readouterr().out

    return run_cell


@pytest.fixture
def loaded(run):
    run("%load_ext modelscan")
    return run
