"""Which imported names a value holds, for all calls of a stream together.

Values share parts and may contain themselves, so each is looked at once: in the order of its parts, and those that
reach each other together (Tarjan 1972). The work is linear in the values, however many calls are given the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from modelscan.pickles.values import Global, Made
from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOTHING = (0, 0)
SHALLOW = 32
"""Values inside of each other that are looked at by recursion."""

Masks = tuple[int, int]
"""Two sets of names as bits: all that are reachable, and those that an object among them carries in its arguments or
its state, from where a call may fetch and call them."""


@dataclass(slots=True)
class _Step:
    """A value whose parts are being looked at. `carrying` tells how its parent holds it."""

    value: Any
    parts: Iterator[tuple[Any, bool]]
    number: int
    low: int
    carrying: bool
    names: int = 0
    carried: int = 0
    loops: bool = False
    """Do values that reach each other carry one another?"""


@dataclass(slots=True)
class Tracing:
    """Answers for values that stay alive and unchanged meanwhile."""

    bits: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    """In the order of their bits."""
    known: dict[int, Masks] = field(default_factory=dict)

    def of(self, value: Any) -> Masks:
        """The names reachable from `value`."""
        if type(value) is int:
            return NOTHING
        if type(value) is Global:
            return self._bit(value), 0
        return self.known.get(id(value)) or self._merged(value, set(), SHALLOW) or self._trace(value)

    def spelled(self, mask: int) -> list[str]:
        """The names in a mask, as "module:name", sorted."""
        found = []
        while mask:
            number = mask.bit_length() - 1
            found.append(self.names[number])
            mask ^= 1 << number
        return sorted(found)

    def _bit(self, value: Global) -> int:
        spelled = value.spelled
        bit = self.bits.get(spelled)
        if bit is None:
            bit = self.bits[spelled] = 1 << len(self.bits)
            self.names.append(spelled)
        return bit

    def _merged(self, value: Any, begun: set[int], depth: int) -> Masks | None:
        """By its parts, where none of them leads back to it or lies too deep, which most values do not."""
        if not depth or id(value) in begun:
            return None
        begun.add(id(value))
        known, names, carried = self.known, 0, 0
        made = type(value) is Made
        parts = (value.callee, value.args, *(value.held or ())) if made else value.parts()
        for number, part in enumerate(parts):
            kind = type(part)
            if kind is int:
                continue
            carrying = made and number > 0
            if kind is Global:
                bit = self._bit(part)
                names |= bit
                carried |= bit if carrying else 0
                continue
            found = known.get(id(part)) or self._merged(part, begun, depth - 1)
            if found is None:
                return None
            names |= found[0]
            carried |= found[0] if carrying else found[1]
        masks = known[id(value)] = names, carried
        return masks

    def _trace(self, value: Any) -> Masks:
        known = self.known
        begun: dict[int, int] = {id(value): 0}
        unsettled: list[Any] = [value]
        steps = [_Step(value, _parts(value), 0, 0, False)]
        while True:
            step = steps[-1]
            for part, carrying in step.parts:
                if type(part) is int:
                    continue
                if type(part) is Global:
                    bit = self._bit(part)
                    step.names |= bit
                    step.carried |= bit if carrying else 0
                    continue
                found = known.get(id(part))
                if found is not None:
                    step.names |= found[0]
                    step.carried |= found[0] if carrying else found[1]
                    continue
                number = begun.get(id(part))
                if number is not None:
                    step.low = min(step.low, number)
                    step.loops = step.loops or carrying
                    continue
                number = begun[id(part)] = len(begun)
                unsettled.append(part)
                steps.append(_Step(part, _parts(part), number, number, carrying))
                break
            else:
                steps.pop()
                if step.low == step.number:
                    self._settle(step, unsettled)
                if not steps:
                    return known[id(value)]
                self._merge(step, steps[-1])

    def _settle(self, step: _Step, unsettled: list[Any]) -> None:
        """All values that reach each other hold the same."""
        if step.loops:
            step.carried = step.names
        masks = (step.names, step.carried)
        while True:
            value = unsettled.pop()
            self.known[id(value)] = masks
            if value is step.value:
                return

    @staticmethod
    def _merge(step: _Step, parent: _Step) -> None:
        parent.names |= step.names
        parent.carried |= step.names if step.carrying else step.carried
        if step.low < step.number:
            parent.low = min(parent.low, step.low)
            parent.loops = parent.loops or step.loops or step.carrying


def reachable(values: list[Any]) -> set[int]:
    """The ids of all that `values` hold, and their own."""
    found: set[int] = set()
    todo = list(values)
    while todo:
        value = todo.pop()
        if type(value) is int or type(value) is Global or id(value) in found:
            continue
        found.add(id(value))
        todo += [part for part, _ in _parts(value)]
    return found


def _parts(value: Any) -> Iterator[tuple[Any, bool]]:
    """What a value holds, and whether it carries that."""
    if isinstance(value, Made):
        held = ((part, True) for part in (value.args, *(value.held or ())))
        return chain(((value.callee, False),), held)
    return ((part, False) for part in value.parts())
