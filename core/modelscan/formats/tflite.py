"""TensorFlow Lite models: the table of operators of a FlatBuffer (https://flatbuffers.dev/internals), nothing else.

A model has the operators of TensorFlow Lite, which compute, those of TensorFlow under "Flex" names, which may do
anything that TensorFlow does, and custom ones, which a library has to bring. Numbers of fields are those of
tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.source.artifact import Artifact

MAGIC = b"TFL3"
FLEX = "Flex"
OPERATORS = 100_000
LONGEST = 400

_OPERATOR_CODES, _CUSTOM_CODE = 1, 1


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.head[4:8] == MAGIC


def read(artifact: Artifact, context: Context) -> Facts:
    try:
        for number, name in enumerate(_custom(artifact)):
            where = Where(artifact.name, None, f"operator_codes[{number}]")
            flex = name.startswith(FLEX)
            subject = name.removeprefix(FLEX) if flex else name
            if subject:
                yield Evidence(Kind.OPERATOR, subject, where, {"expression": name, "custom": not flex})
    except FormatError as error:
        yield unreadable(artifact, error)


def _custom(artifact: Artifact) -> Iterator[str]:
    """Names of the operators that are not built in."""
    root = _number(artifact, 0, 4)
    codes = _field(artifact, root, _OPERATOR_CODES)
    if codes is None:
        return
    vector = codes + _number(artifact, codes, 4)
    count = _number(artifact, vector, 4)
    if count > OPERATORS:
        raise FormatError("flatbuffer-data", f"{count:,} kinds of operators", vector)
    for number in range(count):
        at = vector + 4 + 4 * number
        name = _field(artifact, at + _number(artifact, at, 4), _CUSTOM_CODE)
        if name is not None:
            yield _text(artifact, name + _number(artifact, name, 4))


def _field(artifact: Artifact, table: int, number: int) -> int | None:
    """Where a field of a table stands, None where it is left out."""
    virtual = table - _number(artifact, table, 4, signed=True)
    at = 4 + 2 * number
    if at + 2 > _number(artifact, virtual, 2):
        return None
    offset = _number(artifact, virtual + at, 2)
    return table + offset if offset else None


def _text(artifact: Artifact, at: int) -> str:
    size = _number(artifact, at, 4)
    if size > LONGEST:
        raise FormatError("flatbuffer-data", "an operator with a name that is too long", at)
    return artifact.read(at + 4, size).decode("utf-8", "backslashreplace")


def _number(artifact: Artifact, at: int, width: int, signed: bool = False) -> int:
    data = artifact.read(at, width) if at >= 0 else b""
    if len(data) < width:
        raise FormatError("flatbuffer-data", "the file points outside of itself", max(0, at))
    return int.from_bytes(data, "little", signed=signed)


READER = Reader(claims, read, lambda artifact: "TensorFlow Lite")
