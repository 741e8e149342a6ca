"""Names against the rule data: denied, trusted or unknown.

Exact names, and explicit `package.*` prefixes on the denied side only. A file's spelling is first made canonical:
Python 2 names through CPython's own `_compat_pickle` (the table the unpickler uses), then rules/aliases.toml.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from modelscan.report import Severity

FILES = ("gadgets.toml", "trusted.toml", "aliases.toml", "structure.toml")


class Use(StrEnum):
    """How far a trusted name is trusted."""

    CONSTRUCT = "construct"
    """It may be named, instantiated by `__new__` and given state."""
    CALL = "call"
    """It may also be called with any arguments."""
    CALL_TRUSTED = "call with trusted arguments"
    """It may also be called when every imported name among the arguments is trusted."""
    NESTED = "nested"
    """It may also be called with bytes that were scanned in turn."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One group of gadgets or one structural rule."""

    key: str
    id: str
    severity: Severity | None
    """None for rules that only explain why something was not read."""
    title: str
    why: str
    fix: str
    cwe: str = ""
    references: tuple[str, ...] = ()
    on_call: bool = False
    """Naming it is nothing; calling it or handing it on is."""


@dataclass(frozen=True, slots=True)
class Match:
    """`name` is canonical. Denied when `rule` is set, trusted when `use` is, unknown otherwise."""

    name: str
    rule: Rule | None = None
    use: Use | None = None


class Rules:
    """The rule data, indexed. Build it once: `Rules.load()` is cached."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        tables = {name: tomllib.loads(text) for name, text in texts.items()}
        self.digest = hashlib.sha256("\0".join(texts[name] for name in FILES).encode()).hexdigest()[:16]
        self.structure = {key: _rule(key, row) for key, row in tables["structure.toml"].items()}
        self._exact: dict[str, Rule] = {}
        self._prefixes: dict[str, Rule] = {}
        for key, row in tables["gadgets.toml"].items():
            rule = _rule(key, row)
            for name in names_in(row["names"]):
                table = self._prefixes if name.endswith(".*") else self._exact
                table[name.removesuffix(".*")] = rule
        self._trusted = {
            name: Use(row["use"]) for row in tables["trusted.toml"].values() for name in names_in(row["names"])
        }
        self._modules: dict[str, str] = tables["aliases.toml"].get("modules", {})
        self._names: dict[str, str] = tables["aliases.toml"].get("names", {})
        self.packages = frozenset(name.split(".")[0] for name in self._trusted)

    @classmethod
    @functools.cache
    def load(cls) -> Rules:
        folder = resources.files("modelscan.rules")
        return cls({name: (folder / name).read_text("utf-8") for name in FILES})

    def all(self) -> Iterator[Rule]:
        """Every rule once, by id."""
        found = {rule.id: rule for rule in (*self.structure.values(), *self._exact.values(), *self._prefixes.values())}
        return iter(found[key] for key in sorted(found))

    def canonical(self, module: str, name: str) -> str:
        """The usual dotted spelling of `name` in `module`."""
        module, name = NAME_MAPPING.get((module, name), (module, name))
        module = IMPORT_MAPPING.get(module, module)
        dotted = f"{self._moved(module)}.{name}"
        return self._names.get(dotted, dotted)

    def match(self, module: str, name: str) -> Match:
        """What is known of the object that a file names, every dotted part of the name included."""
        return self._match(module, name)

    @functools.lru_cache(maxsize=8192)  # noqa: B019 - one Rules object lives as long as the process
    def _match(self, module: str, name: str) -> Match:
        dotted = self.canonical(module, name)
        rule = self._exact.get(dotted)
        if rule is None and dotted in self._trusted:
            return Match(dotted, use=self._trusted[dotted])
        rule = rule or self._prefix(dotted) or self._inner(name)
        return Match(dotted, rule=rule)

    def trusts_owner(self, module: str, name: str) -> bool:
        """Is `name` a plain attribute of a trusted class?"""
        owner, _, attribute = name.rpartition(".")
        return bool(owner) and not attribute.startswith("__") and self.match(module, owner).use is not None

    def _moved(self, module: str) -> str:
        """The module's new place: the longest part of it that moved is replaced."""
        parts = module.split(".")
        for size in range(len(parts), 0, -1):
            target = self._modules.get(".".join(parts[:size]))
            if target is not None:
                return ".".join((target, *parts[size:]))
        return module

    def _prefix(self, dotted: str) -> Rule | None:
        parts = dotted.split(".")
        return next(
            (
                self._prefixes[".".join(parts[:size])]
                for size in range(len(parts), 0, -1)
                if ".".join(parts[:size]) in self._prefixes
            ),
            None,
        )

    def _inner(self, name: str) -> Rule | None:
        """A denied module or function reached through an attribute: `random` and `_os.system` (threats P04, P05)."""
        parts = name.split(".")
        for at in range(len(parts) - 1):
            tail = ".".join((parts[at].lstrip("_") or parts[at], *parts[at + 1 :]))
            reached = self.canonical(*tail.split(".", 1))
            rule = self._exact.get(reached) or self._prefix(reached)
            if rule is not None:
                return rule
        if any(part.startswith("__") and part.endswith("__") for part in parts):
            return self.structure["dunder-path"]
        return None


def names_in(text: str) -> list[str]:
    """The names of a group: one a line, `#` starts a comment.

    A block of text and not an array: `tomllib` reads 3,600 names so in a fraction of the time, and `%load_ext` waits.
    """
    return [name for line in text.splitlines() if (name := line.partition("#")[0].strip())]


def _rule(key: str, row: Mapping[str, Any]) -> Rule:
    severity = row.get("severity")
    return Rule(
        key=key,
        id=row["rule"],
        severity=Severity[severity] if severity else None,
        title=row["title"],
        why=row["why"],
        fix=row["fix"],
        cwe=row.get("cwe", ""),
        references=tuple(row.get("references", ())),
        on_call=row.get("on", "name") == "call",
    )
