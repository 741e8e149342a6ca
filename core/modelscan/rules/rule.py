"""What a rule is, and how the groups of the rule files are read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from modelscan.records import dataclass
from modelscan.report import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Use(StrEnum):
    """How far a trusted name is trusted."""

    NAME = "name"
    """It may be named and kept as a setting; a function that nobody reviewed for being called."""
    CONSTRUCT = "construct"
    """It may also be instantiated by `__new__` and given state."""
    CALL = "call"
    """It may also be called with any arguments."""
    CALL_EMPTY = "call without arguments"
    """It may also be called with none."""
    CALL_TRUSTED = "call with trusted arguments"
    """It may also be called when every imported name among the arguments is trusted."""
    HOLD = "hold trusted arguments"
    """The same, and it calls none of them while loading: it keeps them for whoever calls the object it makes."""
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
    hosts: frozenset[str] = frozenset()
    """Machines for which the rule does not count."""
    instead: str = ""
    """The key of the rule that counts for them, if any does."""
    on_call: bool = False
    """Naming it is nothing; calling it or handing it on is."""
    on_state: bool = False
    """Making an instance without calling it is nothing either; giving it a state is."""
    ordinary: str = ""
    """An expression for the text that an ordinary state of it runs."""
    calls: bool = False
    """Does that text call functions by names, which others in the state could take the place of?"""


@dataclass(frozen=True, slots=True)
class Match:
    """`name` is canonical. Denied when `rule` is set, trusted when `use` is, unknown otherwise."""

    name: str
    rule: Rule | None = None
    use: Use | None = None
    items: bool = False
    """Trusted to be filled with items and keys."""
    state: bool = True
    """Trusted to be given a state."""
    calls: bool | str = False
    """Calls methods of its own that the state could replace; "functions": and keeps values of any class."""
    passive: bool = False
    """Its instances may stand among the arguments of a trusted call, which may iterate, convert and compare them."""
    keeps: bool = False
    """Called, it keeps what stands in the containers that it is given, as keys at most."""
    length: int = 0
    """Its state has to be a tuple of at least so many items."""
    bare: bool = False
    """Trusted to be made without arguments only."""
    single: bool = False
    """Trusted to be called with one argument at most."""


def names_in(text: str) -> list[str]:
    """The full names of a group: one a line, or a module and what is meant of it, as in `decimal: Context Decimal`.

    `#` starts a comment. A block of text and not an array: it is read in a fraction of the time.
    """
    found = []
    for line in text.splitlines():
        if line and " " not in line and "#" not in line:
            found.append(line)
            continue
        module, colon, names = line.partition("#")[0].strip().partition(": ")
        found += [f"{module}.{name}" for name in names.split(" ")] if colon else [module] if module else []
    return found


def rule_of(key: str, row: Mapping[str, Any]) -> Rule:
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
        hosts=frozenset(".".join(reversed(host.split("."))) for host in row.get("hosts", ())),
        instead=row.get("instead", ""),
        on_call=row.get("on", "name") != "name",
        on_state=row.get("on", "name") == "state",
        ordinary=row.get("ordinary", ""),
        calls=row.get("calls", False),
    )
