"""A guarded process, and files that make a marker when they are loaded."""

from __future__ import annotations

import pickle

import pytest
import samples
from guard.values import Unreviewed

from modelscan import guard as package


@pytest.fixture
def guard():
    """Installed, and gone again afterwards."""
    package.install()
    yield package
    package.uninstall()


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.fixture
def evil(marker):
    """A pickle that makes the marker, by a name whose group is HIGH."""
    return samples.proto() + samples.payload(marker) + b"."


@pytest.fixture
def told(guard):
    """The events that a listener hears of."""
    events = []
    guard.on_refusal(events.append)
    yield events
    guard.off_refusal(events.append)


@pytest.fixture
def unverified(tmp_path, monkeypatch):
    """A pickle that makes an instance of a class nobody reviewed, seen from outside of the project it belongs to."""
    monkeypatch.chdir(tmp_path)
    return pickle.dumps(Unreviewed())
