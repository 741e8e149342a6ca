"""What is known of the operators of a TensorFlow graph (rules/operators.toml)."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.rules.rule import Rule, names_in, rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Operators:
    """Exact names: TensorFlow has no aliases for them."""

    def __init__(self, groups: Mapping[str, Mapping[str, Any]]) -> None:
        self._denied: dict[str, Rule] = {}
        self._known: set[str] = set()
        for key, row in groups.items():
            if "rule" not in row:
                self._known |= set(names_in(row["names"]))
                continue
            self._denied |= dict.fromkeys(names_in(row["names"]), rule_of(key, row))

        self.names = frozenset(self._denied)

    def rules(self) -> list[Rule]:
        return list(self._denied.values())

    def match(self, name: str) -> Rule | None:
        """The rule that an operator breaks, None for one that only computes."""
        return self._denied.get(name)

    def is_known(self, name: str) -> bool:
        """A custom operator that TensorFlow Lite's own libraries bring."""
        return name in self._known
