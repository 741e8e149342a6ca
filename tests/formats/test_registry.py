"""The rows of the registry: which first bytes a reader is imported for has to be true of what it claims."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import tarfile
import zipfile

import pytest

from modelscan.formats import READERS, Context, hides
from modelscan.limits import Budget, Limits
from modelscan.pickles.opcodes import NAMES as OPCODES
from modelscan.source.artifact import Artifact
from modelscan.source.checkpoint import LOOK, PEEK

CONTEXT = Context(Limits(), Budget(1 << 20))
HEADS = (
    b"PK\3\4", b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", b"\x80\4\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", b"\x80\4cos\nsystem\n.",
    b"cos\nsystem\n(tR.", b"(ios\nsystem\n.", b"\x93NUMPY\1\0", b"\x89HDF\r\n\x1a\n",
    b'{"class_name": 1}', b'["class_name"]',
    b'{"nbformat": 4, "cells": []}', b'{"__class__": 1}', b"\x1f\x8b\x08\0", b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x78\x9c",
    b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x5d\0\0\x80\0" + b"\xff" * 8, b"saved_model_schema_version: 1",
    b"node {", b"library {", b"versions <", b"graph_def {", b"meta_graphs {", b"# a comment\nnode {",
    '{"class_name": 1}'.encode("utf-16"), '{"class_name": 1}'.encode("utf-32"), '["class_name"]'.encode("utf-16-be"),
    bytes(8) + b"{", b"\x1c\0\0\0TFL3", b"\0\0\0\0ET12", b"GGUF\3", b"\x7fELF\2", b"\xcf\xfa\xed\xfe",
    b"MZ" + bytes(58) + b"@\0\0\0PE\0\0",
    b"\n\6\n\1a\x12\1b", b"\x08\1\x12\0", b"\x12\4\x12\2\n\0", b"x" + bytes(511) + b"\x89HDF\r\n\x1a\n", b"",
)  # fmt: skip
NAMES = ("model", "saved_model.pbtxt", "x.skops!schema.json", "a.ipynb", "saved_model.pb")
BLANKS = (b"", b" ", b"\t", b"\r\n", b"\v", b"\f", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n")


@pytest.mark.parametrize("row", [row for row in READERS if row.starts or row.sign], ids=lambda row: row.module)
def test_a_reader_claims_nothing_that_begins_otherwise_than_its_row_says(row):
    samples = [blank + head for head in HEADS for blank in BLANKS]
    other = [bytes([first]) + head[1:] for head in HEADS for first in range(256)] if row.starts else []
    cases = [(name, data) for name in NAMES for data in samples] + [("model", data) for data in other]
    for name, data in cases:
        for artifact in (Artifact.of_bytes(name, data), Artifact.of_bytes(name, data + bytes(600))):
            if row.reader.claims(artifact, CONTEXT):
                assert row.claims(artifact, CONTEXT), (name, data)


def archives() -> list[bytes]:
    """What is told by more than its first bytes: a zip behind other bytes, tars with and without a mark."""
    packed, plain, old = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("a", b"b")
    for target, kind in ((plain, tarfile.PAX_FORMAT), (old, tarfile.USTAR_FORMAT)):
        with tarfile.open(fileobj=target, mode="w", format=kind) as file:
            file.addfile(tarfile.TarInfo("model"))
    unmarked = bytearray(old.getvalue())
    unmarked[257:265] = bytes(8)
    unmarked[148:156] = b" " * 8
    unmarked[148:156] = b"%06o\0 " % sum(unmarked[:512])
    signed = bytearray(unmarked)  # a checksum of 0 over signed bytes
    signed[148:156], signed[0:100] = bytes(8), bytes(100)
    rest = 256 + sum(signed[:148]) + sum(signed[156:512])
    signed[0:20] = bytes([0xF0]) * 20
    high = 20 * (256 - 0xF0)
    signed[300:500] = bytes(200)
    left = rest - high
    for at in range(300, 500):
        step = min(128, left)
        signed[at], left = (256 - step) % 256, left - step
        if left <= 0:
            break
    return [
        b"x" * 40 + packed.getvalue(),
        packed.getvalue() + b"y" * 40,
        plain.getvalue(),
        bytes(unmarked),
        bytes(signed),
    ]


@pytest.mark.parametrize("row", [row for row in READERS if row.sign], ids=lambda row: row.module)
def test_a_sign_is_seen_by_whatever_the_reader_claims(row):
    for data in archives():
        artifact = Artifact.of_bytes("model", data)
        if row.reader.claims(artifact, CONTEXT):
            assert row.claims(artifact, CONTEXT)


def test_archives_that_are_told_by_more_than_their_first_bytes_are_claimed():
    claimed = {row.module: row for row in READERS}
    assert [
        [name for name in ("zip", "tar") if claimed[name].claims(Artifact.of_bytes("m", data), CONTEXT)]
        for data in archives()
    ] == [["zip"], ["zip"], ["tar"], ["tar"], ["tar"]]


def test_a_row_names_what_its_reader_looks_for_among_tensors():
    for row in READERS:
        for sign in row.among_tensors():
            assert not row.starts or all(first in row.starts for first in sign.first)
    assert all(hides(head, 600) for head in HEADS if head[:1] in (b"P", b"\x89", b"\x93", b"7"))
    assert not hides(b"", 0)
    assert not hides(bytes(64), 64)


def test_a_scan_of_a_pickle_imports_the_readers_of_nothing_else():
    """What keeps the command line quick; the sets are of modules, not of times."""
    code = (
        "import sys, modelscan; modelscan.scan(b'\\x80\\x04K\\x01.'); "
        "print(*sorted(name.rpartition('.')[2] for name in sys.modules if name.startswith('modelscan.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "pickle" in imported
    assert not imported & {"notebook", "keras", "tf_graph", "hdf5_worker", "exported", "numpy", "markup", "sevenzip"}


def test_a_tensor_is_looked_at_for_all_that_begins_like_a_format():
    """The few bytes that are looked at never say no where the reader would have claimed all of it."""
    from fuzz.streams import Generator

    claimed = 0
    cases = [Generator(seed).case() for seed in range(300)] + [head + bytes(600) for head in HEADS]
    for data in cases:
        artifact = Artifact.of_bytes("model.pt!archive/data/0", data)
        artifact.expected, artifact.numbers, artifact.loader = True, True, "torch"
        for row in READERS:
            firsts = b"".join(sign.first for sign in row.among_tensors())
            if data[:1] and data[0] in firsts and row.claims(artifact, CONTEXT):
                claimed += 1
                assert hides(data[:PEEK], len(data)), (row.module, data)
                assert hides(data[:LOOK], len(data)), (row.module, data)
    assert claimed > 100


def test_what_could_be_a_format_shows_its_sign():
    """What is told of all tensors at once never says no where the look at one of them says yes."""
    from fuzz.streams import Generator

    rng = random.Random(7)
    heads = [head.ljust(PEEK, byte)[:PEEK] for head in HEADS if head for byte in (b"\0", b"K", b"\n", b"\xff")]
    heads += [Generator(seed).case().ljust(PEEK, b"\0")[:PEEK] for seed in range(300)]
    heads += [bytes([first]) + rng.randbytes(PEEK - 1) for first in range(256) for _ in range(20)]
    known = bytes(OPCODES) + b"\n\0.1a"
    heads += [bytes(rng.choices(known, k=PEEK)) for _ in range(5_000)]
    heads += [struct.pack("<4f", *(rng.gauss(0, 1) for _ in range(4))) for _ in range(5_000)]
    shown = {*hides.shown(b"".join(heads), PEEK)}
    could = {number for number, head in enumerate(heads) if hides(head, 100_000)}
    assert could <= shown
    assert len(could) > 1_000
    assert len([number for number in shown if number >= len(heads) - 5_000]) < 800
