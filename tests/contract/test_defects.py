"""Thirteen defects of modelscan 0.8.8, each with what is right instead."""

from __future__ import annotations

import importlib
import io
import json
import pickle
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from contract.commands import modelscan
from contract.corpus import EVIL
from contract.test_commands import models, put
from samples import call, global_, legacy_torch, stack_global, text, zipped

from modelscan.defaults import DEFAULT_REPORTING_MODULES
from modelscan.modelscan import ModelScan
from modelscan.settings import DEFAULT_SETTINGS, SettingsUtils

__all__ = ["models", "modelscan"]


def operators(*files: Path) -> set[str]:
    return {f"{row['module']}.{row['operator']}" for path in files for row in ModelScan().scan(path)["issues"]}


def test_1_the_settings_file_that_is_created_can_be_used(modelscan, models):
    put(models, {"a.pkl": EVIL})
    assert modelscan("create-settings-file").code == 0
    assert modelscan("-p", models).code == 1
    assert modelscan("-p", models, "--settings-file", "modelscan-settings.toml").code == 1
    assert SettingsUtils.get_default_settings_as_toml() == Path("modelscan-settings.toml").read_text("utf-8")


def test_2_settings_written_by_hand_work(modelscan, models):
    put(models, {"a.pkl": call(global_("collections", "OrderedDict")) + b"."})
    settings = put(models.parent, {"s.toml": b'[unsafe_globals.HIGH]\ncollections = ["OrderedDict"]\n'}) / "s.toml"
    assert modelscan("-p", models).code == 0
    assert modelscan("-p", models, "--settings-file", settings).code == 1


def test_3_arrays_are_read(models):
    numpy = pytest.importorskip("numpy")
    numpy.save(models / "plain.npy", numpy.zeros(3))
    numpy.savez(models / "many.npz", a=numpy.zeros(3))
    results = ModelScan().scan(models)
    assert results["errors"] == results["issues"] == []
    assert sorted(results["summary"]["scanned"]["scanned_files"]) == ["many.npz:a.npy", "plain.npy"]
    numpy.save(models / "objects.npy", numpy.array([zip], object), allow_pickle=True)
    head = (models / "objects.npy").read_bytes().partition(b"\n")[0] + b"\n"
    (models / "objects.npy").write_bytes(head + EVIL)
    assert operators(models) == {"posix.system"}


@pytest.mark.parametrize("data", [b"some words", b"", b"\x01\x02" * 99, EVIL[:-1], zipped({"a.txt": b"words"})])
@pytest.mark.parametrize("name", ["a.pkl", "a.bin", "a.txt", "a.zip"])
def test_4_no_issues_is_not_said_of_what_was_not_read(modelscan, models, name, data):
    put(models, {name: data})
    assert "No issues found" not in modelscan("-p", models).out


def test_5_json_on_stdout_is_json_and_every_report_can_be_written(modelscan, models):
    put(models, {"a" * 200 + ".pkl": EVIL, "torn.pkl": EVIL[:-1]})
    assert json.loads(modelscan("-p", models, "-r", "json", "-l", "DEBUG").out)["errors"]
    assert modelscan("-p", models, "-o", "report.txt").out == ""
    assert "--- Summary ---" in Path("report.txt").read_text("utf-8")


def test_6_reports_are_made_with_default_settings_and_skipped_files(models, capsys):
    put(models, {"a.pkl": EVIL, "readme.md": b"words"})
    scan = ModelScan()
    scan.scan(models)
    assert scan.generate_report() is None
    assert scan.errors == []
    assert "Total skipped: 1" in capsys.readouterr().out


@pytest.mark.parametrize("path", [*DEFAULT_REPORTING_MODULES.values(), DEFAULT_SETTINGS["reporting"]["module"]])
def test_7_report_classes_are_where_they_are_said_to_be(path):
    module, _, name = path.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name).generate)


def test_8_a_scan_changes_nothing_for_the_next(modelscan, models, capsys):
    put(models, {"a.pkl": EVIL})
    before = json.dumps(DEFAULT_SETTINGS)
    one, other = ModelScan(), ModelScan()
    one._settings["reporting"]["module"] = DEFAULT_REPORTING_MODULES["json"]
    one.scan(models)
    one.generate_report()
    assert json.loads(capsys.readouterr().out)
    modelscan("-p", models, "-r", "json", "--show-skipped")
    assert json.dumps(DEFAULT_SETTINGS) == before
    assert other._settings["reporting"]["module"] == DEFAULT_REPORTING_MODULES["console"]


def test_9_settings_that_lie_in_the_working_folder_choose_no_code_and_weaken_nothing(modelscan):
    put(
        Path.cwd(),
        {
            "a.pkl": EVIL,
            "planted.py": b"open('marker', 'w').close()\nclass Report:\n    generate = staticmethod(print)\n",
            "modelscan-settings.toml": b"""
policy = "off"
fail_on = "CRITICAL"
[scanners."modelscan.scanners.PickleUnsafeOpScan"]
enabled = false
[scanners."planted.Report"]
enabled = true
[middlewares."planted.Report".formats]
PICKLE = [".pkl"]
[unsafe_globals.LOW]
posix = "*"
[reporting]
module = "planted.Report"
""",
        },
    )
    done = modelscan("-p", "a.pkl")
    assert done.code == 1
    assert "Use of unsafe operator 'system' from module 'posix'" in done.out
    assert modelscan("-p", "a.pkl", "-r", "custom").code == 4
    assert not Path("marker").exists()
    assert "planted" not in sys.modules


@pytest.mark.parametrize("at", range(5))
def test_10_all_pickles_of_a_legacy_checkpoint_are_read(models, at):
    put(models, {"model.pt": legacy_torch(at, EVIL)})
    assert "posix.system" in operators(models)


def tarred() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo("data.pkl")
        info.size = len(EVIL)
        archive.addfile(info, io.BytesIO(EVIL))
    return target.getvalue()


ELEVEN = {
    "model.pt": EVIL,
    "model.bin": EVIL,
    "MODEL.PKL": EVIL,
    "model.Pt": zipped({"archive/data.pkl": EVIL}),
    "model": EVIL,
    "model.weights": EVIL,
    "before.pt": b"#!/bin/sh\n" + zipped({"archive/data.pkl": EVIL}),
    "packed.joblib": zlib.compress(EVIL),
    "model.tar": tarred(),
}


@pytest.mark.parametrize("name", ELEVEN)
def test_11_files_are_told_by_their_content(models, name):
    put(models, {name: ELEVEN[name]})
    assert "posix.system" in operators(models)


def damaged(at_local: int, at_central: int, value: int) -> bytes:
    """A zip with one byte of its two headers changed."""
    data = bytearray(zipped({"archive/data.pkl": EVIL}))
    central = data.index(b"PK\x01\x02")
    data[at_local], data[central + at_central] = value, value
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        damaged(6, 8, 1),  # says that it is encrypted
        damaged(14, 16, 99),  # a wrong checksum
        damaged(4, 6, 99),  # needs a version that there is none of
        zipped({"archive/data.pkl": EVIL}) + b"behind",
    ],
)
def test_12_an_odd_archive_is_read_all_the_same(models, data):
    put(models, {"model.pt": data})
    results = ModelScan().scan(models)
    assert "posix.system" in {f"{row['module']}.{row['operator']}" for row in results["issues"]}
    assert not zipfile.is_zipfile(io.BytesIO(b""))


POSIX, SYSTEM = text("posix"), text("system")
THIRTEEN = {
    "memoized far apart": POSIX + b"q\x05" + b"0" + SYSTEM + b"q\x07" + b"0" + b"N0" + b"h\x05h\x07\x93",
    "memo keys that jump": POSIX + b"r\xff\xff\x00\x000" + SYSTEM + b"q\xff0" + b"j\xff\xff\x00\x00h\xff\x93",
    "memo key overwritten": text("json") + b"q\x000" + POSIX + b"q\x000" + SYSTEM + b"q\x010" + b"h\x00h\x01\x93",
    "memoize out of order": POSIX + b"\x940" + text("decoy") + b"\x940" + SYSTEM + b"\x940" + b"h\x00h\x02\x93",
    "duplicated": POSIX + b"2" + b"0" + SYSTEM + b"20\x93",
    "decoys between": POSIX + text("decoy") + b"0" + SYSTEM + text("decoy") + b"0\x93",
    "built in between": POSIX + SYSTEM + stack_global("collections", "OrderedDict") + b")R}b0\x93",
    "bytes for text": b"U\x05posix" + b"U\x06system" + b"\x93",
}


@pytest.mark.parametrize("name", THIRTEEN)
def test_13_names_are_followed_through_stack_and_memo(models, name):
    put(models, {"model.pkl": b"\x80\x04" + call(THIRTEEN[name], text("x")) + b"."})
    results = ModelScan().scan(models)
    found = {f"{row['module']}.{row['operator']}" for row in results["issues"]}
    assert "posix.system" in found, results["issues"]


def test_13_what_was_found_before_a_crafted_memo_is_kept(models):
    put(models, {"model.pkl": b"\x80\x04" + call(global_("posix", "system"), text("x")) + b"0h\x63\x93."})
    results = ModelScan().scan(models)
    assert {row["module"] for row in results["issues"]} == {"posix"}
    assert [row["category"] for row in results["errors"]] == ["PICKLE_GENOPS"]


def test_the_payloads_do_run():
    """The negative cases above are live: the same opcodes, with a harmless call in the place of a command."""
    for name, opcodes in THIRTEEN.items():
        live = opcodes.replace(POSIX, text("builtins")).replace(SYSTEM, text("print"))
        live = live.replace(b"U\x05posix", b"U\x08builtins").replace(b"U\x06system", b"U\x05print")
        data = b"\x80\x04" + call(live, text("alive")) + b"."
        done = subprocess.run(
            [sys.executable, "-c", "import pickle, sys; pickle.load(sys.stdin.buffer)"],
            input=data,
            capture_output=True,
            check=False,
        )
        assert done.stdout.split() == [b"alive"], (name, done.stderr)
    assert pickle.loads(b"\x80\x04N.") is None
