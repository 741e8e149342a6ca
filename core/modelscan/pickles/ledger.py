"""What a stream did, gathered while the machine runs and written out as evidence once at its end.

Only then is it known what mutable arguments came to hold. Acts of the same kind on the same name with the same
imported names among their arguments are one row, so a million alike objects cost one row. The words and opcodes that
a finding would show are worked out for the rows that somebody wants details of, and told apart only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from modelscan.errors import LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.limits import Limits
from modelscan.pickles import code, describe, leaves, ordinary
from modelscan.pickles.among import GIANT, Among
from modelscan.pickles.arrays import Side
from modelscan.pickles.meaning import is_mapping
from modelscan.pickles.meant import Lookup, Nested
from modelscan.pickles.storages import Storages
from modelscan.pickles.tracing import Tracing, reachable
from modelscan.pickles.values import Global, Group, Made, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PENDING = 2_000_000
"""Acts that are kept until the end of the stream, when it is known what their arguments came to hold."""
ALIKE = 16
"""Calls of one name with constants only that are told apart."""

SHALLOW = 2
"""Containers inside of an argument whose parts are looked at to see whether the same was said before."""
TRACED = 200
"""Acts of one stream whose opcodes and inner calls are written out."""

_BARE = frozenset({"builtins", "__builtin__", "collections"})
"""Modules whose containers call nothing of what is put into them."""
NEW = ("NEWOBJ", "NEWOBJ_EX")
"""Opcodes that call a class's own `__new__`; `copyreg._reconstructor` calls that of a built-in type."""

Masks = tuple[int, int, int, int, int, frozenset[str], frozenset[str]]
"""Sets of names as bits: what `Tracing.of` says of the arguments, and what an object carries that is one of them;
then the classes whose instances are given."""

Act = tuple[Kind, str, "Any", "Any", int]
"""kind, opcode, callee (or target), arguments, offset."""

Wanted = Callable[[Evidence], bool]
"""Might anybody show the details of this fact?"""


class Ledger:
    """Facts of one stream. `name` is the artifact's and `base` its first byte; `loader` resolves its persistent ids.

    `wanted` is asked about each act, told in short; it may say yes too often, never too seldom.
    """

    def __init__(
        self,
        data: leaves.Buffer,
        end: int,
        name: str,
        limits: Limits,
        loader: str = "",
        base: int = 0,
        wanted: Wanted = lambda _: True,
    ) -> None:
        self.base, self.wanted = base, wanted
        self.data, self.end, self.name, self.limits, self.loader = data, end, name, limits, loader
        self.size = end - base
        self.arrays = self.late = self.functions = self.results = 0
        """joblib's array wrappers, states given to what had one, calls that make code, calls of what one returned."""
        self.codes: code.Codes
        self.doubt: int | None = None
        """From here on the loader these bytes are meant for reads something else (see `formats.pickle`)."""
        self.imports: dict[tuple[str, str], Global] = {}
        self.attributes: dict[tuple[str, str], Global] = {}
        self.storages = Storages()
        self.letters = 0
        """Of all different names together."""
        self.nested: dict[int, Nested] = {}
        self.sources: dict[int, tuple[str, ...]] = {}
        """Of a state that its class runs parts of, by offset: their text, as far as it is known that these are all."""
        self.lookups: dict[int, tuple[Lookup, Made]] = {}
        """Objects that look up attributes or items once they are called, by the offset of the call that made them."""
        self.kept: frozenset[int] = frozenset()
        """Of these, the calls whose result an object has in its state, or a container that the stream makes."""
        self.result: Any = None
        """What the stream makes; None as long as it has not come to its end."""
        self.others: dict[tuple[Kind, str], tuple[int, dict[str, Any]]] = {}
        self.sides: dict[Side, int] = {}
        """Files beside the pickle that joblib would open, with the offset at which the first opcode asks for each."""
        self.numbers: set[int] = set()
        """Offsets of integers of more than `amounts.LONG` bytes."""
        self.traced = 0
        self.fills: dict[tuple[str, str], tuple[Made, int]] = {}
        self.pending: list[Act] = []
        self.told: set[tuple[object, ...]] = set()
        """What pending acts say, by the identity of their arguments, which live as long as these do."""
        self.plain: dict[tuple[Kind, str, str, bool, int], int] = {}
        self.tracing: Tracing
        self.among = Among(self.numbers)

    def is_empty(self) -> bool:
        """Is there nothing to tell?"""
        return not (self.imports or self.attributes or self.pending or self.fills or self.others)

    def imported(self, value: Global) -> None:
        self._named(self.imports, value, "imported names")

    def reached(self, value: Global) -> None:
        self._named(self.attributes, value, "attributes")

    def _named(self, table: dict[tuple[str, str], Global], value: Global, what: str) -> None:
        key = value.module, value.name
        if key in table:
            return
        table[key] = value
        self.letters += len(value.module) + len(value.name)
        count = len(table)
        if count > self.limits.rows or self.letters > self.limits.names:
            raise LimitExceeded("rows", f"more than {count - 1:,} {what}")
        ordinary.check(count, self.limits.few, self.size, ordinary.NAMES, what)

    def beside(self, side: Side, at: int) -> None:
        self.sides.setdefault(side, at)
        if len(self.sides) > self.limits.rows:
            raise LimitExceeded("rows", f"more than {self.limits.rows:,} files beside it")

    def note(self, kind: Kind, subject: str, at: int, **detail: Any) -> None:
        """A fact that needs no names: an anomaly, a persistent id, an extension code. The first of a subject counts."""
        self.others.setdefault((kind, subject), (at, detail))
        if len(self.others) > self.limits.rows:
            raise LimitExceeded("rows", f"more than {self.limits.rows:,} facts")

    def loads(self, at: int, found: Nested) -> None:
        """The call at this offset loads a model out of bytes."""
        self.nested[at] = found
        ordinary.check(len(self.nested), self.limits.few // 8, self.size, ordinary.LOADS, "calls that load bytes")

    def read_array(self) -> None:
        """One more of joblib's wrappers."""
        self.arrays += 1
        ordinary.check(self.arrays, self.limits.few // 8, self.size, ordinary.ARRAYS, "arrays")

    def called_result(self) -> None:
        """One more call of what a call has returned."""
        self.results += 1
        ordinary.check(self.results, self.limits.few, self.size, ordinary.RESULTS, "calls of what calls returned")

    def made_code(self) -> None:
        """One more function whose code is put together."""
        self.functions += 1
        ordinary.check(self.functions, self.limits.few // 8, self.size, ordinary.CODES, "functions made of code")

    def stated_late(self, at: int) -> None:
        """Picklers give the state last. What comes after it finds methods that the state put there."""
        self.note(Kind.ANOMALY, "filled-late", at)
        self.late += 1
        if self.late > self.limits.few:
            raise LimitExceeded("few", f"more than {self.limits.few:,} times something put into what has its state")

    def filled(self, opcode: str, target: Made, at: int) -> None:
        """Items are put into an instance or a result, by the method its class has for that."""
        if target.root is not None:
            self.fills.setdefault((opcode, target.root.spelled), (target, at))

    def filled_with(self, opcode: str, target: Made, at: int) -> None:
        """What such an object then holds that is no plain data: its class may call what it finds in itself."""
        if target.held is not None and target.root is not None and target.root.module not in _BARE:
            self.act(Kind.FILL, opcode, target.callee, Group("tuple", target.holdings()), at)

    def act(self, kind: Kind, opcode: str, callee: Any, args: Any, at: int) -> None:
        root = callee if type(callee) is Global else name_of(callee)
        if root is not None and _plain(args):
            looks = at in self.lookups
            key = (kind, opcode, root.spelled, looks, _size(kind, args))
            count = self.plain.get(key, 0)
            self.plain[key] = count + 1
            if count >= ALIKE and not looks and not (self.numbers and self.among.has_long(args)):
                return
        elif root is not None and self._is_again(kind, opcode, callee, root.spelled, args, at):
            return
        self.pending.append((kind, opcode, callee, args, at))
        if len(self.pending) > PENDING:
            raise LimitExceeded("calls", f"more than {PENDING:,} calls with arguments of their own")

    def _is_again(self, kind: Kind, opcode: str, callee: Any, spelled: str, args: Any, at: int) -> bool:
        """Has the same been done with the same values before, plain data aside?

        Then it says the same when it is known what they came to hold, and needs not be kept until then.
        """
        if spelled in code.MAKERS:
            self.made_code()
            return False
        if type(args) is not Group or args.kind != "tuple" or args.rest or not args.spelled:
            return False
        if at in self.nested or at in self.sources or at in self.lookups:
            return False
        key = (kind, opcode, spelled, type(callee) is Made, _size(kind, args), *map(self._part, args.head))
        if key in self.told:
            return True
        self.told.add(key)
        return False

    def _part(self, value: Any) -> object:
        """Which value it is, or what it says of names where nobody else can reach it: plain data says nothing."""
        kind = type(value)
        if kind is int:
            return value if self.numbers and value in self.numbers else None
        if kind is Group:
            if value.shared or value.rest or not value.spelled or value.depth > SHALLOW:
                return id(value)
            parts = {self._part(item) for item in value.head} - {None}
            return (value.kind, frozenset(parts)) if parts else None
        if kind is not Made or value.shared or value.held is not None or value.at in self.lookups:
            return id(value)
        if value.kind == "giant":
            return id(value)
        return value.root.spelled if type(value.callee) is Global and _plain(value.args) else id(value)

    def _made(self) -> Iterable[Any]:
        """What the object holds that the stream makes, if it is one that holds others."""
        if isinstance(self.result, Group):
            return self.result.parts()
        return self.result.holdings() if isinstance(self.result, Made) else ()

    def _acts(self) -> Iterator[Evidence]:
        """Acts that say the same become one row."""
        if not self.pending:
            return
        self.tracing, self.among, self.codes = Tracing(), Among(self.numbers), code.Codes(self.data, self.end)
        if self.lookups:
            states = [act[3] for act in self.pending if act[0] is Kind.STATE]
            found = reachable([*states, *self._made()])
            self.kept = frozenset(at for at, (_, made) in self.lookups.items() if id(made) in found)
        rows: dict[tuple[object, ...], Evidence | None] = {}
        """None where the rows are told apart further, because somebody wants details."""
        for act in self.pending:
            kind, opcode, callee, args, at = act
            root = name_of(callee)
            passed = _passed(opcode, args)
            masks = (*self.tracing.of(args), self._handed(kind, passed), *self.among.told(passed, kind is Kind.STATE))
            ran = self.sources.get(at), at in self.nested, self.lookups.get(at, (None,))[0], at in self.kept
            bare = kind in (Kind.CALL, Kind.CONSTRUCT) and _none_given(opcode, args)
            key: tuple[object, ...] = (
                kind,
                opcode,
                root.spelled if root else "",
                type(callee) is Made,
                bare,
                *map(_hashed, masks),
                ran,
                _size(kind, args),
            )
            if key not in rows:
                fact = self._short(act, root, masks, bare)
                rows[key] = None if root is None or self.wanted(fact) else fact
            elif rows[key] is not None:
                continue
            if rows[key] is None:
                key = (*key, self._text(callee, args) if kind is Kind.CALL else "")
                if key in rows:
                    continue
                rows[key] = self._detailed(act, root, masks, bare)
            ordinary.check(len(rows), self.limits.few // 2, self.size, ordinary.NAMES, "different calls")
            if len(rows) > self.limits.rows:
                raise LimitExceeded("rows", f"more than {self.limits.rows:,} different calls")
        self.pending.clear()
        self.told.clear()
        yield from (fact for fact in rows.values() if fact is not None)

    def _text(self, callee: Any, args: Any) -> str:
        """What tells calls apart that hold the same names: their constants, or the code that they make."""
        if _plain(args):
            return describe.call(self.data, self.end, callee, args)
        made = self.codes.of(callee, args)
        return repr((made.names, made.constants, made.bytecode)) if made is not None else ""

    def evidence(self) -> Iterator[Evidence]:
        """Every fact, imports first, each kind in the order of the stream."""
        for table, kind in ((self.imports, Kind.IMPORT), (self.attributes, Kind.ATTRIBUTE)):
            for value in table.values():
                detail = {"module": value.module, "name": value.name, "opcode": value.origin}
                yield self._fact(kind, value.dotted, value.at, detail)
        yield from self._acts()
        for (opcode, spelled), (target, at) in self.fills.items():
            detail = {"opcode": opcode, "callee": spelled}
            yield self._fact(Kind.FILL, target.root.dotted if target.root else "", at, detail)
        for (other, subject), (at, detail) in self.others.items():
            yield self._fact(other, subject, at, detail)

    def _short(self, act: Act, root: Global | None, masks: Masks, bare: bool) -> Evidence:
        """What there is to judge about an act."""
        kind, opcode, callee, args, at = act
        name, spelled = root.dotted if root else "", self.tracing.spelled
        detail: dict[str, Any] = {
            "expression": f"{name}()" if bare else f"{name}(…)",
            "opcode": opcode,
            "callee": root.spelled if root else "",
            "arguments": spelled(masks[0]),
            "carried": spelled(masks[1]),
            "plain": spelled(masks[2]),
            "values": spelled(masks[3]),
            "handed": spelled(masks[4]),
            "among": sorted(masks[5] - GIANT),
            "given": sorted(masks[6] - GIANT),
            "indirect": isinstance(callee, Made),
        }
        if "giant" in masks[5] or "giant" in masks[6]:
            detail["giant"] = "given" if "giant" in masks[6] else "among"
        if kind is Kind.CONSTRUCT:
            detail["called"] = opcode in NEW and not bare
        if kind in (Kind.STATE, Kind.CALL):
            detail["size"] = _size(kind, args)
        if at in self.nested:
            detail["nested"] = True
        if at in self.lookups:
            lookup, _ = self.lookups[at]
            detail |= {"looks": list(lookup.names), "kept": at in self.kept or not lookup.worded}
        if at in self.sources:
            detail["sources"] = list(self.sources[at])
        return self._fact(kind, name, at, detail)

    def _detailed(self, act: Act, root: Global | None, masks: Masks, bare: bool) -> Evidence:
        """The same with what is shown of it."""
        fact = self._short(act, root, masks, bare)
        kind, _, callee, args, at = act
        detail: dict[str, Any] = {**fact.detail, "expression": describe.call(self.data, self.end, callee, args)}
        made = self.codes.of(callee, args) if kind is Kind.CALL else None
        if made is not None:
            detail |= code.facts(made)
        if self.traced < TRACED:
            from modelscan.pickles import trace  # for findings only

            self.traced += 1
            start = root.at if root and root.at <= at else at
            detail["opcodes"] = trace.opcodes(self.data, start, at, self.end, self.base)
            detail |= {"tree": lines} if (lines := trace.tree(callee, args)) else {}
        subject = fact.subject if root else describe.expression(self.data, self.end, callee)
        return Evidence(kind, subject, fact.where, detail)

    def _handed(self, kind: Kind, args: Any) -> int:
        """What the objects carry that are themselves arguments, so that the callee may fetch it by attribute.

        A state may come in parts, as a tuple; a mapping that has nothing but items is asked for nothing else.
        """
        parts = args.parts() if type(args) is Group else (args,)
        mask = 0
        for part in parts:
            if type(part) is Made:
                mask |= self.tracing.of(part)[1] if kind is not Kind.STATE or not is_mapping(part) else 0
            elif kind is Kind.STATE and type(part) is Group and part.kind == "tuple":
                mask |= self._handed(kind, Group("tuple", [item for item in part.parts() if type(item) is Made]))
        return mask

    def _fact(self, kind: Kind, subject: str, at: int, detail: dict[str, Any]) -> Evidence:
        if self.doubt is not None and at >= self.doubt:
            detail["doubtful"] = True
        return Evidence(kind, subject, Where(self.name, at - self.base), detail)


def _size(kind: Kind, args: Any) -> int:
    """Items of a state that is a tuple, -1 where nobody knows how many, or it is none.

    Of another act the number of its arguments, 2 standing for more.
    """
    if kind is not Kind.STATE:
        return min(args.size, 2) if type(args) is Group else 2
    state = args.head[0]
    return state.size if type(state) is Group and state.kind == "tuple" and state.spelled else -1


def _passed(opcode: str, args: Any) -> Any:
    """The arguments themselves: NEWOBJ_EX has them in a tuple and a dict."""
    if opcode != "NEWOBJ_EX" or type(args) is not Group or not all(type(part) is Group for part in args.parts()):
        return args
    return Group("tuple", [item for part in args.parts() for item in part.parts()])


def _hashed(mask: object) -> object:
    """A key in its place: integers are hashed modulo 2**61 - 1, so that 61 hashes are all that single bits have."""
    return mask.to_bytes(mask.bit_length() // 8 + 1, "little") if type(mask) is int and mask >> 60 else mask


def _empty(args: Any) -> bool:
    return isinstance(args, Group) and args.kind == "tuple" and not args.size


def _none_given(opcode: str, args: Any) -> bool:
    """Is a class made with no arguments for its `__new__`? NEWOBJ_EX has a tuple and a dict of them."""
    if opcode != "NEWOBJ_EX" or not isinstance(args, Group):
        return _empty(args)
    return all(isinstance(part, Group) and not part.size for part in args.parts())


def _plain(args: Any) -> bool:
    """Constants only: an empty container or a tuple of leaves."""
    if type(args) is int:
        return True
    if not isinstance(args, Group) or args.kind != "tuple" or args.rest:
        return False
    for item in args.head:  # noqa: SIM110 - a generator costs more than the loop
        if type(item) is not int:
            return False
    return True
