"""SARIF: valid by the OASIS schema, rules with their metadata, places in bytes, everything that was not read."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from samples import call, global_, text, zipped

import modelscan
from modelscan.render import renderer
from modelscan.rules.match import Rules

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text("utf-8"))
"""Errata 01 of the standard, as OASIS publishes it."""
EVIL = b"\x80\x04" + call(global_("os", "system"), text("x")) + b"."
SAMPLES = {
    "evil.pkl": EVIL,
    "model.zip": zipped({"data.pkl": EVIL, "notes.txt": b"words"}),
    "nested.zip": zipped({"inner.zip": zipped({"a [b](c).pkl": EVIL})}),
    "broken.pkl": EVIL[:-1],
    "hidden.pkl": pickle.dumps(1) + b"trailing",
    "words.txt": b"some words",
    "naïve name%20#?.pkl": EVIL,
    "safe.pkl": pickle.dumps([1]),
    "rar.rar": b"Rar!\x1a\x07\x01\x00" + bytes(40),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    for name, data in SAMPLES.items():
        (made / name).write_bytes(data)
    return made


def run_of(source):
    log = json.loads(renderer("sarif")(modelscan.scan(source)))
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(log)
    assert log["version"] == "2.1.0"
    return log["runs"][0]


def artifact_of(run, result):
    row = run["artifacts"][result["locations"][0]["physicalLocation"]["artifactLocation"]["index"]]
    assert row["location"]["uri"] == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return row


@pytest.mark.parametrize("name", [*SAMPLES, "."])
def test_it_is_valid(folder, name):
    run_of(folder / name)


def test_streams_and_bytes_have_no_place_on_disk_and_stay_valid():
    run_of(EVIL)
    run_of(io.BytesIO(EVIL))


def test_a_finding_has_its_rule_level_and_place(folder):
    run = run_of(folder / "evil.pkl")
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert result["ruleId"] == rule["id"] == "MS-P101"
    assert result["level"] == rule["defaultConfiguration"]["level"] == "error"
    assert float(rule["properties"]["security-severity"]) > 9
    assert "security" in rule["properties"]["tags"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert EVIL[region["byteOffset"] :][: region["byteLength"]] == b"R"
    assert artifact_of(run, result)["location"]["uri"] == "evil.pkl"
    assert "os.system('x')" in result["message"]["text"]


def test_what_lies_in_an_archive_says_what_holds_it(folder):
    run = run_of(folder / "nested.zip")
    (result,) = run["results"]
    row = artifact_of(run, result)
    chain = [row["location"]["uri"]]
    while "parentIndex" in row:
        row = run["artifacts"][row["parentIndex"]]
        chain.append(row["location"]["uri"])
    assert [unquote(uri) for uri in chain] == [
        "nested.zip!inner.zip!a [b](c).pkl",
        "nested.zip!inner.zip",
        "nested.zip",
    ]
    assert result["analysisTarget"]["uri"] == "nested.zip"
    assert "[b]" not in result["message"]["text"].replace(r"\[b\]", "")


def test_what_was_not_read_is_a_result_and_what_is_no_model_a_note(folder):
    run = run_of(folder)
    unread = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert {"broken.pkl", "rar.rar"} <= unread
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert any(row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "words.txt" for row in notes)
    assert not any("safe.pkl" in json.dumps(row) for row in (*run["results"], *notes))


def test_what_a_person_approved_is_suppressed_with_the_reason():
    given = modelscan.scan(EVIL)
    approved = replace(given, findings=tuple(replace(row, approved="our own") for row in given.findings))
    for report, suppressed in ((given, None), (approved, [{"kind": "external", "justification": "our own"}])):
        (result,) = json.loads(renderer("sarif")(report))["runs"][0]["results"]
        assert result.get("suppressions") == suppressed


def test_every_rule_is_described(folder):
    rules = run_of(folder / "safe.pkl")["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(rule.id for rule in Rules.load().all())
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in rules)


def test_names_are_paths_in_uris(folder):
    run = run_of(folder)
    uris = {row["location"]["uri"] for row in run["artifacts"]}
    assert "na%C3%AFve%20name%2520%23%3F.pkl" in uris
    base = run["originalUriBaseIds"]["SCANROOT"]["uri"]
    assert base == folder.as_uri() + "/"


def test_fingerprints_outlive_a_shift_of_bytes_and_tell_repeats_apart(tmp_path):
    def prints(data):
        (tmp_path / "m.pkl").write_bytes(data)
        return [row["partialFingerprints"]["modelscan/v1"] for row in run_of(tmp_path / "m.pkl")["results"]]

    once = call(global_("os", "system"), text("x"))
    assert prints(once + b".") == prints(text("moved") + b"0" + once + b".")
    given = modelscan.scan(EVIL)
    twice = json.loads(renderer("sarif")(replace(given, findings=given.findings * 2)))["runs"][0]["results"]
    assert len({row["partialFingerprints"]["modelscan/v1"] for row in twice}) == 2
