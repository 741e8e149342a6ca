"""Tables show themselves, and what a file put into them stays text."""

from __future__ import annotations

import re

import pytest

from modelscan_jupyter.table import Table

FORBIDDEN = re.compile(r"<style|<script|<b>|class=|var\(|<h[1-6]|<[^>]*\son\w+=", re.I)


@pytest.mark.parametrize(
    "payload", ["<b>x</b><script>", '" onload="x', "\x1b[31m\u202e\u200b", "a\nb\u2028c", "x" * 9999]
)
def test_cells_stay_text(payload):
    table = Table(payload, ((payload, payload, payload),), (payload, "b", "c"), (payload,))
    assert not FORBIDDEN.search(table._repr_html_())
    assert not re.search("[\x00-\x09\x0b-\x1f\u200b-\u200f\u2028-\u202e]", f"{table}{table._repr_html_()}")
    assert max(map(len, str(table).splitlines())) <= 80


def test_columns_line_up():
    table = Table("Loaders", (("a", "guarded"), ("longer", "no")), ("loader", "state"), ("A note.",))
    assert str(table) == "Loaders\n  loader  state\n  a       guarded\n  longer  no\nA note."


def test_a_table_may_be_empty():
    assert str(Table("Nothing yet.", ())) == "Nothing yet."
    assert "<td" not in Table("Nothing yet.", ())._repr_html_()
