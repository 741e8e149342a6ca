"""What is guarded, as a value that prints."""

from __future__ import annotations

import sys

from modelscan.guard import patch
from modelscan.guard.state import STATE
from modelscan.guard.target import Target
from modelscan.guard.targets import TARGETS
from modelscan.records import dataclass


@dataclass(frozen=True, slots=True)
class LoaderStatus:
    """One loader. `calls` and `refused` since the process started; traffic between processes is not counted."""

    name: str
    module: str
    imported: bool
    guarded: bool
    calls: int
    refused: int


@dataclass(frozen=True, slots=True)
class Status:
    """The guard of this process."""

    active: bool
    policy: str
    loaders: tuple[LoaderStatus, ...]

    def __str__(self) -> str:
        lines = [f"guard {'on' if self.active else 'off'}, policy {self.policy}"]
        for row in self.loaders:
            state = "guarded" if row.guarded else "not guarded" if row.imported else "when imported"
            lines.append(f"  {row.name:<20} {state:<14} {row.calls:>7,} calls {row.refused:>5,} refused")
        return "\n".join(lines)


def status() -> Status:
    """What is guarded now."""
    rows: dict[str, LoaderStatus] = {}
    for target in TARGETS:
        row = _row(target)
        if target.name not in rows or row.imported:
            rows[target.name] = row
    return Status(STATE.active, STATE.policy.word, tuple(rows.values()))


def _row(target: Target) -> LoaderStatus:
    """Several rows of one name are homes of the same loader in different releases of its library."""
    module = sys.modules.get(target.module)
    found = None if module is None else patch.found(module, target)
    return LoaderStatus(
        name=target.name,
        module=target.module,
        imported=found is not None,
        guarded=STATE.active and found is not None and patch.is_guarded(found),
        calls=STATE.calls[target.name],
        refused=STATE.refused[target.name],
    )
