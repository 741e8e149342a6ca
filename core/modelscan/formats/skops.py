"""The description of a skops archive: JSON, each node of which names a class and the loader that makes an instance.

skops.io.load refuses types that are not in its own list or in `trusted=`; what it is told to trust it imports, and
some of its loaders call what they import (skops 0.9 to 0.16, skops/io/_general.py; CVE-2025-54412, 54413, 54886).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.report import Skip
from modelscan.source.artifact import Artifact

DEPTH = 400
"""Nodes inside nodes that are followed; an estimator has a dozen."""

_NAMING = frozenset({"FunctionNode", "TypeNode"})
_CALLING = frozenset(
    {"DictNode", "DefaultDictNode", "ListNode", "SetNode", "TupleNode", "OperatorFuncNode", "PartialNode", "ReduceNode"}
    | {"ConstructorFromReduceNode", "TreeNode", "LossNode", "QuantileForestNode"}
)
_MAKING = frozenset(
    {"ObjectNode", "JsonNode", "BytesNode", "BytearrayNode", "SliceNode", "NdArrayNode", "MaskedArrayNode"}
    | {"RandomStateNode", "RandomGeneratorNode", "DTypeNode", "SparseMatrixNode", "CachedNode"}
    | {"_DictWithDeprecatedKeysNode", "MethodNode"}
)


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.name.lower().endswith("!schema.json") and artifact.head.lstrip().startswith(b"{")


def read(artifact: Artifact, context: Context) -> Facts:
    """One row for each name, and one for each that is called or made."""
    if artifact.size > context.limits.metadata:
        yield unreadable(artifact, FormatError("limit", "a description larger than the limit (limit 'metadata')"))
        return
    try:
        tree = json.loads(artifact.read(0, artifact.size))
    except (ValueError, RecursionError):
        yield unreadable(artifact, FormatError("archive-data", "the description of the archive cannot be followed"))
        return
    seen: set[tuple[str, str]] = set()
    for path, node in _nodes(tree, "", 0):
        if node is None:
            yield unreadable(artifact, FormatError("archive-data", "the description is nested too deeply"))
            continue
        for fact in _facts(artifact, path, node):
            key = fact.kind, f"{fact.subject} {fact.detail.get('arguments')}"
            if key not in seen:
                seen.add(key)
                yield fact
        if len(seen) > context.limits.rows:
            raise LimitExceeded("rows", "more distinct facts than the limit")
    if not seen:
        yield Skip(artifact.name, "plain text, not a model")


def _nodes(value: Any, path: str, depth: int) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Every dictionary that names a class, with its place; None where it goes too deep."""
    if depth > DEPTH:
        yield path, None
        return
    if isinstance(value, dict):
        if isinstance(value.get("__class__"), str) and isinstance(value.get("__module__"), str):
            yield path, value
        for key, inner in value.items():
            yield from _nodes(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _nodes(inner, f"{path}[{number}]", depth + 1)


def _facts(artifact: Artifact, path: str, node: dict[str, Any]) -> Iterator[Evidence]:
    module, name, loader = node["__module__"], node["__class__"], str(node.get("__loader__"))
    where = Where(artifact.name, path=path[:200])
    yield _import(where, module, name)
    content = node.get("content")
    if loader == "MethodNode" and isinstance(content, dict):
        yield _import(where, module, f"{name}.{content.get('func')}")
    if loader in _NAMING:
        return
    detail = {
        "callee": f"{module}:{name}",
        "expression": f"{module}.{name}(…)",
        "opcode": loader,
        "indirect": False,
        "arguments": sorted(_spelled(node)),
        "carried": [],
        "size": 2,
        "plain": [],
        "values": [],
        "handed": [],
        "among": [],
        "given": [],
        "arguments_seen": True,
        "called": False,
    }
    kind = Kind.CONSTRUCT if loader in _MAKING else Kind.CALL
    yield Evidence(kind, f"{module}.{name}", where, detail)


def _import(where: Where, module: str, name: str) -> Evidence:
    return Evidence(Kind.IMPORT, f"{module}.{name}", where, {"module": module, "name": name, "opcode": "skops"})


def _spelled(node: dict[str, Any]) -> set[str]:
    """The functions and types among what a node holds itself, not what is deeper in its objects."""
    inner = (item for value in node.values() for item in (value.values() if isinstance(value, dict) else [value]))
    held = (item for item in inner if isinstance(item, dict) and item.get("__loader__") in _NAMING)
    return {f"{item.get('__module__')}:{item.get('__class__')}" for item in held}


READER = Reader(claims, read, lambda artifact: "skops")
