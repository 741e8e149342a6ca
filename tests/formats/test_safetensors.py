"""A safetensors file is SAFE when its header accounts for every byte, and refused when it does not."""

from __future__ import annotations

import json

import pytest

import modelscan


def made(header: object, size: int = 24) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(size)


def row(start: int, stop: int, shape: list, dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


GOOD = {"__metadata__": {"format": "pt"}, "a": row(0, 16, [2, 2]), "b": row(16, 24, [4], "BF16"), "c": row(24, 24, [0])}


def test_an_ordinary_file_is_safe():
    for header in (GOOD, {}, {"x": row(0, 24, [24], "NEW_TYPE")}):
        report = modelscan.scan(made(header, 24 if header else 0))
        assert (report.verdict, report.findings) == ("SAFE", ())
        assert report.artifacts[0].format == "safetensors"


@pytest.mark.parametrize(
    "header",
    [
        {**GOOD, "b": row(12, 20, [4], "BF16")},
        {**GOOD, "b": row(20, 24, [2], "BF16")},
        {**GOOD, "b": row(16, 24, [9], "BF16")},
        {**GOOD, "b": {"dtype": "F32", "data_offsets": [16, 24]}},
        {**GOOD, "__metadata__": {"a": {"b": 1}}},
        {"a": row(0, 16, [-2, -2])},
        {"a": row(0, 16, [2, 2])},
        b'{"a": {"data_offsets": 1}, "a": 2}',
        b'{"data_offsets": ',
        [],
    ],
)
def test_what_does_not_add_up_is_refused(header):
    if header == []:
        header = b'{"data_offsets": 3}'
    assert modelscan.scan(made(header)).refused


def test_a_header_longer_than_the_file():
    assert modelscan.scan(made(GOOD)[:60]).refused


def test_json_of_other_kinds_is_no_tensor():
    assert modelscan.scan(b'xxxxxxxx{"a": 1}').artifacts == ()
