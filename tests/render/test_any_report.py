"""Whatever a file is called and holds, every report can be made of it, and says the same twice."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import INVISIBLE

from modelscan import Finding, Report, Severity, Verdict
from modelscan.contract import Terms
from modelscan.evidence import Evidence, Kind, Where
from modelscan.render import RENDERERS, Options, renderer
from modelscan.render.json import schema
from modelscan.report import Failure, Scanned, Skip
from modelscan.rules.match import Rules

SARIF = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json").read_text("utf-8"))
)
SCHEMA = jsonschema.Draft202012Validator(schema())
RULES = [rule.id for rule in Rules.load().all()]
CODES = [*Rules.load().structure, "internal", "no-such-code"]
FORMATS = [
    "pickle",
    "PyTorch pickle",
    "zip archive",
    "PyTorch zip",
    "Keras v3",
    "HDF5",
    "NumPy array",
    "gzip data",
    "?",
]

SPECIAL = ["!", "a!b", "..", "/", "\0", "\ud800", "`|`", "<b>", "\u202e"]
FILES = ["m.pkl", "m.pt", "m.keras", "m.h5", "x.zip"]

odd = st.text(st.characters(), max_size=12) | st.sampled_from(SPECIAL)
name = st.builds("!".join, st.lists(odd | st.sampled_from(FILES), min_size=1, max_size=4))
artifact = st.builds(Scanned, name, st.sampled_from(FORMATS), st.integers(0, 2**50))
where = st.builds(Where, name, st.none() | st.integers(0, 2**64), st.none() | odd)
detail = st.fixed_dictionaries(
    {},
    optional={
        "expression": odd,
        "module": odd,
        "name": odd,
        "callee": odd,
        "tree": st.lists(odd, max_size=3),
        "opcodes": st.lists(odd, max_size=3),
    },
)
fact = st.builds(Evidence, st.sampled_from(list(Kind)), odd, where, detail)
finding = st.builds(Finding, st.sampled_from(RULES), st.sampled_from(list(Severity)), odd, where, odd, odd, fact, odd)
failure = st.builds(Failure, where, st.sampled_from(CODES), odd, st.booleans(), odd)
reports = st.builds(
    Report,
    source=name,
    verdict=st.sampled_from(list(Verdict)),
    refused=st.booleans(),
    artifacts=st.lists(artifact, max_size=4).map(tuple),
    imports=st.lists(odd, max_size=3).map(tuple),
    findings=st.lists(finding, max_size=3).map(tuple),
    cleared=st.lists(finding, max_size=1).map(tuple),
    failures=st.lists(failure, max_size=3).map(tuple),
    skips=st.lists(st.builds(Skip, name, odd), max_size=3).map(tuple),
    parts=st.lists(name, max_size=3).map(tuple),
    policy=st.sampled_from(["strict", "standard", "warn", "off"]),
    digest=odd,
    size=st.integers(0, 2**50),
    milliseconds=st.floats(0, 1e9),
    versions=st.dictionaries(odd, odd, max_size=2),
)


@settings(max_examples=40)
@given(reports, st.booleans())
def test_every_report_can_be_made(report, show_skipped):
    options = Options(show_skipped=show_skipped)
    made = {form: renderer(form)(report, options) for form in RENDERERS if form != "custom"}
    for form, text in made.items():
        assert not INVISIBLE.search(text.replace("\n", "")), form
        text.encode("utf-8")
    assert SCHEMA.is_valid(json.loads(made["json"]))
    assert Report.from_dict(json.loads(made["json"])["modelscan_jupyter"]) == report
    log = json.loads(made["sarif"])
    log["runs"][0]["tool"]["driver"]["rules"] = []  # the same in all of them, and held to the schema elsewhere
    SARIF.validate(log)
    artifacts = log["runs"][0]["artifacts"]
    for result in log["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifacts[place["index"]]["location"]["uri"] == place["uri"]


@settings(max_examples=40)
@given(reports)
def test_nothing_that_was_not_read_is_lost_or_called_clean(report):
    terms = Terms(report)
    told = {entry.source for entry in (*terms.errors, *terms.skipped)} | {source for source, _ in terms.scanned()}
    for failure in report.failures:
        assert any(entry.source == terms.source(failure.where.artifact) for entry in terms.errors)
    for skip in report.skips:
        assert terms.source(skip.name) in told
    if report.failures or report.findings or not report.artifacts:
        assert not terms.clean
        assert "No issues found" not in renderer("console")(report)


@pytest.mark.parametrize("form", [form for form in RENDERERS if form != "custom"])
def test_a_report_of_nothing(form):
    assert renderer(form)(Report("", Verdict.INCONCLUSIVE, refused=False))
