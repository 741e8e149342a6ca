"""Budgets. Reaching one ends in INCONCLUSIVE, never in SAFE."""

from __future__ import annotations

from modelscan.errors import LimitExceeded
from modelscan.records import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work one scan may do. Sizes are bytes, times seconds."""

    depth: int = 8
    """Containers inside containers."""
    members: int = 200_000
    """Entries of one archive."""
    expanded: int = 4 << 30
    """Bytes that decompression may produce in one scan."""
    metadata: int = 64 << 20
    """Bytes of one directory, header or other description."""
    opcodes: int = 200_000_000
    """Pickle opcodes in one scan."""
    values: int = 20_000_000
    """Live abstract values of one pickle: its stack and its memo."""
    rows: int = 20_000
    """Distinct facts of one artifact."""
    few: int = 2_000
    """Names, arrays and inner loads of one pickle that are never too many; beyond that its size has to explain them."""
    name: int = 4_096
    """Characters of one module or attribute name."""
    names: int = 2 << 20
    """Characters of all different names of one pickle."""
    seconds: float = 600.0
    """Wall time of one scan."""


class Budget:
    """Bytes that decompression may still produce in this scan."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise LimitExceeded("expanded", "it decompresses to more than the limit")
