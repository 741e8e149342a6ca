"""What the guard decided in this process, numbered, bounded, in memory."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator
from enum import StrEnum

from modelscan.records import dataclass, field
from modelscan.report import Report, Verdict

KEPT = 1000
"""Loads that are remembered, and as many decisions against them."""


class Decision(StrEnum):
    """What became of a load."""

    LOADED = "loaded"
    REFUSED = "refused"
    ALLOWED = "allowed"
    """Refused by the policy, loaded because a person approved this very file."""
    WARNED = "warned"
    """Loaded under a policy that only warns, though there was something to say."""


@dataclass(frozen=True, slots=True)
class Event:
    """One guarded load. `time` in seconds since the epoch, `milliseconds` spent on scanning."""

    number: int
    time: float
    loader: str
    source: str
    verdict: Verdict
    decision: Decision
    milliseconds: float
    caller: str | None
    report: Report = field(repr=False)
    noted: tuple[str, ...] = ()
    """What it did besides making objects and was let do: "exec", "ctypes.dlopen /lib/x.so"."""


class History:
    """Loads come and go by the thousand; what was refused, allowed or warned about has room of its own."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._loads: deque[Event] = deque(maxlen=KEPT)
        self._decisions: deque[Event] = deque(maxlen=KEPT)

    def number(self) -> int:
        """The next number; unique across threads."""
        return next(self._numbers)

    def add(
        self,
        number: int,
        loader: str,
        decision: Decision,
        caller: str | None,
        report: Report,
        noted: Iterable[str] = (),
    ) -> Event:
        event = Event(
            number,
            time.time(),
            loader,
            report.source,
            report.verdict,
            decision,
            report.milliseconds,
            caller,
            report,
            tuple(dict.fromkeys(noted)),
        )
        (self._loads if decision is Decision.LOADED else self._decisions).append(event)
        return event

    def __iter__(self) -> Iterator[Event]:
        return iter(sorted((*self._loads, *self._decisions), key=lambda event: event.number))

    def find(self, number: int) -> Event:
        """The event of that number. Raises LookupError when there is none, or no longer."""
        for event in (*self._decisions, *self._loads):
            if event.number == number:
                return event
        raise LookupError(f"no guarded load has number {number}; see modelscan.guard.history()")


HISTORY = History()
