"""What modelscan 0.8.8 finds we find: same operator, same file, at least as bad, under the same scanner's name."""

from __future__ import annotations

import json
from pathlib import Path

import keras_samples
import pytest
import tf_samples
import torch
from contract.corpus import CLEARED, files

from modelscan.modelscan import ModelScan

SAMPLES = files()
UPSTREAM = json.loads((Path(__file__).parents[1] / "data" / "upstream.json").read_text("utf-8"))
GRADES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
READ = ("nested zip", "torch legacy", "torn zip", "h5 without a configuration")
"""Samples of which we read more, and so skip less or fail less."""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Sample to what our ModelScan returns for its folder."""
    top = tmp_path_factory.mktemp("corpus")
    found = {}
    for number, (key, sample) in enumerate(SAMPLES.items()):
        for name, data in sample.items():
            path = top / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        found[key] = ModelScan().scan(top / str(number))
    return found


def test_the_record_is_of_this_corpus():
    assert list(UPSTREAM["found"]) == list(SAMPLES)
    assert UPSTREAM["version"] == "0.8.8"
    assert sum(len(row["issues"]) for row in UPSTREAM["found"].values()) > 150


@pytest.mark.parametrize("key", SAMPLES)
def test_every_issue_is_found_and_as_bad(results, key):
    ours = {
        (row["module"], row["operator"], row["source"], row["scanner"]): row["severity"]
        for row in results[key]["issues"]
    }
    for module, operator, severity, source, scanner in UPSTREAM["found"][key]["issues"]:
        if key in CLEARED:
            assert not ours
        else:
            assert GRADES.index(ours[module, operator, source, scanner]) >= GRADES.index(severity)


@pytest.mark.parametrize("key", [key for key in SAMPLES if key.startswith("benign")])
def test_benign_files_have_none(results, key):
    assert not results[key]["issues"]
    assert not results[key]["errors"]


@pytest.mark.parametrize("key", SAMPLES)
def test_what_was_scanned_skipped_and_failed_is_told_alike(results, key):
    summary, told = results[key]["summary"], UPSTREAM["found"][key]
    scanned = set(summary["scanned"].get("scanned_files", ()))
    skipped = {(row["category"], row["source"]) for row in summary["skipped"]["skipped_files"]}
    failed = {(row["category"], row["source"]) for row in results[key]["errors"]}
    assert set(told["scanned"]) <= scanned
    if key not in READ:
        assert {tuple(row) for row in told["skipped"]} <= skipped | failed
        assert {tuple(row) for row in told["errors"]} == failed
        assert set(told["scanned"]) == scanned


def test_weights_are_scanned_and_have_no_configuration(results):
    summary = results["h5 without a configuration"]["summary"]
    assert summary["scanned"]["scanned_files"] == ["model.h5"]
    assert [tuple(row.values()) for row in summary["skipped"]["skipped_files"]] == [
        ("MODEL_CONFIG", "Model Config not found", "model.h5")
    ]
    assert UPSTREAM["found"]["h5 without a configuration"]["skipped"] == [["MODEL_CONFIG", "model.h5"]]


def test_what_does_nothing_by_itself_is_told_beside_worse_and_decides_nothing(results):
    rows = results["getattr beside worse"]
    assert [row["operator"] for row in rows["issues"]] == ["system", "getattr"]
    assert [row["operator"] for row in rows["modelscan_jupyter"]["findings"]] == ["os.system"]
    assert [row["operator"] for row in rows["modelscan_jupyter"]["cleared"]] == ["builtins.getattr"]


def test_a_saved_model_has_files_that_are_no_graphs(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(tf_samples.saved_model(GRAPH))
    (tmp_path / "fingerprint.pb").write_bytes(b"\x08\x01\x10\x02")
    results = ModelScan().scan(tmp_path)
    assert results["errors"] == []
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 50)
    results = ModelScan().scan(tmp_path)
    assert [(row["category"], row["source"]) for row in results["errors"]] == [("MODEL_SCAN", "saved_model.pb")]


def test_what_it_did_not_read_we_do(results):
    assert results["torch legacy"]["issues"][0]["source"] == "model.pt"
    assert results["nested zip"]["issues"][0]["source"] == "model.zip:inner.zip:data.pkl"
    assert [row["category"] for row in results["torn zip"]["errors"]] == ["MODEL_SCAN"]


GRAPH = tf_samples.graph(
    tf_samples.constant("path", "/tmp/x"),
    tf_samples.node("r", "ReadFile", ["path"]),
    tf_samples.node("w", "WriteFile", ["path", "r"]),
)
LAMBDA = tf_samples.keras_metadata(json.dumps(keras_samples.lambda_layer()))


@pytest.mark.parametrize(
    ("name", "data", "scanner", "found"),
    [
        (
            "saved_model.pb",
            tf_samples.saved_model(GRAPH),
            "SavedModelTensorflowOpScan",
            {("Tensorflow", "ReadFile", "HIGH"), ("Tensorflow", "WriteFile", "HIGH")},
        ),
        ("keras_metadata.pb", LAMBDA, "SavedModelLambdaDetectScan", {("Keras", "Lambda", "MEDIUM")}),
    ],
)
def test_saved_models_are_read_without_tensorflow(tmp_path, name, data, scanner, found):
    """By the contract: modelscan 0.8.8 needs half a gigabyte of TensorFlow to be asked about these."""
    (tmp_path / name).write_bytes(data)
    results = ModelScan().scan(tmp_path)
    rows = {(row["module"], row["operator"], row["severity"]) for row in results["issues"]}
    assert found <= rows
    assert {row["scanner"] for row in results["issues"]} == {f"modelscan.scanners.{scanner}"}
    assert results["summary"]["scanned"]["scanned_files"] == [name]
    assert results["errors"] == []


def test_tensors_of_a_checkpoint_are_listed_as_skipped(tmp_path):
    """As modelscan 0.8 lists them; beyond some thousands nobody reads that, and a report would grow with the model."""
    listed = {}
    for count in (2, 40, 4_200):
        path = tmp_path / f"model{count}.pt"
        torch.save({str(number): torch.ones(1) for number in range(count)}, path)
        skipped = ModelScan().scan(path)["summary"]["skipped"]["skipped_files"]
        assert {row["category"] for row in skipped} == {"SCAN_NOT_SUPPORTED"}
        names = [row["source"].partition("/data/")[2] for row in skipped if "/data/" in row["source"]]
        listed[count] = [name for name in names if name.isdigit()]
    assert sorted(listed[2]) == ["0", "1"]
    assert sorted(listed[40], key=int) == [str(number) for number in range(40)]
    assert listed[4_200] == []
