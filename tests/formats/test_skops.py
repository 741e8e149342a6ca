"""skops archives: what their description names, and what it calls."""

from __future__ import annotations

import itertools
import json
import warnings

import live
import pytest
from live import Case
from samples import zipped

import modelscan

skops = pytest.importorskip("skops.io")
LOAD = """import skops.io
def load(path):
    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))"""
_ids = itertools.count(1)


def node(module, name, loader="ObjectNode", **more):
    return {"__module__": module, "__class__": name, "__loader__": loader, "__id__": next(_ids), **more}


def text(value):
    return node("builtins", "str", "JsonNode", content=json.dumps(value), is_json=True)


def items(*content):
    return node("builtins", "tuple", "TupleNode", content=list(content))


def archive(tree):
    return zipped({"schema.json": json.dumps(tree | {"protocol": 2, "_skops_version": "0.16.0"}).encode()})


def found(tree):
    return modelscan.scan(archive(tree))


def test_estimators_are_safe():
    from sklearn.datasets import make_classification
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    x, y = make_classification(50, 4, n_informative=2, n_redundant=0, random_state=0)
    models = [
        GradientBoostingClassifier(n_estimators=2),
        RandomForestClassifier(2),
        SGDClassifier(),
        make_pipeline(FunctionTransformer(), StandardScaler()),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = [skops.dumps(model.fit(x, y)) for model in models] + [skops.dumps(TfidfVectorizer().fit(["a word"]))]
    for one in data:
        report = modelscan.scan(one)
        assert (report.verdict, report.findings, report.skips) == ("SAFE", (), ())
        assert "sklearn." in " ".join(report.imports)


def test_a_call_that_is_trusted_by_the_reader_is_found(tmp_path):
    """Somebody passes `get_untrusted_types()` on to `trusted=`, as many do."""
    path, marker = tmp_path / "m.skops", tmp_path / "marker"
    tree = node("os", "mkdir", "ConstructorFromReduceNode", content=items(text(str(marker))))
    path.write_bytes(archive(tree))
    live.LOADERS["skops"] = LOAD
    complaint = live.load_unguarded([Case("m", "skops", path, marker)])
    assert marker.exists(), complaint
    report = modelscan.scan(path)
    assert report.refused
    assert report.findings[0].operator == "os.mkdir"


@pytest.mark.parametrize(
    ("tree", "operator"),
    [
        (node("os", "system", "FunctionNode"), "os.system"),
        (node("builtins", "eval", "TypeNode"), "builtins.eval"),
        (node("os", "_wrap_close", "MethodNode", content={"func": "__init__.__globals__"}), "os._wrap_close"),
        (node("builtins", "list", "ListNode", content=[node("subprocess", "Popen")]), "subprocess.Popen"),
        (node("nobody.knows", "call", "ListNode", content=[]), "nobody.knows.call"),
        (node("nobody.knows", "call", "NewNode", content=[]), "nobody.knows.call"),
    ],
)
def test_names_at_any_depth_are_found(tree, operator):
    report = found(tree)
    assert report.verdict == "UNSAFE"
    assert any(finding.operator.startswith(operator) for finding in report.findings), report.findings


def test_an_unreviewed_class_is_unverified():
    assert found(node("nobody.knows", "Thing")).verdict == "UNVERIFIED"


def test_a_description_that_cannot_be_followed_is_not_passed_over():
    for data in (b"{" + b'"a":{' * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"{broken"):
        assert modelscan.scan(zipped({"schema.json": data})).verdict == "INCONCLUSIVE"


def test_another_json_file_is_no_description():
    report = modelscan.scan(zipped({"schema.json": b'{"type": "object"}'}))
    assert (report.findings, [skip.reason for skip in report.skips]) == ((), ["plain text, not a model"])
