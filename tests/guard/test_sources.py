"""What is told apart before anything is scanned."""

from __future__ import annotations

import datetime
import gzip
import io
import pickle

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from modelscan.guard.plain import asks_nothing
from modelscan.guard.sources import can_rewind
from modelscan.guard.targets import TARGETS

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


@given(PLAIN, st.integers(3, 5))
def test_plain_data_asks_nothing(value, protocol):
    assert asks_nothing(pickle.dumps(value, protocol))


@given(PLAIN, st.integers(0, 5))
def test_a_name_is_never_overlooked(value, protocol):
    data = pickle.dumps([value, datetime.date(2020, 1, 2)], protocol)
    assert not asks_nothing(data)


@pytest.mark.parametrize(
    "data",
    [
        samples.global_("os", "mkdir") + b".",
        samples.stack_global("os", "mkdir") + b".",
        b"(ios\nmkdir\n.",
        b"\x82\x01.",
        b"\x83\x01\x00.",
        b"\x84\x01\x00\x00\x00.",
        b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00\x8c\x05\x93\x93\x93\x93\x93.",  # an argument leaves its frame
        b"\x80\x04K\x93",  # it ends in the middle
        b"cos\nmkdir",  # Python's own unpickler takes a last line without its end
    ],
)
def test_these_are_looked_at(data):
    assert not asks_nothing(data)


def test_what_can_be_read_twice(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"x"))
    with path.open("rb") as file, gzip.open(path) as packed:
        assert can_rewind(file)
        assert can_rewind(packed)
        assert not can_rewind(gzip.GzipFile(fileobj=samples.Pipe(b"")))
    assert not can_rewind(object())
    assert can_rewind(io.BytesIO())


@pytest.mark.parametrize(
    ("loader", "names", "expected"),
    [
        ("torch.load", {("torch.tensor", "Tensor"), ("a", "b")}, {("torch._tensor", "Tensor")}),
        ("dill.load", {("dill.dill", "_create_type")}, {("dill._dill", "_create_type")}),
        ("pickle.load", {("torch.tensor", "Tensor")}, set()),
    ],
)
def test_what_unpicklers_ask_for_instead(loader, names, expected):
    target = next(target for target in TARGETS if target.name == loader)
    assert set(target.renames(frozenset(names))) == expected


def test_pandas_has_a_table_of_its_own():
    pytest.importorskip("pandas.compat.pickle_compat")
    target = next(target for target in TARGETS if target.name == "pandas.read_pickle")
    assert target.renames({("pandas.core.indexes.numeric", "Int64Index")}) == {("pandas.core.indexes.base", "Index")}
