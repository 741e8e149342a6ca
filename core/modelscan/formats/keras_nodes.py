"""The tree of a Keras configuration, node by node. The names of keys are those that Keras 2 and 3 write."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from modelscan.errors import FormatError
from modelscan.evidence import Kind
from modelscan.records import dataclass, field
from modelscan.source import bytecode, marshal

Place = tuple[Any, ...]
"""A place in the tree as ((…), key): one pair a level, made without copying."""

SHORTEST = 24
"""Characters of a text in which something may be packed."""
LONGEST_CODE = 4 << 20
LONGEST_NAME = 400

_FUNCTIONS = ("function", "output_shape", "mask")
"""Keys of a Lambda layer that hold a function: packed code, or a name."""
_PATHS = ("vocabulary", "merges", "idf_weights")
"""Where layers take a list, or the path of a file with it. Classes that always take a path are told by their names."""
_NAMES = ("name", "layer_name")
_SYMBOLS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty")
_OPERATION = re.compile(r'"op"\s*:\s*"(\w{1,200})"|\bop\s*:\s*"(\w{1,200})"')
_PACKED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"\x89HDF", b"\x93NUMPY", b"\x1f\x8b")
_BASE64 = ("UEsD", "gAJ", "gAN", "gAS", "gAW", "iUhE", "k05V", "H4sI")
"""How those look in base64."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of evidence that does not know its artifact."""

    kind: Kind
    subject: str
    place: Place
    detail: Mapping[str, Any] = field(default_factory=dict)

    def key(self) -> object:
        """Alike objects are one row."""
        return self.kind, self.subject, str(self.detail.get("expression")), str(self.detail.get("registered"))


@dataclass(frozen=True, slots=True)
class Inner:
    """A text that is a configuration of its own."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes in base64 that are a model of their own."""

    data: bytes
    place: Place


Item = Fact | Inner | Packed


def path_of(place: Place) -> str:
    """As people write it: config.layers[3].config."""
    parts: list[str] = []
    while place:
        place, key = place
        parts.append(f"[{key}]" if isinstance(key, int) else f".{key[:60]}")
    return "".join(reversed(parts)).lstrip(".")


def walk(tree: Any) -> Iterator[Item]:
    """Everything in the tree that says what a loader will do."""
    waiting: list[tuple[Any, Place]] = [(tree, ())]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, dict):
            yield from _node(value, place)
            waiting.extend((inner, (place, key)) for key, inner in value.items() if _matters(inner))
        elif isinstance(value, list):
            waiting.extend((inner, (place, number)) for number, inner in enumerate(value) if _matters(inner))
        else:
            yield from _text(value, place)


def _matters(value: Any) -> bool:
    return isinstance(value, dict | list) or (isinstance(value, str) and len(value) >= SHORTEST)


def _node(node: dict[str, Any], place: Place) -> Iterator[Fact]:
    """One mapping; only one with a class makes an object, any may name a file."""
    yield from _files(node, place)
    name = node.get("class_name")
    if not isinstance(name, str):
        return
    registered, module, config = node.get("registered_name"), node.get("module"), node.get("config")
    module = module if isinstance(module, str) else ""
    written = registered if isinstance(registered, str) else ""
    if name == "function":
        yield from _components((config, written), module, written, place, function=True)
        return
    if name in ("TypeSpec", "__typespec__"):
        yield from _components((node.get("spec_name") or node.get("type_spec"),), module, written, place)
        return
    if name == "__lambda__":
        yield from _code(config.get("code", config.get("value")) if isinstance(config, dict) else config, place)
        return
    yield from _components((name, written), module, written or name, place)
    bare = _bare(name)
    if isinstance(config, dict):
        if "lambda" in bare.lower() or "function_type" in config:
            yield from _lambda(config, (place, "config"))
        if bare in _SYMBOLS:
            yield from _symbol(config, (place, "config"))
        if "node_def" in config:
            yield from _operations(config["node_def"], (place, "config"))


def _components(
    names: tuple[Any, ...], module: str, registered: str, place: Place, function: bool = False
) -> Iterator[Fact]:
    """An object may be found by its class and by its registered name; both are stated."""
    for name in dict.fromkeys(_bare(one) for one in names if isinstance(one, str) and one):
        yield component(module, name, place, registered=registered, function=function)


def component(module: str, name: str, place: Place, *, registered: str = "", function: bool = False) -> Fact:
    """`registered`: the name it was registered under, "package>name". `function`: it is called, not made."""
    module, name, registered = module[:LONGEST_NAME], name[:LONGEST_NAME], registered[:LONGEST_NAME]
    subject = f"{module}.{name}" if module else name
    detail = {"module": module, "name": name, "registered": registered, "function": function}
    return Fact(Kind.COMPONENT, subject, place, detail)


def _bare(name: str) -> str:
    """Without the package it is registered under."""
    return name.rpartition(">")[2]


def _lambda(config: dict[str, Any], place: Place) -> Iterator[Fact]:
    """A Lambda layer's functions: Keras 2 writes code as [base64, defaults, closure], or a name and its module."""
    for key in _FUNCTIONS:
        value, where = config.get(key), (place, key)
        if isinstance(value, list) and value and isinstance(value[0], str) and key == "function":
            yield from _code(value[0], where)
        elif isinstance(value, str):
            kind = config.get(f"{key}_type")
            module = config.get("module" if key == "function" else f"{key}_module")
            if kind in ("lambda", "raw"):
                yield from _code(value, where)
            elif key == "function" or kind == "function":
                yield component(module if isinstance(module, str) else "", _bare(value), where, function=True)


def _symbol(config: dict[str, Any], place: Place) -> Iterator[Fact]:
    """A layer that Keras 2 made of a call of TensorFlow: it looks the function up by its public name."""
    owner = next((config[key] for key in ("function", "cls_symbol", "cls_ref") if isinstance(config.get(key), str)), "")
    method = next((config[key] for key in ("method_name", "attr_name") if isinstance(config.get(key), str)), "")
    yield component("tensorflow", ".".join(part for part in (owner, method) if part) or "?", place, function=True)


def _operations(node_def: Any, place: Place) -> Iterator[Fact]:
    """The graph node inside a TensorFlowOpLayer of TensorFlow 1."""
    if isinstance(node_def, dict):
        names = [node_def.get("op")]
    else:
        names = [one or two for one, two in _OPERATION.findall(str(node_def)[:1_000_000])] or [None]
    for name in names:
        yield Fact(Kind.OPERATOR, name if isinstance(name, str) else "?", (place, "node_def"), {"expression": name})


def _files(node: dict[str, Any], place: Place) -> Iterator[Fact]:
    for key in _PATHS:
        value = node.get(key)
        if isinstance(value, str) and value:
            detail = {"expression": f"{key} = {value[:200]!r}", "by": "keras-file"}
            yield Fact(Kind.REFERENCE, value[:LONGEST_NAME], (place, key), detail)
    for key in _NAMES:
        value = node.get(key)
        if isinstance(value, str) and _leaves(value):
            detail = {"expression": f"{key} = {value[:200]!r}"}
            yield Fact(Kind.ANOMALY, "keras-path", (place, key), detail)


def _leaves(name: str) -> bool:
    """Keras makes a path of a layer's name when it saves and loads assets (CVE-2026-12479)."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or (name.startswith(("/", "\\")) and len(parts) > 2)


def _code(value: Any, place: Place) -> Iterator[Fact]:
    """What should be code is stated even when it cannot be taken apart."""
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        return
    reason = "no code that this reader knows"
    for data in _decoded(value):
        try:
            yield code(marshal.read(data), place)
        except FormatError as error:
            reason = error.reason
        else:
            return
    detail = {"expression": f"<code of {len(value):,} characters that could not be taken apart: {reason}>"}
    yield Fact(Kind.CODE, "python code", place, detail)


def code(found: marshal.Code, place: Place) -> Fact:
    """Code that a loader would make a function of."""
    names = bytecode.names(found)
    detail = {
        "expression": bytecode.summary(found),
        "python": found.layout,
        "file": found.filename[:200],
        "names": names,
        "constants": bytecode.constants(found),
        "disassembly": bytecode.disassembly(found),
    }
    used = ", ".join(names[:4])
    return Fact(Kind.CODE, f"python code using {used}" if used else "python code", place, detail)


def _decoded(value: str) -> Iterator[bytes]:
    """As `func_load` does: base64 with anything between its letters, or the characters themselves."""
    if len(value) > LONGEST_CODE:
        return
    with suppress(UnicodeEncodeError, binascii.Error):
        yield base64.b64decode(value.encode("ascii"))
    yield value.encode("raw_unicode_escape")


def _text(value: Any, place: Place) -> Iterator[Item]:
    """A text may be code, a model or a configuration, under whatever key."""
    if not isinstance(value, str):
        return
    start = value[:64].lstrip()
    if start[:1] in ("{", "[") and ("class_name" in value or "\\u00" in value):
        yield Inner(value, place)
    elif start.startswith(_BASE64):
        try:
            data = base64.b64decode(value)
        except (ValueError, binascii.Error):
            return
        if data.startswith(_PACKED):
            yield Packed(data, place)
    elif start[:1] in ("4", "Y", "c", "ã"):
        for data in _decoded(value):
            if marshal.starts_like_code(data):
                try:
                    yield code(marshal.read(data), place)
                except FormatError:
                    continue
                return
