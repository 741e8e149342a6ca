"""What the text of a code cell hides from its reader."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

BLOB = 20_000
"""Characters of base64 in a row."""

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile("(?<=[A-Za-z0-9_./])[\u200b-\u200d\u2060-\u2064\ufeff\u00ad\u180e](?=[A-Za-z0-9_./])")
_WORD = re.compile(r"[^\W\d]\w*")
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{BLOB},}}")


def odd(source: str) -> Iterator[tuple[str, int, str]]:
    """Key of rules/notebook.toml, line, and what is there."""
    if len(source) > BLOB and (blob := _BASE64.search(source)):
        yield "text-blob", _line(source, blob.start()), f"{blob[0][:40]}… ({len(blob[0]):,} characters of base64)"
    if source.isascii():
        return
    for pattern, key in ((_BIDI, "text-direction"), (_UNSEEN, "text-unseen")):
        if found := pattern.search(source):
            at = source.rfind("\n", 0, found.start()) + 1
            yield key, _line(source, found.start()), source[at : source.find("\n", found.end())][:200]
    for found in _WORD.finditer(source):
        if not found[0].isascii() and _scripts(found[0]) >= {"LATIN", "CYRILLIC"}:
            yield "text-lookalike", _line(source, found.start()), found[0][:80]
            return


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(character, "").partition(" ")[0] for character in word if character.isalpha()}


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1
