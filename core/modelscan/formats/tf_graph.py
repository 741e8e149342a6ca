"""Graphs of TensorFlow: which operators in them do more than compute, and with what.

A graph of 400,000 nodes is searched for the names of such operators first; only nodes with a hit are taken apart.
That finds them as well where a graph is hidden as bytes in an attribute or a constant. Tensors of numbers are passed
over. Messages and numbers of fields are those of tensorflow/core/framework/{graph,function,node_def,attr_value}.proto.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, chain, groupby, islice, pairwise

from modelscan.errors import FormatError
from modelscan.formats.tf_signs import is_graph
from modelscan.records import dataclass, field
from modelscan.source import wire
from modelscan.source.wire import Data, Span

SMALL = 4_096
"""Bytes of a node up to which it is searched together with its neighbours; larger ones hold tensors."""
DEPTH = 6
"""Graphs hidden in graphs."""
HOPS = 32
"""Nodes between an operator and the constant that it is given."""
SHOWN = 200
PACKED = 10_000
"""Texts of one tensor that are looked at."""

SAVING = frozenset({"MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2"})
"""What every exporter's saver does; an attack where it stands anywhere else."""

_ODD_PATH = re.compile(r"^[/\\~]|^\w:[/\\]|\.\.[/\\]|[/\\]\.\.|://")
_SCOPE = re.compile(r"(.*/)?save(_\d+)?/")
_STRING = 7
"""DT_STRING."""


@functools.lru_cache(4)
def _pattern(names: frozenset[str]) -> re.Pattern[bytes]:
    """A name behind the number of its field and its length, however long those are written."""
    spelled = _branches(sorted(name.encode() for name in names))
    usual = all(3 <= len(name) <= 40 and "A" <= name[0] <= "Z" for name in names)  # settings may add any
    length = b"[\\x00\\x03-\\x28](?=[A-Z])" if usual else b"[\\x00-\\x7f]"
    return re.compile(b"[\\x12\\x00\\x80-\\xff]" + length + b"(?:" + spelled + b")")


def _branches(names: list[bytes]) -> bytes:
    """Alternatives by their first letters: half the time of a plain list."""
    made: list[bytes] = []
    for letter, group in groupby(names, key=lambda name: name[:1]):
        rest = sorted({name[1:] for name in group})
        if rest[0]:
            made.append(re.escape(letter) + (re.escape(rest[0]) if len(rest) == 1 else b"(?:" + _branches(rest) + b")"))
        else:
            made.append(re.escape(letter))  # a name that others begin with says enough
    return b"|".join(made)


@dataclass(slots=True)
class Node:
    """One NodeDef; `attributes` are spans of AttrValues."""

    name: str
    op: str
    inputs: list[str]
    attributes: dict[str, Span]


@dataclass(frozen=True, slots=True)
class Found:
    """An operator that acts. `body` is the function it stands in, empty for the graph itself."""

    op: str
    body: str
    node: str
    expression: str
    hidden: bool = False


@dataclass(slots=True)
class Body:
    """A graph or a function: where its nodes are. `number` is the field that nodes have in it."""

    name: str
    span: Span
    number: int
    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    names: dict[bytes, int] | None = None
    """Where each node is, once somebody asked."""

    def spans(self) -> Iterator[Span]:
        return zip(self.starts, self.stops, strict=True)


@dataclass(frozen=True, slots=True)
class Saver:
    """What a MetaGraph says of its saver and its assets, as names of nodes and tensors."""

    roots: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()


class Graph:
    """A GraphDef at `span` in `data`. `acting`: the operators to look for."""

    def __init__(
        self, data: Data, span: Span, acting: frozenset[str], saver: Saver | None = None, depth: int = 0
    ) -> None:
        self.data, self.acting, self.saver, self.depth = data, acting, saver or Saver(), depth
        self.hit = _pattern(acting)
        self.bodies = [Body("", span, 1)]
        for function in wire.path(data, span, 2, 1):
            name = next((wire.last_text(data, one, 1) for one in wire.all_of(data, function, 1)), "?")
            self.bodies.append(Body(name, function, 3))

    def found(self) -> Iterator[Found]:
        """Operators that act, each body in turn, those of hidden graphs among them."""
        hits: list[tuple[Body, Node]] = []
        for body in self.bodies:
            for start, stop in self._suspects(body):
                node = self._node(start, stop)
                if node.op in self.acting:
                    hits.append((body, node))
                yield from self._hidden(body, node)
        saving = self._saving_functions() if any(node.op in SAVING for _, node in hits) else frozenset()
        for body, node in hits:
            inputs = _Inputs(self, body)
            if not self._is_ordinary(body, node, inputs, saving):
                yield Found(node.op, body.name, node.name, self._expression(node, inputs), self.depth > 0)

    def _suspects(self, body: Body) -> Iterator[Span]:
        """Nodes in whose bytes the name of an acting operator stands. Runs of small nodes are searched at once."""
        starts, stops = body.starts, body.stops = wire.places(self.data, body.span, body.number)
        run = 0
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            if stop - start > SMALL:
                yield from self._search(body, run, number)
                run = number + 1
                if self._is_suspect(start, stop):
                    yield start, stop
        yield from self._search(body, run, len(starts))

    def _search(self, body: Body, first: int, after: int) -> Iterator[Span]:
        """The same for neighbours, from one number to another."""
        if first == after:
            return
        last = -1
        for match in self.hit.finditer(self.data, body.starts[first], body.stops[after - 1]):
            number = bisect_right(body.starts, match.start()) - 1
            if number != last and match.start() < body.stops[number]:
                last = number
                yield body.starts[number], body.stops[number]

    def _is_suspect(self, start: int, stop: int) -> bool:
        """A large node: its operator, and what it keeps that is not numbers."""
        return any(self.hit.search(self.data, at, end) is not None for at, end in self._texts(start, stop))

    def _texts(self, start: int, stop: int) -> Iterator[Span]:
        """What stands in a node, without the values of tensors of numbers."""
        for number, at, end in wire.fields(self.data, start, stop):
            if number != 5:
                yield max(start, at - 2), end
                continue
            for key, one, other in wire.fields(self.data, at, end):
                if key == 2:
                    yield from self._values(one, other)

    def _values(self, start: int, stop: int) -> Iterator[Span]:
        for number, at, end in wire.fields(self.data, start, stop):
            if number != 8:
                yield max(start, at - 2), end
            elif self._is_text(at, end):
                yield at, end

    def _is_text(self, start: int, stop: int) -> bool:
        """A tensor of texts, by its type or because it has some."""
        if any(number == 8 for number, _, _ in wire.fields(self.data, start, stop)):
            return True
        return (1, _STRING) in set(wire.numbers(self.data, start, stop))

    def _packed(self, tensor: Span) -> Iterator[Span]:
        """The texts of a tensor in its `tensor_content`: all lengths, then all bytes."""
        count = 1
        for dimension in wire.path(self.data, tensor, 2, 2):
            count *= dict(wire.numbers(self.data, *dimension)).get(1, 0)
        for start, end in wire.all_of(self.data, tensor, 4):
            at, sizes = start, list[int]()
            while len(sizes) < min(count, PACKED) and at < end:
                size, at = wire.varint(self.data, at, end)
                sizes.append(size)
            stops = [min(stop, end) for stop in accumulate(sizes, initial=at)]
            yield from pairwise(stops)

    def _node(self, start: int, stop: int) -> Node:
        node = Node("", "", [], {})
        for number, at, end in wire.fields(self.data, start, stop):
            if number == 1:
                node.name = wire.text(self.data, (at, end))
            elif number == 2:
                node.op = wire.text(self.data, (at, end))
            elif number == 3:
                node.inputs.append(wire.text(self.data, (at, end)))
            elif number == 5:
                key = wire.last_text(self.data, (at, end), 1)
                for value in wire.all_of(self.data, (at, end), 2):
                    node.attributes[key] = value
        return node

    def _hidden(self, body: Body, node: Node) -> Iterator[Found]:
        """Operators of graphs that are kept as bytes in this node."""
        if self.depth >= DEPTH:
            return
        for start, stop in self._blobs(node):
            if self.hit.search(self.data, start, stop) is None:
                continue
            blob = bytes(self.data[start:stop])
            for graph in graphs_in(blob, self.acting, self.depth + 1):
                for found in graph.found():
                    yield Found(found.op, body.name, f"{node.name}/{found.node}", found.expression, hidden=True)

    def _blobs(self, node: Node) -> Iterator[Span]:
        """Byte strings in the node's attributes: single ones, in lists, and as values of tensors."""
        for span in node.attributes.values():
            for way in ((2,), (1, 2), (8, 8)):
                yield from wire.path(self.data, span, *way)
            for tensor in wire.all_of(self.data, span, 8):
                if self._is_text(*tensor):
                    yield from self._packed(tensor)

    def node_named(self, body: Body, name: str) -> Node | None:
        if body.names is None:
            firsts = (next(wire.all_of(self.data, span, 1), None) for span in body.spans())
            body.names = {self.data[one[0] : one[1]]: at for at, one in enumerate(firsts) if one is not None}
        at = body.names.get(name.encode())
        return None if at is None else self._node(body.starts[at], body.stops[at])

    def strings(self, node: Node) -> list[str]:
        """The texts of a constant."""
        if "value" not in node.attributes:
            return []
        value = node.attributes["value"]
        texts = (one for tensor in wire.all_of(self.data, value, 8) for one in self._packed(tensor))
        found = islice(chain(wire.path(self.data, value, 8, 8), texts), 8)
        return [wire.text(self.data, (start, min(stop, start + SHOWN))) for start, stop in found]

    def _expression(self, node: Node, inputs: _Inputs) -> str:
        shown = [_shown(value[:SHOWN]) for name in node.inputs for value in inputs.constants(name)[:1]]
        for key, span in node.attributes.items():
            for at, stop in wire.all_of(self.data, span, 2):
                if stop > at and not key.startswith("_"):
                    shown.append(f"{key}={_shown(wire.text(self.data, (at, min(stop, at + SHOWN))))}")
        return f"{node.op}({', '.join(shown[:8])})"

    def _attribute(self, node: Node, key: str) -> str:
        return wire.last_text(self.data, node.attributes[key], 2) if key in node.attributes else ""

    def _is_ordinary(self, body: Body, node: Node, inputs: _Inputs, saving: frozenset[str]) -> bool:
        """Is this what every exporter writes: the saver, a vocabulary among the assets, a print to the terminal?"""
        if node.op in SAVING:
            inside = body.name in saving if body.name else _SCOPE.match(node.name) is not None
            return inside and not any(_ODD_PATH.search(value) for value in self._paths(node, inputs))
        judge = _CARRIED.get(node.op)
        return judge is not None and judge(self, node, inputs)

    def _paths(self, node: Node, inputs: _Inputs) -> list[str]:
        """What the file names of a saving operator are made of."""
        count = 2 if node.op == "MergeV2Checkpoints" else 1
        return [value for name in node.inputs[:count] for value in inputs.constants(name)]

    def prints_to_terminal(self, node: Node, inputs: _Inputs) -> bool:
        return not self._attribute(node, "output_stream").startswith("file:")

    def uses_its_own_descriptors(self, node: Node, inputs: _Inputs) -> bool:
        return self._attribute(node, "descriptor_source").startswith(("local://", "bytes://")) or (
            not self._attribute(node, "descriptor_source")
        )

    def reads_an_asset(self, node: Node, inputs: _Inputs) -> bool:
        """A table from a file whose name comes from outside of the graph: the loader feeds it the path of an asset."""
        if not self.saver.assets or len(node.inputs) < 2:
            return False
        return node.inputs[1].partition(":")[0] in self.saver.assets or not inputs.constants(node.inputs[1])

    def _saving_functions(self) -> frozenset[str]:
        """Functions that only the saver's own nodes lead to."""
        if len(self.bodies) == 1:
            return frozenset()
        calls = {body.name: self._called(body.spans()) for body in self.bodies[1:]}
        main = self.bodies[0]
        roots = [node for name in self.saver.roots if (node := self.node_named(main, name)) is not None]
        waiting = [name for node in roots for name in self._functions_of(node)]
        mine: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in mine:
                mine.add(name)
                waiting += calls.get(name, ())
        rooted = {(main.names or {})[name.encode()] for name in self.saver.roots if name.encode() in (main.names or {})}
        others = self._called(span for at, span in enumerate(main.spans()) if at not in rooted)
        for body, names in calls.items():
            others |= names if body not in mine else set()
        return frozenset(mine - others)

    def _called(self, spans: Iterator[Span]) -> set[str]:
        """Functions that these nodes name in their attributes."""
        ways = ((5, 2, 10), (5, 2, 1, 9))
        return {
            wire.last_text(self.data, named, 1)
            for span in spans
            for way in ways
            for named in wire.path(self.data, span, *way)
        }

    def _functions_of(self, node: Node) -> set[str]:
        spans = [inner for span in node.attributes.values() for inner in wire.all_of(self.data, span, 10)]
        return {wire.last_text(self.data, span, 1) for span in spans}


def _shown(value: str) -> str:
    return repr(value) if value.isprintable() else "<bytes>"


class _Inputs:
    """Follows inputs back to constants, inside one body."""

    def __init__(self, graph: Graph, body: Body) -> None:
        self.graph, self.body = graph, body

    def constants(self, name: str) -> list[str]:
        """Every text that an input is made of."""
        found: list[str] = []
        waiting = [name]
        seen: set[str] = set()
        while waiting and len(seen) < HOPS:
            name = waiting.pop().lstrip("^").partition(":")[0]
            if name in seen:
                continue
            seen.add(name)
            node = self.graph.node_named(self.body, name)
            if node is None:
                continue
            if node.op == "Const":
                found += self.graph.strings(node)
            else:
                waiting += [one for one in node.inputs if not one.startswith("^")]
        return found


_CARRIED: dict[str, Callable[[Graph, Node, _Inputs], bool]] = {
    "PrintV2": Graph.prints_to_terminal,
    "DecodeProtoV2": Graph.uses_its_own_descriptors,
    "EncodeProto": Graph.uses_its_own_descriptors,
    "InitializeTableFromTextFile": Graph.reads_an_asset,
    "InitializeTableFromTextFileV2": Graph.reads_an_asset,
}
"""Operators that act or not by what they are given."""


def graphs_in(blob: bytes, acting: frozenset[str], depth: int) -> Iterator[Graph]:
    """The graph that these bytes are: a GraphDef, or the one in a MetaGraph or SavedModel."""
    whole = (0, len(blob))
    for way in ((), (2,), (2, 2)):
        try:
            for span in wire.path(blob, whole, *way):
                if is_graph(blob, span):
                    yield Graph(blob, span, acting, None, depth)
        except FormatError:
            continue
