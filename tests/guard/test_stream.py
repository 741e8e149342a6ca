"""One pickle is taken from a stream, and not a byte more."""

from __future__ import annotations

import collections
import datetime
import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.pickles.stream import read_one

VALUES = (
    None,
    [1, 2.5, "text", "é" * 300, b"bytes", 1 << 100, -1, 3 << 20],
    {"a": {1, 2}, "b": frozenset("ab"), "c": bytearray(b"x" * 70_000)},
    collections.OrderedDict(a=datetime.date(2020, 1, 2)),
    [["shared"] * 3] * 300,
    b"y" * 200_000,
)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_exactly_one_pickle(value, protocol):
    data = pickle.dumps(value, protocol)
    file = io.BytesIO(data + b"\x80\x04rest")
    assert read_one(file) == data
    assert file.read() == b"\x80\x04rest"


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x04", b"cos\nsys", b"\x8c\x05ab", b"\x8b\xff\xff\xff\xff.", b"\xff."]
)
def test_it_ends_where_the_stream_makes_no_sense(data):
    assert data.startswith(read_one(io.BytesIO(data)))


@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert data.startswith(read_one(io.BytesIO(data)))


def test_a_length_that_lies_takes_only_what_is_there():
    data = b"\x8e" + b"\xff" * 7 + b"\x7f" + b"x" * 10
    assert read_one(io.BytesIO(data)) == data
