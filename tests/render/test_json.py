"""The JSON report: the keys of modelscan 0.8 exactly, valid by the published schema, and the report itself inside."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
from reports import FACTS, HOSTILE, hostile_report
from samples import call, global_, text, zipped

import modelscan
from modelscan.evidence import Evidence, Where
from modelscan.render import RENDERERS, Options, renderer
from modelscan.render.json import schema
from modelscan.report import Failure, Scanned, Skip

EVIL = b"\x80\x04" + call(global_("posix", "system"), text("x")) + b"."
VALID = jsonschema.Draft202012Validator(schema())
FILES = {
    "evil.pkl": EVIL,
    "sub/model.zip": zipped({"inner/data.pkl": EVIL, "words.txt": b"words"}),
    "safe.pkl": pickle.dumps([1]),
    "broken.pkl": EVIL[:-1],
    "empty.pkl": b"",
    ".hidden.txt": b"words",
    "noise.bin": b"\x01\x02" * 99,
}
TOP = ["summary", "issues", "errors", "modelscan_jupyter"]
SUMMARY = [
    "total_issues_by_severity",
    "total_issues",
    "input_path",
    "absolute_path",
    "modelscan_version",
    "timestamp",
    "scanned",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    for name, data in FILES.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_bytes(data)
    return made


def written(report, **options):
    line = renderer("json")(report, Options(**options))
    assert "\n" not in line
    assert line.isascii()
    found = json.loads(line)
    VALID.validate(found)
    return found


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", [*FILES, "."])
@pytest.mark.parametrize("show", [False, True])
def test_the_keys_are_those_of_modelscan(folder, name, show):
    found = written(modelscan.scan(folder / name), show_skipped=show)
    assert list(found) == TOP
    assert list(found["summary"]) == [*SUMMARY, *(["skipped"] if show else [])]
    assert ("scanned_files" in found["summary"]["scanned"]) == bool(found["summary"]["scanned"]["total_scanned"])


@pytest.mark.parametrize("given", [*FACTS.values(), *map(hostile_report, HOSTILE.values())])
def test_any_report_is_valid_but_for_its_rule_ids(given):
    found = json.loads(renderer("json")(given, Options(show_skipped=True)))
    wrong = [error for error in VALID.iter_errors(found) if error.validator != "pattern"]
    assert not wrong


@pytest.mark.parametrize("name", [*FILES, "."])
def test_the_report_itself_is_inside(folder, name):
    report = modelscan.scan(folder / name)
    assert modelscan.Report.from_dict(written(report)["modelscan_jupyter"]) == report


def test_a_folder(folder):
    found = written(modelscan.scan(folder), show_skipped=True)
    summary = found["summary"]
    assert summary["total_issues_by_severity"] == {"LOW": 0, "MEDIUM": 0, "HIGH": 0, "CRITICAL": 3}
    assert summary["total_issues"] == 3
    assert summary["absolute_path"] == str(folder)
    assert set(summary["scanned"]["scanned_files"]) == {
        "evil.pkl",
        "safe.pkl",
        str(Path("sub", "model.zip")) + ":inner/data.pkl",
    }
    assert {(row["source"], row["category"]) for row in found["errors"]} == {
        ("broken.pkl", "PICKLE_GENOPS"),
        ("empty.pkl", "PICKLE_GENOPS"),
    }
    assert {(row["source"], row["category"], row["description"]) for row in summary["skipped"]["skipped_files"]} == {
        (".hidden.txt", "SCAN_NOT_SUPPORTED", "Model Scan did not scan file"),
        ("noise.bin", "MAGIC_NUMBER", "Invalid magic number"),
        (str(Path("sub", "model.zip")) + ":words.txt", "SCAN_NOT_SUPPORTED", "Model Scan did not scan file"),
    }
    issue = next(row for row in found["issues"] if row["source"] == "evil.pkl")
    assert issue == {
        "description": "Use of unsafe operator 'system' from module 'posix'",
        "operator": "system",
        "module": "posix",
        "source": "evil.pkl",
        "scanner": "modelscan.scanners.PickleUnsafeOpScan",
        "severity": "CRITICAL",
    }


def test_paths_are_as_they_were_given(folder, monkeypatch):
    monkeypatch.chdir(folder / "sub")
    summary = written(modelscan.scan("../evil.pkl"))["summary"]
    assert summary["input_path"] == str(Path("../evil.pkl"))
    assert summary["absolute_path"] == str(folder / "sub" / "..")
    assert summary["scanned"]["scanned_files"] == ["evil.pkl"]
    assert datetime.fromisoformat(summary["timestamp"]).tzinfo is None


def test_an_operator_is_one_issue_a_file_however_often_it_is_called(tmp_path):
    (tmp_path / "m.pkl").write_bytes(call(global_("os", "system"), text("a")) + b"0" + EVIL[2:])
    found = written(modelscan.scan(tmp_path / "m.pkl"))
    assert [(row["module"], row["operator"]) for row in found["issues"]] == [("os", "system"), ("posix", "system")]


@pytest.mark.parametrize(
    ("module", "name", "severity"),
    [
        ("webbrowser", "open", "HIGH"),
        ("socket", "socket", "CRITICAL"),
        ("builtins", "open", "CRITICAL"),
        ("io", "open", "HIGH"),
        ("lib", "function", "MEDIUM"),
    ],
)
def test_names_that_modelscan_grades_keep_their_grade(module, name, severity):
    (issue,) = written(modelscan.scan(call(global_(module, name)) + b"."))["issues"]
    assert issue["severity"] == severity


def test_every_field_of_a_report_is_described():
    defined = schema()["$defs"]
    inside = defined["report"]["properties"]
    described = {
        modelscan.Report: inside,
        modelscan.Finding: defined["finding"]["properties"],
        Evidence: defined["evidence"]["properties"],
        Where: defined["where"]["properties"],
        Scanned: inside["artifacts"]["items"]["properties"],
        Skip: inside["skips"]["items"]["properties"],
        Failure: inside["failures"]["items"]["properties"],
    }
    for kind, properties in described.items():
        assert {field.name for field in fields(kind)} == set(properties), kind


def test_the_page_names_every_key_and_category():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "report-schema.md").read_text("utf-8")
    defined = schema()["$defs"]
    keys = [*schema()["properties"]["summary"]["properties"], *defined["report"]["properties"]]
    for name in ("issue", "error", "finding", "where"):
        keys += defined[name]["properties"]
    words = [*keys, *defined["error"]["properties"]["category"]["enum"]]
    words += defined["skipped"]["properties"]["category"]["enum"]
    missing = [word for word in words if not re.search(rf"[`.]{word}\b", page)]
    assert missing in ([], ["artifact"])


def test_the_page_names_every_report():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "report-schema.md").read_text("utf-8")
    assert [row for row in RENDERERS if f"| `{row}` |" not in page] == []
