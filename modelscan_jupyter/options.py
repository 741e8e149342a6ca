"""The settings of this session: what holds everywhere, and what `c.ModelScan` or `%config ModelScan` changes of it.

One table of settings, `modelscan.schema`, stands behind the command line, the guard and the notebook; the traits of
`ModelScan` are names of four of its rows. What an administrator set about verdicts cannot be weakened from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelscan.errors import SettingsError
from modelscan.policy import Policy
from modelscan.settings import Settings

KEYS = {
    "policy": "policy",
    "feedback": "notebook.feedback",
    "buttons": "notebook.buttons",
    "progress": "notebook.progress",
}
"""Trait to setting."""
ASKED = "command line"
"""What `Settings` calls the origin of what the caller asked for."""
HERE = "%config ModelScan"


@dataclass(frozen=True, slots=True)
class Options:
    """What holds, and sentences about what could not be used."""

    settings: Settings
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> Options:
        """`asked` are values by trait. A settings file that is wrong is told and not used; the guard stays on."""
        given = {KEYS[name]: value for name, value in asked.items()}
        try:
            settings = Settings.load(given=given)
        except (SettingsError, OSError) as error:
            rest = Settings.given(given)
            return cls(rest, (*str(error).splitlines(), "No settings file is used in this session."))
        return cls(settings, settings.notes)

    def value(self, trait: str) -> Any:
        return self.settings.get(KEYS[trait])

    def policy(self) -> Policy:
        """Without what is kept in the store: the guard asks there itself, when something was found."""
        return self.settings.policy(kept_too=False)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Setting, value, and where it comes from."""
        for key, value, origin in self.settings.rows():
            yield key, _spoken(value), HERE if origin == ASKED else origin


def _spoken(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:,}" if type(value) is int else str(value)
