"""What the machine's stack holds instead of objects.

Plain data is not decoded: an `int` on the stack is the offset of the opcode that pushed it. Everything that is not
plain data is one of the classes below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

HEAD = 16
"""Items of a container that are kept whatever they are; beyond them only what is not plain data."""


class Global:
    """An imported object. `origin` is the opcode, or "getattr" when the machine resolved an attribute."""

    __slots__ = ("at", "module", "name", "origin")

    def __init__(self, module: str, name: str, at: int, origin: str) -> None:
        self.module, self.name, self.at, self.origin = module, name, at, origin

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def spelled(self) -> str:
        """ "module:name", which says where the module ends."""
        return f"{self.module}:{self.name}"


class Group:
    """A list, tuple, set, frozenset or dict; a dict's items are key, value, key, value …"""

    __slots__ = ("head", "kind", "rest", "size")

    def __init__(self, kind: str, items: list[Any] | None = None) -> None:
        self.kind = kind
        self.head: list[Any] = []
        self.rest: list[Any] | None = None
        self.size = 0
        if items:
            self.extend(items)

    def extend(self, items: list[Any]) -> None:
        room = HEAD - len(self.head)
        if room > 0:
            self.head += items[:room]
            beyond = items[room:]
        else:
            beyond = items
        self.size += len(items)
        kept = [item for item in beyond if type(item) is not int]
        if not kept:
            return
        if self.rest is None:
            self.rest = kept
        else:
            self.rest += kept

    def parts(self) -> Iterator[Any]:
        yield from self.head
        if self.rest:
            yield from self.rest

    def pairs(self) -> Iterator[tuple[Any, Any]] | None:
        """Key and value pairs of a dict, None when some were not kept."""
        if self.kind != "dict" or self.size != len(self.head):
            return None
        return zip(self.head[::2], self.head[1::2], strict=False)

    def whole(self) -> list[Any] | None:
        """All items, None when some were not kept."""
        return self.head if self.size == len(self.head) else None


class Made:
    """What a call or a construction returns. `held` is what was put into it later (state, items)."""

    __slots__ = ("args", "at", "callee", "held", "opcode")

    def __init__(self, callee: Any, args: Any, at: int, opcode: str) -> None:
        self.callee, self.args, self.at, self.opcode = callee, args, at, opcode
        self.held: list[Any] | None = None

    def hold(self, items: Iterable[Any]) -> None:
        kept = [item for item in items if type(item) is not int]
        if not kept:
            return
        if self.held is None:
            self.held = kept
        else:
            self.held += kept

    def parts(self) -> Iterator[Any]:
        yield self.callee
        yield self.args
        if self.held:
            yield from self.held


class Outside:
    """An object that only the loader knows: a persistent id, an extension code."""

    __slots__ = ("at", "kind", "pid")

    def __init__(self, kind: str, pid: Any, at: int) -> None:
        self.kind, self.pid, self.at = kind, pid, at

    def parts(self) -> Iterator[Any]:
        yield self.pid


def references(value: Any, budget: int = 256) -> tuple[frozenset[str], bool]:
    """Imported names reachable from `value`, as "module:name", and whether all of it was seen.

    `budget` bounds the values visited, so that shared structures cost each caller a constant.
    """
    found: set[str] = set()
    seen: set[int] = set()
    todo: list[Any] = [value]
    while todo:
        item = todo.pop()
        if type(item) is int or id(item) in seen:
            continue
        if budget <= 0:
            return frozenset(found), False
        budget -= 1
        seen.add(id(item))
        if isinstance(item, Global):
            found.add(item.spelled)
        else:
            todo.extend(islice(item.parts(), budget + HEAD))
    return frozenset(found), True


def name_of(value: Any) -> Global | None:
    """The imported object that a callee comes down to: itself, or what made it."""
    for _ in range(64):
        if isinstance(value, Global):
            return value
        if not isinstance(value, Made):
            return None
        value = value.callee
    return None
