"""What a scan may be asked for, and what holds where nobody chose: all that a scan without settings needs of them.

`modelscan.schema` has the other half: what each setting may be, and who may set it.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.records import dataclass
from modelscan.report import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from modelscan.policy import Policy
    from modelscan.settings import Settings

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
DEFAULTS: Mapping[str, Any] = {
    "policy": "standard",
    "fail_on": Severity.MEDIUM,
    "min_severity": Severity.LOW,
    "show_skipped": False,
    "jobs": 1,
    "cache": True,
    "log": "INFO",
    "reporting.format": "console",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """Stands for `modelscan.settings.Settings` where no file and no variable sets anything.

    `given` are values as the command line takes them.
    """

    given: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    switched_off: frozenset[str] = frozenset()
    reporter: str = ""

    def get(self, key: str) -> Any:
        """Of a key in `DEFAULTS`."""
        value, default = self.given.get(key), DEFAULTS[key]
        if value is None:
            return default
        return Severity[value] if isinstance(default, Severity) else value

    def with_kept(self) -> Settings:
        """The same as settings, whose policy knows what is approved."""
        from modelscan.settings import Settings

        return Settings.given({key: value for key, value in self.given.items() if value is not None})

    def policy(self) -> Policy:
        """Without anything that was approved."""
        from modelscan.policy import Policy

        return Policy(self.get("policy"))
