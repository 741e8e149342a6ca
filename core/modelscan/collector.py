"""Keeps Python's garbage collector from running while a model is scanned, and loaded under the guard.

A load makes objects by the million and drops none of them, yet the collector stops again and again to look through
all it has made so far: for many small objects that takes longer than the load itself. Paused, nothing is lost, cycles
are only freed later. The collector goes on when the last of the loads that run at the time is over, and stays off if
the user had switched it off. `guard.install(pause_gc=False)` leaves it alone.

When it goes on after a large load it would look through all the new objects at once, as young ones. They are young no
longer, so they are put among the old ones, where the next full collection finds them.
"""

from __future__ import annotations

import gc
import os
from _thread import allocate_lock

MANY = 100_000
"""New objects; fewer are looked through in a few milliseconds."""


class Pause:
    """`with PAUSE:` may be nested, and entered by several threads at once."""

    def __init__(self) -> None:
        self.wanted = True
        self._lock = allocate_lock()
        self._depth = 0
        self._was_on = False

    def __enter__(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._was_on = self.wanted and gc.isenabled()
                if self._was_on:
                    gc.disable()
            self._depth += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._was_on:
                _age()
                gc.enable()

    def begin_anew(self) -> None:
        """In a forked child: the threads that paused it are not there to go on."""
        self._lock = allocate_lock()
        if self._depth and self._was_on:
            gc.enable()
        self._depth = 0


def _age() -> None:
    """Moves what is tracked into the oldest generation, without a walk: freezing and thawing join whole lists.

    Not where somebody has frozen objects, which would be thawed with them.
    """
    if gc.get_count()[0] > MANY and not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()


PAUSE = Pause()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=PAUSE.begin_anew)
