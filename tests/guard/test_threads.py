"""Many loads at once, and the traces that errors leave."""

from __future__ import annotations

import collections
import datetime
import gc
import io
import pickle
import threading
import traceback

import joblib
import pytest

from modelscan.errors import UnsafeModelError
from modelscan.guard.scope import current


def test_two_hundred_threads(guard, evil, marker, tmp_path):
    """Each loads its own values by several loaders, and a payload in between; nobody gets what is another's."""
    wrong: list[object] = []
    start = threading.Barrier(200)

    def work(number):
        start.wait()
        value = collections.OrderedDict(day=datetime.date(2020, 1, 1 + number % 28), number=number, rows=[{}] * number)
        data = pickle.dumps(value)
        loaders = (pickle.loads, lambda data: pickle.load(io.BytesIO(data)), lambda data: joblib.load(io.BytesIO(data)))
        for turn in range(3):
            wrong.extend((number, turn) for load in loaders if load(data) != value)
            try:
                pickle.loads(evil)
            except UnsafeModelError:
                continue
            wrong.append(number)
        if current() is not None:
            wrong.append("scope")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not marker.exists()
    assert gc.isenabled()


def frames(load, path) -> list[str]:
    try:
        load(path)
    except Exception as error:
        stack = traceback.extract_tb(error.__traceback__)
        assert not any("wrapt" in row.filename for row in stack)
        return [f"{row.filename}:{row.name}" for row in stack]
    raise AssertionError("no error")


def unpickle(path):
    with path.open("rb") as file:
        return pickle.load(file)


def read_joblib(path):
    return joblib.load(path)


@pytest.mark.parametrize("load", [read_joblib, unpickle])
@pytest.mark.parametrize("content", [None, b"", b"\x80\x04broken", pickle.dumps(datetime.date(2020, 1, 2))[:-4]])
def test_an_error_keeps_its_own_trace(guard, tmp_path, load, content):
    path = tmp_path / "model.pkl"
    if content is not None:
        path.write_bytes(content)
    guarded = frames(load, path)
    guard.uninstall()
    assert [row for row in guarded if "/modelscan/guard/" not in row.replace("\\", "/")] == frames(load, path)


def test_a_refusal_is_the_outermost_error_and_has_no_other_behind_it(guard, evil):
    import numpy

    with pytest.raises(UnsafeModelError) as caught:
        numpy.load(io.BytesIO(evil), allow_pickle=True)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
