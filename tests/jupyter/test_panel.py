"""What goes into a notebook: bounded, inert in every form, and the report itself for ordinary files."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from modelscan.evidence import Evidence, Kind, Where
from modelscan.report import Failure, Finding, Report, Scanned, Severity, Skip, Verdict
from modelscan_jupyter import panel

HOSTILE = {
    "markup": "<b>bold</b><script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "ansi": "\x1b[31mred\x1b[0m",
    "bidi": "model\u202egpj.exe",
    "newline": "SAFE\nmodel.pkl\r\nSAFE",
    "zero width": "o\u200bs.\u2060sys\ufefftem",
    "surrogate": "\ud800\udfff",
    "long": "x" * 100_000,
    "formula": "$\\href{javascript:alert(1)}{x}$",
}
ACTING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u115f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe0f\ufeff\ud800-\udfff]"
)
TAGS = re.compile(r"<script|<b>|<style|<a\b|<img|<[^>]*\son\w+=", re.I)


def report(text, count=1):
    where = Where(f"m.pkl!{text}", 3)
    detail = {"expression": text, "opcode": text, "opcodes": [text] * 9, "tree": [text, f"  {text}"]}
    found = Finding(text, Severity.HIGH, text, where, text, text, Evidence(Kind.CALL, text, where, detail))
    return Report(
        source=text,
        verdict=Verdict.UNSAFE,
        refused=True,
        artifacts=(Scanned(text, text, 1),),
        imports=(text,) * count,
        findings=(found,) * count,
        skips=(Skip(text, text),),
        failures=(Failure(where, text, text, unread=True),),
        versions={text: text},
    )


def texts(value):
    """Every text of a JSON value, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("shape", ["report", "reports", "finding"])
def test_nothing_acts_in_any_form(shape, payload):
    whole = report(payload)
    shown = {"report": whole, "reports": panel.Reports((whole, whole)), "finding": whole.findings[0]}[shape]
    bundle = panel.bundle(shown)
    assert set(bundle) == {"text/html", "text/plain", panel.JSON}
    assert not TAGS.search(bundle["text/html"])
    for text in (bundle["text/html"], bundle["text/plain"], *texts(bundle[panel.JSON])):
        assert not ACTING.search(text)
    assert max(map(len, bundle["text/plain"].splitlines())) <= 80
    json.dumps(bundle).encode("utf-8")  # as a message to the front end


def test_what_goes_into_a_notebook_is_bounded():
    whole = report("y" * 5_000, count=1_100)
    data = panel.bundle(whole)[panel.JSON]
    assert len(data["findings"]) == len(data["imports"]) == panel.MOST
    assert max(map(len, texts(data))) <= panel.LONGEST


def test_an_ordinary_report_comes_back_whole():
    whole = replace(report("os.system"), source="model.pkl")
    assert Report.from_dict(panel.bundle(whole)[panel.JSON]) == whole


def test_a_finding_is_shown_by_itself(loaded, shell):
    loaded("import modelscan; report = modelscan.scan(b'cos\\nsystem\\n(X\\x02\\x00\\x00\\x00hitR.')")
    data, _ = shell.display_formatter.format(shell.user_ns["report"].findings[0])
    assert data["text/plain"].startswith("[CRITICAL] os.system")
    assert data[panel.JSON]["operator"] == "os.system"
