"""Runs the command line in this process, as its console script does."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from modelscan.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def modelscan(monkeypatch, capsys, tmp_path):
    """`modelscan(*args)` in an empty working folder."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    logger = logging.getLogger("modelscan")
    kept, level, upwards = logger.handlers[:], logger.level, logger.propagate

    def run(*args):
        monkeypatch.setattr("sys.argv", ["modelscan", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Done(int(ended.value.code or 0), said.out, said.err)

    yield run
    logger.handlers[:], logger.propagate = kept, upwards
    logger.setLevel(level)
