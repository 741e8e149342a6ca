"""Nothing for a short scan; for a long one a line that moves, and that is gone afterwards."""

from __future__ import annotations

import pickle
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from samples import Payload

import modelscan
from modelscan import guard, progress
from modelscan.evidence import Where
from modelscan.progress import Meter
from modelscan.report import Failure, Report, Verdict
from modelscan.tally import Tally
from modelscan_jupyter.progress import Watcher, counts, found, fragment, line, plain


@pytest.fixture
def screen(monkeypatch):
    """A kernel's display, and no second of silence."""
    monkeypatch.setattr("modelscan_jupyter.progress.WAIT", 0.02)
    monkeypatch.setattr("modelscan_jupyter.progress.TICK", 0.01)
    shown = []

    def publish(bundle, metadata, *, transient, update):
        shown.append((bundle, transient["display_id"], update))

    return SimpleNamespace(kernel=1, display_pub=SimpleNamespace(publish=publish)), shown


def settled():
    for thread in threading.enumerate():
        if thread.name == "modelscan progress":
            thread.join(10)


def test_a_long_scan_is_shown_in_one_display_and_cleared(screen):
    shell, shown = screen
    with Meter("llama.pt", 1000) as meter:
        Watcher(shell)(meter)
        while len(shown) < 3:
            meter.done += 1
            time.sleep(0.005)
    settled()
    assert len({name for _, name, _ in shown}) == 1
    assert [update for _, _, update in shown] == [False, *[True] * (len(shown) - 1)]
    assert "llama.pt" in shown[0][0]["text/plain"]
    assert "<progress" in shown[0][0]["text/html"]
    assert shown[-1][0] == {"text/html": "", "text/plain": ""}


def test_a_short_scan_shows_nothing(screen, monkeypatch):
    monkeypatch.setattr("modelscan_jupyter.progress.WAIT", 30)
    shell, shown = screen
    with Meter("small.pt", 1000) as meter:
        Watcher(shell)(meter)
    settled()
    assert shown == []


def test_an_interrupted_scan_clears_its_line_and_comes_through(screen):
    shell, shown = screen

    def scan():
        with Meter("llama.pt", 1000) as meter:
            Watcher(shell)(meter)
            while not shown:
                time.sleep(0.005)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan()
    settled()
    assert shown[-1][0]["text/html"] == ""


def test_hostile_names_stay_inert():
    meter = Meter("<b>\x1b[31m\u202e</b>.pt" * 9, 10)
    assert "<b>" not in fragment(meter)
    for shown in (fragment(meter), line(meter)):
        assert not set(shown) & set("\x1b\u202e")
        assert len(shown) < 600


@pytest.fixture
def began():
    meters = []
    progress.watch(meters.append)
    yield meters
    progress.watch(None)


def test_only_scans_that_may_take_long_are_told(began, tmp_path):
    modelscan.scan(b"\x80\x04N.")
    assert began == []
    many = b"\x80\x04]" + b"N0" * (progress.LEAST // 2) + b"."
    modelscan.scan(many)
    [meter] = began
    assert meter.over
    assert 0 < meter.done <= meter.total == len(many)


def test_a_folder_is_told_once_with_its_files(began, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.pkl").write_bytes(b"\x80\x04N.")
    modelscan.scan(tmp_path)
    [meter] = began
    assert (meter.unit, meter.done, meter.total) == ("files", 3, 3)


def test_what_shows_it_never_stops_a_scan():
    progress.watch(lambda meter: 1 / 0)
    try:
        assert modelscan.scan(b"\x80\x04" + b"N0" * (progress.LEAST // 2) + b"N.").verdict == "SAFE"
    finally:
        progress.watch(None)


def test_an_interrupt_is_a_refusal(tmp_path, monkeypatch):
    """Whoever stops a scan gets KeyboardInterrupt, no model, and an entry in the history."""

    def stop(*_):
        raise KeyboardInterrupt

    marker = tmp_path / "marker"
    path = tmp_path / "large.pkl"
    path.write_bytes(pickle.dumps(Payload(marker)))
    guard.install()
    try:
        monkeypatch.setattr("modelscan.scanner._read", stop)
        with path.open("rb") as file, pytest.raises(KeyboardInterrupt):
            pickle.load(file)
    finally:
        guard.uninstall()
    event = guard.history()[-1]
    assert (event.decision, event.verdict, event.report.refused) == ("refused", "INCONCLUSIVE", True)
    assert event.report.failures[0].code == "interrupted"
    assert not marker.exists()


NASTY = "<b>\x1b[31m\u202e</b>\n.pkl"


def told(*reports, total=9):
    meter = Meter("models", total, "files", tally=Tally())
    for report in reports:
        meter.tally.add(report)
        meter.next(1)
    return meter


def test_a_folder_tells_the_worst_first_and_counts_the_rest(tmp_path):
    marker = tmp_path / "marker"
    files = {
        "half.pkl": b"\x80\x04]",
        "net.pkl": b"\x80\x04\x8c\x05mylib\x8c\x03Net\x93)\x81.",
        "fine.pkl": b"\x80\x04N.",
        NASTY: pickle.dumps(Payload(marker)),
        "notes.txt": b"no model",
    }
    reports = [replace(modelscan.scan(data), source=f"models/{name}") for name, data in files.items()]
    meter = told(*reports)
    assert [text for text, _ in counts(meter)] == ["1 UNSAFE", "1 INCONCLUSIVE", "1 UNVERIFIED", "1 SAFE"]
    assert [row.word for row in found(meter)] == ["UNSAFE", "INCONCLUSIVE", "UNVERIFIED"]
    shown = fragment(meter)
    assert shown.index("half.pkl") < shown.index("net.pkl")
    assert "<b>" not in shown
    assert not set(f"{shown}{plain(meter)}") & set("\x1b\u202e")
    assert len(plain(meter).splitlines()) == 4


def test_files_of_a_cache_go_by_repository_and_revision():
    blob = "hub/models--org--name/snapshots/a1b2c3d4e5f6/model.bin"
    meter = told(replace(modelscan.scan(b"\x80\x04]"), source=blob))
    meter.label = "hub"
    assert [row.name for row in found(meter)] == ["org/name@a1b2c3d model.bin"]
    assert "org/name@a1b2c3d model.bin" in fragment(meter)


def test_only_a_screenful_is_kept_of_many_bad_files():
    bad = Report("models/x", Verdict.INCONCLUSIVE, refused=False, failures=(Failure(Where("x"), "a", "b", True),))
    meter = told(*[bad] * 99)
    assert len(found(meter)) == 20
    assert counts(meter) == [("99 INCONCLUSIVE", "UNKNOWN")]


def test_a_folder_too_large_to_be_counted_first():
    meter = told(modelscan.scan(b"\x80\x04N."), total=0)
    assert line(meter).startswith("modelscan  models  1 SAFE  1 files  scanning")
    assert "value=" not in fragment(meter)
