"""How an act came about, in lines for people: short, in order, and harmless whatever the bytes are."""

from __future__ import annotations

import pickle
import random

import pytest
from samples import Payload, call, global_, proto, stack_global, text

import modelscan
from modelscan.pickles import trace
from modelscan.render import html as html_report
from modelscan.render import text as text_report


def detail(data, operator):
    report = modelscan.scan(data)
    return next(
        row.evidence.detail for row in report.findings if row.operator == operator and "opcodes" in row.evidence.detail
    )


def test_the_opcodes_lead_from_the_name_to_the_call():
    data = proto() + call(stack_global("os", "system"), text("true")) + b"."
    assert detail(data, "os.system")["opcodes"] == [
        "0xe STACK_GLOBAL",
        "0xf MARK",
        "0x10 SHORT_BINUNICODE 'true'",
        "0x16 TUPLE",
        "0x17 REDUCE",
    ]


def test_memo_traffic_is_left_out(tmp_path):
    shown = detail(pickle.dumps(Payload(tmp_path / "marker")), "os.mkdir")["opcodes"]
    assert not any("MEMOIZE" in line for line in shown)
    assert shown[-1].endswith(" REDUCE")


def test_a_long_way_is_cut():
    data = proto() + global_("os", "system") + b"(" + b"N0" * 40 + text("true") + b"tR."
    shown = detail(data, "os.system")["opcodes"]
    assert (shown[0], shown[3], shown[-1].split()[1], len(shown)) == ("0x2 GLOBAL os system", "…", "REDUCE", 9)


def test_a_name_that_stands_far_away_is_still_shown():
    data = proto() + global_("os", "system") + b"q\0" + b"N0" * 500 + b"h\0(" + text("true") + b"tR."
    shown = detail(data, "os.system")["opcodes"]
    assert (shown[0], shown[-2], shown[-1].split()[1]) == ("0x2 GLOBAL os system", "…", "REDUCE")


def test_calls_inside_of_arguments_are_a_tree():
    inner = call(global_("builtins", "getattr"), global_("os", "path"), text("join"))
    data = proto() + call(global_("builtins", "map"), global_("builtins", "eval"), inner) + b"."
    assert detail(data, "builtins.map")["tree"] == ["builtins.map", "  builtins.eval", "  os.path.join"]


def test_a_single_call_is_no_tree():
    data = proto() + call(global_("os", "system"), text("true")) + b"."
    assert "tree" not in detail(data, "os.system")


def test_both_are_shown_as_text_and_as_html():
    inner = call(global_("builtins", "bytes"), text("x"))
    report = modelscan.scan(proto() + call(global_("builtins", "eval"), inner) + b".")
    for render in (text_report.render, html_report.render):
        shown = render(report)
        assert "call tree" in shown
        assert "0x2 GLOBAL builtins eval" in shown.replace("<bdi>", "").replace("\n        ", " ")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_bytes_are(seed):
    """The machine only asks about places it has been to; this asks about any."""
    chance = random.Random(seed)
    for _ in range(2000):
        data = chance.randbytes(40)
        start = chance.randrange(40)
        stop = chance.randrange(start, 40)
        assert len(trace.opcodes(data, start, stop, len(data), 0)) <= trace.FIRST + trace.LAST + 1
