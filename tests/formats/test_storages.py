"""Storages that claim more bytes than their records have (CVE-2026-24747).

torch before 2.10 takes the pickle's word and reads and writes behind the record; later ones refuse, which is what shows
that these files are wrong.
"""

from __future__ import annotations

import io
import re
import zipfile

import pytest

import modelscan

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore")  # torch calls much of what it still writes and reads deprecated
RULE = "MS-S060"


def saved(value, **options) -> bytes:
    target = io.BytesIO()
    torch.save(value, target, **options)
    return target.getvalue()


def rewritten(data: bytes, change) -> bytes:
    """The same archive, by torch's own writer, with each record as `change(name, record)` has it."""
    target = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(target)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            inner = name.partition("/")[2]
            if inner not in ("version", "byteorder") and not inner.startswith(".data/serialization"):
                record = change(inner, archive.read(name))
                writer.write_record(inner, record, len(record))
    writer.write_end_of_file()
    return target.getvalue()


def shortened(data: bytes, record: str) -> bytes:
    return rewritten(data, lambda name, raw: raw[: len(raw) // 2] if name == record else raw)


def claiming(data: bytes, count: int, more: int) -> bytes:
    """One of the persistent ids of `count` numbers, in the middle of the pickle, claims `more`."""

    def change(name: str, raw: bytes) -> bytes:
        if name != "data.pkl":
            return raw
        found = [one.start() + 1 for one in re.finditer(rb"M%bt" % count.to_bytes(2, "little"), raw)]
        at = found[len(found) // 2]
        return raw[:at] + more.to_bytes(2, "little") + raw[at + 2 :]

    return rewritten(data, change)


def archive(pickled: bytes, size: int, key: str = "0") -> bytes:
    """A checkpoint of one record and this pickle."""
    target = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(target)
    for name, record in (("data.pkl", pickled), (f"data/{key}", bytes(size))):
        writer.write_record(name, record, len(record))
    writer.write_end_of_file()
    return target.getvalue()


def asking(key: bytes, location: bytes, count: bytes, kind: bytes = b"ctorch\nFloatStorage\n") -> bytes:
    """One tensor of a storage, by a persistent id of these parts."""
    pid = b"(X\7\0\0\0storage" + kind + key + location + count + b"tQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + pid + b"K\0K\1\x85K\1\x85\x89ccollections\nOrderedDict\n)RtR"


KEY, CPU, COUNT = b"X\1\0\0\0000", b"X\3\0\0\0cpu", b"K\x0a"
NUMBER = b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\2\0\0\0i8\x89\x88\x87RC\x08\x0a\0\0\0\0\0\0\0\x86R"
FORMS = {
    "as torch writes it": (asking(KEY, CPU, COUNT), "0"),
    "a place that is none": (asking(KEY, b"(K\1t", COUNT), "0"),
    "a count that a call returns": (asking(KEY, CPU, NUMBER), "0"),
    "a tensor's type": (asking(KEY, CPU, b"K\5", b"ctorch\nDoubleTensor\n"), "0"),
    "a key that is no text": (asking(b"N", CPU, COUNT), "None"),
    "packed numbers": (asking(KEY, CPU, b"K\x29", b"ctorch\nQUInt4x2Storage\n"), "0"),
}


@pytest.mark.parametrize("repeated", [1, 1_500])
@pytest.mark.parametrize(("tensor", "key"), FORMS.values(), ids=FORMS)
def test_no_form_of_a_persistent_id_hides_what_it_claims(tensor, key, repeated):
    data = archive(b"\x80\2](" + tensor * repeated + b"e.", 39, key)
    assert RULE in {finding.rule for finding in modelscan.scan(data).findings}


def alike(count: int):
    return {f"layer.{number}.weight": torch.zeros(20, 20) for number in range(count)}


def unlike(count: int):
    kinds = (torch.float32, torch.float16, torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.uint16)
    return {
        "x" * (number % 23 + 1) + str(number): torch.zeros(300 + number).to(kinds[number % 7])
        for number in range(count)
    }


def views(count: int):
    whole = torch.zeros(count + 300)
    return [whole[number : number + 5] for number in range(count)]


ORDINARY = {
    "a few": lambda: saved(alike(3)),
    "many alike": lambda: saved(alike(1_500)),
    "many unlike": lambda: saved(unlike(700)),
    "protocol 4": lambda: saved(alike(1_500), pickle_protocol=4),
    "one storage, many tensors": lambda: saved(views(1_500)),
    "a module": lambda: saved(torch.nn.LSTM(8, 8, 2)),
}


@pytest.mark.parametrize("make", ORDINARY.values(), ids=ORDINARY)
def test_storages_as_large_as_their_records_are_fine(make):
    report = modelscan.scan(make())
    assert report.findings == ()
    assert report.verdict == "SAFE"


WRONG = {
    "a record of a few": lambda: shortened(saved(alike(3)), "data/1"),
    "the first record of many": lambda: shortened(saved(alike(1_500)), "data/0"),
    "a record in the middle": lambda: shortened(saved(alike(1_500)), "data/1100"),
    "the last record": lambda: shortened(saved(alike(1_500)), "data/1499"),
    "a record among unlike ones": lambda: shortened(saved(unlike(700)), "data/401"),
    "protocol 4": lambda: shortened(saved(alike(1_500), pickle_protocol=4), "data/900"),
    "the record of many tensors": lambda: shortened(saved(views(1_500)), "data/0"),
    "a count of many": lambda: claiming(saved(alike(1_500)), 400, 65_000),
    "a count that is a little larger": lambda: claiming(saved(alike(1_500)), 400, 401),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_storages_larger_than_their_records_are_told(make):
    data = make()
    with pytest.raises(RuntimeError):
        torch.load(io.BytesIO(data), weights_only=False)
    report = modelscan.scan(data)
    assert RULE in {finding.rule for finding in report.findings}
    assert report.verdict == "UNSAFE"


def test_constants_of_torchscript_have_records_of_their_own():
    class Adds(torch.nn.Module):
        def forward(self, x):
            return x + torch.ones(500)

    target = io.BytesIO()
    torch.jit.save(
        torch.jit.freeze(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(3, 3), Adds()).eval())), target
    )
    assert modelscan.scan(target.getvalue()).findings == ()
    with zipfile.ZipFile(io.BytesIO(target.getvalue())) as archive:
        record = next(name.partition("/")[2] for name in archive.namelist() if re.search(r"/constants/\d+$", name))
    assert RULE in {finding.rule for finding in modelscan.scan(shortened(target.getvalue(), record)).findings}


def test_pickles_of_a_package_have_theirs_in_one_place():
    target = io.BytesIO()
    with torch.package.PackageExporter(target) as exporter:
        exporter.save_pickle("weights", "one.pkl", {"a": torch.zeros(50), "b": torch.zeros(70)})
    data = target.getvalue()
    assert RULE not in {finding.rule for finding in modelscan.scan(data).findings}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        record = next(name.partition("/")[2] for name in archive.namelist() if name.endswith(".storage"))
    assert RULE in {finding.rule for finding in modelscan.scan(shortened(data, record)).findings}
