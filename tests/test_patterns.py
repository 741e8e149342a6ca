"""Patterns that are compiled late behave as those that are compiled at once."""

from __future__ import annotations

import re

import pytest

from modelscan.patterns import later


def test_it_is_the_pattern():
    one, other = later(rb"(a+)B", re.IGNORECASE), re.compile(rb"(a+)B", re.IGNORECASE)
    assert one.fullmatch(b"aab")[1] == b"aa"
    assert one.sub(b"-", b"xABx") == b"x-x"
    assert [row.span() for row in one.finditer(b"ab ab")] == [row.span() for row in other.finditer(b"ab ab")]
    assert (one.pattern, one.flags, one.groups) == (other.pattern, other.flags, other.groups)
    assert one.search(b"nothing") is None


def test_it_is_compiled_once(monkeypatch):
    compiled = []
    real = re.compile
    monkeypatch.setattr(re, "compile", lambda *said: compiled.append(said) or real(*said))
    pattern = later("x")
    assert not compiled
    for _ in range(3):
        assert pattern.match("x")
    assert len(compiled) == 1


def test_what_is_none_shows_when_it_is_used():
    with pytest.raises(re.error):
        later("(").match("x")
    with pytest.raises(AttributeError):
        _ = later("x").nonsense
