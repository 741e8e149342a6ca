"""Of a large file, as much is looked at as its first pickle takes: in steps, or at once where little more is left."""

from __future__ import annotations

import datetime
import pickle

import pytest
from samples import Payload

import modelscan
from modelscan import guard
from modelscan.guard.plain import WINDOW
from modelscan.guard.sources import GROWTH

FIRST, SECOND = WINDOW * GROWTH, WINDOW * GROWTH**2
SIZES = [WINDOW - 1_000, WINDOW, FIRST - 30, FIRST, SECOND - 100, SECOND + 100_000, 3 * SECOND, SECOND * GROWTH + 1_000]


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
