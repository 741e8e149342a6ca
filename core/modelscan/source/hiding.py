"""What may hide in the place of a tensor, told from first bytes. Formats know it, and archives ask."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.records import dataclass


@dataclass(frozen=True, slots=True)
class Hides:
    """Could a tensor of so many bytes that begins like this be something else? Not unless with one of `first`."""

    first: bytes
    begins: Callable[[bytes, int], bool]

    def __call__(self, head: bytes, size: int) -> bool:
        return head[:1] in self.first and bool(head) and self.begins(head, size)
