"""Which messages are graphs of TensorFlow, apart from what reads them: it is asked about many files that are none."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.patterns import later
from modelscan.source import wire
from modelscan.source.artifact import Artifact
from modelscan.source.wire import Data, Span

_STARTS = frozenset((*range(0x08, 0x7B), *range(0x80, 0x100)))
"""A file of messages begins with the number of a field."""
_TELLING = (1, 2)
"""The fields by which `tensorflow.KNOWN` tells what a message is."""
_OP = later(rb"[A-Za-z_][\w>.]*")


def is_message(artifact: Artifact) -> bool:
    """Could these be fields, one of them with what every kind of file has in its first or second field?

    A glance at the head, so that no file is mapped for nothing.
    """
    head = artifact.head
    if not head or head[0] not in _STARTS:
        return False
    try:
        if any(number in _TELLING for number, _, _ in wire.fields(head, 0, len(head))):
            return True
    except wire.NoField:
        return False
    except FormatError:
        pass
    return artifact.size > len(head)


def is_graph(data: Data, span: Span) -> bool:
    """Are there nodes, or functions with nodes, among its first fields?"""
    for seen, (number, start, stop) in enumerate(wire.fields(data, *span)):
        if number == 1 and is_node(data, (start, stop)):
            return True
        if number == 2 and any(is_node(data, one) for one in _first(wire.path(data, (start, stop), 1, 3))):
            return True
        if seen > 64:
            return False
    return False


def is_node(data: Data, span: Span) -> bool:
    try:
        found = {number: (start, stop) for number, start, stop in wire.fields(data, *span)}
    except FormatError:
        return False
    if 2 not in found:
        return False
    start, stop = found[2]
    return stop - start < 200 and _OP.fullmatch(data[start:stop]) is not None


def _first(spans: Iterator[Span]) -> Iterator[Span]:
    for seen, span in enumerate(spans):
        if seen > 16:
            return
        yield span
