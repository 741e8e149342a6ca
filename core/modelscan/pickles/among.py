"""Which classes' instances a call is given, in its arguments or in containers among them.

A call that converts, iterates or compares what it is given runs methods of these classes. What an instance or the
result of another call holds is not looked into: whoever wants that has to ask the object for it.
"""

from __future__ import annotations

from modelscan.errors import LimitExceeded
from modelscan.pickles.values import Group, Made
from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONE: frozenset[str] = frozenset()
GIANT, RUN = frozenset({"giant"}), frozenset({"run"})
"""In the place of a class: what comes to far more than it takes to write it, or to as much as it says (`amounts`)."""
_AMOUNTS = {"giant": GIANT, "run": RUN}
VISITS = 5_000_000
"""Containers of one stream that are looked into, those again that calls share the insides of."""


Told = tuple[frozenset[str], frozenset[str]]


@dataclass(slots=True)
class Among:
    """Answers for values that stay alive and unchanged meanwhile; each container is walked once."""

    numbers: set[int]
    """Offsets of integers that are giants."""
    known: dict[int, frozenset[str]] = field(default_factory=dict)
    visits: int = 0
    gone_through: bool = False
    """Was anything given what comes to as much as its numbers say?"""

    def told(self, args: Any, state: bool) -> Told:
        """Whose instances are given, as "module:name": in any container, and as arguments themselves."""
        found, own = (NONE, in_state(args.head[0])) if state else (self.of(args), given(args))
        if self.numbers and self.has_long(args):
            found, own = found | GIANT, own | GIANT
        if "run" in found or "run" in own:
            self.gone_through = True
            found, own = found - RUN, own - RUN
        return found, own

    def has_long(self, args: Any) -> bool:
        """Is one of the arguments such an integer?"""
        return isinstance(args, Group) and any(type(part) is int and part in self.numbers for part in args.head)

    def of(self, value: Any) -> frozenset[str]:
        """The classes as "module:name"."""
        if not isinstance(value, Group):
            return _class(value)
        found = self.known.get(id(value))
        return self._walk(value) if found is None else found

    def _walk(self, value: Group) -> frozenset[str]:
        """What is reached from a container is known for it alone, and for those below it that hold no other."""
        found: set[str] = set()
        seen, todo = {id(value)}, [value]
        while todo:
            group = todo.pop()
            self.visits += 1
            if self.visits > VISITS:
                raise LimitExceeded("calls", f"more than {VISITS:,} containers among the arguments of calls")
            before = self.known.get(id(group))
            if before is not None:
                found |= before
                continue
            inner = [part for part in group.parts() if type(part) is not int]
            groups = [part for part in inner if type(part) is Group]
            here = NONE.union(*map(_class, inner)) if inner else NONE
            found |= here
            if not groups:
                self.known[id(group)] = here
            for part in groups:
                if id(part) not in seen:
                    seen.add(id(part))
                    todo.append(part)
        answer = self.known[id(value)] = frozenset(found)
        return answer


def given(args: Any) -> frozenset[str]:
    """The classes of the arguments themselves."""
    return NONE.union(*map(_class, args.parts())) if isinstance(args, Group) else _class(args)


def in_state(given: Any, depth: int = 3) -> frozenset[str]:
    """The same of a state: itself, or what stands in its tuple; what it keeps in a dict is kept."""
    if type(given) is Made:
        return _AMOUNTS.get(given.kind, NONE)
    if type(given) is not Group or given.kind != "tuple" or not depth:
        return NONE
    return NONE.union(*(in_state(part, depth - 1) for part in given.parts() if type(part) is not int))


def _class(value: Any) -> frozenset[str]:
    if type(value) is not Made or value.kind == "result" or value.root is None:
        return NONE
    if value.kind != "instance":
        return _AMOUNTS.get(value.kind, NONE)
    return frozenset((value.root.spelled,))
