"""Keras configurations: what a model is made of, as JSON; in a .keras archive, in HDF5 attributes, in a SavedModel.

Keras makes an object of every mapping with a "class_name", however deep it lies (keras/src/saving/serialization_lib.py,
Keras 3; keras/saving/legacy/serialization.py, Keras 2), so every one is stated, and so is every text in which code,
a pickle or another configuration is packed. Which JSON a loader takes for the model is its affair: all of it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats import keras_nodes
from modelscan.formats.keras_nodes import Place
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.report import Skip
from modelscan.source.artifact import Artifact

LARGEST = 32 << 20
"""Bytes of one configuration; JSON takes twenty times as much as objects."""
PACKED = 4
"""Configurations inside texts of configurations."""

_MARK = re.compile(rb'"class_name"|"registered_name"|\\u00')
"""Every object has one of these keys; JSON allows to write their letters as escapes."""
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0{", b"{\0", b"\0\0\0{")


def claims(artifact: Artifact, context: Context) -> bool:
    """JSON that makes objects. A byte order mark, UTF-16 and UTF-32 are JSON to Python as well."""
    head = artifact.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] not in (b"{", b"["):
        return head.startswith(_WIDE) or (not head and artifact.size > len(artifact.head) and _is_padded(artifact))
    return is_config(artifact.read(0, LARGEST))


def is_config(text: bytes) -> bool:
    """Does this JSON name objects?"""
    return _MARK.search(text) is not None


def _is_padded(artifact: Artifact) -> bool:
    """Blanks and then JSON: no writer does that, and it hides the beginning."""
    return artifact.read(0, LARGEST).lstrip()[:1] == b"{" if artifact.size <= LARGEST else False


def read(artifact: Artifact, context: Context) -> Facts:
    """The objects of a file that may be a configuration; other JSON is no model."""
    found = False
    for item in read_config(artifact, context):
        found = True
        yield item
    if not found:
        yield Skip(artifact.name, "JSON without Keras objects")


def read_config(artifact: Artifact, context: Context) -> Facts:
    """The objects of what a loader takes for a configuration."""
    if artifact.size > LARGEST:
        yield unreadable(artifact, FormatError("limit", f"a configuration of more than {LARGEST:,} bytes"))
        return
    yield from read_text(artifact, artifact.read(0, artifact.size), "")


def read_text(artifact: Artifact, text: bytes | str, path: str) -> Facts:
    """The objects of one JSON text in `artifact`; `path` is where in it the text stands."""
    waiting: list[tuple[bytes | str, str, int]] = [(text, path, 0)]
    seen: set[object] = set()
    while waiting:
        written, base, depth = waiting.pop()
        try:
            tree, doubled = _parse(written)
        except (ValueError, RecursionError, MemoryError) as error:
            if not depth:
                reason = f"JSON that cannot be read: {type(error).__name__}: {error}"
                yield Evidence(Kind.UNREADABLE, "keras-json", _where(artifact, base), {"reason": reason})
            continue
        if doubled is not None:
            detail = {"expression": f"the key {doubled!r} twice"}
            yield Evidence(Kind.ANOMALY, "keras-duplicate", _where(artifact, base), detail)
        for item in keras_nodes.walk(tree):
            where = _where(artifact, _joined(base, item.place))
            if isinstance(item, keras_nodes.Packed):
                yield artifact.child(f"{where.path}", item.data)
            elif isinstance(item, keras_nodes.Inner):
                if depth >= PACKED:
                    reason = f"configurations packed into each other more than {PACKED} times"
                    yield Evidence(Kind.UNREADABLE, "limit", where, {"reason": reason})
                else:
                    waiting.append((item.text, where.path or "", depth + 1))
            elif item.key() not in seen:
                seen.add(item.key())
                yield Evidence(item.kind, item.subject, where, item.detail)


def _where(artifact: Artifact, path: str) -> Where:
    return Where(artifact.name, None, path) if path else Where(artifact.name)


def _joined(base: str, place: Place) -> str:
    inner = keras_nodes.path_of(place)
    return f"{base}.{inner}" if base and inner else base or inner


def _parse(text: bytes | str) -> tuple[Any, str | None]:
    """The tree, with every value of a key that stands twice, and such a key."""
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            doubled.extend(_again(pairs, made))
        return made

    return json.loads(text, object_pairs_hook=collect), doubled[0] if doubled else None


def _again(pairs: list[tuple[str, Any]], made: dict[str, Any]) -> Iterator[str]:
    """Which of two values a loader takes depends on its reader; the earlier ones are kept under a key of their own."""
    for number, (key, value) in enumerate(pairs):
        if made.get(key) is not value:
            made[f"{key} ({number})"] = value
            yield key


READER = Reader(claims, read, lambda artifact: "Keras configuration")
