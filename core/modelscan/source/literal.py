"""Literals of Python in the text of a file: strings, whole numbers, True, False, None, and tuples, lists and dicts of
them. Python's own parser may run out of stack on what somebody made for it.
"""

from __future__ import annotations

import re
from typing import Any

from modelscan.errors import FormatError

DEEPEST = 32
_TOKEN = re.compile(
    r"""(?:[ \t\f\r\n]|\#[^\r\n]*)*
    (?:(?P<text>[bBuU]?(?:'(?P<single>[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*)'|"(?P<double>[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*)"))
    |(?P<number>[+-]?[0-9]+)[lL]?(?![\w.])
    |(?P<word>True|False|None)(?!\w)
    |(?P<mark>[][(){},:])
    |(?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"True": True, "False": False, "None": None}
_CLOSE = {"(": ")", "[": "]", "{": "}"}


class Escaped:
    """Stands for a string with a backslash in it."""


def parse(text: str) -> Any:
    """The value. Raises FormatError for anything else, also for literals of other kinds."""
    reader = _Reader(text)
    value = reader.value(*reader.token(), 0)
    if reader.token()[0] != "end":
        raise _wrong(reader.at)
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def token(self) -> tuple[str, str]:
        """Its kind and text; the text of a string without quotes."""
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            raise _wrong(self.at)
        self.at = found.end()
        if found["text"] is not None:
            return "text", found["single"] if found["single"] is not None else found["double"]
        kind = next(name for name in ("number", "word", "mark", "end") if found[name] is not None)
        return kind, found[kind]

    def value(self, kind: str, word: str, depth: int) -> Any:
        if kind == "text":
            return Escaped() if "\\" in word else word
        if kind == "number" and len(word) < 1000:
            return int(word)
        if kind == "word":
            return _WORDS[word]
        if kind != "mark" or word not in _CLOSE or depth >= DEEPEST:
            raise _wrong(self.at)
        items, commas = self._items(word, depth + 1)
        if word == "{":
            return self._dict(items)
        if word == "[":
            return items
        return tuple(items) if commas or not items else items[0]

    def _items(self, opened: str, depth: int) -> tuple[list[Any], int]:
        """What stands between the brackets, of a dict as pairs, and how many commas do."""
        items: list[Any] = []
        commas = 0
        while True:
            kind, word = self.token()
            if word == _CLOSE[opened] and kind == "mark":
                return items, commas
            item = self.value(kind, word, depth)
            if opened == "{":
                if self.token() != ("mark", ":"):
                    raise _wrong(self.at)
                item = item, self.value(*self.token(), depth)
            items.append(item)
            kind, word = self.token()
            if kind != "mark" or word not in (",", _CLOSE[opened]):
                raise _wrong(self.at)
            if word != ",":
                return items, commas
            commas += 1

    def _dict(self, items: list[Any]) -> dict[Any, Any]:
        if not all(isinstance(key, str | int | Escaped | None) for key, _ in items):
            raise _wrong(self.at)
        return dict(items)


def _wrong(at: int) -> FormatError:
    return FormatError("literal", "text that is no literal of Python", at)
