"""The settings of this session: what holds everywhere, and what `c.ModelScan` or `%config ModelScan` changes of it.

One table of settings, `modelscan.schema`, stands behind the command line, the guard and the notebook; the traits of
`ModelScan` are names of four of its rows. What an administrator set about verdicts cannot be weakened from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelscan.errors import SettingsError
from modelscan.places import anything_set
from modelscan.policy import Policy

if TYPE_CHECKING:
    from modelscan.settings import Settings

KEYS = {
    "policy": "policy",
    "feedback": "notebook.feedback",
    "buttons": "notebook.buttons",
    "progress": "notebook.progress",
}
"""Trait to setting."""
DEFAULTS: dict[str, Any] = {"policy": "standard", "feedback": 0, "buttons": True, "progress": True}
"""What the table has where nothing is set; a test holds them together."""
ASKED = "command line"
"""What `Settings` calls the origin of what the caller asked for."""
HERE = "%config ModelScan"


class Options:
    """What holds, and sentences about what could not be used. `asked` are values by trait.

    Where nobody has set anything the table of settings is not even imported: `%load_ext` waits for that.
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self.asked = dict(asked)
        self.problems: tuple[str, ...] = ()
        self._settings: Settings | None = None
        if self.asked or anything_set():
            self._read()

    @property
    def settings(self) -> Settings:
        return self._settings or self._read()

    def value(self, trait: str) -> Any:
        return DEFAULTS[trait] if self._settings is None else self._settings.get(KEYS[trait])

    def policy(self) -> Policy:
        """Without what is kept in the store: the guard asks there itself, when something was found."""
        return Policy() if self._settings is None else self._settings.policy(kept_too=False)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Setting, value, and where it comes from."""
        for key, value, origin in self.settings.rows():
            yield key, _spoken(value), HERE if origin == ASKED else origin

    def _read(self) -> Settings:
        """A settings file that is wrong is told and not used; the guard stays on."""
        from modelscan.settings import Settings

        given = {KEYS[name]: value for name, value in self.asked.items()}
        try:
            found = Settings.load(given=given)
            self.problems = found.notes
        except (SettingsError, OSError) as error:
            found = Settings.given(given)
            self.problems = (*str(error).splitlines(), "No settings file is used in this session.")
        self._settings = found
        return found


def _spoken(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:,}" if type(value) is int else str(value)
