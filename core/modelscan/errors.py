"""What can go wrong, and how it is said.

ModelScanError
├── FormatError          a reader met bytes it cannot follow          -> BROKEN or UNREADABLE evidence
├── LimitExceeded        a budget of `Limits` ran out                 -> INCONCLUSIVE
├── SettingsError        an option or rule file is wrong              -> the caller
├── StoreError           what is kept between processes cannot be    -> the caller, or memory instead
└── UnsafeModelError     the guard refused a load                     -> the user
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from modelscan.report import Report


class ModelScanError(Exception):
    """Base of everything this package raises on purpose."""


class FormatError(ModelScanError):
    """Bytes that do not follow their format. `code` names the rule, `offset` the place in bytes.

    `unread`: a loader may know how to go on where a reader does not.
    """

    def __init__(self, code: str, reason: str, offset: int | None = None, unread: bool = False) -> None:
        super().__init__(reason)
        self.code, self.reason, self.offset, self.unread = code, reason, offset, unread

    def shifted(self, by: int) -> FormatError:
        """The same error with its place counted from elsewhere."""
        return FormatError(self.code, self.reason, None if self.offset is None else self.offset + by, self.unread)


class LimitExceeded(ModelScanError):
    """A budget ran out. `budget` is the field of `Limits`.

    `chance`: it was spent on what looks like numbers taken for a name.
    """

    def __init__(self, budget: str, reason: str, chance: bool = False) -> None:
        super().__init__(reason)
        self.budget, self.reason, self.chance = budget, reason, chance


class SettingsError(ModelScanError):
    """A setting, policy or rule file that cannot be used, with the key that is wrong."""


class StoreError(ModelScanError):
    """The file of approvals, history and results cannot be used, with what is wrong with it."""


class UnsafeModelError(ModelScanError):
    """The guard refused to load a model. `report` says what was found, `number` finds it in `%modelscan report`.

    Not a ValueError, ImportError, OSError or UnpicklingError: libraries catch those and try again with a weaker
    loader. It can be pickled, so a worker process hands it to its parent.
    """

    watcher: ClassVar[Callable[[UnsafeModelError], object] | None] = None
    """Told when IPython shows one: whoever shows an error instead of raising it on has swallowed it."""

    def __init__(
        self, message: str, report: Report | dict[str, Any], number: int | None = None, caller: str | None = None
    ) -> None:
        super().__init__(message)
        self._report, self.number, self.caller = report, number, caller

    @property
    def report(self) -> Report:
        if isinstance(self._report, dict):  # it was pickled
            from modelscan.report import Report

            self._report = Report.from_dict(self._report)
        return self._report

    def __reduce__(self) -> tuple[object, ...]:
        """With the report as plain data: this class is all that a guarded process has to trust."""
        return type(self), (str(self), self.report.to_dict(), self.number, self.caller)

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: three lines instead of a stack of wrapper frames."""
        if UnsafeModelError.watcher is not None:
            UnsafeModelError.watcher(self)
        lines = [f"UnsafeModelError: {self}"]
        if self.caller:
            lines.append(f"  cell line:  {self.caller}")
        if self.number is not None:
            lines.append(f"  next:       %modelscan report {self.number}   |   %modelscan allow --once {self.number}")
        return lines
