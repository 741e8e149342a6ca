"""What the machine's stack holds instead of objects.

Plain data is not decoded: an `int` on the stack is the offset of the opcode that pushed it. Everything that is not
plain data is one of the classes below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from modelscan.pickles.batches import Batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEAD = 16
"""Items of a container that are kept whatever they are; beyond them only what is not plain data."""


BRIEF = 200
"""Characters of a name whose spelling is kept; longer ones may be many, and are put together each time."""
SEVERAL = 2
"""Values that an object holds before plain data among further ones counts no more."""


class Global:
    """An imported object. `origin` is the opcode, or "getattr" when the machine resolved an attribute.

    `spelled` is "module:name", which says where the module ends; it is put together when it is first asked for.
    """

    __slots__ = ("at", "module", "name", "origin", "spelled")
    spelled: str

    def __init__(self, module: str, name: str, at: int, origin: str) -> None:
        self.module, self.name, self.at, self.origin = module, name, at, origin

    def __getattr__(self, attribute: str) -> str:
        """Called for the empty slot only: each call of a stream asks for it several times."""
        if attribute != "spelled":
            raise AttributeError(attribute)
        found = f"{self.module}:{self.name}"
        if len(found) <= BRIEF:
            self.spelled = found
        return found

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}"


class Group:
    """A list, tuple, set, frozenset or dict; a dict's items are key, value, key, value …"""

    __slots__ = ("depth", "head", "kind", "noted", "odd", "rest", "shared", "size", "spelled", "weight")

    def __init__(self, kind: str, items: list[Any] | None = None) -> None:
        self.kind = kind
        self.head: list[Any] = []
        self.rest: list[Any] | None = None
        self.size = 0
        self.depth = 0
        """Containers inside of containers, as far as this one knew when it was filled."""
        self.weight = 1
        """Values to visit for who walks through all of it, shared ones each time: what hashing it costs."""
        self.spelled = True
        """False when a batch stands for some of the items."""
        self.shared = False
        """Was it put into the memo, or taken twice? Of what was not, only the stack or one value knows."""
        self.noted: list[tuple[str, Any]] | None = None
        """Of a dict: entries that a class may run, "" for a key that is not spelled out; None: nobody looked."""
        self.odd = False
        """Of a dict: is any key beyond the head more than a leaf?"""
        if items:
            self.extend(items)

    def extend(self, items: list[Any]) -> None:
        count, room = len(items), HEAD - len(self.head)
        self.size += count
        self.weight += count
        if count <= room:
            self.head += items
            for item in items:
                if type(item) is not int:
                    self._hold(item, 1)
            return
        self.head += items[:room]
        others = [item for item in items if type(item) is not int]
        if others:
            times = [(others[0], 1)] if len(others) == 1 else Counter(others).items()
            for item, often in times:  # what a repeat of calls leaves is one value, thousands of times
                self._hold(item, often)
            self.rest = self.rest or []
            self.rest += [item for item, _ in times]
            self.odd = self.odd or (self.kind == "dict" and any(type(key) is not int for key in items[::2]))

    def _hold(self, item: Any, often: int) -> None:
        """A value, and how often it is put in."""
        kind = type(item)
        if kind is Group:
            self.weight += item.weight * often
            if item.depth >= self.depth:
                self.depth = item.depth + 1
        elif kind is Made and type(item.args) is Group:
            self.weight += item.args.weight * often

    def parts(self) -> Iterator[Any]:
        yield from self.head
        if self.rest:
            yield from self.rest

    def pairs(self) -> Iterator[tuple[Any, Any]] | None:
        """Key and value pairs of a dict, None when some were not kept."""
        if self.kind != "dict" or self.whole() is None:
            return None
        return zip(self.head[::2], self.head[1::2], strict=False)

    def whole(self) -> list[Any] | None:
        """All items, None when some were not kept."""
        return self.head if self.spelled and self.size == len(self.head) else None

    def is_plain(self) -> bool:
        """Does it hold plain data only, now and later?"""
        if self.shared or self.rest or not self.spelled:
            return False
        for item in self.head:  # noqa: SIM110 - a generator costs more than the loop
            if type(item) is not int:
                return False
        return True

    def fill(self, batch: Batch) -> None:
        """Takes the values of a batch, however many there are."""
        self.extend([batch])
        self.spelled = False


class Made:
    """The "result" of a call, an "instance" made by `__new__`, or joblib's "array" in the place of its wrapper.

    A "run" is one of the first two that comes to as much as its numbers say, a "giant" to far too much (`amounts`).
    `held` is what was put into it later: state, items. `built`: it was given its state by BUILD.
    `shared` means what it does in a Group. `amount`: items that it may have been made of, or was filled with.
    """

    __slots__ = ("amount", "args", "at", "built", "callee", "held", "kind", "root", "shared", "whole")

    def __init__(self, callee: Any, args: Any, at: int, kind: str) -> None:
        self.callee, self.args, self.at, self.kind = callee, args, at, kind
        self.root: Global | None = callee if type(callee) is Global else name_of(callee)
        self.held: list[Any] | None = None
        self.amount = 0
        self.built = False
        self.shared = False
        self.whole: Held | None = None

    def holdings(self) -> list[Held]:
        """One value that stands for all it holds, now and later, if it holds anything yet."""
        if self.held is None:
            return []
        if self.whole is None:
            self.whole = Held(self)
        return [self.whole]

    def hold(self, items: Iterable[Any]) -> None:
        kept = [item for item in items if type(item) is not int]
        if not kept:
            return
        if self.held is None:
            self.held = kept
        elif len(self.held) < SEVERAL:
            self.held += kept
        else:
            self.held += [item for item in kept if not (type(item) is Group and item.is_plain())]


class Held:
    """What has been put into an object; copies of it, one for each time, would grow with the square of the stream."""

    __slots__ = ("made",)

    def __init__(self, made: Made) -> None:
        self.made = made

    def parts(self) -> Iterator[Any]:
        yield from self.made.held or ()


class Outside:
    """An object that only the loader knows: a persistent id, an extension code."""

    __slots__ = ("at", "kind", "pid")

    def __init__(self, kind: str, pid: Any, at: int) -> None:
        self.kind, self.pid, self.at = kind, pid, at

    def parts(self) -> Iterator[Any]:
        yield self.pid


def name_of(value: Any) -> Global | None:
    """The imported object that a callee comes down to: itself, or what made it."""
    if isinstance(value, Made):
        return value.root
    return value if isinstance(value, Global) else None


def share(value: Any) -> Any:
    """The value, from now on known to be reachable in more than one way."""
    if type(value) is Group or type(value) is Made:
        value.shared = True
    return value
