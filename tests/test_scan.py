"""The front door: what may be scanned, and what the report keeps."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from samples import Payload, Pipe, call, global_, legacy_torch, text, zipped

import modelscan

EVIL = call(global_("os", "mkdir"), text("x")) + b"."


def test_every_kind_of_source(tmp_path):
    (tmp_path / "m.pkl").write_bytes(EVIL)
    with (tmp_path / "m.pkl").open("rb") as file:
        sources = [str(tmp_path / "m.pkl"), tmp_path / "m.pkl", EVIL, bytearray(EVIL), memoryview(EVIL), file]
        sources += [io.BytesIO(EVIL), tmp_path]
        assert {modelscan.scan(source).verdict.value for source in sources} == {"UNSAFE"}


def test_a_stream_is_read_from_its_position_and_put_back():
    stream = io.BytesIO(EVIL + pickle.dumps([1]))
    stream.seek(len(EVIL))
    assert modelscan.scan(stream).verdict == "SAFE"
    assert stream.tell() == len(EVIL)


def test_a_stream_that_cannot_seek_is_read_to_its_end():
    assert modelscan.scan(io.BufferedReader(Pipe(EVIL))).verdict == "UNSAFE"


def test_a_missing_file_is_an_error():
    with pytest.raises(FileNotFoundError):
        modelscan.scan("no/such/file.pkl")


def test_anything_else_is_a_type_error():
    with pytest.raises(TypeError, match="cannot scan int"):
        modelscan.scan(3)


def test_the_report_survives_json(tmp_path):
    data = pickle.dumps([Payload(tmp_path / "x"), b"\xff", "\ud800"], 0) + EVIL + b"\x80\x04rest"
    report = modelscan.scan(data)
    again = modelscan.Report.from_dict(json.loads(report.to_json()))
    assert again == report
    assert hash(again.findings[0].where) == hash(report.findings[0].where)


def test_nothing_is_run(tmp_path):
    """Whatever the scanner does with a payload, the payload does nothing."""
    for protocol in range(6):
        modelscan.scan(pickle.dumps(Payload(tmp_path / "marker"), protocol))
    assert list(tmp_path.iterdir()) == []


WATCHED = """
import json, sys
import modelscan
first, second = json.loads(sys.stdin.read())
for path in first:
    modelscan.scan(path)  # what a scan imports of our own is imported now
seen = []
ACTS = ("import", "exec", "compile", "marshal", "pickle", "os.", "subprocess", "socket", "ctypes", "code.", "shutil")
READS = ("os.scandir", "os.listdir")
def watch(event, arguments):
    written = event == "open" and arguments[1] not in (None, "r", "rb")
    if written or event.startswith(ACTS) and event not in READS:
        seen.append(f"{event}{arguments}")
sys.addaudithook(watch)
for path in second:
    assert modelscan.scan(path).verdict == "UNSAFE", path
print(json.dumps(seen))
"""


def test_a_scan_starts_imports_writes_and_sends_nothing(tmp_path):
    """Python reports all of that to an audit hook; other payloads than those that warmed the scanner up."""
    rounds = []
    for number in range(2):
        marker = tmp_path / f"marker{number}"
        files = {f"{protocol}.pkl": pickle.dumps([Payload(marker)] * 3, protocol) for protocol in range(6)}
        files["m.zip"] = zipped({"archive/data.pkl": files["2.pkl"], f"{number}.pkl": files["4.pkl"]})
        files["m.pt"] = legacy_torch(3, files["2.pkl"])
        (tmp_path / str(number)).mkdir()
        rounds.append([str(tmp_path / str(number) / name) for name in files])
        for path, data in zip(rounds[-1], files.values(), strict=True):
            Path(path).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], input=json.dumps(rounds), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_a_folder_is_one_report_in_a_fixed_order(tmp_path):
    for name, data in {"b.pkl": pickle.dumps(1), "a/evil.bin": EVIL, "a/.hidden": EVIL, "README.md": b"words"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    report = modelscan.scan(tmp_path)
    assert report.verdict == "UNSAFE"
    assert [finding.where.artifact for finding in report.findings] == [
        str(tmp_path / "a" / ".hidden"),
        str(tmp_path / "a" / "evil.bin"),
    ]
    assert [skip.name for skip in report.skips] == [str(tmp_path / "README.md")]


def test_one_bad_file_does_not_stop_the_rest(tmp_path):
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04")
    (tmp_path / "b.pkl").write_bytes(EVIL)
    report = modelscan.scan(tmp_path)
    assert report.verdict == "UNSAFE"
    assert len(report.failures) == 1


def test_what_breaks_a_reader_is_a_row(monkeypatch):
    """The one broad catch: a bug of ours is never SAFE."""
    from modelscan import formats

    def explode(*args):
        raise RuntimeError("surprise")

    monkeypatch.setattr(formats, "READERS", (type("R", (), {"claims": staticmethod(explode)}),))
    report = modelscan.scan(EVIL)
    assert (report.verdict, report.refused) == ("INCONCLUSIVE", True)
    assert report.failures[0].code == "internal"
