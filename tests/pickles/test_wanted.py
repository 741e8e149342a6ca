"""Details are worked out for what somebody will look at, and what is reported is the same as if they always were."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import pickle

from contract.corpus import files
from fuzz.streams import Generator
from samples import call, global_, proto, text

import modelscan
from modelscan.evidence import Kind
from modelscan.judge import Judge
from modelscan.pickles import ledger
from modelscan.policy import Policy

GOOD = [
    collections.OrderedDict(a=[decimal.Decimal(n) for n in range(40)]),
    [datetime.datetime(2020, 1, 1 + n % 28) for n in range(300)],
    {"of": complex(1, 2), "in": frozenset({"a"}), "d": collections.defaultdict(list, a=[1])},
]
CALLS = [
    global_("collections", "OrderedDict"),
    global_("os", "system"),
    global_("acme", "f"),
    global_("decimal", "Decimal"),
]


def told(report):
    return dataclasses.replace(report, milliseconds=0.0)


def reports(data, monkeypatch):
    """As they are made, and with the details of every fact worked out."""
    monkeypatch.setattr(ledger, "TRACED", 1 << 30)
    short = told(modelscan.scan(data))
    with monkeypatch.context() as patch:
        patch.setattr(Policy, "wanted", lambda policy: lambda fact: True)
        return short, told(modelscan.scan(data))


def test_reports_of_damaged_and_of_harmless_files_are_the_same(monkeypatch):
    cases = [Generator(seed).case() for seed in range(400)] + [pickle.dumps(good, n) for good in GOOD for n in range(6)]
    refused = 0
    for data in cases:
        short, whole = reports(data, monkeypatch)
        assert short == whole, data
        refused += short.refused
    assert 50 < refused < len(cases)


def test_reports_of_known_attacks_are_the_same(monkeypatch):
    known = [data for made in files().values() for data in made.values()]
    for data in known[::3]:
        short, whole = reports(data, monkeypatch)
        assert short == whole, data


def test_reports_of_many_calls_are_the_same(monkeypatch):
    """Trusted ones among others, alike but for what they are given."""
    for seed in range(60):
        rows = Generator(seed).random
        calls = [call(rows.choice(CALLS), *([text(rows.choice("ab"))] * rows.randrange(3))) for _ in range(40)]
        short, whole = reports(proto() + b"(" + b"".join(calls) + b"t.", monkeypatch)
        assert short == whole
        assert short.imports


def test_what_nobody_asks_about_is_told_in_short():
    """The seam itself: names and what is judged are there, words and opcodes are not."""
    from modelscan.scanner import examine
    from modelscan.source.artifact import Artifact

    data = (
        proto() + call(global_("decimal", "Decimal"), text("1.5")) + call(global_("os", "system"), text("true")) + b"0."
    )
    found = examine(Artifact.of_bytes("m", data), Policy())
    good, evil = (fact.detail for fact in found.evidence if fact.kind is Kind.CALL)
    assert (good["callee"], good["expression"], "opcodes" in good) == ("decimal:Decimal", "decimal.Decimal(…)", False)
    assert (evil["callee"], evil["expression"]) == ("os:system", "os.system('true')")
    assert evil["opcodes"]


def test_what_an_object_carries_is_not_hidden_by_a_call_that_holds_as_much():
    """`OrderedDict([o])` looks at `o` alone, `OrderedDict(o)` calls its `keys`."""
    namespace = call(global_("types", "SimpleNamespace")) + b"}" + text("keys") + global_("builtins", "abs") + b"sb"
    ordered = global_("collections", "OrderedDict")
    carried = proto() + namespace + b"\x940" + call(ordered, b"h\x00") + b"."
    both = proto() + namespace + b"\x940" + call(ordered, b"](h\x00e") + b"0" + call(ordered, b"h\x00") + b"."
    expected = {row.rule for row in modelscan.scan(carried).findings if row.evidence.kind is Kind.CALL}
    found = {row.rule for row in modelscan.scan(both).findings if row.evidence.kind is Kind.CALL}
    assert expected
    assert expected <= found


def test_what_was_judged_is_not_judged_again_for_files_that_are_alike(monkeypatch):
    """Other places make no difference; another name, another policy or a session does."""
    begins = "what they begin with" * 3
    files = [pickle.dumps({begins: decimal.Decimal(n), "when": datetime.date(2020, 1, 1 + n % 28)}) for n in range(40)]
    judged = []
    real = Judge.judge
    monkeypatch.setattr(Judge, "judge", lambda self, facts: judged.append(len(facts)) or real(self, facts))
    assert {modelscan.scan(data).verdict for data in files} == {"SAFE"}
    assert len(judged) < len(files) // 2
    judged.clear()
    strict = Policy(denied={"decimal.Decimal": modelscan.Severity.HIGH})
    assert {modelscan.scan(data, strict).verdict for data in files} == {"UNSAFE"}
    assert len(judged) == len(files)
    assert modelscan.scan(files[0].replace(b"decimal", b"decimax")).verdict == "UNSAFE"
