"""Pickles of one file that are the same again, and facts that are.

A file may have a pickle in every four bytes. What is said of one is true of its copies; a few of these are told, each
at its own place, and further ones only stepped over.
"""

from __future__ import annotations

import functools
import re

from modelscan.errors import LimitExceeded
from modelscan.evidence import Evidence
from modelscan.formats.walking import Stream, Walked
from modelscan.pickles import ordinary
from modelscan.pickles.opcodes import Op

ALIKE = 16
"""Copies of a fact that are told, and pickles of a file before anybody looks for copies."""
TINY = 64
"""Bytes of a pickle that is recognised as a copy of another one."""
SIZES = 4
"""Sizes of tiny pickles that are tried."""
KNOWN = 4_096
"""Tiny pickles that are known at once."""
PLACES = ("opcodes", "tree")
"""Details that tell the place, or are worked out for the first calls only."""


class Again:
    """What has been told of the pickles of one stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.pickles = 0
        self._vain = 0
        """Pickles in a row that are copies of none."""
        self._sizes: list[int] = []
        self._tiny: dict[bytes, int] = {}
        self._facts: dict[tuple[str, str, str], int] = {}

    def after(self, pos: int) -> int:
        """Where pickles from `pos` on end that are constants, or copies of what was told; 0 if one is to be walked."""
        data, tiny = self.stream.data, self._tiny
        if self.pickles and (constants := _constants().match(data, pos, self.stream.end)):
            return constants.end()
        if self._vain > KNOWN:
            return 0
        for size in self._sizes:
            count = tiny.get(bytes(data[pos : pos + size]))
            if count is not None and pos + size <= self.stream.end:
                self._vain = 0
                return pos + size if count >= ALIKE else 0
        self._vain += 1
        return 0

    def walked(self, pos: int, walked: Walked) -> None:
        """Keeps a tiny pickle if what it does is all in its own bytes, whatever stands behind it."""
        self.pickles += 1
        size = walked.walk.end - pos
        if size > TINY or self._vain > KNOWN or walked.walk.broken is not None or walked.walk.limit is not None:
            return
        machine, ledger = walked.machine, walked.ledger
        raw = bytes(self.stream.data[pos : pos + size])
        framed = bytes([Op.FRAME]) in raw and machine.limit != walked.walk.end
        if framed or machine.overlong is not None or ledger.arrays or ledger.nested or ledger.sides:
            return
        if len(self._tiny) >= KNOWN and raw not in self._tiny:
            self._tiny.clear()
        self._tiny[raw] = ALIKE if ledger.is_empty() else self._tiny.get(raw, 0) + 1
        if size not in self._sizes:
            self._sizes = [size, *self._sizes[: SIZES - 1]]

    def is_news(self, fact: Evidence) -> bool:
        """Has it not been told of so many pickles yet? Raises LimitExceeded for too many different ones."""
        if self.pickles < ALIKE:
            return True
        detail = {key: value for key, value in fact.detail.items() if key not in PLACES}
        key = fact.kind, fact.subject, repr(detail)
        count = self._facts[key] = self._facts.get(key, 0) + 1
        limits, size = self.stream.context.limits, self.stream.end - self.stream.start
        ordinary.check(len(self._facts), limits.few, size, ordinary.NAMES, "different facts about pickles")
        if len(self._facts) > limits.rows:
            raise LimitExceeded("rows", f"more than {limits.rows:,} different facts about pickles")
        return count <= ALIKE


@functools.cache
def _constants() -> re.Pattern[bytes]:
    """Pickles of one number or empty container each, or of a tuple of up to three."""
    one = rb"(?:[N\x88\x89)\]}\x8f]|K.|M..|J.{4}|G.{8})"
    return re.compile(rb"(?:(?:\x80[\x00-\x05])?%b(?:\x85|%b(?:\x86|%b\x87))?\.)++" % (one, one, one), re.DOTALL)
