"""Which facts may become findings at all? Readers ask, and work out the details of these only."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.evidence import Evidence
    from modelscan.judge import Judge
    from modelscan.policy import Policy

REMEMBERED = 4_096
"""Calls of which it is known whether they may become findings."""


class Wanted:
    """May a fact become a finding, whatever else is in the file and whoever loads it?

    What a session knows and other facts of the file excuse some calls and add none, so a judge without both says yes
    too often at most. Asked again and again about the same calls of the same names, so its answers are remembered.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._judge: Judge | None = None
        self._known: dict[tuple[object, ...], bool] = {}

    def __call__(self, fact: Evidence) -> bool:
        told = (tuple(value) if isinstance(value, list) else value for value in fact.detail.values())
        key = (fact.kind, fact.subject, *fact.detail, *told)
        known = self._known.get(key)
        if known is None:
            if self._judge is None:
                from modelscan.judge import Judge

                self._judge = Judge(self._policy, None)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = any(True for _ in self._judge.about(fact, frozenset()))
        return known
