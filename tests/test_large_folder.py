"""Folders of many files: the report says the same, in memory that does not grow with them."""

from __future__ import annotations

import copy
import os
import pickle
import tracemalloc
from pathlib import Path

import pytest
from samples import call, global_, text

import modelscan
from modelscan import folder, many, store
from modelscan.contract import Terms
from modelscan.folder import Merged, Way, gather, scan_folder
from modelscan.many import Many
from modelscan.policy import Policy
from modelscan.render import console
from modelscan.report import Report

EVIL = call(global_("os", "system"), text("x")) + b"."
SAFE = pickle.dumps([1])
COUNT = 1_200


@pytest.fixture(autouse=True)
def small(tmp_path_factory, monkeypatch):
    """As if many were not so many."""
    monkeypatch.setattr(many, "CHUNK", 512)
    monkeypatch.setenv(store.HOME, str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("large")
    for number in range(COUNT):
        (root / f"model{number:04}.pkl").write_bytes(EVIL if number == 700 else SAFE)
    return root


def scanned(report: Report) -> list[str]:
    return [row.name for row in report.artifacts]


def timeless(report: Report) -> dict[str, object]:
    return {**report.to_dict(), "milliseconds": 0}


def test_every_file_is_in_the_report_however_it_is_passed_on(tree):
    report = modelscan.scan(tree)
    assert isinstance(report.artifacts, Many)
    assert scanned(report) == [str(tree / f"model{number:04}.pkl") for number in range(COUNT)]
    assert [Path(row.where.artifact).name for row in report.findings] == ["model0700.pkl"]
    assert Report.from_dict(report.to_dict()) == report
    assert pickle.loads(pickle.dumps(report)) == report == copy.deepcopy(report)
    assert hash(Report.from_dict(report.to_dict())) == hash(report)


@pytest.mark.parametrize("held", [4_000, 100])
def test_it_is_answered_at_once_when_nothing_changed(tree, monkeypatch, held):
    monkeypatch.setattr(folder, "HELD", held)
    first = modelscan.scan(tree)
    monkeypatch.setattr(folder, "scan_path", None)
    monkeypatch.setattr(folder, "read_one", None)
    assert timeless(modelscan.scan(tree)) == timeless(first)


@pytest.mark.parametrize("held", [4_000, 100])
@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("jobs", [1, 2])
def test_every_way_says_the_same(tree, monkeypatch, held, cached, jobs):
    monkeypatch.setattr(folder, "HELD", held)
    report = scan_folder(tree, Policy(), Way(jobs=jobs, cached=cached))
    assert timeless(report) == timeless(modelscan.scan(tree))


def test_what_appears_during_the_scan_is_read_and_the_whole_is_not_kept(tree, monkeypatch):
    """More files than are held are walked a second time."""
    monkeypatch.setattr(folder, "HELD", 100)
    real, late = folder.Merged.add, tree / "below" / "late.pkl"
    late.parent.mkdir()

    def add(self, report):
        late.write_bytes(EVIL)
        real(self, report)

    try:
        monkeypatch.setattr(folder.Merged, "add", add)
        first = modelscan.scan(tree)
        monkeypatch.undo()
        late.write_bytes(SAFE)
        assert len(modelscan.scan(tree).findings) == 1
    finally:
        late.unlink(missing_ok=True)
        late.parent.rmdir()
    assert len(first.findings) == 2


def told(*paths: str) -> list[str]:
    merged = Merged("here", Policy())
    gather(merged, list(paths), Way(cached=False))
    rows = list(Terms(merged.report()).scanned())
    assert len(set(rows)) == len(rows) == Terms(merged.report()).total
    return [os.path.relpath(source) for source, _ in rows]


@pytest.mark.parametrize("again", ["{place}/a.pkl", "models/a.pkl", "./models/a.pkl", "{place}", "models/below/b.pkl"])
def test_a_path_below_another_is_told_once(tmp_path, monkeypatch, again):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "below").mkdir(parents=True)
    for name in ("a.pkl", "below/b.pkl"):
        (tmp_path / "models" / name).write_bytes(SAFE)
    paths = ("models", again.format(place=tmp_path / "models"))
    expected = [str(Path("models", "a.pkl")), str(Path("models", "below", "b.pkl"))]
    assert sorted(told(*paths)) == sorted(told(*reversed(paths))) == expected
    (tmp_path / "models2").mkdir()
    (tmp_path / "models2" / "a.pkl").write_bytes(SAFE)
    assert len(told("models", "models2")) == 3


def test_memory_does_not_grow_with_the_files(tmp_path, monkeypatch):
    """Of each file some 15 bytes are left."""
    monkeypatch.setattr(folder, "HELD", 100)
    peaks = []
    for count in (1_100, 4_100):
        for number in range(count):
            place = tmp_path / str(count) / f"{number // 100:03}" / f"model{number:06}.pkl"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(SAFE)
        tracemalloc.start()
        try:
            report = scan_folder(tmp_path / str(count), Policy(), Way(cached=False))
            lines = sum(1 for _ in console.rows(report))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert lines > count
    assert (peaks[1] - peaks[0]) / 3_000 < 60
