"""The rule files as they are read are what `tomllib` reads in them."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from modelscan.rules import plain
from modelscan.rules.texts import FILES, TRUSTED, Texts

FOLDER = str(resources.files("modelscan.rules"))
TEXTS = Texts(FOLDER)


def test_every_file_is_there():
    assert set(FILES) <= set(TEXTS)
    assert f"{TRUSTED}python.toml" in TEXTS
    assert len(TEXTS) == len(set(TEXTS)) > 50
    with pytest.raises(KeyError):
        _ = TEXTS["../settings.toml"]


@pytest.mark.parametrize("name", TEXTS)
def test_a_rule_file_is_plain_and_read_as_toml(name):
    text = TEXTS[name]
    assert plain._tables(text) == tomllib.loads(text)


ODD = [
    'a = "b"\n[t]\nc = "d"\n',
    '[t]\na = "x\\ty"\n',
    "[t]\na = 'x\\ty'\n",
    "[t]\na = 1\nb = 2.5\n",
    '[t]\na = "it\'s"\n',
    '[t.u]\na = "b"\n',
    '["t u"]\na = "b"\n',
    '[t]\na.b = "c"\n',
    '[t]\na="b"\n',
    '[t]\n  a = "b"\n',
    '[t]\na = "b" # why\n',
    '[t] # why\na = "b"\n',
    "[t]\na = []\n",
    '[t]\na = ["b", "c, d"]\n',
    '[t]\na = [\n  "b",\n  "c",\n]\n',
    '[t]\na = [\n  "b", # why\n  "c",\n]\n',
    "[t]\na = '''\nb\n'''\n",
    "[t]\na = '''\nb''' # why\n",
    '[t]\na = """\nb\n"""\n',
    "[[t]]\na = true\n",
    '[t]\na = { b = "c" }\n',
    "[t]\r\na = true\r\n",
    '[t]\n"a\\tb" = true\n',
    '[t]\n"a b" = false',
    "# nothing\n",
    "",
]


@pytest.mark.parametrize("text", ODD)
def test_other_toml_is_read_by_tomllib(text):
    assert plain.tables(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[t]\na = true\na = false\n",
        "[t]\n[t]\n",
        "[t\n",
        "[t]\n = 1\n",
        "[t]\na\n",
        "[t]\na = '''\nb\n",
        "[]\n",
        "[t]\na = \n",
    ],
)
def test_what_is_no_toml_is_an_error(text):
    with pytest.raises(tomllib.TOMLDecodeError):
        plain.tables(text)


def test_a_file_is_read_when_it_is_wanted(tmp_path):
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "x.toml").write_text("[t]\n")
    texts = Texts(str(tmp_path))
    assert list(texts) == [*FILES, "trusted/x.toml"]
    (tmp_path / "aliases.toml").write_text("later")
    assert texts["aliases.toml"] == "later"
