"""Which facts may become findings at all? Readers ask, and work out the details of these only."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from modelscan.evidence import Evidence
    from modelscan.judge import Judge
    from modelscan.policy import Policy

REMEMBERED = 4_096
"""Calls of which it is known whether they may become findings."""
PASSED, FEW = 256, 64
"""Sets of facts that are known to be fine by themselves, and how many facts one may have."""


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


class Passed:
    """Facts that a policy has judged and made no finding of, so that files that are alike are judged once."""

    def __init__(self) -> None:
        self._quiet: dict[tuple[object, ...], tuple[Mapping[str, Any], ...]] = {}

    def __contains__(self, evidence: Sequence[Evidence]) -> bool:
        """Were the very same facts judged before, maybe at other places, and became no finding?

        The facts about pickles that are alike share what they say (`pickles.familiar`), so that is told by identity.
        """
        return len(evidence) <= FEW and _said(evidence) in self._quiet

    def add(self, evidence: Sequence[Evidence]) -> None:
        """These became no finding. What they say is kept, so that nothing else is ever taken for it."""
        if len(evidence) > FEW:
            return
        if len(self._quiet) >= PASSED:
            self._quiet.clear()
        self._quiet[_said(evidence)] = tuple(fact.detail for fact in evidence)


def _said(evidence: Sequence[Evidence]) -> tuple[object, ...]:
    return tuple([(fact.kind, fact.subject, id(fact.detail)) for fact in evidence])
