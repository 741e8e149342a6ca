"""Graphs as text (`saved_model.pbtxt`, graph.pbtxt), which TensorFlow loads as well.

The protobuf library reads the text, into messages that are made here of a few fields in a pool of their own: the ones
of an imported TensorFlow are neither needed nor touched, and any protobuf from 4.25 on will do.
"""

from __future__ import annotations

import functools
from typing import Any

from modelscan.errors import FormatError
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.formats.signs import GRAPH_FIELDS
from modelscan.patterns import later
from modelscan.source.artifact import Artifact

LARGEST = 16 << 20
"""Bytes of one text."""

_START = later(rb"(\s|#[^\n]*\n)*(" + b"|".join(GRAPH_FIELDS) + rb")(\s|#[^\n]*\n)*[:{<]")
_NAMED = later(r"(^|[/\\!])saved_model\.pbtxt$")

_BYTES, _MESSAGE, _NUMBER = 12, 11, 3
_OPTIONAL, _REPEATED = 1, 3
"""FieldDescriptorProto.Type of bytes, message and int64; .Label."""

_MESSAGES: dict[str, dict[str, tuple[int, object, bool]]] = {
    # name: number, type or message, repeated
    "SavedModel": {"saved_model_schema_version": (1, _NUMBER, False), "meta_graphs": (2, "MetaGraphDef", True)},
    "MetaGraphDef": {
        "graph_def": (2, "GraphDef", False),
        "saver_def": (3, "SaverDef", False),
        "asset_file_def": (6, "AssetFileDef", True),
        "object_graph_def": (7, "SavedObjectGraph", False),
    },
    "GraphDef": {"node": (1, "NodeDef", True), "library": (2, "FunctionDefLibrary", False)},
    "FunctionDefLibrary": {"function": (1, "FunctionDef", True)},
    "FunctionDef": {"signature": (1, "OpDef", False), "node_def": (3, "NodeDef", True)},
    "OpDef": {"name": (1, _BYTES, False)},
    "NodeDef": {
        "name": (1, _BYTES, False),
        "op": (2, _BYTES, False),
        "input": (3, _BYTES, True),
        "attr": (5, "AttrEntry", True),
    },
    "AttrEntry": {"key": (1, _BYTES, False), "value": (2, "AttrValue", False)},
    "AttrValue": {
        "list": (1, "ListValue", False),
        "s": (2, _BYTES, False),
        "tensor": (8, "TensorProto", False),
        "func": (10, "NameAttrList", False),
    },
    "ListValue": {"s": (2, _BYTES, True), "func": (9, "NameAttrList", True)},
    "NameAttrList": {"name": (1, _BYTES, False)},
    "TensorProto": {"tensor_content": (4, _BYTES, False), "string_val": (8, _BYTES, True)},
    "SaverDef": {
        "filename_tensor_name": (1, _BYTES, False),
        "save_tensor_name": (2, _BYTES, False),
        "restore_op_name": (3, _BYTES, False),
    },
    "AssetFileDef": {"tensor_info": (1, "TensorInfo", False), "filename": (2, _BYTES, False)},
    "TensorInfo": {"name": (1, _BYTES, False)},
    "SavedObjectGraph": {"nodes": (1, "SavedObject", True)},
    "SavedObject": {"user_object": (4, "SavedUserObject", False)},
    "SavedUserObject": {"identifier": (1, _BYTES, False), "metadata": (3, _BYTES, False)},
}
_ROOTS = ("SavedModel", "MetaGraphDef", "GraphDef")


def claims(artifact: Artifact, context: Context) -> bool:
    if artifact.name.endswith(".pbtxt") and _NAMED.search(artifact.name) is not None:
        return True
    return _START.match(artifact.head) is not None


def read(artifact: Artifact, context: Context) -> Facts:
    """The same graph as a message, which its own reader reads."""
    if artifact.size > LARGEST:
        yield unreadable(artifact, FormatError("limit", f"a graph as text of more than {LARGEST:,} bytes"))
        return
    text = artifact.read(0, artifact.size).decode("utf-8", "replace")
    reason = ""
    for root in _ROOTS:
        try:
            data = _binary(root, text)
        except Exception as error:  # whatever the library makes of a hostile text
            reason = reason or f"{type(error).__name__}: {error}"
            continue
        if data:
            yield artifact.child("message", data)
            return
    yield unreadable(artifact, FormatError("protobuf-data", reason[:300] or "a graph as text that holds nothing"))


def _binary(root: str, text: str) -> bytes:
    from google.protobuf import text_format

    message = _classes()[root]()
    text_format.Parse(text, message, allow_unknown_field=True)
    return bytes(message.SerializeToString())


@functools.cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="modelscan_graph.proto", package="modelscan_graph", syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, repeated) in fields.items():
            made: Any = message.field.add(name=field, number=number)
            made.label = _REPEATED if repeated else _OPTIONAL
            made.type = _MESSAGE if isinstance(kind, str) else kind
            if isinstance(kind, str):
                made.type_name = f".modelscan_graph.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"modelscan_graph.{name}"))
        for name in _MESSAGES
    }


READER = Reader(claims, read, lambda artifact: "TensorFlow graph as text")
