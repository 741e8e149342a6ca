"""Reports made by hand, and text that tries to act wherever it is shown."""

from __future__ import annotations

import re
from dataclasses import replace

from modelscan.evidence import Evidence, Kind, Where
from modelscan.report import Failure, Finding, Report, Scanned, Severity, Skip, Verdict

HOSTILE = {
    "markup": "<b>bold</b><script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "entity": "&lt;script&gt;",
    "style": "<style>*{display:none}</style>",
    "ansi": "\x1b[31mred\x1b[0m",
    "operating system command": "\x1b]8;;http://example.org\x07link\x1b]8;;\x07",
    "c1": "\x9b31m",
    "bidi": "model\u202egpj.exe",
    "isolate": "\u2066\u2069\u200f",
    "newline": "SAFE\nmodel.pkl\r\nSAFE",
    "separator": "a\u2028b\u2029c\x85d",
    "zero width": "o\u200bs.\u2060sys\ufefftem\u00ad",
    "filler": "a\u3164b\u115fc\ufe0fd\U000e0041",
    "surrogate": "\ud800\udfff",
    "nul": "a\0b\x08\x08c",
    "long": "x" * 10_000,
    "long and wide": "\u202e" * 10_000,
}
INVISIBLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u115f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe0f\ufeff"
    "\ud800-\udfff\U000e0041]"
)


def finding(name="os.system", severity=Severity.CRITICAL, kind=Kind.CALL, **detail):
    where = Where("model.pt!archive/data.pkl", 0x1F4)
    fact = Evidence(kind, detail.pop("subject", name), where, detail)
    return Finding("MS-P101", severity, name, where, "A program would run.", "Do not load it.", fact)


def report(**changes):
    unsafe = Report(
        source="model.pt",
        verdict=Verdict.UNSAFE,
        refused=True,
        artifacts=(Scanned("model.pt", "zip archive", 900), Scanned("model.pt!archive/data.pkl", "pickle", 600)),
        imports=("collections.OrderedDict", "posix.system"),
        findings=(
            finding(subject="posix.system", expression="posix.system('touch marker')", opcode="REDUCE"),
            finding("mylib.Net", Severity.LOW, Kind.CONSTRUCT, expression="mylib.Net()"),
        ),
        digest="0123456789abcdef",
        size=12_345,
        sha256="9f2c41ab" * 8,
        milliseconds=31.2,
        versions={"modelscan-jupyter": "0.1.0", "python": "3.11.7"},
    )
    return replace(unsafe, **changes)


def hostile_report(payload):
    where = Where(f"model.pt!{payload}", 16)
    fact = Evidence(
        Kind.CALL,
        payload,
        where,
        {
            "expression": f"{payload}({payload!r})",
            "opcode": payload,
            "opcodes": [payload] * 30,
            "tree": [f"  {payload}"],
        },
    )
    return report(
        source=payload,
        artifacts=(Scanned(payload, payload, 1),),
        imports=(payload,),
        findings=(Finding(payload, Severity.HIGH, payload, where, payload, payload, fact),),
        failures=(
            Failure(where, payload, payload, True),
            Failure(Where(payload, None, payload), payload, payload, False),
        ),
        skips=(Skip(f"{payload}-", payload),),
        versions={payload: payload},
        digest=payload,
    )


FACTS = {
    "refused": report(),
    "let through": report(refused=False, policy="warn"),
    "unverified": report(
        verdict=Verdict.UNVERIFIED, refused=False, findings=(finding("mylib.Net", Severity.LOW, Kind.CONSTRUCT),)
    ),
    "inconclusive": report(
        verdict=Verdict.INCONCLUSIVE,
        findings=(),
        failures=(
            Failure(Where("model.pt!archive/data.pkl"), "zip-encrypted", "the member is encrypted", True),
            Failure(Where("model.pt!archive/more.pkl", 7), "pickle-truncated", "the pickle ends early", False),
        ),
    ),
    "skipped": report(
        verdict=Verdict.INCONCLUSIVE,
        refused=False,
        findings=(),
        artifacts=(),
        skips=(Skip("readme.md", "plain text, not a model"),),
    ),
    "safe": report(verdict=Verdict.SAFE, refused=False, findings=()),
}
