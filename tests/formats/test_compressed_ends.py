"""Compressed data that ends in something else, or begins with frames of nothing: loaders take what is there."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct

import pytest
from samples import call, global_, text

import modelscan

GARBAGE = b"garbage"
SKIPPABLE = b"\x52\x2a\x4d\x18" + struct.pack("<I", 4) + b"abcd"


class Ran(Exception):
    """What stands before the garbage has been called."""


def ran(*_):
    raise Ran


class Inert(pickle.Unpickler):
    def find_class(self, module, name):
        return ran


def evil():
    return call(global_("os", "system"), text("true")) + b"."


@pytest.mark.parametrize("module", [gzip, bz2, lzma], ids=lambda module: module.__name__)
def test_what_stands_before_garbage_is_read(module):
    data = module.compress(evil()) + GARBAGE
    with pytest.raises(Ran):
        Inert(module.open(io.BytesIO(data))).load()
    assert modelscan.scan(data).verdict == "UNSAFE"


def test_lz4_behind_skippable_frames_is_read():
    frame = pytest.importorskip("lz4.frame")
    data = 2 * SKIPPABLE + frame.compress(evil())
    with pytest.raises(Ran):
        Inert(frame.open(io.BytesIO(data))).load()
    assert modelscan.scan(data).verdict == "UNSAFE"


def test_zstd_behind_skippable_frames_is_read():
    zstandard = pytest.importorskip("zstandard")
    data = 2 * SKIPPABLE + zstandard.ZstdCompressor().compress(evil())
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
    with pytest.raises(Ran):
        Inert(io.BufferedReader(reader)).load()
    assert modelscan.scan(data).verdict == "UNSAFE"


def test_skippable_frames_alone_are_no_model():
    assert modelscan.scan(3 * SKIPPABLE).verdict == "INCONCLUSIVE"
