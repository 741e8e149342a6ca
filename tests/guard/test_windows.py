"""Of a file object, as much is looked at as its next pickle takes, and that is what the loader gets."""

from __future__ import annotations

import bz2
import datetime
import gzip
import io
import lzma
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from samples import Payload

import modelscan
from modelscan import guard
from modelscan.guard import window
from modelscan.guard.plain import WINDOW, reach
from modelscan.guard.window import GROWTH
from modelscan.source import lease

FIRST, SECOND = WINDOW * GROWTH, WINDOW * GROWTH**2
SIZES = [WINDOW - 1_000, WINDOW, FIRST - 30, FIRST, SECOND - 100, SECOND + 100_000, 3 * SECOND]


@pytest.fixture(autouse=True)
def _guarded():
    guard.install()
    yield
    guard.uninstall()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("behind", [b"", bytes(10 << 20)])
def test_what_a_large_pickle_names_at_its_end_is_seen(tmp_path, size, behind):
    filler, day = [bytes([n]) * (size // 4) for n in range(4)], datetime.date(2020, 1, 2)
    (tmp_path / "good.pkl").write_bytes(pickle.dumps([filler, day]) + behind)
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps([filler, Payload(tmp_path / "x")]) + behind)
    with (tmp_path / "good.pkl").open("rb") as file:
        assert pickle.load(file)[1] == day
    with (tmp_path / "bad.pkl").open("rb") as file, pytest.raises(modelscan.UnsafeModelError, match="mkdir"):
        pickle.load(file)
    assert not (tmp_path / "x").exists()


VALUES = [
    1,
    "two",
    [3.0] * 30,
    datetime.date(2020, 1, 2),
    b"x" * 70_000,
    {"k": b"y" * 200_000},
    [str(n) for n in range(9_000)],
]


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("kind", ["rb", "r+b", "memory", "unbuffered", "gzip", "bz2", "xz"])
@pytest.mark.parametrize("held", [None, "by a lease", "by nobody"])
def test_many_pickles_are_read_one_after_another(tmp_path, protocol, kind, held, monkeypatch):
    if held is not None:
        _all_are_large(monkeypatch, leases=held == "by a lease")
    start = 0 if held is None else 4
    data = b"head"[:start] + b"".join(pickle.dumps(value, protocol) for value in VALUES) + b"tail"
    (tmp_path / "many").write_bytes(data)
    ends = []
    for _ in range(2):
        with _open(tmp_path / "many", kind) as file:
            file.seek(start)
            ends.append([(pickle.load(file) == value, file.tell()) for value in VALUES])
            assert file.read() == b"tail"
        guard.uninstall()
    assert ends[0] == ends[1]
    assert all(equal for equal, _ in ends[0])


def _all_are_large(monkeypatch, leases: bool):
    """Pickles of 100,000 bytes are mapped."""
    monkeypatch.setattr(window, "IN_MEMORY", 100_000)
    monkeypatch.setattr(window, "MAPPED_ANYWAY", 100_000)
    if not leases:
        monkeypatch.setattr(lease, "take", lambda descriptor: False)


PACKED = {"gzip": gzip, "bz2": bz2, "xz": lzma}


def _open(path: Path, kind: str):
    if kind in PACKED:
        packed = path.with_suffix(f".{kind}")
        packed.write_bytes(PACKED[kind].compress(path.read_bytes()))
        return PACKED[kind].open(packed)
    if kind == "memory":
        return io.BytesIO(path.read_bytes())
    return path.open("rb", buffering=0) if kind == "unbuffered" else path.open(kind)


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04", pickle.dumps([1, datetime.date(2020, 1, 2)])[:-9], b"\x80\x04\xff."]
)
@pytest.mark.parametrize("kind", ["rb", "memory", "unbuffered", "gzip"])
def test_what_is_wrong_with_it_is_the_loaders_word(tmp_path, data, kind):
    (tmp_path / "broken").write_bytes(data)
    seen = []
    for _ in range(2):
        with _open(tmp_path / "broken", kind) as file:
            with pytest.raises(Exception, match=r".") as caught:
                pickle.load(file)
            seen.append((caught.type, str(caught.value), file.tell()))
        guard.uninstall()
    assert seen[0] == seen[1]


def test_the_loader_gets_the_bytes_that_were_scanned(tmp_path, monkeypatch):
    """The same names in another order of calls would pass for the ones that were seen."""
    path, good = tmp_path / "m", pickle.dumps([datetime.date(2020, 1, 2), b"x" * 100_000])
    path.write_bytes(good)
    real = window.Window._hand_over

    def swapped(self):
        path.write_bytes(good.replace(b"\x07\xe4", b"\x07\xe5"))
        return real(self)

    monkeypatch.setattr(window.Window, "_hand_over", swapped)
    with path.open("rb") as file:
        assert pickle.load(file)[0] == datetime.date(2020, 1, 2)
    assert pickle.loads(path.read_bytes())[0] == datetime.date(2021, 1, 2)


def test_a_large_pickle_that_begins_a_packed_file_is_read_with_what_follows(tmp_path):
    (tmp_path / "m").write_bytes(pickle.dumps(VALUES, 2) + pickle.dumps(Payload(tmp_path / "x")) + b"tail")
    with _open(tmp_path / "m", "gzip") as file:
        assert pickle.load(file) == VALUES
        with pytest.raises(modelscan.UnsafeModelError, match=r"mkdir"):
            pickle.load(file)
    assert not (tmp_path / "x").exists()


def test_a_pickle_too_large_to_be_held_twice_must_stay_the_same(tmp_path, monkeypatch):
    _all_are_large(monkeypatch, leases=False)
    path, good = tmp_path / "m", pickle.dumps([datetime.date(2020, 1, 2), b"x" * (3 << 20)])
    path.write_bytes(good)
    with path.open("rb") as file:
        assert pickle.load(file)[0] == datetime.date(2020, 1, 2)
    real = window.Window._hand_over

    def swapped(self):
        path.write_bytes(good.replace(b"\x07\xe4", b"\x07\xe5"))
        return real(self)

    monkeypatch.setattr(window.Window, "_hand_over", swapped)
    with path.open("rb") as file, pytest.raises(modelscan.UnsafeModelError, match=r"changed"):
        pickle.load(file)


def test_who_wants_to_write_to_a_large_pickle_waits_for_its_load(tmp_path, monkeypatch):
    path, others = tmp_path / "m", []
    path.write_bytes(pickle.dumps([datetime.date(2020, 1, 2), b"x" * (9 << 20)]))
    _needs_leases(path)
    real = window.examine

    def examined(artifact, *args, **options):
        if artifact.hold():  # all of it, not the beginning that is looked at first
            others.append(subprocess.Popen([sys.executable, "-c", f"open({str(path)!r}, 'wb').close()"]))
            with pytest.raises(subprocess.TimeoutExpired):
                others[0].wait(1)
        return real(artifact, *args, **options)

    monkeypatch.setattr(window, "examine", examined)
    with path.open("rb") as file:
        assert pickle.load(file)[0] == datetime.date(2020, 1, 2)
    assert others[0].wait(60) == 0
    assert path.stat().st_size == 0


def _needs_leases(path: Path) -> None:
    with path.open("rb") as file:
        if sys.platform != "linux" or not lease.take(file.fileno()):
            pytest.skip("this system, or this file system, has no leases")
        lease.give_back(file.fileno())


LONG = {
    "arrays behind a short frame": [datetime.date(2020, 1, 2), bytes(1 << 20), [1]],
    "rows": [{"n": n, "text": f"row {n}", "part": n / 3} for n in range(9_000)],
    "one frame": [(datetime.date(2020, 1, 2), n) for n in range(40_000)],
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_what_goes_on_behind_the_window_is_scanned_once(tmp_path, looks, protocol, name):
    if protocol == 2 and name != "rows":
        pytest.skip("where a name comes first, a look at the beginning may be all there is to do")
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(LONG[name], protocol))
    with path.open("rb") as file:
        assert pickle.load(file) == LONG[name]
    assert looks == [path.stat().st_size]


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_of_many_pickles_no_more_is_read_than_the_window(tmp_path, looks, protocol):
    path = tmp_path / "many.pkl"
    path.write_bytes(pickle.dumps([{"n": 1, "day": datetime.date(2020, 1, 2)}], protocol) * 20_000)
    with path.open("rb") as file:
        assert pickle.load(file)[0]["n"] == 1
    assert looks == [WINDOW]


@pytest.fixture
def looks(monkeypatch):
    """How many bytes each look was at."""
    found: list[int] = []
    real = window.examine

    def look(artifact, *args, **options):
        found.append(artifact.size)
        return real(artifact, *args, **options)

    monkeypatch.setattr(window, "examine", look)
    return found


@pytest.mark.parametrize("data", [b"\x80", b"\x80\x04", b"\x80\x04\x95\xff", b"\x80\x04\x8e", b"N.", b"", b"J"])
def test_whatever_reaches_nowhere_is_looked_at(data):
    assert reach(data) >= 0
