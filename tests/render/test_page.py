"""The HTML file: the notebook's panel on a page that needs nothing and runs nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from reports import FACTS, HOSTILE, hostile_report

import modelscan
from modelscan.render import Options, html, renderer

page = renderer("html")
FORBIDDEN = re.compile(r"<script|<style|<link|<img|<iframe|<object|<a\b|javascript:|<[^>]*\son\w+=|https?://", re.I)


class Balance(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("given", FACTS.values(), ids=FACTS)
def test_it_is_a_whole_page_around_the_panel(given):
    written = page(given)
    assert written.startswith("<!DOCTYPE html>")
    assert html.render(given) in written
    reader = Balance()
    reader.feed(written)
    assert not reader.open
    assert reader.seen[0] == "html"
    assert {"head", "title", "body", "meta"} <= set(reader.seen)
    assert "default-src 'none'" in written


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_leave_the_markup_as_it_is(payload):
    options = Options(show_skipped=True)
    tags = re.findall(r"</?([a-z0-9]+)", page(hostile_report(payload), options))
    assert tags == re.findall(r"</?([a-z0-9]+)", page(hostile_report("name"), options))
    assert not FORBIDDEN.search(page(hostile_report(payload.replace("http", "")), options))


def test_every_finding_is_spelled_out(tmp_path):
    for number in range(60):
        (tmp_path / f"{number}.pkl").write_bytes(b"\x80\x04cos\nsystem\n\x8c\x03%03d\x85R." % number)
    written = page(modelscan.scan(tmp_path))
    assert all(f"os.system(&#x27;{number:03}&#x27;)" in written for number in range(60))


def test_every_file_that_was_not_read_is_listed(tmp_path):
    for number in range(40):
        (tmp_path / f"broken{number}.pkl").write_bytes(b"\x80\x04K")
        (tmp_path / f"note{number}.txt").write_bytes(b"words")
    written = page(modelscan.scan(tmp_path))
    for number in range(40):
        assert f"broken{number}.pkl" in written
        assert f"note{number}.txt" in written
