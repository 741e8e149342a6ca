"""Markdown: nothing that a file chose acts, in GitHub's dialect as markdown-it reads it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from reports import FACTS, HOSTILE, INVISIBLE, hostile_report

from modelscan.render import Options, renderer
from modelscan.render.markdown import code, sentence

markdown = renderer("markdown")
ACTING = {
    "backticks": "a`b``c```d",
    "fence": "```\n# heading\n```",
    "pipe": "a | b || c \\| d",
    "link": "[click](https://example.org) <https://example.org> https://example.org www.example.org",
    "image": "![x](https://example.org/x.png)",
    "mention": "@everyone @octocat #1 octo/repo#2",
    "html": "<img src=x onerror=alert(1)><!-- --><details>",
    "emphasis": "**bold** _it_ ~~gone~~",
    "entity": "&lt;b&gt; &#96;",
    "only a backtick": "`",
    "edges": " `x` ",
    "backslashes": "\\`\\`",
    "blank": "   ",
    "empty": "",
}
ALLOWED = {"h3", "p", "code", "strong", "table", "thead", "tbody", "tr", "th", "td", "sub", "em"}


def drawn(source):
    """As HTML, by a reader with tables, bare links and raw HTML switched on."""
    return MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(source)


@pytest.mark.parametrize("payload", [*HOSTILE.values(), *ACTING.values()], ids=[*HOSTILE, *ACTING])
def test_hostile_names_stay_inert(payload):
    written = markdown(hostile_report(payload), Options(show_skipped=True))
    assert not INVISIBLE.search(written)
    assert len(written) < 65_536
    shown = drawn(written)
    assert set(re.findall(r"</?([a-z0-9]+)", shown)) <= ALLOWED
    outside = re.sub(r"<code>.*?</code>", "", shown, flags=re.DOTALL)
    assert "example.org" not in outside
    assert "@" not in re.sub(r"@ 0x", "", outside)


@pytest.mark.parametrize("payload", [*HOSTILE.values(), *ACTING.values()], ids=[*HOSTILE, *ACTING])
def test_tables_keep_their_shape(payload):
    shown = drawn(markdown(hostile_report(payload), Options(show_skipped=True)))
    tables = re.findall(r"<table>.*?</table>", shown, flags=re.DOTALL)
    assert len(tables) == 3
    for table in tables:
        widths = {len(re.findall(r"<t[hd]", row)) for row in re.findall(r"<tr>.*?</tr>", table, flags=re.DOTALL)}
        assert len(widths) == 1


@pytest.mark.parametrize("given", FACTS.values(), ids=FACTS)
def test_it_states_the_facts(given):
    written = markdown(given)
    assert given.verdict.value in written.splitlines()[0]
    for finding in given.findings:
        assert finding.severity.name in written
        assert finding.rule in written
    for failure in given.failures:
        assert failure.reason in written
    assert "no issues" not in written.lower()


def test_a_comment_has_room_for_any_report():
    given = hostile_report("x`|" * 500)
    many = replace(given, findings=given.findings * 999, failures=given.failures * 999, skips=given.skips * 999)
    assert len(markdown(many, Options(show_skipped=True))) < 65_536


def test_code_is_a_span_of_the_text_itself():
    for text in ACTING.values():
        shown = drawn(code(text, 200))
        assert shown.count("<code>") == 1


def test_sentences_of_rules_keep_their_words():
    assert drawn(sentence("It runs *anything* (a_b) ~ {c}.")) == "<p>It runs *anything* (a_b) ~ {c}.</p>\n"
    assert drawn(sentence("see @somebody")) == "<p><code>see @somebody</code></p>\n"
