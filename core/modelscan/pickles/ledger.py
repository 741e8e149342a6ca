"""What a stream did, gathered while the machine runs and written out as evidence once at its end.

Only then is it known what mutable arguments came to hold. Acts of the same kind on the same name with the same
imported names among their arguments are one row, so a million alike objects cost one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelscan.errors import LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.limits import Limits
from modelscan.pickles import code, describe, leaves, trace
from modelscan.pickles.arrays import Side
from modelscan.pickles.meaning import Lookup, Nested
from modelscan.pickles.tracing import Masks, Tracing, reachable
from modelscan.pickles.values import Global, Group, Made, name_of

PENDING = 2_000_000
"""Acts that are kept until the end of the stream, when it is known what their arguments came to hold."""
ALIKE = 16
"""Calls of one name with constants only that are told apart."""

TRACED = 200
"""Acts of one stream whose opcodes and inner calls are written out."""

Act = tuple[Kind, str, Any, Any, int]
"""kind, opcode, callee (or target), arguments, offset."""


class Ledger:
    """Facts of one stream. `name` is the artifact's and `base` its first byte; `loader` resolves its persistent ids."""

    def __init__(
        self, data: leaves.Buffer, end: int, name: str, limits: Limits, loader: str = "", base: int = 0
    ) -> None:
        self.base = base
        self.data, self.end, self.name, self.limits, self.loader = data, end, name, limits, loader
        self.doubt: int | None = None
        """From here on the loader these bytes are meant for reads something else (see `formats.pickle`)."""
        self.imports: dict[tuple[str, str], Global] = {}
        self.attributes: dict[tuple[str, str], Global] = {}
        self.nested: dict[int, Nested] = {}
        self.sources: dict[int, tuple[str, ...]] = {}
        """Of a state that its class runs parts of, by offset: their text, as far as it is known that these are all."""
        self.lookups: dict[int, tuple[Lookup, Made]] = {}
        """Objects that look up attributes or items once they are called, by the offset of the call that made them."""
        self.kept: frozenset[int] = frozenset()
        """Of these, the calls whose result an object has in its state."""
        self.others: dict[tuple[Kind, str], tuple[int, dict[str, Any]]] = {}
        self.sides: dict[Side, int] = {}
        """Files beside the pickle that joblib would open, with the offset at which the first opcode asks for each."""
        self.traced = 0
        self.fills: dict[tuple[str, str], tuple[Made, int]] = {}
        self.pending: list[Act] = []
        self.plain: dict[tuple[Kind, str, str, bool], int] = {}
        self.tracing = Tracing()
        self.rows: dict[tuple[object, ...], tuple[Act, Masks]] = {}

    def imported(self, value: Global) -> None:
        self.imports.setdefault((value.module, value.name), value)
        if len(self.imports) > self.limits.rows:
            raise LimitExceeded("rows", f"more than {self.limits.rows:,} imported names")

    def reached(self, value: Global) -> None:
        self.attributes.setdefault((value.module, value.name), value)
        if len(self.attributes) > self.limits.rows:
            raise LimitExceeded("rows", f"more than {self.limits.rows:,} attributes")

    def beside(self, side: Side, at: int) -> None:
        self.sides.setdefault(side, at)
        if len(self.sides) > self.limits.rows:
            raise LimitExceeded("rows", f"more than {self.limits.rows:,} files beside it")

    def note(self, kind: Kind, subject: str, at: int, **detail: Any) -> None:
        """A fact that needs no names: an anomaly, a persistent id, an extension code. The first of a subject counts."""
        self.others.setdefault((kind, subject), (at, detail))
        if len(self.others) > self.limits.rows:
            raise LimitExceeded("rows", f"more than {self.limits.rows:,} facts")

    def filled(self, opcode: str, target: Made, at: int) -> None:
        """Items are put into an instance or a result, by the method its class has for that."""
        if target.root is not None:
            self.fills.setdefault((opcode, target.root.spelled), (target, at))

    def act(self, kind: Kind, opcode: str, callee: Any, args: Any, at: int) -> None:
        root = name_of(callee)
        if root is not None and _plain(args):
            looks = at in self.lookups
            key = (kind, opcode, root.spelled, looks)
            count = self.plain.get(key, 0)
            self.plain[key] = count + 1
            if count >= ALIKE and not looks:
                return
        self.pending.append((kind, opcode, callee, args, at))
        if len(self.pending) > PENDING:
            raise LimitExceeded("calls", f"more than {PENDING:,} calls with arguments of their own")

    def _rows(self) -> None:
        """Acts that say the same become one row."""
        if self.lookups:
            states = [act[3] for act in self.pending if act[0] is Kind.STATE]
            found = reachable(states)
            self.kept = frozenset(at for at, (_, made) in self.lookups.items() if id(made) in found)
        for act in self.pending:
            kind, opcode, callee, args, _ = act
            root = name_of(callee)
            text = self._text(callee, args) if kind is Kind.CALL else ""
            masks = self.tracing.of(args)
            at = act[-1]
            looks = self.lookups.get(at, (None,))[0]
            ran = self.sources.get(at), at in self.nested, looks, at in self.kept
            key = (kind, opcode, root.spelled if root else "", type(callee) is Made, text, masks, ran)
            if key not in self.rows:
                self.rows[key] = (act, masks)
                if len(self.rows) > self.limits.rows:
                    raise LimitExceeded("rows", f"more than {self.limits.rows:,} different calls")
        self.pending.clear()

    def _text(self, callee: Any, args: Any) -> str:
        """What tells calls apart that hold the same names: their constants, or the code that they make."""
        if _plain(args):
            return describe.call(self.data, self.end, callee, args)
        made = code.of(self.data, self.end, callee, args)
        return repr((made.names, made.constants, made.bytecode)) if made is not None else ""

    def evidence(self) -> Iterator[Evidence]:
        """Every fact, imports first, each kind in the order of the stream."""
        for table, kind in ((self.imports, Kind.IMPORT), (self.attributes, Kind.ATTRIBUTE)):
            for value in table.values():
                detail = {"module": value.module, "name": value.name, "opcode": value.origin}
                yield self._fact(kind, value.dotted, value.at, detail)
        self._rows()
        for act, masks in self.rows.values():
            yield self._evidence(act, masks)
        for (opcode, spelled), (target, at) in self.fills.items():
            detail = {"opcode": opcode, "callee": spelled}
            yield self._fact(Kind.FILL, target.root.dotted if target.root else "", at, detail)
        for (other, subject), (at, detail) in self.others.items():
            yield self._fact(other, subject, at, detail)

    def _evidence(self, act: Act, masks: Masks) -> Evidence:
        kind, opcode, callee, args, at = act
        root = name_of(callee)
        detail: dict[str, Any] = {
            "expression": describe.call(self.data, self.end, callee, args),
            "opcode": opcode,
            "callee": root.spelled if root else "",
            "arguments": self.tracing.spelled(masks[0]),
            "carried": self.tracing.spelled(masks[1]),
            "handed": self.tracing.spelled(self._handed(args)),
            "indirect": isinstance(callee, Made),
        }
        made = code.of(self.data, self.end, callee, args) if kind is Kind.CALL else None
        if made is not None:
            detail |= code.facts(made)
        if at in self.nested:
            detail["nested"] = True
        if at in self.lookups:
            lookup, _ = self.lookups[at]
            detail |= {"looks": list(lookup.names), "kept": at in self.kept or not lookup.worded}
        if at in self.sources:
            detail["sources"] = list(self.sources[at])
        if self.traced < TRACED:
            self.traced += 1
            start = root.at if root and root.at <= at else at
            detail["opcodes"] = trace.opcodes(self.data, start, at, self.end, self.base)
            detail |= {"tree": lines} if (lines := trace.tree(callee, args)) else {}
        subject = root.dotted if root else describe.expression(self.data, self.end, callee)
        return self._fact(kind, subject, at, detail)

    def _handed(self, args: Any) -> int:
        """What the objects carry that are themselves arguments, so that the callee may fetch it by attribute."""
        parts = args.parts() if isinstance(args, Group) else (args,)
        mask = 0
        for part in parts:
            mask |= self.tracing.of(part)[1] if isinstance(part, Made) else 0
        return mask

    def _fact(self, kind: Kind, subject: str, at: int, detail: dict[str, Any]) -> Evidence:
        if self.doubt is not None and at >= self.doubt:
            detail["doubtful"] = True
        return Evidence(kind, subject, Where(self.name, at - self.base), detail)


def _plain(args: Any) -> bool:
    """Constants only: an empty container or a tuple of leaves."""
    if type(args) is int:
        return True
    if not isinstance(args, Group) or args.kind != "tuple" or args.rest:
        return False
    return all(type(item) is int for item in args.head)
