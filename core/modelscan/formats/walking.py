"""The bytes of an artifact as pickles to walk: where they lie, who loads them, and what is told of them."""

from __future__ import annotations

from modelscan.formats.reader import Context
from modelscan.pickles.leaves import Buffer
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine, Walk
from modelscan.records import dataclass
from modelscan.source.artifact import Artifact

TRIAL = 65_536
"""Bytes that are walked to find out whether something is a pickle."""
WALKED = 2
"""How often the bytes of a stream are walked again at most to look for further pickles, from however many places."""


@dataclass(frozen=True, slots=True)
class Walked:
    """One pickle: how its walk went, and what it does."""

    walk: Walk
    ledger: Ledger
    machine: Machine


@dataclass(frozen=True, slots=True)
class Stream:
    """`data[start:end]`; `loader` resolves its persistent ids."""

    data: Buffer
    start: int
    end: int
    name: str
    loader: str
    context: Context

    @classmethod
    def of(cls, artifact: Artifact, context: Context, loader: str = "") -> Stream:
        """All of an artifact."""
        data, start, end = artifact.view()
        return cls(data, start, end, artifact.name, loader or artifact.loader, context)

    def walk(self, pos: int, end: int | None = None, *, read_arrays: bool = False) -> Walked:
        """The pickle that begins at `pos`, up to `end` if it is given. `read_arrays` as joblib does."""
        limits, wanted = self.context.limits, self.context.wanted
        ledger = Ledger(self.data, self.end, self.name, limits, self.loader, self.start, wanted)
        machine = Machine(self.data, pos, self.end if end is None else end, ledger, limits, read_arrays)
        return Walked(machine.run(), ledger, machine)
