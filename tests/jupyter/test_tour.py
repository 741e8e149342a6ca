"""The tour, played in a real kernel: clean loads are silent, poisoned ones refused, and nothing stays behind."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tools():
    builder = runpy.run_path(str(ROOT / "tools" / "build_notebooks.py"))
    return runpy.run_path(str(ROOT / "tools" / "demo.py")) | {"build": builder["build"]}


@pytest.fixture(scope="module")
def tour(tools, tmp_path_factory):
    """Built from its source and executed, with a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", os.environ.copy())
        yield tools["execute"](tools["build"](ROOT / "notebooks" / "tour.py"), tmp_path_factory.mktemp("tour"))


def outputs(tour, tag):
    return [cell.outputs for cell in tour.cells if tag in cell.metadata.get("tags", [])]


def test_everything_in_the_tour_happens(tools, tour):
    assert list(tools["tour_problems"](tour)) == []


def test_the_payload_is_live_without_a_guard(tour):
    assert [row.text for rows in outputs(tour, "unguarded") for row in rows] == ["payload ran: True\n"]


def test_a_clean_model_loads_silently(tour):
    assert all(rows == [] for rows in outputs(tour, "clean"))


def test_a_refusal_shows_the_call_and_its_place(tour):
    panel, row, error = outputs(tour, "refused")[0]
    for kind in ("text/plain", "text/html"):
        assert "os.system(" in panel.data[kind]
        assert re.search(r"poisoned\.joblib @ 0x[0-9a-f]+", panel.data[kind])
    [finding] = panel.data["application/vnd.modelscan+json"]["findings"]
    assert (finding["operator"], finding["where"]["offset"] > 0) == ("os.system", True)
    assert row.data["text/plain"].startswith("Decide about refusal ")
    assert error.ename == "UnsafeModelError"
    assert len(error.traceback) <= 4


def test_a_name_bound_before_the_guard_is_refused(tour):
    [rows] = outputs(tour, "early-bound")
    assert rows[-1].ename == "UnsafeModelError"


def test_originals_are_back_after_unloading(tour):
    [[shown]] = outputs(tour, "restored")
    assert set(re.findall("True|False", shown.data["text/plain"])) == {"True"}


def test_nothing_of_this_machine_is_in_the_outputs(tour):
    assert str(Path.home()) not in str(tour)
    assert "/tmp/" not in "".join(str(cell.get("outputs")) for cell in tour.cells)
