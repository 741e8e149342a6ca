"""The TOML that rule files are written in, read in a tenth of the time.

`tomllib` takes longer to import, and to read the rules with, than a scan takes for a file. What our files hold of
TOML is little: tables, one line a value, and blocks of names. A text with anything else in it goes to `tomllib`;
`tests/rules/test_plain.py` holds both against each other for every rule file.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_WORDS = {"true": True, "false": False}


def tables(text: str) -> dict[str, dict[str, Any]]:
    """The tables of a file of rules. Raises `tomllib.TOMLDecodeError` for what is no TOML."""
    try:
        return _tables(text)
    except ValueError:
        import tomllib

        return tomllib.loads(text)


def _tables(text: str) -> dict[str, dict[str, Any]]:
    """Raises ValueError for what is not as plain as it should be."""
    found: dict[str, dict[str, Any]] = {}
    table: dict[str, Any] = {}
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        line, at = (text[at:end], end + 1) if end >= 0 else (text[at:], len(text))
        if not line or line[0] == "#":
            continue
        if line[0] == "[":
            name = _bare(line[1:-1])
            if name in found or line[-1] != "]":
                raise ValueError(line)
            table = found[name] = {}
            continue
        key, equals, value = line.partition(" = ")
        key = _text(key) if key[:1] == '"' else _bare(key)
        if not equals or key in table or not found:
            raise ValueError(line)
        if value == "'''":
            end = text.index("'''", at)
            table[key], at = text[at:end], end + 3
            if text[at : at + 1] != "\n":
                raise ValueError(line)
        elif value == "[":
            end = text.index("\n]\n", at)
            table[key], at = [_text(row.strip()) for row in text[at:end].rstrip(",").split(",\n")], end + 3
        else:
            table[key] = _value(value)
    return found


def _bare(word: str) -> str:
    if not (word.isascii() and word.replace("-", "_").isidentifier()):
        raise ValueError(word)
    return word


def _value(text: str) -> Any:
    if text[:1] in ('"', "'"):
        return _text(text)
    if text in _WORDS:
        return _WORDS[text]
    if text.isascii() and text.isdigit() and text[0] != "0":
        return int(text)
    if text[:1] == "[" and text[-1] == "]":
        return [_text(row) for row in text[1:-1].split(", ")]
    raise ValueError(text)


def _text(text: str) -> str:
    inner, quote = text[1:-1], text[:1]
    if len(text) < 2 or quote not in ('"', "'") or text[-1] != quote or quote in inner or "\t" in inner:
        raise ValueError(text)
    if quote == '"' and "\\" in inner:
        raise ValueError(text)
    return inner
