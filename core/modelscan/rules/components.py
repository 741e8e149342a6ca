"""What is known of the objects that a Keras configuration asks for (rules/keras.toml), by their bare names."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from modelscan.rules.rule import Match, Rule, Use, names_in, rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROOTS = frozenset(
    {"keras", "tf_keras", "keras_core", "keras_hub", "keras_cv", "keras_nlp", "tensorflow_hub", "builtins"}
)
"""Packages whose objects go by their bare names; `builtins` is where Keras says its own functions come from."""


class Components:
    """Indexed by small letters. `structure` are the rules for what no list names."""

    def __init__(self, groups: Mapping[str, Mapping[str, Any]], structure: Mapping[str, Rule]) -> None:
        self.structure = structure
        self._denied: dict[str, Rule] = {}
        self._known: dict[str, set[str]] = {"class": set(), "function": set(), "tensorflow": set()}
        for key, row in groups.items():
            names = names_in(row["names"])
            if "rule" in row:
                self._denied |= dict.fromkeys((name.lower() for name in names), rule_of(key, row))
            else:
                self._known[row["kind"]] |= {name.lower() for name in names}

    def rules(self) -> list[Rule]:
        return list(self._denied.values())

    def match(self, module: str, name: str, registered: str = "", *, function: bool = False) -> Match:
        """`registered` and `function` are as in the detail of `Kind.COMPONENT`. No rule and no use: nobody knows it."""
        shown = f"{module}.{name}" if module else name
        if module == "tensorflow":
            return self._tensorflow(shown, name)
        bare = name.rpartition(".")[2].lower()
        if not is_keras(module):
            if module.startswith("tensorflow.") and bare in self._known["class"]:  # what a type of tensor is
                return Match(shown, use=Use.CALL)
            return Match(shown, rule=self._foreign(module, registered))
        rule = self._denied.get(bare)
        if rule is None and (bare in self._known["class"] or bare in self._known["function"]):
            return Match(shown, use=Use.CALL)
        if rule is None and (function or name.islower()) and module not in ("", "builtins"):
            rule = self.structure["keras-function"]
        return Match(shown, rule=rule or self.structure["keras-unreviewed"])

    def _tensorflow(self, shown: str, name: str) -> Match:
        """A public function by its dotted name; the longest part of it that a list has decides."""
        parts = name.lower().split(".")
        for size in range(len(parts), -1, -1):
            key = ".".join(parts[:size]) if size == len(parts) else ".".join((*parts[:size], "*"))
            rule = self._denied.get(f"tensorflow.{key}")
            if rule is not None:
                return Match(shown, rule=rule)
            if key in self._known["tensorflow"]:
                return Match(shown, use=Use.CALL)
        return Match(shown, rule=self.structure["keras-function"])

    def _foreign(self, module: str, registered: str) -> Rule:
        """Keras up to 3.8 imports whatever module stands there (CVE-2025-1550); an object that is registered, or comes
        from the script that saved the model, has to be there already."""
        root = module.partition(".")[0]
        if root == "__main__":
            return self.structure["keras-unreviewed"]
        if root in sys.stdlib_module_names:
            return self.structure["keras-module"]
        return self.structure["keras-unreviewed" if ">" in registered else "keras-import"]


def is_keras(module: str) -> bool:
    parts = module.split(".")
    return not module or parts[0] in ROOTS or (parts[0] == "tensorflow" and "keras" in parts)
