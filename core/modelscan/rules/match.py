"""Names against the rule data: denied, trusted or unknown.

Exact names, and explicit `package.*` prefixes on the denied side only. A file's spelling is first made canonical:
Python 2 names through CPython's own `_compat_pickle` (the table the unpickler uses), then rules/aliases.toml.
"""

from __future__ import annotations

import functools
import os
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator, Mapping

from modelscan.rules import plain
from modelscan.rules.rule import Match, Rule, Use, names_in, rule_of
from modelscan.rules.texts import FILES, Texts
from modelscan.rules.trust import FLAGS, Trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.rules.components import Components
    from modelscan.rules.operators import Operators

ROWS = ("structure.toml", "notebook.toml")
"""Files with one rule a table."""
MAKER = ".__new__"
SHALLOW = 16
"""Dotted parts up to which all of them are looked up, without knowing how many may be of use."""

__all__ = ["FILES", "Match", "Rule", "Rules", "Use", "names_in"]


class Rules:
    """The rule data, indexed, each file when it is first asked about. Build it once: `Rules.load()` is cached."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._trusted = Trusted(texts)

    @functools.cached_property
    def packages(self) -> frozenset[str]:
        """Names of the packages that have trusted names."""
        return self._trusted.packages()

    @functools.cached_property
    def digest(self) -> str:
        """Identifies all of the data."""
        import hashlib

        texts = self._texts
        return hashlib.sha256("\0".join(texts[name] for name in sorted(texts)).encode()).hexdigest()[:16]

    @functools.cached_property
    def structure(self) -> Mapping[str, Rule]:
        """Rules about what is no name, by key."""
        return {key: rule_of(key, row) for file in ROWS for key, row in self._table(file).items()}

    @functools.cached_property
    def components(self) -> Components:
        from modelscan.rules.components import Components

        return Components(self._table("keras.toml"), self.structure)

    @functools.cached_property
    def operators(self) -> Operators:
        from modelscan.rules.operators import Operators

        return Operators(self._table("operators.toml"))

    @functools.cached_property
    def _gadgets(self) -> Mapping[str, Any]:
        return self._table("gadgets.toml")

    @functools.cached_property
    def _denied(self) -> tuple[dict[str, Rule], dict[str, Rule]]:
        """Rules by full name, and by the prefix of whole packages."""
        exact: dict[str, Rule] = {}
        prefixes: dict[str, Rule] = {}
        for key, row in self._gadgets.items():
            rule = rule_of(key, row)
            for name in names_in(row["names"]):
                table = prefixes if name.endswith(".*") else exact
                table[name.removesuffix(".*")] = rule
        return exact, prefixes

    @functools.cached_property
    def _acts(self) -> frozenset[str]:
        """Names of methods that act."""
        return frozenset(" ".join(row.get("acts", "") for row in self._gadgets.values()).split())

    @functools.cached_property
    def _aliases(self) -> tuple[dict[str, str], dict[str, str]]:
        """Of modules, and of full names."""
        table = self._table("aliases.toml")
        return table.get("modules", {}), table.get("names", {})

    @functools.cached_property
    def _looked_up(self) -> list[str]:
        """Every name by which something is denied or has another name."""
        exact, prefixes = self._denied
        modules, names = self._aliases
        python2 = (f"{module}.{name}" for module, name in NAME_MAPPING)
        return [*exact, *prefixes, *modules, *names, *IMPORT_MAPPING, *python2]

    @functools.cached_property
    def _deepest(self) -> int:
        """More dotted parts than any of these has; a file may name something of thousands."""
        return 2 + max(name.count(".") for name in self._looked_up)

    @functools.cached_property
    def _roots(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self._looked_up)

    @functools.cached_property
    def _installed(self) -> frozenset[str]:
        return self.packages.union(self._table("packages.toml")["installed"]["names"].split())

    def _table(self, file: str) -> dict[str, Any]:
        return plain.tables(self._texts[file])

    @classmethod
    @functools.cache
    def load(cls) -> Rules:
        return cls(Texts(os.path.dirname(__file__)))  # noqa: PTH120 - pathlib takes as long to import as a file to scan

    def all(self) -> Iterator[Rule]:
        """Every rule once, by id."""
        names = (rule for table in self._denied for rule in table.values())
        rows = (*self.structure.values(), *names, *self.components.rules(), *self.operators.rules())
        found = {rule.id: rule for rule in rows}
        return iter(found[key] for key in sorted(found))

    def canonical(self, module: str, name: str) -> str:
        """The usual dotted spelling of `name` in `module`."""
        module, name = NAME_MAPPING.get((module, name), (module, name))
        module = IMPORT_MAPPING.get(module, module)
        dotted = f"{self._moved(module)}.{name}"
        return self._aliases[1].get(dotted, dotted)

    def match(self, module: str, name: str) -> Match:
        """What is known of the object that a file names, every dotted part of the name included."""
        return self._match(module, name)

    @functools.lru_cache(maxsize=8192)  # noqa: B019 - one Rules object lives as long as the process
    def _match(self, module: str, name: str) -> Match:
        if self._is_foreign(module, name):
            return Match(f"{module}.{name}")
        dotted = self.canonical(module, name)
        trust = self._trusted.of(dotted, self._home(module, name, dotted))
        if trust is not None:  # then it is not denied: no name stands in two places (tests/rules/test_data.py)
            flags = {name: getattr(trust, name) for name in FLAGS}
            return Match(dotted, None, trust.use, **flags)
        rule = self._denied[0].get(dotted)
        if rule is None and name.rpartition(".")[2].isupper() and self.trusts_owner(module, name):
            return Match(dotted)  # a member of an enumeration, as Python 3.11.0 pickles it
        if rule is None and name.endswith(MAKER) and self.match(module, name.removesuffix(MAKER)).rule is None:
            return Match(dotted, use=Use.NAME)  # for making instances of that very class: `pickles.meaning`
        rule = rule or self._prefix(dotted) or self._acting(module) or self._inner(name)
        return Match(dotted, rule=rule)

    def _is_foreign(self, module: str, name: str) -> bool:
        """Is it plainly in a package that no rule and no alias speaks of? A file may have thousands of such names."""
        root, _, below = module.partition(".")
        return not (below or "." in name or root in self.packages or root in self._roots or name.startswith("__"))

    def _home(self, module: str, name: str, dotted: str) -> str:
        """The module as the file has it, in its canonical spelling; "" where an alias says what the name is."""
        module, name = NAME_MAPPING.get((module, name), (module, name))
        home = self._moved(IMPORT_MAPPING.get(module, module))
        aliased = f"{home}.{name}" != dotted
        return "" if aliased and "." not in name else home

    def _acting(self, module: str) -> Rule | None:
        """A module that acts by its place in a package: `package.__main__` is a program."""
        package, _, last = module.rpartition(".")
        return self._denied[1].get(f"*.{last}") if package else None

    def knows(self, name: str) -> bool:
        """Is a canonical name of the standard library, or of a package that others have as well?"""
        package = name.partition(".")[0]
        return package in sys.stdlib_module_names or package in self._installed or package in self._roots

    def acts(self, attribute: str) -> bool:
        """Does this attribute, or path of attributes, of some object run code, write files or lead into modules?"""
        return attribute.rpartition(".")[2] in self._acts or self._inner(attribute) is not None

    def trusts_owner(self, module: str, name: str) -> bool:
        """Is `name` a plain attribute of a trusted class?"""
        owner, _, attribute = name.rpartition(".")
        return bool(owner) and not attribute.startswith("__") and self.match(module, owner).use is not None

    def _moved(self, module: str) -> str:
        """The module's new place: the longest part of it that moved is replaced."""
        parts, moved = module.split("."), self._aliases[0]
        deep = len(parts) if len(parts) <= SHALLOW else min(len(parts), self._deepest)
        for size in range(deep, 0, -1):
            target = moved.get(".".join(parts[:size]))
            if target is not None:
                return ".".join((target, *parts[size:]))
        return module

    def _prefix(self, dotted: str) -> Rule | None:
        parts, prefixes = dotted.split(".", self._deepest)[: self._deepest], self._denied[1]
        found = (prefixes.get(".".join(parts[:size])) for size in range(len(parts), 0, -1))
        return next((rule for rule in found if rule is not None), None)

    def _inner(self, name: str) -> Rule | None:
        """A denied module or function reached through an attribute: `random` and `_os.system` (threats P04, P05)."""
        parts, deepest = name.split("."), self._deepest
        for at in range(len(parts) - 1):
            root = parts[at].lstrip("_") or parts[at]
            if root not in self._roots:
                continue
            tail = ".".join((root, *parts[at + 1 : at + deepest]))
            reached = self.canonical(*tail.split(".", 1))
            rule = self._denied[0].get(reached) or self._prefix(reached)
            if rule is not None:
                return rule
        if any(part.startswith("__") and part.endswith("__") for part in parts):
            return self.structure["dunder-path"]
        return None
