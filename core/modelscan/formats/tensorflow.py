"""TensorFlow's own files: saved_model.pb, keras_metadata.pb, MetaGraphs, frozen graphs, checkpoint indexes.

Read as protocol-buffer bytes, without TensorFlow and without the protobuf library. Numbers of fields are those of
saved_model.proto, meta_graph.proto, saver.proto and saved_object_graph.proto in tensorflow/core/protobuf, and of
keras/protobuf/saved_metadata.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import Context, Facts, Reader, leaves_the_archive, unreadable
from modelscan.formats.signs import ZIP
from modelscan.formats.tf_signs import is_graph, is_message
from modelscan.records import dataclass
from modelscan.source import wire
from modelscan.source.artifact import Artifact
from modelscan.source.wire import Data, Span

if TYPE_CHECKING:
    from modelscan.formats.tf_graph import Saver

LOOK = 1 << 16
"""Bytes in which a file has to show what it is, unless a single field is longer."""
SEEN = 4_096
"""Fields that are looked at for it."""

_INDEX = bytes.fromhex("57fb808b247547db")
"""The last bytes of an SSTable (tensorflow/core/lib/io/format.h)."""
_NAMED = re.compile(r"(^|[/\\!])(saved_model|keras_metadata)\.pb$")


@dataclass(frozen=True, slots=True)
class _Known:
    """A kind of file: its name, and how it is recognised and read. `looks` gets the whole message."""

    name: str
    looks: Callable[[Data, Span], bool]
    read: Callable[[Artifact, Data, Span, Context], Facts]


def claims(artifact: Artifact, context: Context) -> bool:
    if _is_index(artifact) or _NAMED.search(artifact.name):
        return True
    return not artifact.expected and not artifact.head.startswith(ZIP) and _known(artifact) is not None


def _is_index(artifact: Artifact) -> bool:
    return artifact.size >= 48 and artifact.read(artifact.size - 8, 8) == _INDEX


def _known(artifact: Artifact) -> _Known | None:
    """What the message is, by the fields it begins with."""
    if not is_message(artifact):
        return None
    data, start, end = artifact.view()
    for known in KNOWN:
        try:
            if known.looks(data, (start, end)):
                return known
        except FormatError:
            continue
    return None


def _is_meta_graph(data: Data, span: Span) -> bool:
    return any(is_graph(data, one) for one in _some(data, span, 2))


def _is_saved_model(data: Data, span: Span) -> bool:
    return any(_is_meta_graph(data, one) for one in _some(data, span, 2))


def _is_metadata(data: Data, span: Span) -> bool:
    """Layers of Keras 2, each with its configuration as JSON."""
    for node in _some(data, span, 1):
        for start, _ in wire.all_of(data, node, 5):
            if data[start : start + 1] == b"{":
                return True
    return False


def _some(data: Data, span: Span, number: int) -> Iterator[Span]:
    """Fields of this number among the first ones."""
    for seen, (found, start, stop) in enumerate(wire.fields(data, *span)):
        if seen > SEEN:
            return
        if found == number:
            yield start, stop


def read(artifact: Artifact, context: Context) -> Facts:
    """Operators that act, objects of Keras, and assets that lie elsewhere."""
    if _is_index(artifact):
        return
    known = _known(artifact)
    if known is None:
        yield unreadable(artifact, FormatError("protobuf-data", "not the message that its name promises"))
        return
    data, start, end = artifact.view()
    try:
        yield from known.read(artifact, data, (start, end), context)
    except FormatError as error:
        yield unreadable(artifact, error.shifted(-start))


def _read_saved_model(artifact: Artifact, data: Data, span: Span, context: Context) -> Facts:
    for meta in wire.all_of(data, span, 2):
        yield from _read_meta_graph(artifact, data, meta, context)


def _read_meta_graph(artifact: Artifact, data: Data, span: Span, context: Context) -> Facts:
    from modelscan.formats.tf_graph import Saver

    parts: dict[int, list[Span]] = {}
    for number, start, stop in wire.fields(data, *span):
        parts.setdefault(number, []).append((start, stop))
    assets = parts.get(6, [])
    for asset in assets:
        yield from _asset(artifact, wire.last_text(data, asset, 2))
    saver = Saver(_roots(data, parts.get(3, [])), frozenset(_tensors(data, assets)))
    for graph in parts.get(2, []):
        yield from read_graph(artifact, data, graph, context, saver)
    for objects in parts.get(7, []):
        for text in wire.path(data, objects, 1, 4, 3):
            yield from _metadata(artifact, data, text)


def _roots(data: Data, savers: list[Span]) -> frozenset[str]:
    """The nodes that save and restore (SaverDef.save_tensor_name, restore_op_name)."""
    names = (wire.last_text(data, one, number) for one in savers for number in (2, 3))
    return frozenset(name.partition(":")[0] for name in names if name)


def _tensors(data: Data, assets: list[Span]) -> Iterator[str]:
    for asset in assets:
        for info in wire.all_of(data, asset, 1):
            yield wire.last_text(data, info, 1).partition(":")[0]


def _asset(artifact: Artifact, name: str) -> Iterator[Evidence]:
    if leaves_the_archive(name) or "://" in name:
        detail = {"by": "tf-asset", "expression": f"asset {name[:200]!r}"}
        yield Evidence(Kind.REFERENCE, name[:400], Where(artifact.name, None, "asset_file_def"), detail)


def read_graph(artifact: Artifact, data: Data, span: Span, context: Context, saver: Saver | None = None) -> Facts:
    """Operators of a GraphDef that act, alike ones once."""
    from modelscan.formats.tf_graph import Graph

    operators = context.operators()
    if not operators:
        return
    seen: set[tuple[str, str, str, bool]] = set()
    for found in Graph(data, span, operators, saver).found():
        key = (found.op, found.body, found.expression, found.hidden)
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > context.limits.rows:
            raise FormatError("limit", f"more than {context.limits.rows:,} different operators (limit 'rows')")
        path = f"{found.body}/{found.node}" if found.body else found.node
        detail = {"expression": found.expression, "function": found.body, "hidden": found.hidden}
        yield Evidence(Kind.OPERATOR, found.op, Where(artifact.name, None, path[:400]), detail)


def _read_metadata(artifact: Artifact, data: Data, span: Span, context: Context) -> Facts:
    for number, node in enumerate(wire.all_of(data, span, 1)):
        for text in wire.all_of(data, node, 5):
            yield from _metadata(artifact, data, text, f"nodes[{number}]")


def _metadata(artifact: Artifact, data: Data, span: Span, path: str = "metadata") -> Facts:
    from modelscan.formats import keras

    text = bytes(data[span[0] : span[1]])
    if keras.is_config(text):
        yield from keras.read_text(artifact, text, path)


KNOWN: tuple[_Known, ...] = (
    _Known("TensorFlow SavedModel", _is_saved_model, _read_saved_model),
    _Known("TensorFlow MetaGraph", _is_meta_graph, _read_meta_graph),
    _Known("TensorFlow graph", is_graph, read_graph),
    _Known("Keras metadata", _is_metadata, _read_metadata),
)


def _format(artifact: Artifact) -> str:
    if _is_index(artifact):
        return "TensorFlow checkpoint"
    known = _known(artifact)
    return known.name if known is not None else "TensorFlow"


READER = Reader(claims, read, _format)
