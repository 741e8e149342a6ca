"""Which cell of this session a guarded load ran in."""

from __future__ import annotations

from modelscan.guard.events import HISTORY, Event


class Cells:
    """Loads by number to the number of their cell, `In [7]`; a thread's loads count for the cell they ran beside."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}
        self._seen = max((event.number for event in HISTORY), default=0)

    def ended(self, cell: int | None) -> list[Event]:
        """Takes note of the loads since the last call, and returns them. `cell` is None for code without a number."""
        fresh = [event for event in HISTORY if event.number > self._seen]
        if cell is not None:
            self.of |= dict.fromkeys((event.number for event in fresh), cell)
        self._seen = max((event.number for event in fresh), default=self._seen)
        return fresh
