"""A bar on a terminal for what takes longer than a second. It goes again when the scan ends."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 1.0
"""Seconds before it shows."""


class Bar:
    """Called after every file; `done` counts them, over all folders."""

    def __init__(self) -> None:
        self.done = 0
        self._started = time.monotonic()
        self._wanted = sys.stderr is not None and sys.stderr.isatty()
        self._shown: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._shown is not None:
            self._shown.stop()

    def __call__(self, done: int, total: int | None) -> None:
        self.done += 1
        if not self._wanted or (self._shown is None and time.monotonic() - self._started < PATIENCE):
            return
        if self._shown is None or self._task is None:
            self._show()
        elif self._shown is not None:
            self._shown.update(self._task, completed=done, total=total)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("scanning"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._shown = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._shown.add_task("scanning", total=None)
        self._shown.start()
