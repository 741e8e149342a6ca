"""Whether this process is guarded, by which policy, and who wants to hear of a refusal.

Everything that installs, loads or hooks asks here, so that the pieces which cannot be removed again (the audit hook,
the post-import hooks) fall silent when the guard is off.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from modelscan.guard.events import Event
from modelscan.policy import Policy

Callback = Callable[[Event], object]


class State:
    """One per process."""

    def __init__(self) -> None:
        self.active = False
        self.policy = Policy()
        self.callbacks: list[Callback] = []
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._telling = threading.local()

    @property
    def enforces(self) -> bool:
        """Does the policy refuse anything at all?"""
        return self.active and self.policy.word in ("standard", "strict")

    def tell(self, event: Event) -> None:
        """Passes a refusal, an approved load or a warning on. A callback that fails changes nothing about it.

        What a callback loads itself is not told.
        """
        if getattr(self._telling, "now", False):
            return
        self._telling.now = True
        try:
            for callback in tuple(self.callbacks):
                with suppress(Exception):
                    callback(event)
        finally:
            self._telling.now = False


STATE = State()
