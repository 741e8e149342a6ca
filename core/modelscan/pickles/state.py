"""What the unpickler has while it runs, and what its opcodes have in common (Modules/_pickle.c, `Unpickler`)."""

from __future__ import annotations

from abc import ABC, abstractmethod

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles import amounts, answers, arrays, caches, leaves, meaning, meant, versions
from modelscan.pickles.batches import Batch
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.memo import Memo
from modelscan.pickles.opcodes import Op
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

_TEXT = frozenset(
    {Op.STRING, Op.BINSTRING, Op.SHORT_BINSTRING, Op.UNICODE, Op.SHORT_BINUNICODE, Op.BINUNICODE, Op.BINUNICODE8}
)

SPELLED = 16_384
"""Texts that names, and kinds of dtypes, are made of: more than a pickle has that is remembered."""
BRIEF = 100
"""Characters that are decoded anew each time."""
DEEPEST = 10_000
"""Containers inside of containers; pickle writes them by recursion and stops at about a thousand."""


DELEGATED = 4
"""Calls inside of a call that are followed."""


HASHED = 10_000_000
"""Values that hashing one key visits."""
LIGHT = 4_096
"""Values of a key that nobody counts."""
UNFOLDED = 1 << 40
"""Values of a container that holds itself in many ways, or shares what it holds again and again."""

_HASHES = {"dict": 2, "set": 1, "frozenset": 1}
"""Containers that hash what they are given: each item, or every second one."""


if TYPE_CHECKING:

    class Inner(Protocol):
        """Walks a pickle that stands inside of this one, from an offset on; the offset after it."""

        def __call__(self, pos: int) -> int: ...


class State(ABC):
    """Stack, marks, memo and frame of one stream, and the ledger it is written into.

    A mark is a stack of its own: the unpickler lets nothing below it be reached either. What most streams never
    change stands in the class: a file may have a stream in every few bytes.
    """

    memoize = False
    """Protocol 4 or later: the memo is numbered by MEMOIZE."""
    overlong: int | None = None
    """A frame that claims more than there is: the C unpickler stops there, pickle.py (and so joblib) does not."""
    deep = False
    """Nested beyond DEEPEST."""
    layouts: arrays.Layouts | None = None
    objects_at: int | None = None
    """Where the pickle of joblib's first array of objects begins."""
    careful = False
    """A class was named that acts on an entry of its state: nothing is read in bulk from there on."""
    spells: bool | None = None
    """Whether the pickle spells the attribute that pandas' compiled code believes; None: nobody looked yet."""
    start = 0
    """Where the pickle begins."""
    versions: versions.Versions | None = None
    """What the states of estimators have for a version; None until a name is of their package."""
    special = 0
    """Opcodes so far whose effect hangs on plain data."""
    typed = 0
    """States of dtypes so far, whose effect hangs on plain data that is noted among `spelled`."""
    asked = 0
    """Bytes that calls take because a number says so."""
    copied = copied_at = 0
    """Items that calls have gone through, and where the last of these calls is."""
    hashed = 0
    """Values that are gone through to hash large keys."""
    encoding: int | None = None
    """Offset of the text that the last bytes were encoded by."""

    def __init__(self, data: leaves.Buffer, end: int, ledger: Ledger, limits: Limits, inner: Inner | None) -> None:
        self.data, self.end, self.ledger, self.limits = data, end, ledger, limits
        self.inner = inner
        """How to read a pickle between the opcodes; None: what joblib writes there is not stepped over."""
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo = Memo()
        self.limit = end
        """Where the current frame ends, or the data."""
        self.spelled: list[int] = []
        """Offsets of texts that were names."""
        self.answers: dict[Global, tuple[answers.Answer, ...]] = {}
        """What each class does with its state, as far as one was given any."""
        self.texts: dict[int, str] = {}
        """Long names by the offset where they are spelled."""
        self.raws: dict[int, arrays.Raw] = {}
        """Bytes that joblib reads as an array of single bytes, by the offset where the array stands for them."""

    @abstractmethod
    def acted(self, opcode: int, pos: int) -> int:
        """A call by `opcode` ends at `pos`; where to go on."""

    def pop(self, pos: int) -> Any:
        if not self.stack:
            raise underflow(pos)
        return self.stack.pop()

    def pop_mark(self, pos: int) -> list[Any]:
        if not self.marks:
            raise FormatError("pickle-mark", "no MARK on the stack", pos)
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def top(self, pos: int) -> Any:
        if not self.stack:
            raise underflow(pos)
        return self.stack[-1]

    def number(self, pos: int, width: int, signed: bool = False) -> int:
        """The little-endian argument of the opcode at `pos`."""
        if pos + 1 + width > self.end:
            raise FormatError("pickle-truncated", "the stream ends in the middle", self.end)
        self.reaches(pos + 1 + width)
        return int.from_bytes(self.data[pos + 1 : pos + 1 + width], "little", signed=signed)

    def line(self, pos: int) -> int:
        """Offset of the newline that ends the text argument starting at `pos`."""
        stop = self.data.find(b"\n", pos, self.end)
        if stop < 0:
            raise FormatError("pickle-truncated", "the stream ends in the middle of a line", self.end)
        self.reaches(stop + 1)
        return stop

    def reaches(self, stop: int) -> None:
        """An argument ends at `stop`.

        A reader that took the frame from a file has it in a buffer of its own and drops what of an argument that runs
        over the frame's end lies there, so it goes on with other opcodes (CPython #154848, threats P27 and P27b).
        """
        if stop > self.limit < self.end:
            self.ledger.note(Kind.ANOMALY, "frame-straddle", self.limit)

    def name(self, value: Any) -> str | None:
        """The text of a module or attribute name that stands on the stack, None if it is not spelled in the stream.

        The same text may serve as a name very often, so it is decoded once.
        """
        found = self.texts.get(value) if type(value) is int else None
        if found is not None:
            return found
        text = leaves.string(self.data, value, self.end)
        if text is None:
            return None
        if len(text) > self.limits.name:
            raise LimitExceeded("name", f"a name longer than {self.limits.name:,} characters")
        if len(text) > BRIEF:
            self.texts[value] = text
        return text

    def could_be_text(self, value: Any) -> bool:
        """Might the unpickler find a `str` here? Of plain data only what depends on the loader's text encoding."""
        if type(value) is int:
            return self.data[value] in _TEXT
        return not isinstance(value, Group | Global)

    def called(self, opcode: str, callee: Any, args: Any, at: int, depth: int = 0) -> Any:
        """What a call leaves on the stack: an attribute, an instance, or a result nobody knows."""
        read = meaning.reading(callee)
        if read is None:
            return self._just_called(opcode, callee, args, at)
        found = read(self.data, self.end, at, args)
        self._hangs(meaning.hanging(callee, args, found))
        if isinstance(found, meant.Attribute):
            self.ledger.reached(found.target)
            owner = args.head[0]
            if type(owner) is Made and owner.kind == "instance":  # a property of its class runs with its state
                self.ledger.act(Kind.STATE, "getattr", owner.callee, Group("tuple", [owner]), at)
            return found.target
        if isinstance(found, meant.Construction):
            return self.constructed(found.opcode or opcode, found.cls, found.args, at)
        if isinstance(found, meant.Nested):
            self.ledger.loads(at, found)
        if isinstance(found, meant.Replacement) and depth < DELEGATED:
            made = self.called(opcode, found.callee, found.args, at, depth + 1)
            if type(found.state) is Group and isinstance(made, Made):
                self.stated(made, found.state, at)
                made.hold([found.state])
            return made
        if isinstance(found, meant.Delegation) and found.opcode:
            self.constructed(found.opcode, found.callee, found.args, at)
        elif isinstance(found, meant.Delegation) and depth < DELEGATED:
            self.called(opcode, found.callee, found.args, at, depth + 1)
        elif isinstance(found, meant.Delegation):
            self.ledger.note(Kind.ANOMALY, "computed-arguments", at)
        lookup = found if isinstance(found, meant.Lookup) else None
        return self._just_called(opcode, callee, args, at, lookup)

    def _just_called(self, opcode: str, callee: Any, args: Any, at: int, lookup: meant.Lookup | None = None) -> Made:
        if type(args) is not Group:
            self.ledger.note(Kind.ANOMALY, "computed-arguments", at)
        made = Made(callee, args, at, "result")
        if lookup is not None:
            self.ledger.lookups[at] = (lookup, made)
        self.ledger.act(Kind.CALL, opcode, callee, args, at)
        if type(callee) is Made:
            self.ledger.called_result()
        elif type(callee) is Global and callee.spelled in amounts.READINGS:
            self._counted(made, callee.spelled)
        if type(args) is Group and args.size:
            self._goes_through(made, args, at)
        return made

    def _goes_through(self, made: Made, args: Group, at: int) -> None:
        """The same items may be given to calls again and again, each of which copies them."""
        if self.copied > amounts.ITEMS + at:  # and that has been told
            return
        amount = amounts.gone_through(self.data, self.end, args)
        if not amount:
            return
        made.amount = max(made.amount, amount)
        self.copied += amount
        self.special += amount > at - self.copied_at
        self.copied_at = at
        if self.copied > amounts.ITEMS + at:
            self.ledger.note(Kind.ANOMALY, "size-bomb", at)

    def _counted(self, made: Made, spelled: str) -> None:
        """What a call of one of `amounts.READINGS` comes to, which hangs on what it is given."""
        read = amounts.READINGS[spelled]
        count = amounts.of(read, self.data, self.end, made.args)
        if spelled == amounts.DTYPE:
            self.hangs_on(amounts.hangs_on(made.args))
        if spelled in amounts.SIZED:
            self.special += not amounts.is_fixed(spelled, self.data, made.args)
        if spelled in amounts.RUNS or spelled == amounts.DTYPE:
            small = "run" if spelled in amounts.RUNS else made.kind
            made.kind = "giant" if count >= amounts.GIANT else small
            made.amount = count if made.kind == "run" else 0
            return
        self.asked += count
        if self.asked > amounts.MOST:
            self.ledger.note(Kind.ANOMALY, "size-bomb", made.at)

    def _hangs(self, leaf: int | None) -> None:
        """The effect of a call hangs on plain data: on this text, or on who knows what."""
        if leaf is None or leaf not in (-1, self.encoding):
            self.special += 1
            self.encoding = leaf

    def constructed(self, opcode: str, cls: Any, args: Any, at: int) -> Any:
        if not _written_out(args) or (opcode == "NEWOBJ_EX" and not all(map(_written_out, args.parts()))):
            self.ledger.note(Kind.ANOMALY, "computed-arguments", at)
        self.ledger.act(Kind.CONSTRUCT, opcode, cls, args, at)
        made = Made(cls, args, at, "instance")
        if type(cls) is Global and cls.spelled in amounts.READINGS:
            self._counted(made, cls.spelled)
        if type(args) is Group and args.size:
            self._goes_through(made, args, at)
        return made

    def named(self, value: Global) -> None:
        """An import. From a class on that acts on an entry of its state, every such entry is looked at."""
        self.ledger.imported(value)
        if self.versions is None and versions.is_of(value.module):
            self.versions = versions.Versions(self.data, self.end, self.could_be_text)
        self.careful = self.careful or meaning.is_run(value.module) or arrays.names_file(value) or self._hides(value)

    def _hides(self, value: Global) -> bool:
        """Is it of pandas, in a pickle that may spell the one attribute which its compiled code believes?"""
        if not caches.is_kept_by(value.module):
            return False
        if self.spells is None:
            self.spells = caches.may_be_spelled(self.data, self.start, self.end)
        return self.spells

    def stated(self, target: Made, given: Any, at: int) -> None:
        """BUILD, which a few classes answer in ways of their own."""
        answers.answer(self, target, given, at)
        kind = "BUILD" if target.held is None else "BUILD after items"
        self.ledger.act(Kind.STATE, kind, target.callee, Group("tuple", [given, *target.holdings()]), at)

    def hangs_on(self, offsets: list[int]) -> None:
        """What a type comes to hangs on the plain data there, which is remembered."""
        self.typed += 1
        if len(self.spelled) < SPELLED:
            self.spelled += offsets

    def _note(self, target: Group, items: list[Any]) -> None:
        if target.noted is None:
            if target.size > len(items):
                return
            target.noted = []
        for key, value in zip(items[::2], items[1::2], strict=False):
            name = leaves.string(self.data, key, self.end)
            if name in meaning.RUN_KEYS or (name is None and self.could_be_text(key)):
                target.noted.append((name or "", value))

    def _keyed(self, target: Group, items: list[Any]) -> None:
        """A dictionary takes these keys and values."""
        if self.careful:
            self._note(target, items)
        if self.versions is None:
            return
        for key in self.versions.filled(target, items):
            self.hangs_on([key])

    def grouped(self, kind: str, items: list[Any], at: int) -> Group:
        group = Group(kind, items)
        if kind == "dict":
            self._keyed(group, items)
        return self.measured(group, items, at)

    def measured(self, group: Group, items: list[Any], at: int) -> Group:
        if group.depth > DEEPEST and not self.deep:
            self.deep = True
            self.ledger.note(Kind.ANOMALY, "deep-nesting", at)
        if group.weight > HASHED:
            self._weighed(group, items, at)
        if group.kind in _HASHES and (self.ledger.numbers or group.weight > LIGHT):
            self._hashes(items[:: _HASHES[group.kind]], at)
        return group

    def _hashes(self, keys: list[Any], at: int) -> None:
        """The same large key may be hashed again and again; only texts and bytes remember their hash."""
        if not self.ledger.numbers and Group not in map(type, keys):
            return
        for key in keys:
            if type(key) is Group:
                self.hashed += key.weight if key.weight > LIGHT else 0
            elif type(key) is int and key in self.ledger.numbers:
                start, stop = leaves.span(self.data, key, self.end)
                self.hashed += (stop - start) // amounts.DIGITS
        if self.hashed > 10 * HASHED:
            self.ledger.note(Kind.ANOMALY, "hash-bomb", at)

    def _weighed(self, group: Group, items: list[Any], at: int) -> None:
        """A few shared values can stand for more than anybody can walk through (a "billion laughs")."""
        if group.weight > UNFOLDED:
            self.ledger.note(Kind.ANOMALY, "memo-bomb", at)
        hashed = items[:: _HASHES[group.kind]] if group.kind in _HASHES else []
        if any(isinstance(item, Group) and item.weight > HASHED for item in hashed):
            self.ledger.note(Kind.ANOMALY, "hash-bomb", at)

    def filled(self, opcode: str, target: Any, items: list[Any], at: int) -> None:
        """Items or state go into `target`, and on into the mapping that it stands for."""
        self._filled(opcode, target, items, at)
        for _ in range(DELEGATED if opcode != "BUILD" else 0):
            target = meaning.beneath(target)
            if target is None:
                return
            self._filled(opcode, target, items, at)
        if meaning.beneath(target) is not None and opcode != "BUILD":
            self.ledger.note(Kind.ANOMALY, "computed-arguments", at)

    def _filled(self, opcode: str, target: Any, items: list[Any], at: int) -> None:
        if isinstance(target, Group) and isinstance(items[0], Batch):
            target.fill(items[0])
        elif isinstance(target, Group):
            target.extend(items)
            if target.kind == "dict":
                self._keyed(target, items)
            self.measured(target, items, at)
        elif isinstance(target, Made):
            if target.built:
                self.ledger.stated_late(at)
            if opcode != "BUILD":
                self.ledger.filled(opcode, target, at)
            target.hold(items)
            target.amount += items[0].size() if items and isinstance(items[0], Batch) else len(items)
            if opcode != "BUILD":
                self.ledger.filled_with(opcode, target, at)
        elif isinstance(target, Global):
            self.ledger.act(Kind.MUTATE, opcode, target, Group("tuple", items), at)


def _written_out(args: Any) -> bool:
    """Are these arguments that the stream spells, and not what some object makes of being asked for them?"""
    return type(args) is Group and args.kind in ("tuple", "dict")


def underflow(pos: int) -> FormatError:
    return FormatError("pickle-underflow", "an opcode takes more from the stack than is there", pos)
