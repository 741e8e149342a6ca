"""Tar archives as tarfile and torch's first loader see them, and 7z archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import struct
import sys
import tarfile

import live
import pytest
from live import Case
from samples import Payload, global_, proto, text

import modelscan
from modelscan.limits import Limits
from modelscan.policy import Policy
from modelscan.source import tar as reader
from modelscan.source.artifact import Artifact


def packed(members, form=tarfile.GNU_FORMAT, **fields):
    """A tar of name and bytes, or of whole TarInfos."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form, **fields) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


WRAPPERS = {"plain": bytes, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_payload_in_a_tar_is_found(tmp_path, wrapper, form):
    marker, path = tmp_path / "marker", tmp_path / "m.pt"
    members = [("a" * 90, b"x" * 700), ("m.pkl", pickle.dumps(Payload(marker)))]
    path.write_bytes(WRAPPERS[wrapper](packed(members, form)))
    live.load_unguarded([Case("m", "tar", path, marker)])
    assert marker.exists()
    report = modelscan.scan(path)
    assert report.findings[0].operator == "os.mkdir"
    assert report.findings[0].where.artifact.endswith("!m.pkl")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_an_ordinary_tar_is_safe(form):
    folder = tarfile.TarInfo("folder")
    folder.type = tarfile.DIRTYPE
    long = "folder/" + "n" * 60 + "/" + "é" * 40 + ".pkl"
    members = [
        (folder, b""),
        ("folder/m.pkl", pickle.dumps([1])),
        (link("latest.pkl", "folder/m.pkl"), b""),
        (long, b"N."),
    ]
    report = modelscan.scan(packed(members, form))
    assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())
    assert any(row.name.endswith(long) for row in report.artifacts)


ODD = {
    "up": (("../../m.pkl", b"N."), "MS-S025"),
    "absolute": (("/m.pkl", b"N."), "MS-S025"),
    "link out": ((link("m.pkl", "../../secret"), b""), "MS-S030"),
    "hard link out": ((link("m.pkl", "/secret", tarfile.LNKTYPE), b""), "MS-S030"),
    "device": ((link("m.pkl", "", tarfile.CHRTYPE), b""), "MS-S030"),
    "pipe": ((link("m.pkl", "", tarfile.FIFOTYPE), b""), "MS-S030"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_leaves_the_archive_is_a_finding(name):
    member, rule = ODD[name]
    assert {finding.rule for finding in modelscan.scan(packed([("ok.pkl", b"N."), member])).findings} == {rule}


def test_a_second_tar_behind_the_first_is_read(tmp_path):
    """`tarfile` stops at the end, `tar -i` and ignore_zeros do not."""
    data = packed([("a.pkl", b"N.")]) + packed([("b.pkl", pickle.dumps(Payload(tmp_path / "x")))])
    report = modelscan.scan(data)
    assert {"MS-S031", "MS-P401"} <= {finding.rule for finding in report.findings}


def seen_by_tarfile(data):
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            rows = []
            for info in archive:
                rows.append((info.name.rstrip("/"), info.offset_data, info.size, info.isreg()))
                if len(rows) > 99:
                    break
            return rows
    except (tarfile.TarError, ValueError, OverflowError, UnicodeError):
        return rows if "rows" in locals() else []


def variants():
    yield packed([("plain.pkl", b"x" * 100), ("b", b"y" * 1025)], tarfile.USTAR_FORMAT)
    yield packed([("l" * 300, b"x" * 100), (link("s", "t" * 200), b""), ("c", b"z" * 600)])
    yield packed([("p" * 300, b"x" * 100), ("ü", b"q" * 512), ("c", b"z" * 600)], tarfile.PAX_FORMAT)
    yield packed([("a", b"x" * 9), ("b", b"q")], tarfile.PAX_FORMAT, pax_headers={"comment": "hello", "mtime": "1.5"})
    info = tarfile.TarInfo("sized")
    info.pax_headers = {"size": "1024"}
    yield packed([(info, b"s" * 1024), ("after", b"1")], tarfile.PAX_FORMAT)
    info = tarfile.TarInfo("strange")
    info.type = b"Q"
    yield packed([(info, b"s" * 1024), ("after", b"1")])


@pytest.mark.parametrize("seed", range(300))
def test_members_are_those_of_tarfile(seed):
    """Whatever tarfile sees in a tar that was damaged here and there, we see too."""
    random_ = random.Random(seed)
    made = list(variants())
    data = bytearray(made[seed % len(made)])
    for _ in range(seed // len(made) and random_.randint(1, 3)):
        block = random_.randrange(len(data) // 512) * 512
        at = block + random_.choice([0, 5, 99, 100, 124, 128, 134, 135, 156, 157, 257, 345, 400])
        data[at] = random_.choice(b"\0 01234567xgLKSX59/\x80\xff")
        if random_.random() < 0.9:  # with a checksum that is right again
            data[block + 148 : block + 156] = b" " * 8
            data[block + 148 : block + 156] = b"%06o\0 " % sum(data[block : block + 512])
    theirs = {row for row in seen_by_tarfile(bytes(data)) if row[3] and row[2] > 0}
    try:
        found = list(reader.members(Artifact.of_bytes("t", bytes(data)), Limits(members=200)))
    except modelscan.errors.ModelScanError:
        return
    ours = {(member.name.rstrip("/"), member.start, member.size, True) for member in found if member.is_file}
    assert {row for row in theirs if row[0] < "\udc80"} <= ours


@pytest.mark.parametrize("seed", range(60))
def test_damaged_tars_never_raise(seed):
    random_ = random.Random(seed)
    made = list(variants())
    data = bytearray(made[seed % len(made)])
    for _ in range(random_.randint(1, 30)):
        data[random_.randrange(len(data))] = random_.choice([0, 0x30, 0x37, 0x80, 0xFF])
    report = modelscan.scan(bytes(data))
    assert not any(failure.code == "internal" for failure in report.failures), report.failures


def test_a_hostile_size_does_not_loop():
    """CVE-2025-8194: a negative size leads back to the header it stands in."""
    data = bytearray(packed([("m.pkl", b"N.")]))
    data[124:136] = b"\xff" * 10 + b"\xfc\x00"
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    report = modelscan.scan(bytes(data))
    assert report.failures[0].code == "tar-header"
    assert report.refused


def test_many_members_end_in_a_limit():
    data = packed([(f"{n}.pkl", b"N.") for n in range(9)])
    report = modelscan.scan(data, Policy(limits=Limits(members=5)))
    assert any(failure.code == "limit" and failure.unread for failure in report.failures)


def legacy_tar(torch, evil=None, at=""):
    """A checkpoint as torch wrote it in 2016: {"weight": a tensor of three numbers}."""

    def pickled(value, place):
        return pickle.dumps(evil if place == at else value, 2)

    numbers = struct.pack("<q3f", 3, 1.0, 2.0, 3.0)
    storages = pickle.dumps(1, 2) + pickled((7, "cpu", torch.FloatStorage), "storages") + numbers
    storages += pickled([], "views")
    tensors = pickle.dumps(1, 2) + pickled((9, 7, torch.FloatTensor), "tensors")
    tensors += struct.pack("<i4xqqq", 1, 3, 1, 0)
    body = proto(2) + b"}" + text("weight") + b"K\x09Qs."
    if at == "pickle":
        body = pickle.dumps(evil, 2)
    return packed(
        [("sys_info", pickled({}, "sys_info")), ("pickle", body), ("storages", storages), ("tensors", tensors)]
    )


class TestLegacyTorch:
    """torch.load reads them with weights_only=False, from a path and from a file object alike."""

    torch = pytest.importorskip("torch", reason="torch is not installed: its first format is not tested")

    def test_it_is_safe_and_still_loads(self, tmp_path):
        path = tmp_path / "m.pt"
        path.write_bytes(legacy_tar(self.torch))
        assert not live.load_unguarded([Case("m", "torch", path, tmp_path / "x")])
        report = modelscan.scan(path)
        assert (report.verdict, report.findings, report.failures, report.skips) == ("SAFE", (), (), ())

    @pytest.mark.parametrize("at", ["pickle", "storages", "views", "tensors"])
    def test_a_payload_is_found_wherever_it_stands(self, tmp_path, at):
        path, marker = tmp_path / "m.pt", tmp_path / "marker"
        path.write_bytes(legacy_tar(self.torch, Payload(marker), at))
        live.load_unguarded([Case("m", "torch", path, marker)])
        assert marker.exists()
        report = modelscan.scan(path)
        assert report.verdict == "UNSAFE"
        assert "os.mkdir" in {finding.operator for finding in report.findings}

    def test_a_member_no_loader_reads_is_read(self, tmp_path):
        """torch takes no notice of `sys_info`."""
        path, marker = tmp_path / "m.pt", tmp_path / "marker"
        path.write_bytes(legacy_tar(self.torch, Payload(marker), "sys_info"))
        live.load_unguarded([Case("m", "torch", path, marker)])
        assert not marker.exists()
        assert modelscan.scan(path).findings[0].operator == "os.mkdir"

    def test_a_storage_that_cannot_be_measured_is_no_hiding_place(self, tmp_path):
        """The numbers behind it decide where the next pickle is, so an unknown type ends the reading."""
        storages = pickle.dumps(1, 2) + proto(2) + b"K\x07" + text("cpu") + global_("torch", "Strange") + b"\x87."
        members = [("pickle", b"N."), ("tensors", pickle.dumps(0, 2)), ("storages", storages + bytes(99))]
        report = modelscan.scan(packed(members))
        assert report.failures[0].code == "storage-unresolved"
        assert report.refused


class TestSevenZip:
    """nullifAI (2025): PyTorch files packed with 7z, which torch.load does not open and scanners passed over."""

    @pytest.fixture
    def py7zr(self):
        return pytest.importorskip("py7zr", reason="py7zr is not installed: 7z archives stay unread")

    def packed(self, py7zr, members, **fields):
        target = io.BytesIO()
        with py7zr.SevenZipFile(target, "w", **fields) as archive:
            for name, data in members.items():
                archive.writestr(data, name)
        return target.getvalue()

    def test_members_are_read(self, py7zr, tmp_path):
        members = {"archive/data.pkl": pickle.dumps(Payload(tmp_path / "x")), "good.pkl": pickle.dumps([1])}
        report = modelscan.scan(self.packed(py7zr, members))
        assert report.findings[0].operator == "os.mkdir"
        assert report.findings[0].where.artifact.endswith("!archive/data.pkl")

    def test_a_harmless_one_is_safe(self, py7zr):
        report = modelscan.scan(self.packed(py7zr, {"a.pkl": pickle.dumps([1]), "b/c.pkl": pickle.dumps({})}))
        assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())

    def test_an_encrypted_one_is_refused(self, py7zr):
        report = modelscan.scan(self.packed(py7zr, {"a.pkl": pickle.dumps([1])}, password="secret"))
        assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)
        assert "encrypted" in report.failures[0].reason

    def test_a_bomb_is_stopped_and_what_came_out_is_read(self, py7zr, tmp_path):
        evil = pickle.dumps(Payload(tmp_path / "x"))
        data = self.packed(py7zr, {"a.pkl": evil, "b.pkl": bytes(30 << 20)})
        report = modelscan.scan(data, Policy(limits=Limits(expanded=1 << 20)))
        assert "limit" in {failure.code for failure in report.failures}
        assert report.findings[0].operator == "os.mkdir"

    def test_without_py7zr_it_is_inconclusive(self, py7zr, monkeypatch):
        data = self.packed(py7zr, {"a.pkl": pickle.dumps([1])})
        monkeypatch.setitem(sys.modules, "py7zr", None)
        report = modelscan.scan(data)
        assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)
        assert "install py7zr" in report.failures[0].reason

    @pytest.mark.parametrize("seed", range(40))
    def test_damaged_ones_never_raise(self, py7zr, seed):
        random_ = random.Random(seed)
        data = bytearray(self.packed(py7zr, {"a.pkl": pickle.dumps([1]), "b.pkl": bytes(999)}))
        for _ in range(random_.randint(1, 9)):
            data[random_.randrange(6, len(data))] = random_.choice([0, 1, 0x7F, 0x80, 0xFF])
        report = modelscan.scan(bytes(data))
        assert not any(failure.code == "internal" for failure in report.failures), report.failures
        assert report.verdict in ("INCONCLUSIVE", "SAFE")
