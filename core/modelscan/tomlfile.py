"""TOML with line numbers: the file as `tomllib` reads it, and where each of its keys stands.

`tomllib` alone does not say where a key is, and a person who mistyped one wants to be led there.
"""

from __future__ import annotations

import functools
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from modelscan.errors import SettingsError
from modelscan.places import LARGEST
from modelscan.records import dataclass
from modelscan.render.inert import inert
from modelscan.schema import LONGEST, Keys
from modelscan.source.artifact import no_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[\w.\s-])+?)\s*=""")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """`values` as read from `text`."""

    path: Path
    values: Mapping[str, Any]
    text: str

    @classmethod
    def read(cls, path: Path) -> TomlFile:
        """Raises OSError, and SettingsError for what is no TOML, naming the line."""
        shown, mode = inert(str(path), LONGEST), path.stat().st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):  # nobody may ever write to it
            raise SettingsError(f"{shown}: {no_file(mode)}")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise SettingsError(f"{shown}: larger than a settings file can be")
        try:
            text = data.decode("utf-8-sig")
            return cls(path, tomllib.loads(text), text)
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise SettingsError(f"{shown}:{line}: not UTF-8 text") from None
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise SettingsError(f"{shown}: not valid TOML: {error}") from None

    def where(self, keys: Keys) -> str:
        """ "FILE:LINE" of a key, or of the nearest table that is written out; tables of an array count from "0"."""
        lines = _lines(self.text)
        for size in range(len(keys), 0, -1):
            line = lines.get(keys[:size])
            if line is not None:
                return f"{inert(str(self.path), LONGEST)}:{line}"
        return inert(str(self.path), LONGEST)


@functools.lru_cache(4)
def _lines(text: str) -> dict[Keys, int]:
    """The line of each key. Lines that only look like keys, inside long strings, add places and take none away."""
    found: dict[Keys, int] = {}
    table: Keys = ()
    arrays: Counter[Keys] = Counter()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        if header is not None and (named := _split(header[2])):
            table = named
            if header[1] == "[[":
                table = (*named, str(arrays[named]))
                arrays[named] += 1
            for size in range(1, len(table) + 1):
                found.setdefault(table[:size], number)
        elif (key := _KEY.match(line)) and (inner := _split(key[1])):
            for size in range(1, len(inner) + 1):
                found.setdefault((*table, *inner[:size]), number)
    return found


def _split(key: str) -> Keys:
    """`a."b.c".d` as its parts; nothing for what is no key."""
    try:
        value: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts: list[str] = []
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return tuple(parts)
