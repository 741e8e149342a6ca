"""Checkpoints of many tensors: random numbers are no pickle, a pickle among them is found, and reading many entries of
the directory at once shows the same as reading each."""

from __future__ import annotations

import io
import pickle
import random
import re
import sys
import tempfile

import pytest
from fuzz import blocks
from fuzz.oracle import EXTENSIONS
from fuzz.streams import Generator
from samples import Payload, global_, proto, text

import modelscan
from modelscan.formats import hides
from modelscan.limits import Limits
from modelscan.pickles import beginnings
from modelscan.source import archive, checkpoint
from modelscan.source.artifact import Artifact

torch = pytest.importorskip("torch", reason="torch is not installed: its checkpoints are not read")

NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def saved(values: list[bytes]) -> bytes:
    target = io.BytesIO()
    torch.save({str(n): torch.frombuffer(bytearray(data), dtype=torch.uint8) for n, data in enumerate(values)}, target)
    return target.getvalue()


def starts(rng: random.Random) -> bytes:
    """What sends a reader far: a first byte that asks for nothing and some that may follow it."""
    first = rng.choice(beginnings.FIRST)
    return bytes([first]) + rng.choice((b"", b"\n", b"\x01", b"\0" * 8, b"1\n", b"''\n", b"a\n9b\n", b"\x05\0\0\0"))


def test_random_numbers_are_no_pickle():
    rng = random.Random(0)
    values = [rng.randbytes(48) for _ in range(6_000)]
    values += [starts(rng) + rng.randbytes(rng.choice((8, 40, 700))) for _ in range(3_000)]
    values += [starts(rng) + bytes([rng.randrange(256)]) * 300 for _ in range(1_000)]
    report = modelscan.scan(saved(values))
    assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())
    assert len(report.artifacts) == 2, "the archive and its data.pkl, and no tensor that looked like a pickle"


HIDDEN = {
    "protocol 0": lambda value: pickle.dumps(value, 0),
    "protocol 2": lambda value: pickle.dumps(value, 2),
    "protocol 5": lambda value: pickle.dumps(value, 5),
    "behind an empty one": lambda value: b"N." + pickle.dumps(value, 2),
    "behind many": lambda value: b"N." * 40 + pickle.dumps(value, 2),
    "behind plain data": lambda value: b"(" + b"N" * 2_000 + pickle.dumps(value, 1),
    "behind more than is tried": lambda value: pickle.dumps([bytes(100_000), value], 4),
    "behind a long line": lambda value: b"V" + b"x" * 80_000 + b"\n" + pickle.dumps(value, 1),
    "compressed": lambda value: __import__("gzip").compress(pickle.dumps(value)),
}


@pytest.mark.parametrize("trick", HIDDEN)
@pytest.mark.parametrize("at", [0, 77, 199])
def test_a_pickle_in_the_place_of_a_tensor_is_found(trick, at, tmp_path):
    values = [bytes(64)] * 200
    values[at] = HIDDEN[trick](Payload(tmp_path / "x"))
    report = modelscan.scan(saved(values))
    assert "os.mkdir" in {finding.operator for finding in report.findings}, report


def test_a_name_that_is_worked_out_is_found_among_tensors():
    computed = proto(2) + b"Pmodule\nPname\n\x93."
    assert modelscan.scan(saved([bytes(64)] * 20 + [computed])).refused
    assert modelscan.scan(saved([bytes(64)] * 20 + [proto() + global_("os", "system") + text("x") + b"."])).refused


def test_what_cannot_import_is_told_from_few_bytes():
    """Held against the unpicklers in C and in Python."""
    generator = Generator(0)
    cases = [generator.case() for n in range(1_000)]
    answers = blocks.oracle(cases, sys.executable, ["b"] * len(cases))
    told = 0
    for data, (asked, _) in zip(cases, answers, strict=True):
        names = asked.keys() - set(EXTENSIONS.values())  # no name stands in the bytes for these
        # An import of something that cannot be meant ends the load, but not with the stubs of this test.
        meant = bool(names) and all(NAME.fullmatch(module) and NAME.fullmatch(name) for module, name in names)
        for size in (1, 16, 512):
            may = beginnings.may_import(data[:size], len(data))
            assert may or not meant, (data, names)
        told += not may
    assert told > 100


def views(data: bytes, fewest: int, monkeypatch) -> tuple[archive.Archive, archive.Archive]:
    """The archive as it is read many entries at a time, out of a file, and entry by entry."""
    monkeypatch.setattr(checkpoint, "FEWEST", fewest)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        some = archive.read(Artifact.of_file("m", file), Limits(), hides)
    return some, archive.read(Artifact.of_bytes("m", data), Limits())


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A few bytes of the directory or of local headers become others, or those of another entry."""
    made = bytearray(data)
    places = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        at, other = (min(rng.choice(places) + rng.randrange(64), len(data) - 1) for _ in range(2))
        made[at] = made[other] if rng.random() < 0.3 else rng.choice((0, 1, 0x20, 0x7F, 0x80, 0xFF, made[at] ^ 1))
    if rng.random() < 0.1:
        one, two = rng.choice(places), rng.choice(places)
        made[one : one + 60], made[two : two + 60] = made[two : two + 60], made[one : one + 60]
    return bytes(made) if rng.random() < 0.9 else bytes(made[rng.randrange(99) :])


@pytest.mark.parametrize("seed", range(8))
def test_many_entries_at_once_are_read_as_each_alone(seed, monkeypatch):
    rng = random.Random(seed)
    sizes = rng.choice(([64], [0, 8, 64, 640], [48, 49]))
    values = [rng.choice((bytes, rng.randbytes))(rng.choice(sizes) or 1) for _ in range(150)]
    whole = saved(values)
    fast = 0
    for _ in range(60):
        data = damaged(whole, rng)
        try:
            some, each = views(data, rng.choice((2, 4, 16)), monkeypatch)
        except archive.FormatError:
            continue
        if not some.tensors:
            continue
        fast += 1
        assert (some.oddities, some.broken) == (each.oddities, each.broken)
        assert set(some.members) <= set(each.members)
        passed = [member for member in each.members if member not in set(some.members)]
        assert {member.name.encode() for member in passed} == set(some.tensors)
        for member in passed:
            assert not member.oddities
            assert re.fullmatch(r"[^/]+/data/\d+", member.name)
            assert (member.method, member.encrypted) == (0, False)
            assert not hides(data[member.start : member.start + min(512, member.size)], member.size)
    assert fast > 10


def test_entries_are_counted_in_a_nested_archive_and_in_one_with_bytes_in_front(tmp_path, monkeypatch):
    whole = saved([bytes(64)] * 300)
    path = tmp_path / "m.bin"
    path.write_bytes(b"x" * 70_000 + whole + b"y" * 300_000)
    outer = Artifact.open(path)
    found = archive.read(outer.part("m", 70_000, len(whole)), Limits(), hides)
    outer.close()
    assert len(found.tensors) == 300
    assert found == archive.read(Artifact.of_bytes("m", whole), Limits(), hides)
    shifted, _ = views(b"x" * 512 + whole, 16, monkeypatch)
    assert not shifted.tensors
    assert "zip-prefix" in shifted.oddities
