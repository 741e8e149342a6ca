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
from _thread import allocate_lock, get_ident

MANY = 100_000
"""New objects; fewer are looked through in a few milliseconds."""


class Pause:
    """`with PAUSE:` may be nested, and entered by several threads at once."""

    def __init__(self) -> None:
        self.wanted = True
        self._lock = allocate_lock()
        self._inside: dict[int, int] = {}
        """How often each thread has entered and not left."""
        self._was_on = False

    def __enter__(self) -> None:
        me = get_ident()
        with self._lock:
            if not self._inside:
                self._was_on = self.wanted and gc.isenabled()
                if self._was_on:
                    gc.disable()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *error: object) -> None:
        self.settle(self.depth() - 1)

    def depth(self) -> int:
        """How often this thread has entered and not left."""
        return self._inside.get(get_ident(), 0)

    def settle(self, depth: int) -> None:
        """Leaves until this thread is that deep. A KeyboardInterrupt may come where `__exit__` has only begun."""
        me = get_ident()
        with self._lock:
            if depth > 0:
                self._inside[me] = depth
                return
            self._inside.pop(me, None)
            if not self._inside and self._was_on:
                _age()
                gc.enable()
                self._was_on = False

    def begin_anew(self) -> None:
        """In a forked child: the threads that paused it are not there to go on."""
        self._lock = allocate_lock()
        if self._inside and self._was_on:
            gc.enable()
        self._inside.clear()
        self._was_on = False


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
