"""Words, options and paths of a `%modelscan` line."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.error import UsageError

from modelscan_jupyter.arguments import Arguments, Takes, parse, path, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("a.pt  b.pt", ["a.pt", "b.pt"]),
        ("'my model.pt' \"other one.pt\"", ["my model.pt", "other one.pt"]),
        ("my\\ model.pt", ["my model.pt"]),
        ("$name {name} x;y", ["$name", "{name}", "x;y"]),
    ],
)
def test_words(line, words):
    assert split(line, posix=True) == words


def test_backslashes_stay_on_windows():
    assert split(r'C:\models\a.pt "C:\my models\b.pt"', posix=False) == [r"C:\models\a.pt", r"C:\my models\b.pt"]


def test_an_open_quote_is_one_line():
    with pytest.raises(UsageError, match=r"^No closing quotation: 'a$"):
        split("'a", posix=True)


KNOWN = {"--policy": Takes.VALUE, "--once": Takes.MAYBE, "--list": Takes.NOTHING}


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["a.pt", "--policy", "strict"], Arguments(("a.pt",), {"--policy": "strict"})),
        (["--policy=strict", "a.pt"], Arguments(("a.pt",), {"--policy": "strict"})),
        (["--", "--policy"], Arguments(("--policy",), {})),
        (["-"], Arguments(("-",), {})),
        (["--once", "3"], Arguments((), {"--once": "3"})),
        (["3", "--once"], Arguments(("3",), {"--once": ""})),
        (["3", "--once", "--policy", "off"], Arguments(("3",), {"--once": "", "--policy": "off"})),
        (["--list", "a"], Arguments(("a",), {"--list": ""})),
    ],
)
def test_options(words, given):
    assert parse(words, KNOWN) == given


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--polcy", "strict"], "unknown option '--polcy'; did you mean '--policy' or '--once'?"),
        (["--policy"], "--policy needs a value"),
        (["-x"], "unknown option '-x'"),
    ],
)
def test_wrong_options(words, message):
    with pytest.raises(UsageError) as caught:
        parse(words, KNOWN)
    assert str(caught.value) == message


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("model.pt", "my model.pt", "status"):
        Path(name).touch()
    return {"text": "my model.pt", "place": Path("model.pt"), "number": 3, "status": "model.pt", "gone": "absent.h5"}


@pytest.mark.parametrize(
    ("word", "resolved"),
    [
        ("model.pt", "model.pt"),
        ("$text", "my model.pt"),
        ("{text}", "my model.pt"),
        ("{ place }", "model.pt"),
        ("text", "my model.pt"),
        ("place", "model.pt"),
        ("status", "status"),
        ("$status", "model.pt"),
    ],
)
def test_a_word_is_one_path(word, resolved, models):
    assert path(word, models) == resolved


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("modle.pt", "no such file or folder: 'modle.pt'; did you mean 'model.pt' or 'my model.pt'?"),
        ("nowhere/model.pt", "no such file or folder: 'nowhere/model.pt'"),
        ("$txt", "no variable 'txt' that holds a path; did you mean 'text'?"),
        ("$number", "no variable 'number' that holds a path"),
        ("$gone", "no such file or folder: 'absent.h5'"),
        ("x" * 5000, f"no such file or folder: '{'x' * 199}…'"),
        ("\x1b[31m", r"no such file or folder: '\x1b[31m'"),
    ],
)
def test_what_is_missing_is_said_in_one_line(word, message, models):
    with pytest.raises(UsageError) as caught:
        path(word, models)
    assert str(caught.value) == message


def test_home(models, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert path("~/model.pt", models) == str(tmp_path / "model.pt")
