"""The magic itself, and the settings that IPython knows it by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand, output_can_be_silenced
from traitlets import Bool, Enum, Int

from modelscan import guard
from modelscan.guard.state import STATE
from modelscan.policy import WORDS
from modelscan.records import replace
from modelscan_jupyter import commands
from modelscan_jupyter.cells import Cells
from modelscan_jupyter.options import KEYS, Options


@magics_class
class ModelScan(Magics):
    """Looks into models before they are loaded. The same settings as everywhere; `%modelscan policy` lists them."""

    policy = Enum(WORDS, "standard", help="What is refused; see %modelscan policy.").tag(config=True)
    feedback = Int(
        0, min=0, max=2, help="What is said of a load that went ahead: 0 only what matters, 1 a line, 2 its panel."
    ).tag(config=True)
    buttons = Bool(True, help="Show buttons under a refused load, where the front end has some.").tag(config=True)
    progress = Bool(True, help="Show how far a scan of more than a second is.").tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        section: Mapping[str, Any] = self.config.get("ModelScan", {})
        self.asked = {name: getattr(self, name) for name in KEYS if name in section}
        self.cells = Cells()
        self._following = False
        self._follow()
        self.observe(self._heard, list(KEYS))

    @output_can_be_silenced
    @no_var_expand
    @line_cell_magic
    def modelscan(self, line: str, cell: str | None = None) -> object:
        return commands.run(line, self) if cell is None else commands.run_cell(line, cell, self)

    modelscan.__doc__ = commands.usage()

    def ask(self, trait: str, value: Any) -> None:
        """As if `%config ModelScan.trait = value` had been typed."""
        if getattr(self, trait) != value:
            setattr(self, trait, value)
        else:
            self._asked(trait, value)

    def adopt(self, word: str) -> None:
        """The policy that the guard has already."""
        if word != self.policy:
            self.asked["policy"] = word
            self._follow()

    def _heard(self, change: Any) -> None:
        if not self._following:
            self._asked(change["name"], change["new"])

    def _asked(self, trait: str, value: Any) -> None:
        self.asked[trait] = value
        self._follow()
        if getattr(self, trait) != value:  # an administrator's floor
            print("\n".join(f"modelscan: {line}" for line in self.options.problems))  # noqa: T201
        if trait == "policy" and STATE.active:
            guard.install(replace(STATE.policy, word=self.policy))

    def _follow(self) -> None:
        """The traits show what holds, wherever it was set."""
        self.options = Options(self.asked)
        self._following = True
        for name in KEYS:
            value = self.options.value(name)
            setattr(self, name, min(value, 2) if name == "feedback" else value)
        self._following = False
