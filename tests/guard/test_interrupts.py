"""A person presses the stop button, wherever the load is: nothing is loaded, and nothing stays behind."""

from __future__ import annotations

import collections
import datetime
import gc
import io
import itertools
import pickle
import sys
from contextlib import suppress

import joblib
import numpy
import pandas
import pytest

from modelscan.collector import PAUSE
from modelscan.guard.scope import current, latched


def forest() -> bytes:
    rows = [collections.OrderedDict(day=datetime.date(2020, 1, 1 + number % 28)) for number in range(50)]
    return pickle.dumps(rows)


LOADS = {
    "pickle.loads": lambda path: pickle.loads(path.read_bytes()),
    "pickle.load": lambda path: opened(path, pickle.load),
    "pickle.load in memory": lambda path: pickle.load(io.BytesIO(path.read_bytes())),
    "joblib": lambda path: joblib.load(filename=path),
    "joblib, a file object": lambda path: opened(path, joblib.load),
    "pandas": lambda path: pandas.read_pickle(filepath_or_buffer=path),
    "numpy": lambda path: numpy.load(path, allow_pickle=True),
}


def opened(path, load):
    with path.open("rb") as file:
        return load(file)


class Stops:
    """Raises at the n-th call of one of our functions, or after one by them: wherever a signal may come."""

    def __init__(self, turn):
        self.turn, self.count = turn, itertools.count()

    def __call__(self, frame, event, arg):
        if event in ("call", "c_return") and "modelscan" in frame.f_code.co_filename and next(self.count) == self.turn:
            sys.setprofile(None)
            raise KeyboardInterrupt

    @property
    def came_too_late(self):
        return next(self.count) < self.turn


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that was just opened
@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_nothing_stays_behind_wherever_it_comes(guard, tmp_path, load):
    path = tmp_path / "model.pkl"
    path.write_bytes(forest())
    expected, before = load(path), latched()
    for turn in itertools.count():
        stops = Stops(turn)
        with suppress(KeyboardInterrupt):
            sys.setprofile(stops)
            try:
                load(path)
            finally:
                sys.setprofile(None)
        assert current() is None
        assert gc.isenabled()
        assert PAUSE.depth() == 0
        assert latched() <= before
        if stops.came_too_late:
            break
    assert turn > 10
    assert load(path) == expected
