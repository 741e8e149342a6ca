"""Zip archives whose parts disagree: what each loader really reads, and that the scanner reads all of it.

Each trick is loaded unguarded by torch.load, torch.jit.load (the same reader in C++) and numpy.load of an .npz
(Python's zipfile); `LOADS` holds who was found to run the payload with torch 2.13, numpy 2.4 and Python 3.11.
"""

from __future__ import annotations

import bz2
import io
import lzma
import pickle
import random
import struct
import zipfile

import live
import numpy as np
import pytest
from live import Case
from samples import Payload
from zips import Entry, bodies, build, directory, end, end64, two_directories

import modelscan
from modelscan.limits import Limits
from modelscan.policy import Policy
from modelscan.source.artifact import FileRoot

torch = pytest.importorskip("torch", reason="torch is not installed: its zip reader is not compared with Python's")


def zip_lzma(data):
    info = {"id": lzma.FILTER_LZMA1}
    engine = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[info])
    properties = struct.pack("<BI", (2 * 5 + 0) * 9 + 3, 8 << 20)
    return struct.pack("<BBH", 9, 4, 5) + properties + engine.compress(data) + engine.flush()


def zip64_extra(*values):
    return struct.pack("<HH", 1, 8 * len(values)) + struct.pack(f"<{len(values)}Q", *values)


def tricks(name, good, evil, rest):
    """Archives in which `name` is `evil` for one reader at least. `rest` are the other members."""
    others = [Entry(*member) for member in rest.items()]

    def bad(**fields):
        return Entry(name, evil, **fields)

    def both(**fields):
        return build([bad(local=fields, central=fields), *others])

    def central(**fields):
        return build([bad(central=fields), *others])

    def local(**fields):
        return build([bad(local=fields), *others])

    benign, poisoned = [Entry(name, good), *others], [bad(), *others]
    count, raw = len(benign), name.encode()
    two, (at1, size1), (at2, size2) = two_directories(benign, poisoned)
    made = {
        "plain": build(poisoned),
        "deflated": build([bad(method=8), *others]),
        "encrypted, directory": central(flags=0x801),
        "encrypted, member": local(flags=0x801),
        "encrypted, both": both(flags=0x801),
        "checksum": both(crc=1),
        "checksum, deflated": build([bad(method=8, local={"crc": 1}, central={"crc": 1}), *others]),
        "checksum, member": local(crc=1),
        "other name in the member": local(name=b"x" * len(raw)),
        "other name in the directory": central(name=b"x" * len(raw)),
        "name with a NUL": both(name=raw + b"\0.txt"),
        "capital letters": both(name=raw.upper().replace(b"ARCHIVE", b"archive")),
        "method 99": build([bad(method=99), *others]),
        "method 99, member": local(method=99),
        "method bz2": build([bad(method=12, raw=bz2.compress(evil)), *others]),
        "method lzma": build([bad(method=14, raw=zip_lzma(evil)), *others]),
        "deflated, member says stored": build([bad(method=8, local={"method": 0}), *others]),
        "duplicate in front": build([bad(), *benign]),
        "duplicate behind": build([benign[0], bad(), *others]),
        "duplicate at the end": build([*benign, bad()]),
        "bytes in front": build(poisoned, prefix=b"x" * 512),
        "bytes in front, offsets as they were": build(poisoned, prefix=b"x" * 512, shifted=False),
        "bytes in front that look like a zip": build(poisoned, prefix=b"PK\3\4" + b"x" * 508),
        "bytes behind": build(poisoned) + bytes(100),
        "a comment": build(poisoned, comment=b"c" * 65_535),
        "end in the comment": two + end(count, size1, at1, comment=end(count, size2, at2)),
        "end in front": two + end(count, size2, at2) + end(count, size1, at1),
        "zip64 end": two + end64(count, size2, at2, len(two)) + end(count, size1, at1),
        "member inside a member": _inside(name, evil, others),
        "sizes in the member": local(size=5, compressed=5),
        "sizes in a zip64 field": central(
            size=0xFFFFFFFF, compressed=0xFFFFFFFF, extra=zip64_extra(len(evil), len(evil))
        ),
        "offset in a zip64 field": _elsewhere(name, good, evil, others),
        "not listed": build([bad(listed=False), *benign]),
    }
    made["directory by its offset"] = _by_offset(poisoned, benign)
    made["directory by its size"] = _by_offset(benign, poisoned)
    table = two[at2 : at2 + size2]
    far = end64(count, size2, at2, 0)[:56]
    near = end64(count, size1, at1, len(two))
    made["zip64 end by its locator"] = two + far + near + end(count, size1, at1)
    made["zip64 end in its place"] = two + end64(count, size2, at2, 7) + end(count, size1, at1)
    body, offsets = bodies([*benign, bad()])
    table = directory([*benign, bad()], offsets)
    made["more members than counted"] = body + table + end(count, len(table), len(body))
    body, offsets = bodies(poisoned)
    table = directory(poisoned, offsets)
    made["fewer members than counted"] = body + table + end(count + 1, len(table), len(body))
    return made


def _inside(name, evil, others):
    """The payload's local header and data are the data of another member."""
    cover = Entry("archive/data/9" if "/" in name else "cover.npy", bodies([Entry(name, evil)])[0])
    body, offsets = bodies([cover, *others])
    entries = [Entry(name, evil), cover, *others]
    table = directory(entries, [30 + len(cover.name), *offsets])
    return body + table + end(len(entries), len(table), len(body))


def _elsewhere(name, good, evil, others):
    """The directory's entry leads to a member that no entry names by its plain offset."""
    body, offsets = bodies([Entry(name, good), *others, Entry(name, evil)])
    fields = {"header": 0xFFFFFFFF, "extra": zip64_extra(offsets[-1])}
    entries = [Entry(name, evil, central=fields), *others]
    table = directory(entries, offsets[:-1])
    return body + table + end(len(entries), len(table), len(body))


def _by_offset(first, second):
    """zipfile finds `second` in front of the end record and counts its offsets from there, miniz `first` by offset."""
    wide = Entry(f"{first[0].name}.txt", bytes(2000))  # so that no offset becomes negative
    first, second = [*first, wide], [*second, wide]
    body, offsets = bodies(first + second)
    one = directory(first, offsets[: len(first)])
    shift = len(one)
    two = directory(second, [offset - shift for offset in offsets[len(first) :]])
    assert len(one) == len(two)
    return body + one + two + end(len(first), len(two), len(body))


BOTH, TORCH, ZIPFILE, NOBODY = {"torch", "npz"}, {"torch"}, {"npz"}, set()

LOADS = {
    "plain": BOTH,
    "deflated": BOTH,
    "encrypted, directory": NOBODY,  # older torch did (CVE-2025-1945); 2.13 refuses, as zipfile does
    "encrypted, member": BOTH,
    "encrypted, both": NOBODY,
    "checksum": TORCH,
    "checksum, deflated": TORCH,
    "checksum, member": BOTH,
    "other name in the member": TORCH,
    "other name in the directory": NOBODY,
    "name with a NUL": ZIPFILE,
    "capital letters": BOTH,  # miniz looks names up without regard to case; an .npz may have any
    "method 99": NOBODY,
    "method 99, member": BOTH,
    "method bz2": ZIPFILE,
    "method lzma": ZIPFILE,
    "deflated, member says stored": BOTH,
    "duplicate in front": NOBODY,
    "duplicate behind": BOTH,
    "duplicate at the end": ZIPFILE,  # miniz searches its sorted names by halving, so the place decides
    "bytes in front": NOBODY,  # both look at the first bytes; torch.jit.load and zipfile itself do read it
    "bytes in front, offsets as they were": NOBODY,
    "bytes in front that look like a zip": BOTH,
    "bytes behind": BOTH,
    "a comment": ZIPFILE,
    "end in the comment": TORCH,  # zipfile counts the offsets from the end record, and finds no directory there
    "end in front": NOBODY,
    "zip64 end": BOTH,
    "zip64 end by its locator": TORCH,
    "zip64 end in its place": ZIPFILE,
    "member inside a member": BOTH,  # newer releases of zipfile refuse (CVE-2024-0450)
    "sizes in the member": BOTH,
    "sizes in a zip64 field": BOTH,
    "offset in a zip64 field": BOTH,
    "not listed": NOBODY,
    "directory by its offset": TORCH,
    "directory by its size": ZIPFILE,
    "more members than counted": ZIPFILE,
    "fewer members than counted": ZIPFILE,
}

UNREAD = {"method 99"}
"""What no loader reads and neither do we: INCONCLUSIVE."""


def members_of(write):
    target = io.BytesIO()
    write(target)
    with zipfile.ZipFile(target) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


WRITERS = {
    "torch": (".pt", "archive/data.pkl", torch.save),
    "npz": (".npz", "b.npy", lambda value, file: np.savez(file, b=np.array([value], object))),
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    made = {}
    for loader, (suffix, name, write) in WRITERS.items():
        good = members_of(lambda file, write=write: write(1, file))
        rest = {key: data for key, data in good.items() if key != name}
        for number, trick in enumerate(LOADS):
            marker = folder / f"{number}.{loader}.marker"
            evil = members_of(lambda file, write=write, marker=marker: write(Payload(marker), file))[name]
            path = folder / f"{number}{suffix}"
            path.write_bytes(tricks(name, good[name], evil, rest)[trick])
            made[trick, loader] = Case(trick, loader, path, marker)
    live.load_unguarded(list(made.values()))
    return made


@pytest.mark.parametrize("loader", WRITERS)
@pytest.mark.parametrize("trick", LOADS)
def test_what_any_loader_reads_is_found(cases, trick, loader):
    case = cases[trick, loader]
    assert case.marker.exists() == (loader in LOADS[trick]), "a loader changed its mind: update the table"
    report = modelscan.scan(case.path)
    assert report.refused
    assert report.verdict == ("INCONCLUSIVE" if trick in UNREAD else "UNSAFE")
    assert ("os.mkdir" in {finding.operator for finding in report.findings}) == (trick not in UNREAD)


ODD = {
    "encrypted, directory": "MS-S021",
    "encrypted, member": "MS-S021",
    "checksum": "MS-S022",
    "checksum, deflated": "MS-S022",
    "other name in the member": "MS-S020",
    "name with a NUL": "MS-S020",
    "method 99, member": "MS-S021",
    "deflated, member says stored": "MS-S021",
    "duplicate in front": "MS-S023",
    "duplicate behind": "MS-S023",
    "duplicate at the end": "MS-S023",
    "bytes in front": "MS-S024",
    "bytes in front, offsets as they were": "MS-S024",
    "end in the comment": "MS-S029",
    "end in front": "MS-S029",
    "zip64 end": "MS-S026",
    "zip64 end by its locator": "MS-S026",
    "zip64 end in its place": "MS-S026",
    "member inside a member": "MS-S028",
    "sizes in the member": "MS-S021",
    "offset in a zip64 field": "MS-S029",
    "not listed": "MS-S029",
    "directory by its offset": "MS-S026",
    "directory by its size": "MS-S026",
    "more members than counted": "MS-S027",
    "fewer members than counted": "MS-S027",
}


@pytest.mark.parametrize("trick", ODD)
def test_a_disagreement_is_a_finding_whatever_the_members_say(trick):
    harmless = tricks("archive/data.pkl", pickle.dumps([1]), pickle.dumps([2]), {"archive/version": b"3\n"})[trick]
    assert ODD[trick] in {finding.rule for finding in modelscan.scan(harmless).findings}


@pytest.mark.parametrize("changes", [{"attributes": 0x10}, {"name": b"archive/data.pkl/"}])
def test_a_folder_with_content_is_a_finding(changes):
    """torch.load takes what lies in memory for the member, so no loader is tried; zipfile reads the member."""
    data = build([Entry("archive/data.pkl", pickle.dumps([1]), central=changes)])
    assert "MS-S036" in {finding.rule for finding in modelscan.scan(data).findings}


def test_a_damaged_member_is_read_up_to_the_damage(tmp_path):
    """zipfile hands out what came before, and a pickle acts before its end."""
    behind = random.Random(0).randbytes(50_000)  # does not shrink, so that the damage is far behind the pickle
    packed = bytearray(Entry("b.pkl", pickle.dumps(Payload(tmp_path / "x")) + behind, 8).stored())
    packed[-400:] = b"\xff" * 400
    report = modelscan.scan(build([Entry("b.pkl", b"", 8, bytes(packed))]))
    assert "os.mkdir" in {finding.operator for finding in report.findings}


def test_a_bomb_is_stopped_and_what_follows_is_still_read(tmp_path):
    bomb = Entry("a.pkl", b"\x80\x04" + b"N0" * 3_000_000, 8)
    data = build([bomb, Entry("b.pkl", pickle.dumps(Payload(tmp_path / "x")))])
    report = modelscan.scan(data, Policy(limits=Limits(expanded=1 << 20)))
    assert any(failure.code == "limit" for failure in report.failures)
    assert "os.mkdir" in {finding.operator for finding in report.findings}


def test_the_same_bytes_a_thousand_times_cost_the_budget():
    """Overlapping members: a small file that would be read for hours."""
    one = Entry("m.pkl", b"\x80\x04" + b"N0" * 50_000 + b"N.")
    body, (offset,) = bodies([one])
    entries = [Entry(f"{n:04}", one.data, central={"header": offset}) for n in range(1000)]
    table = directory(entries, [offset] * 1000)
    data = body + table + end(1000, len(table), len(body))
    report = modelscan.scan(data, Policy(limits=Limits(expanded=1 << 20)))
    assert any(failure.code == "limit" for failure in report.failures)


def test_a_zip_inside_something_else_is_read_without_calling_it_odd():
    """A pickled model may hold a whole archive as bytes."""
    report = modelscan.scan(pickle.dumps({"keras": build([Entry("a.pkl", pickle.dumps([1]))])}))
    assert (report.verdict, report.findings) == ("SAFE", ())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("seekable", [True, False])
def test_ordinary_archives_are_not_odd(method, seekable):
    class Pipe(io.BytesIO):
        def seekable(self):
            return seekable

        def tell(self):
            if not seekable:
                raise OSError
            return super().tell()

        def seek(self, *args):
            if not seekable:
                raise OSError
            return super().seek(*args)

    target = Pipe()
    with zipfile.ZipFile(target, "w", method) as archive:
        for number in range(40):
            with archive.open(f"deep/{number}.pkl", "w", force_zip64=number % 2 == 0) as member:
                member.write(pickle.dumps(list(range(number * 50))))
        archive.comment = b"made by a test"
    report = modelscan.scan(target.getvalue())
    assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())


@pytest.mark.parametrize("length", range(1, 60))
def test_no_length_of_a_name_makes_a_second_directory(length):
    """torch writes both end records, and the first entry may be as long as the zip64 one with its locator."""
    data = build([Entry("n" * length, b"data"), Entry("other", b"more")])
    count, size, at = struct.unpack_from("<HLL", data, len(data) - 12)
    report = modelscan.scan(data[: at + size] + end64(count, size, at, at + size) + end(count, size, at))
    assert not report.findings
    assert not report.failures


def test_an_archive_of_more_than_65535_members_is_not_odd():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(65_540):
            archive.writestr(f"{number}", b"")
    report = modelscan.scan(target.getvalue())
    assert not report.findings
    assert not report.failures


@pytest.mark.parametrize("seed", range(60))
def test_damaged_archives_never_raise(seed):
    import random

    random_ = random.Random(seed)
    made = tricks("archive/data.pkl", pickle.dumps([1]), pickle.dumps([2] * 99), {"archive/version": b"3\n"})
    data = bytearray(random_.choice(list(made.values())))
    for _ in range(random_.randint(1, 8)):
        data[random_.randrange(len(data))] = random_.choice([0, 1, 0x7F, 0x80, 0xFF])
    report = modelscan.scan(bytes(data))
    assert not any(failure.code == "internal" for failure in report.failures), report.failures


def test_a_checkpoint_is_judged_by_a_fraction_of_its_bytes(tmp_path, monkeypatch):
    torch.save({str(n): torch.zeros(250_000) for n in range(4)}, tmp_path / "m.pt")
    amounts = []
    real = FileRoot.read

    def counting(self, start, length):
        data = real(self, start, length)
        amounts.append(len(data))
        return data

    monkeypatch.setattr(FileRoot, "read", counting)
    assert modelscan.scan(tmp_path / "m.pt").verdict == "SAFE"
    assert sum(amounts) <= 128 << 10
