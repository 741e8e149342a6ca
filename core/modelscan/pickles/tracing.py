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

NOTHING = (0, 0, 0, 0)
SHALLOW = 32
"""Values inside of each other that are looked at by recursion."""

Masks = tuple[int, int, int, int]
"""Sets of names as bits: all that are reachable; those that an object among them carries in its arguments or its state,
from where a call may fetch and call them; those that stand for themselves, not for what was made by them or what a call
was given; and of these the ones that an object keeps as attributes."""

CALLEE, PART, GIVEN, KEPT = range(4)
"""How a value holds another: made by it, as an item, as an argument of the call that made it, or as an attribute."""
KEEPERS = ("functools.partial", "collections.defaultdict")
"""What calls later, or whenever it is asked, what it was given."""
ARRAY = "_reconstruct"
"""numpy's function that is called with a class and makes an instance of it, which does not keep the class."""
WRAPPERS = frozenset({"NDArrayWrapper", "ZNDArrayWrapper"})
"""Classes of old joblib, which puts an array of the class that their state names into the place of their instances."""


@dataclass(slots=True)
class _Step:
    """A value whose parts are being looked at. `how` its parent holds it."""

    value: Any
    parts: Iterator[tuple[Any, int]]
    number: int
    low: int
    how: int
    names: int = 0
    carried: int = 0
    plain: int = 0
    values: int = 0
    loops: bool = False
    """Do values that reach each other carry one another?"""

    def add(self, found: Masks, how: int) -> None:
        self.names |= found[0]
        self.carried |= found[0] if how >= GIVEN else found[1]
        self.plain |= found[2] if how in (PART, KEPT) else found[3]
        self.values |= found[2] if how == KEPT else found[3]


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
            return self._named(value)
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

    def _named(self, value: Global) -> Masks:
        bit = self._bit(value)
        return bit, 0, bit, 0

    def _merged(self, value: Any, begun: set[int], depth: int) -> Masks | None:
        """By its parts, where none of them leads back to it or lies too deep, which most values do not."""
        if not depth or id(value) in begun:
            return None
        begun.add(id(value))
        known = self.known
        names = carried = plain = values = 0
        for part, how in _parts(value):
            kind = type(part)
            if kind is int:
                continue
            if kind is Global:
                bit = self._bit(part)
                names |= bit
                carried |= bit if how >= GIVEN else 0
                plain |= bit if how in (PART, KEPT) else 0
                values |= bit if how == KEPT else 0
                continue
            found = known.get(id(part)) or self._merged(part, begun, depth - 1)
            if found is None:
                return None
            names |= found[0]
            carried |= found[0] if how >= GIVEN else found[1]
            plain |= found[2] if how in (PART, KEPT) else found[3]
            values |= found[2] if how == KEPT else found[3]
        masks = known[id(value)] = names, carried, plain, values
        return masks

    def _trace(self, value: Any) -> Masks:
        known = self.known
        begun: dict[int, int] = {id(value): 0}
        unsettled: list[Any] = [value]
        steps = [_Step(value, _parts(value), 0, 0, PART)]
        while True:
            step = steps[-1]
            for part, how in step.parts:
                if type(part) is int:
                    continue
                found = self._named(part) if type(part) is Global else known.get(id(part))
                if found is not None:
                    step.add(found, how)
                    continue
                number = begun.get(id(part))
                if number is not None:
                    step.low = min(step.low, number)
                    step.loops = step.loops or how >= GIVEN
                    continue
                number = begun[id(part)] = len(begun)
                unsettled.append(part)
                steps.append(_Step(part, _parts(part), number, number, how))
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
            step.carried, step.values = step.names, step.plain
        masks = (step.names, step.carried, step.plain, step.values)
        while True:
            value = unsettled.pop()
            self.known[id(value)] = masks
            if value is step.value:
                return

    @staticmethod
    def _merge(step: _Step, parent: _Step) -> None:
        parent.add((step.names, step.carried, step.plain, step.values), step.how)
        if step.low < step.number:
            parent.low = min(parent.low, step.low)
            parent.loops = parent.loops or step.loops or step.how >= GIVEN


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


def _parts(value: Any) -> Iterator[tuple[Any, int]]:
    """What a value holds, and how."""
    if type(value) is not Made:
        return ((part, PART) for part in value.parts())
    name = value.callee.name if type(value.callee) is Global else ""
    held = ((part, GIVEN if name in WRAPPERS else KEPT) for part in value.held or ())
    called = (value.kind == "result" or name == ARRAY) and not (name and value.callee.dotted in KEEPERS)
    return chain(((value.callee, CALLEE), (value.args, GIVEN if called else KEPT)), held)
