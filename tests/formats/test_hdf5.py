"""HDF5: what points out of the file, what declares more than it holds, and what is packed into it."""

from __future__ import annotations

import io
import json
import pickle
import random

import h5py
import keras_samples as made
import numpy
import pytest
import samples

import modelscan
from modelscan import Severity
from modelscan.source import hdf5_worker
from modelscan.source.artifact import Artifact


def external(file):
    file.create_dataset("d", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def external_in_a_group(file):
    file.create_group("a/b/c").create_dataset("d", (4,), "u1", external=[("../x", 0, 4)])


def link(file):
    file["l"] = h5py.ExternalLink("/etc/other.h5", "/x")


def virtual(file):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (4,))
    file.create_virtual_dataset("v", layout)


def bomb(file):
    file.create_dataset("b", (1 << 31, 64), "f4", chunks=(1024, 64))


def compressed_bomb(file):
    file.create_dataset("b", (1 << 29,), "f4", chunks=(1 << 20,), compression="gzip")[:10] = 1


def opaque(file):
    file.create_dataset("o", data=numpy.void(evil()))


def opaque_rows(file):
    data = numpy.array([b"\1" * len(evil()), evil()]).astype(f"V{len(evil())}")
    file.create_dataset("o", data=data)


def variable(file):
    file.create_dataset("v", (2,), h5py.vlen_dtype(numpy.uint8))[1] = numpy.frombuffer(evil(), "u1")


def attribute(file):
    file.create_group("g").attrs["pickled"] = numpy.void(evil())


def fixed_text(file):
    file.create_dataset("t", data=numpy.array([evil()], dtype=f"S{len(evil())}"))


def evil() -> bytes:
    return samples.proto() + samples.payload("marker") + b"."


OUTSIDE = {"external": external, "external in a group": external_in_a_group, "link": link, "virtual": virtual}
BOMBS = {"chunks": bomb, "compressed": compressed_bomb}
PACKED = [opaque, opaque_rows, variable, attribute, fixed_text]


@pytest.mark.parametrize("fill", (OUTSIDE | BOMBS).values(), ids=(OUTSIDE | BOMBS).keys())
def test_what_leaves_the_file_or_bursts_memory(fill):
    weights = made.h5(fill=fill)
    for data in (weights, made.archive(made.sequential(), weights), made.old_model(made.old_sequential(), fill=fill)):
        report = modelscan.scan(data)
        assert report.worst is Severity.HIGH, report
        assert report.refused


@pytest.mark.parametrize("fill", PACKED)
def test_pickles_among_the_data(fill):
    assert "os.mkdir" in {finding.operator for finding in modelscan.scan(made.h5(fill=fill)).findings}


def test_nothing_else_is_opened(tmp_path):
    """Neither the file behind a link nor raw storage is touched: both would be errors."""
    (tmp_path / "trap.h5").mkdir()
    data = made.h5(fill=lambda file: link_to(file, tmp_path / "trap.h5"))
    assert modelscan.scan(data).failures == ()


def link_to(file, path):
    file["l"] = h5py.ExternalLink(str(path), "/x")
    file.create_dataset("d", (4,), "u1", external=[(str(path), 0, 4)])


def test_a_link_inside_is_low():
    report = modelscan.scan(made.h5(fill=soft))
    assert (report.verdict, report.worst) == ("UNVERIFIED", Severity.LOW)


def soft(file):
    file["a"], file["s"] = 1, h5py.SoftLink("/a")


def test_hard_links_in_a_circle_end():
    def fill(file):
        file.create_group("a")["again"] = file["/"]

    assert modelscan.scan(made.h5(fill=fill)).verdict == "SAFE"


def test_a_user_block_is_not_a_hiding_place():
    config = {"model_config": json.dumps(made.old_sequential(made.old_lambda()))}
    target = io.BytesIO()
    with h5py.File(target, "w", userblock_size=1024) as file:
        file.attrs.update(config)
    for head in (bytes(1024), b"GIF89a".ljust(1024, b"x")):
        assert modelscan.scan(head + target.getvalue()[1024:]).worst is Severity.CRITICAL


def test_only_what_describes_is_read(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(made.old_sequential())
        made_list = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made_list.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        made_list.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        for number in range(200):
            group = file.create_group(f"model_weights/layer_{number}")
            group.attrs["weight_names"] = [b"kernel:0"]
            space = h5py.h5s.create_simple((1 << 18,))
            h5py.h5d.create(group.id, b"kernel", h5py.h5t.NATIVE_FLOAT, space, made_list)
    assert path.stat().st_size > 200 << 20
    read, real = [], Artifact.read
    monkeypatch.setattr(Artifact, "read", lambda self, start, length: read.append(length) or real(self, start, length))
    assert modelscan.scan(path).verdict == "SAFE"
    assert sum(read) <= 1 << 20


def test_weights_of_many_kinds_are_safe():
    def fill(file):
        file["f"], file["i"], file["c"] = numpy.ones((3, 3)), numpy.arange(5), numpy.array([1j])
        file["names"] = numpy.array([b"kernel:0", b"bias:0"])
        file["text"], file["empty"] = "some text", h5py.Empty("f")
        file.create_dataset("bf", data=numpy.zeros(3, "V2"))
        file.create_dataset("z", data=numpy.zeros((500, 500)), compression="gzip")
        file["record"] = numpy.zeros(2, [("a", "f4"), ("b", "i4")])
        file.attrs["empty"], file.attrs["names"] = h5py.Empty("f"), [b"a", b"b"]
        file.attrs["numbers"] = numpy.arange(1000)

    report = modelscan.scan(made.h5(fill=fill))
    assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())


def test_a_broken_file_is_inconclusive():
    data = made.old_model(made.old_sequential(), fill=lambda file: file.create_dataset("d", data=numpy.ones(9)))
    chosen = random.Random(3)
    verdicts = set()
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(3):
            at = chosen.randrange(len(data))
            broken[at] ^= 1 << chosen.randrange(8)
        verdicts.add(modelscan.scan(bytes(broken)).verdict.value)
    verdicts |= {modelscan.scan(data[:size]).verdict.value for size in range(8, len(data), 211)}
    assert "INCONCLUSIVE" in verdicts
    assert verdicts <= {"INCONCLUSIVE", "SAFE"}


def test_a_heap_that_leads_in_a_circle_is_inconclusive():
    """libhdf5 would walk in it for ever."""
    data = bytearray(made.old_model(made.old_sequential()))
    at = data.index(b"GCOL") + 16
    while int.from_bytes(data[at : at + 2], "little"):
        at += 16 + (int.from_bytes(data[at + 8 : at + 16], "little") + 7) // 8 * 8
    data[at + 8 : at + 16] = bytes(8)
    report = modelscan.scan(bytes(data))
    assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)


def test_a_reader_that_crashes_is_inconclusive(monkeypatch):
    data = made.old_model(made.old_sequential())
    hdf5_worker._end()
    with monkeypatch.context() as patched:
        patched.setattr(hdf5_worker, "_BOOT", "import os; os.abort()")
        report = modelscan.scan(data)
        assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)
    assert modelscan.scan(data).verdict == "SAFE"


def test_a_reader_that_hangs_is_ended(monkeypatch):
    hdf5_worker._end()
    with monkeypatch.context() as patched:
        patched.setattr(hdf5_worker, "_BOOT", "import time; time.sleep(60)")
        patched.setattr(hdf5_worker, "SECONDS", 0.2)
        assert modelscan.scan(made.old_model(made.old_sequential())).verdict == "INCONCLUSIVE"


def test_without_processes_it_is_read_here(monkeypatch):
    hdf5_worker._end()
    monkeypatch.setattr("sys.executable", "")
    assert modelscan.scan(made.old_model(made.old_sequential(made.old_lambda()))).worst is Severity.CRITICAL


def test_a_configuration_that_cannot_be_read():
    for value in (b"{", numpy.void(b"\xff" * 20), "x" * 10):
        assert modelscan.scan(made.h5({"model_config": value})).refused


def test_pickled_attributes_of_plain_data_are_safe():
    report = modelscan.scan(made.h5({"a": numpy.void(pickle.dumps({"a": [1, 2]}))}))
    assert (report.verdict, report.findings) == ("SAFE", ())
