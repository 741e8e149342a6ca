"""The command line in this process, with what it says on either stream."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from modelscan import store
from modelscan.cli import main


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, monkeypatch, tmp_path_factory):
    """`run("scan", "-p", path)`, in an empty folder and an empty home unless the test has gone elsewhere."""
    monkeypatch.setenv(store.HOME, str(tmp_path_factory.mktemp("home")))
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))
    logger = logging.getLogger("modelscan")
    level, handlers = logger.level, logger.handlers[:]

    def call(*args):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Done(ended.value.code, said.out, said.err)

    yield call
    logger.setLevel(level)
    logger.handlers[:] = handlers
