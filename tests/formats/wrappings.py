"""Hand-made files for each way of wrapping a pickle so that a scanner does not see it, several forms of each.

A form is the end of the file's name, who loads it, and a function of the marker that loading it makes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from samples import legacy_torch, payload, proto, zipped
from zips import Entry, bodies, build, directory, end

Form = tuple[str, str, Callable[[Path], bytes]]


def evil(marker: Path) -> bytes:
    return proto() + payload(marker) + b"."


def old(marker: Path) -> bytes:
    """In protocol 0."""
    return f"cos\nmkdir\n(V{marker.as_posix()}\ntR.".encode()


def npy(data: bytes, dtype: str = "'|O'", version: int = 1, more: str = "") -> bytes:
    """An array of objects of which `data` is the pickle."""
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': (1,), {more}}}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    with tarfile.open(fileobj=(target := io.BytesIO()), mode="w", format=form) as archive:
        for name, data in members.items():
            row = tarfile.TarInfo(name)
            row.size = len(data)
            archive.addfile(row, io.BytesIO(data))
    return target.getvalue()


def linked(name: str, kind: bytes, to: str = "", data: bytes | None = None) -> bytes:
    """A tar whose first member is a link or a folder, and behind it a file that is put through it."""
    with tarfile.open(fileobj=(target := io.BytesIO()), mode="w") as archive:
        row = tarfile.TarInfo(name)
        row.type, row.linkname, row.mode = kind, to, 0o755
        archive.addfile(row)
        if data is not None:
            more = tarfile.TarInfo(f"{name}/marker")
            more.size = len(data)
            archive.addfile(more, io.BytesIO(data))
    return target.getvalue()


def seven(members: dict[str, bytes]) -> bytes:
    import py7zr

    with py7zr.SevenZipFile(target := io.BytesIO(), "w") as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return target.getvalue()


def npz(*, good: list[Entry] = [], **fields) -> Callable[[Path], bytes]:  # noqa: B006 - never changed
    return lambda m: build([Entry("b.npy", npy(evil(m)), **fields), *good])


def far(marker: Path) -> bytes:
    """The member goes on behind the pickle, so that nobody reads to where its checksum is compared."""
    return npy(evil(marker) + bytes(1 << 20))


def gz(data: bytes, flags: int, header: bytes) -> bytes:
    """gzip with optional parts of its header (RFC 1952)."""
    engine = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = engine.compress(data) + engine.flush()
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + header + body + struct.pack("<2I", zlib.crc32(data), len(data))


def behind(prefix: bytes) -> Callable[[Path], bytes]:
    return lambda m: build([Entry("m.pkl", evil(m))], prefix=prefix)


def unlisted(name: bytes, flags: int = 0) -> Callable[[Path], bytes]:
    """The directory calls the member something else."""
    return lambda m: build([Entry("m.pkl", evil(m), central={"name": name, "flags": flags or 0x800})])


LEAVES = '{"class_name": "Sequential", "config": {"layers": []}, "module": "keras", "registered_name": null}'


def keras(weights: Callable[[Path], bytes], name: str = "model.weights.npz") -> Callable[[Path], bytes]:
    return lambda m: zipped({"config.json": LEAVES.encode(), "metadata.json": b"{}", name: weights(m)})


def two_ends(marker: Path) -> bytes:
    """The directory that counts stands in front of the end record, another one in front of that."""
    body, offsets = bodies([Entry("m.pkl", evil(marker)), Entry("m.pkl", b"N.")])
    one = directory([Entry("m.pkl", b"N.")], offsets[1:])
    two = directory([Entry("m.pkl", evil(marker))], offsets[:1])
    return body + one + two + end(1, len(two), len(body) + len(one))


def script(name: str) -> Callable[[Path], bytes]:
    return lambda m: zipped(
        {
            "a/version": b"3\n",
            "a/code/__torch__.py": b"class M(Module):\n  pass\n",
            "a/data.pkl": b"N.",
            f"a/{name}": evil(m),
        }
    )


WRAPPINGS: dict[str, list[Form]] = {
    "Z01 7z": [
        (".pt", "7z", lambda m: seven({"archive/data.pkl": evil(m)})),
        (".7z", "7z", lambda m: seven({"readme.md": b"# a model", "m.bin": old(m)})),
        (".joblib", "7z", lambda m: seven({"a.bin": b"N.", "deep/er/m.pkl": evil(m)})),
    ],
    "Z02 bits that say encrypted": [
        (".npz", "npz", npz(local={"flags": 0x801})),
        (".npz", "npz", npz(local={"flags": 0x841})),
        (".npz", "npz", npz(local={"flags": 0x2801}, method=8)),
    ],
    "Z03 wrong checksums": [
        (".npz", "npz", npz(local={"crc": 0xDEAD})),
        (".npz", "npz", lambda m: build([Entry("b.npy", far(m), local={"crc": 5}, central={"crc": 5})])),
        (".npz", "npz", lambda m: build([Entry("b.npy", far(m), method=8, local={"crc": 6}, central={"crc": 6})])),
    ],
    "Z04 names that differ": [
        (".zip", "local headers", unlisted(b"readme.txt")),
        (".pt", "local headers", unlisted(b"m.pk\0")),
        (
            ".zip",
            "local headers",
            lambda m: build([Entry("m.pkl", evil(m), listed=False), Entry("config.json", b"{}")]),
        ),
    ],
    "Z05 methods nobody knows": [
        (".zip", "local headers", lambda m: build([Entry("m.pkl", evil(m), method=96, raw=evil(m))])),
        (".pt", "local headers", lambda m: build([Entry("m.pkl", evil(m), method=99, raw=evil(m))])),
        (".bin", "local headers", lambda m: build([Entry("m.pkl", evil(m), method=0xFFFF, raw=evil(m))])),
    ],
    "Z06 members by other names": [
        (".pt", "member", lambda m: zipped({"m/weights.txt": evil(m), "m/data.pkl": b"N."})),
        (".pt", "member", lambda m: zipped({"LICENSE": old(m), "m/data.pkl": b"N."})),
        (".zip", "member", lambda m: zipped({"a/data/0": old(m)}, zipfile.ZIP_DEFLATED)),
    ],
    "Z07 members twice": [
        (".npz", "npz", lambda m: build([Entry("b.npy", npy(b"N.")), Entry("b.npy", npy(evil(m)))])),
        (
            ".npz",
            "npz",
            lambda m: build(
                [Entry("b.npy", npy(b"N.")), Entry("c.npy", npy(b"N.")), Entry("c.npy", npy(old(m)), method=8)]
            ),
        ),
        (".npz", "npz", lambda m: build([Entry("B.npy", npy(evil(m))), Entry("b.npy", npy(b"N."))])),
    ],
    "Z08 archives in archives": [
        (".zip", "inner", lambda m: zipped({"x.zip": zipped({"m.pkl": evil(m)})})),
        (".tar", "inner", lambda m: tarred({"x.bin": zipped({"m.pkl": old(m)}, zipfile.ZIP_DEFLATED)})),
        (".zip", "inner", lambda m: zipped({"x.tgz": gzip.compress(tarred({"m.pkl": evil(m)}))})),
    ],
    "Z09 behind something else": [
        (".gif", "member", behind(b"GIF89a" + bytes(500))),
        (".sh", "member", behind(b"#!/bin/sh\nexit 0\n")),
        (".zip", "member", behind(b"PK\3\4" + b"\xff" * 99)),
        (".exe", "member", behind(b"\x7fELF" + bytes(4096))),
    ],
    "Z10 fields of zip64, comments and ends": [
        (".zip", "member", two_ends),
        (".zip", "member", lambda m: build([Entry("m.pkl", evil(m))], comment=b"PK\1\2PK\3\4" + b"c" * 60_000)),
        (".zip", "member", lambda m: build([Entry("m.pkl", evil(m))]) + b"\n" * 99),
    ],
    "Z11 tar": [
        (".tar", "tar", lambda m: tarred({"m.pkl": evil(m)}, tarfile.USTAR_FORMAT)),
        (".pt", "tar", lambda m: tarred({"x" * 200: b"", "m.pkl": old(m)}, tarfile.GNU_FORMAT)),
        (".model", "tar", lambda m: tarred({"é" * 120: b"", "m.pkl": evil(m)})),
    ],
    "Z12 torch's old format": [
        (".pt", "five", lambda m, at=at: legacy_torch(at, (old if at % 2 else evil)(m))) for at in range(5)
    ],
    "Z13 compressed by joblib": [
        (".joblib", "joblib", lambda m: zlib.compress(evil(m), 0)),
        (".joblib", "joblib", lambda m: gz(evil(m), 0x08, b"model.pkl\0")),
        (".pkl", "joblib", lambda m: lzma.compress(old(m), lzma.FORMAT_ALONE)),
        (".z", "joblib", lambda m: lzma.compress(evil(m), check=lzma.CHECK_NONE)),
    ],
    "Z14 compressed files": [
        (".pkl.gz", "gzip", lambda m: gzip.compress(evil(m)[:9]) + gzip.compress(evil(m)[9:])),
        (".pkl.bz2", "bz2", lambda m: bz2.compress(evil(m)[:5], 1) + bz2.compress(evil(m)[5:])),
        (".pkl.xz", "xz", lambda m: lzma.compress(old(m)[:7]) + lzma.compress(old(m)[7:], lzma.FORMAT_ALONE)),
    ],
    "Z15 arrays of objects": [
        (".npy", "numpy", lambda m: npy(evil(m), "[('a', '<f4'), ('b', '|O')]")),
        (".npy", "numpy", lambda m: npy(evil(m), "[('\u00e9', '|O', (2,))]", 3)),
        (".npz", "npz", lambda m: zipped({"b": npy(old(m), "'O'", 2)}, zipfile.ZIP_DEFLATED)),
        (".npy", "numpy", old),
    ],
    "Z16 other endings": [
        (".safetensors", "pickle", evil),
        (".onnx", "pickle", old),
        (".h5", "pickle", evil),
        (".json", "pickle", old),
        ("", "pickle", evil),
    ],
    "Z17 weights of Keras": [
        (".keras", "weights", keras(evil)),
        (".keras", "weights", keras(lambda m: zipped({"w.npy": npy(evil(m))}))),
        (".zip", "weights", keras(lambda m: npy(old(m)))),
    ],
    "Z18 scripts and packages": [
        (".pt", "member", script("constants.pkl")),
        (".pt", "member", script("extra/model.pkl")),
        (
            ".pt",
            "member",
            lambda m: zipped({"p/.data/extern_modules": b"os\n", "p/.data/version": b"6", "p/model/model.pkl": old(m)}),
        ),
        (
            ".pt2",
            "member",
            lambda m: zipped({"p/version": b"0", "p/archive_format": b"pt2", "p/data/sample_inputs/model.pt": evil(m)}),
        ),
    ],
    "Z19 endings in capitals": [
        (".KERAS", "weights", keras(evil)),
        (".PKL", "pickle", old),
        (".Npz", "npz", npz(method=8)),
        (".TAR.GZ", "tar", lambda m: gzip.compress(tarred({"m.pkl": evil(m)}))),
    ],
    "Z20 leaving the archive": [
        (".tar", "unpack", lambda m: linked("../marker", tarfile.DIRTYPE)),
        (".tgz", "unpack", lambda m: gzip.compress(linked(str(m), tarfile.DIRTYPE))),
        (".tar", "unpack", lambda m: linked("here", tarfile.SYMTYPE, str(m.parent), b"x")),
        (".zip", "unzip", lambda m: zipped({"weights/../../marker": b"x"})),
    ],
    "Z21 headers that trip readers": [
        (".pkl", "gzip", lambda m: gz(evil(m), 0x1C, b"\4\0abcd" + b"name\0" + b"comment\0")),
        (".npy", "numpy", lambda m: npy(evil(m), " '|O' ", 2, "\n" * 40)),
        (".npz", "npz", npz(local={"extra": b"\xff\xff\xff\xff"})),
        (".tar", "tar", lambda m: odd_sum(tarred({"m.pkl": evil(m)}, tarfile.USTAR_FORMAT))),
    ],
}


def odd_sum(data: bytes) -> bytes:
    """The checksum by signed bytes and with blanks in front, as some old programs wrote it."""
    header = bytearray(data[:512])
    header[148:156] = b" " * 8
    header[148:156] = b"%6o\0 " % sum(header)
    return bytes(header) + data[512:]


_READ = "import pickle\ndef load(path):\n    data = open(path, 'rb').read()\n"
_ZIP = "import io, pickle, zipfile\ndef load(path):\n    archive = zipfile.ZipFile(path)\n"
_UNPACK = (
    "import pathlib, tarfile, zipfile\ndef load(path):\n    inner = pathlib.Path(path).parent / 'inner'\n"
    "    (inner / 'weights').mkdir(parents=True)\n"
)
LOADERS = {
    "7z": "import pathlib, pickle, py7zr, tempfile\ndef load(path):\n    folder = tempfile.mkdtemp()\n"
    "    py7zr.SevenZipFile(path).extractall(folder)\n"
    "    [pickle.load(open(one, 'rb')) for one in pathlib.Path(folder).rglob('*') if one.suffix in ('.pkl', '.bin')]",
    "local headers": _READ + "    size, extra = (int.from_bytes(data[at : at + 2], 'little') for at in (26, 28))\n"
    "    pickle.loads(data[30 + size + extra:])",
    "member": _ZIP + "    ends = ('.txt', 'LICENSE', 'data/0', '.pkl', '.pt')\n"
    "    [pickle.load(archive.open(name)) for name in archive.namelist() if name.endswith(ends)]",
    "inner": "import io, pickle, tarfile, zipfile\ndef opened(name, file):\n"
    "    if name.endswith(('.tar', 'tgz')):\n        archive = tarfile.open(fileobj=file)\n"
    "        return archive.getnames()[0], archive.extractfile(archive.getmembers()[0])\n"
    "    archive = zipfile.ZipFile(file)\n    return archive.namelist()[0], archive.open(archive.namelist()[0])\n"
    "def load(path):\n    name, file = opened(*opened(path, open(path, 'rb')))\n    return pickle.load(file)",
    "five": "import pickle\ndef load(path):\n    f = open(path, 'rb')\n    return [pickle.load(f) for _ in range(5)]",
    "gzip": "import gzip, pickle\ndef load(path):\n    return pickle.load(gzip.open(path))",
    "bz2": "import bz2, pickle\ndef load(path):\n    return pickle.load(bz2.open(path))",
    "xz": "import lzma, pickle\ndef load(path):\n    return pickle.load(lzma.open(path))",
    "weights": _ZIP + "    import numpy\n"
    "    return dict(numpy.load(io.BytesIO(archive.read('model.weights.npz')), allow_pickle=True))",
    "unpack": _UNPACK + "    trust = {'filter': 'fully_trusted'} if hasattr(tarfile, 'data_filter') else {}\n"
    "    tarfile.open(path).extractall(inner, **trust)",
    "unzip": _UNPACK + "    archive = zipfile.ZipFile(path)\n"
    "    [(inner / name).write_bytes(archive.read(name)) for name in archive.namelist()]",
}
"""Beside those of `live`."""

LARGE = 1 << 26
BOMBS: dict[str, Callable[[], bytes]] = {
    f"Z10 a thousand times as large, {name}": lambda filling=filling: zipped(
        {"m.pkl": b"\x80\4X" + struct.pack("<I", LARGE) + filling * (LARGE // len(filling))}, zipfile.ZIP_DEFLATED
    )
    for name, filling in {"zeros": b"\0", "numbers of a message": b"\x08\1", "texts of a message": b"\x12\0"}.items()
}
