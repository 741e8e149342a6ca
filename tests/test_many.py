"""Rows in a few bytes each: the same rows come out, and memory does not grow with them."""

from __future__ import annotations

import tracemalloc

import pytest

from modelscan import many as module
from modelscan.many import Many
from modelscan.report import Scanned

CHUNK = 512
COUNTS = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", CHUNK)


def rows(count: int) -> list[Scanned]:
    return [Scanned(f"folder/model{number:06}\n\udce9.pkl", "pickle", number) for number in range(count)]


@pytest.mark.parametrize("count", COUNTS)
def test_the_same_rows_come_out(count):
    given = rows(count)
    many = Many(Scanned, given)
    assert len(many) == count
    assert list(many) == given
    assert many == tuple(given)
    assert [many[at] for at in range(-count, count)] == given * 2
    assert many[1:] == tuple(given[1:])
    assert bool(many) is bool(given)
    with pytest.raises(IndexError):
        many[count]


@pytest.mark.parametrize("count", COUNTS)
def test_a_store_gives_them_back(count):
    many = Many(Scanned, rows(count))
    again = Many.of(Scanned, many.packed, len(many))
    assert again == many
    again.extend(rows(3))
    assert list(again) == [*rows(count), *rows(3)]


@pytest.mark.parametrize("first", COUNTS)
@pytest.mark.parametrize("second", COUNTS)
def test_two_become_one(first, second):
    many = Many(str, map(str, range(first)))
    many.extend(Many(str, map(str, range(second))))
    assert list(many) == [*map(str, range(first)), *map(str, range(second))]
    assert len(many) == first + second


@pytest.mark.parametrize(
    ("chunks", "count"),
    [([b"noise"], 1), ([], 3), ([b""], 0), (Many(str, "ab").packed, 3), (Many(str, "ab").packed, 1)],
)
def test_what_a_store_did_not_keep_is_an_error(chunks, count):
    with pytest.raises(ValueError, match="chunks of"):
        Many.of(str, chunks, count)


def test_few_rows_are_a_tuple():
    assert Many(str, "ab").few() == ("a", "b")
    assert type(Many(str, "ab").few()) is tuple
    assert len(Many(str, map(str, range(CHUNK))).few()) == CHUNK


def test_a_hundred_thousand_rows_take_a_few_bytes_each():
    tracemalloc.start()
    try:
        many = Many(Scanned, (Scanned(f"folder/model{number:06}.pkl", "pickle", 10) for number in range(100_000)))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(many) == 100_000
    assert taken < 3_000_000
