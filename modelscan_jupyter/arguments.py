"""The line after `%modelscan`, read: quotes, variables and options.

IPython would expand variables before it splits, so that a path with a space falls apart; here each stays one argument.
"""

from __future__ import annotations

import difflib
import os
import shlex
from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from modelscan.records import dataclass
from modelscan.render.inert import inert


class Takes(Enum):
    """What follows an option."""

    VALUE = "a value"
    NOTHING = "nothing"
    MAYBE = "a value, unless another option follows"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was given, options by name: {"--policy": "strict"}; an option without a value has an empty one."""

    positional: tuple[str, ...]
    options: Mapping[str, str]


def split(line: str, posix: bool = os.name != "nt") -> list[str]:
    """Words and quoted strings. On Windows a backslash is part of a path, not an escape."""
    try:
        words = shlex.split(line, posix=posix)
    except ValueError as error:
        raise UsageError(f"{error}: {inert(line)}") from None
    return words if posix else [_unquoted(word) for word in words]


def parse(words: Iterable[str], known: Mapping[str, Takes]) -> Arguments:
    """Values are given as `--name value` or `--name=value`; after `--` nothing is an option."""
    positional: list[str] = []
    options: dict[str, str] = {}
    rest = deque(words)
    while rest:
        word = rest.popleft()
        if word == "--":
            positional.extend(rest)
            break
        if word.startswith("-") and len(word) > 1:
            name, equals, value = word.partition("=")
            if name not in known:
                raise UsageError(f"unknown option '{inert(name)}'{nearest(name, known)}")
            options[name] = value if equals else _value(name, known[name], rest)
        else:
            positional.append(word)
    return Arguments(tuple(positional), options)


def _value(name: str, takes: Takes, rest: deque[str]) -> str:
    if takes is Takes.NOTHING or (takes is Takes.MAYBE and (not rest or rest[0].startswith("-"))):
        return ""
    if not rest:
        raise UsageError(f"{name} needs a value")
    return rest.popleft()


def path(word: str, names: Mapping[str, Any]) -> str:
    """The path a word stands for: a file, or `$name`, `{name}` or a bare name of a variable that holds one."""
    name = _variable(word)
    if name is not None:
        held = {key for key, value in names.items() if isinstance(value, str | os.PathLike)}
        if name not in held:
            raise UsageError(f"no variable '{inert(name)}' that holds a path{nearest(name, held)}")
        return _existing(os.fspath(names[name]))
    if word.isidentifier() and isinstance(names.get(word), str | os.PathLike) and not Path(word).exists():
        return _existing(os.fspath(names[word]))
    return _existing(str(Path(word).expanduser()))


def nearest(word: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?", or nothing."""
    close = [f"'{inert(name, 80)}'" for name in difflib.get_close_matches(word, list(known), n=3)]
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _variable(word: str) -> str | None:
    if word.startswith("$"):
        return word[1:]
    if word.startswith("{") and word.endswith("}"):
        return word[1:-1].strip()
    return None


def _existing(given: str) -> str:
    try:
        if Path(given).exists():
            return given
        beside = [item.name for item in Path(given).parent.iterdir()]
    except OSError:
        beside = []
    raise UsageError(f"no such file or folder: '{inert(given)}'{nearest(Path(given).name, beside)}")


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
