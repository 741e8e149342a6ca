"""The version is told without reading any metadata."""

from __future__ import annotations

import sys
from importlib import metadata

from modelscan.version import installed


def test_it_is_what_importlib_says():
    assert installed("modelscan-jupyter") == metadata.version("modelscan-jupyter")
    assert installed("pytest") == metadata.version("pytest")


def test_what_is_not_there_is_none(tmp_path, monkeypatch):
    assert installed("no-such-distribution") is None
    (tmp_path / "modelscan-0.8.5.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "gone"), *sys.path])
    assert installed("modelscan") == "0.8.5"
