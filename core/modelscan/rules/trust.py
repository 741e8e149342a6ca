"""The trusted names: one TOML file a package in the folder trusted/, read when a file first names that package.

`python.toml` has the standard library's. A group has a library, `use` (see `Use`), flags (see `Trust`), why it is
harmless, what an attacker could pass, and its names, one line a module.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from modelscan.records import dataclass
from modelscan.rules import plain
from modelscan.rules.rule import Use
from modelscan.rules.texts import TRUSTED

FLAGS = ("items", "state", "calls", "passive", "keeps", "length", "bare", "single")
"""What a group may say beside its use."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a group says of its names."""

    use: Use
    items: bool = False
    """May it be filled with items and keys?"""
    state: bool = True
    """May it be given a state?"""
    calls: bool | str = False
    """Does it call methods of its own that its state could replace? "functions": but values of any class are kept."""
    passive: bool = False
    """May its instances be iterated, converted and compared?"""
    keeps: bool = False
    """Does a call keep what stands in the containers that it is given, as keys at most?"""
    length: int = 0
    """Its state has to be a tuple of at least so many items: compiled code reads them without counting."""
    bare: bool = False
    """May it be made without arguments only?"""
    single: bool = False
    """May it be called with one argument at most?"""


PYTHON = "python"
"""The file of the standard library, whose packages have none of their own."""


class Trusted:
    """`texts` are all files of rules by their names."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._files = {name[len(TRUSTED) : -5]: name for name in texts if name.startswith(TRUSTED)}
        self._unread = set(self._files)
        self._modules: dict[str, list[tuple[Trust, str]]] = {}

    def packages(self) -> frozenset[str]:
        """Names of the packages that have trusted names."""
        self._read(PYTHON)
        return frozenset(module.partition(".")[0] for module in self._modules) | self._files.keys() - {PYTHON}

    def of(self, dotted: str, module: str) -> Trust | None:
        """The group that lists a canonical name.

        For what may be called, `module` has to be the module that it is listed under: what such a call means is read
        for that spelling only (`pickles.meaning`).
        """
        self._read(PYTHON)
        self._read(dotted.partition(".")[0])
        at = len(dotted)
        while (at := dotted.rfind(".", 0, at)) > 0:
            for trust, names in self._modules.get(dotted[:at], ()):
                if dotted[at + 1 :] in names.split(" "):
                    return trust if trust.use in (Use.NAME, Use.CONSTRUCT) or module in ("", dotted[:at]) else None
        return None

    def _read(self, package: str) -> None:
        if package not in self._unread:
            return
        for row in plain.tables(self._texts[self._files[package]]).values():
            flags = {name: row[name] for name in FLAGS if name in row}
            trust = Trust(Use(row["use"]), **flags)
            for line in row["names"].splitlines():
                module, _, names = line.partition(": ")
                self._modules.setdefault(sys.intern(module), []).append((trust, names))
        self._unread.discard(package)  # last: another thread may ask meanwhile, and reads it once more
