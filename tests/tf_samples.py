"""Messages of TensorFlow, put together field by field."""

from __future__ import annotations

import struct
from collections.abc import Iterable


def number(value: int, longer: int = 0) -> bytes:
    """A varint; `longer` adds bytes that say nothing."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(longer):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def part(field: int, data: bytes | str, longer: int = 0) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return number(field << 3 | 2, longer) + number(len(raw), longer) + raw


def node(name: str, op: str, inputs: Iterable[str] = (), longer: int = 0, **attributes: bytes) -> bytes:
    """A NodeDef; each attribute is an AttrValue."""
    rows = b"".join(part(5, part(1, key) + part(2, value)) for key, value in attributes.items())
    return part(1, name) + part(2, op, longer) + b"".join(part(3, one) for one in inputs) + rows


def text(value: bytes | str) -> bytes:
    """AttrValue of a byte string."""
    return part(2, value)


def call(name: str) -> bytes:
    """AttrValue of a function."""
    return part(10, part(1, name))


def constant(name: str, *values: bytes | str) -> bytes:
    return node(name, "Const", value=part(8, b"\x08\x07" + b"".join(part(8, value) for value in values)))


def packed_constant(name: str, *values: bytes | str) -> bytes:
    """The same with all texts in one piece."""
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    content = b"".join(number(len(value)) for value in raw) + b"".join(raw)
    shape = part(2, part(2, b"\x08" + number(len(raw))))
    return node(name, "Const", value=part(8, b"\x08\x07" + shape + part(4, content)))


def numbers(name: str, size: int) -> bytes:
    return node(name, "Const", value=part(8, b"\x08\x01" + part(4, bytes(size))))


def function(name: str, *nodes: bytes) -> bytes:
    return part(1, part(1, name)) + b"".join(part(3, one) for one in nodes)


def graph(*nodes: bytes, functions: Iterable[bytes] = ()) -> bytes:
    library = b"".join(part(1, one) for one in functions)
    return b"".join(part(1, one) for one in nodes) + (part(2, library) if library else b"")


def meta_graph(inner: bytes, *, saver: tuple[str, str] | None = None, assets: Iterable[tuple[str, str]] = ()) -> bytes:
    """`saver`: tensors that save and restore; `assets`: tensor and file name."""
    made = part(1, part(4, "serve")) + part(2, inner)
    if saver:
        made += part(3, part(1, "saver_filename:0") + part(2, saver[0]) + part(3, saver[1]))
    return made + b"".join(part(6, part(1, part(1, tensor)) + part(2, file)) for tensor, file in assets)


def saved_model(inner: bytes, **more) -> bytes:
    return b"\x08\x01" + part(2, meta_graph(inner, **more))


def keras_metadata(*configs: str) -> bytes:
    return b"".join(
        part(1, b"\x10\x01" + part(3, "root") + part(4, "_tf_keras_layer") + part(5, one)) for one in configs
    )


def flatbuffer(*custom: str) -> bytes:
    """A TensorFlow Lite model of nothing but custom operators."""
    body = bytearray(b"\0" * 4 + b"TFL3")

    def table(slots: list[bytes]) -> int:
        """Slots of four bytes each, placed behind their vtable."""
        virtual = len(body)
        body.extend(struct.pack("<HH", 4 + 2 * len(slots), 4 + 4 * len(slots)))
        body.extend(b"".join(struct.pack("<H", 4 + 4 * at) for at in range(len(slots))))
        body.extend(b"\0" * (-len(body) % 4))
        at = len(body)
        body.extend(struct.pack("<i", at - virtual) + b"".join(slots))
        return at

    root = table([struct.pack("<I", 3), b"\0" * 4])
    struct.pack_into("<I", body, 0, root)
    struct.pack_into("<I", body, root + 8, len(body) - (root + 8))
    vector = len(body)
    body.extend(struct.pack("<I", len(custom)) + b"\0" * 4 * len(custom))
    for index, name in enumerate(custom):
        at = table([struct.pack("<I", 32), b"\0" * 4])
        struct.pack_into("<I", body, vector + 4 + 4 * index, at - (vector + 4 + 4 * index))
        struct.pack_into("<I", body, at + 8, len(body) - (at + 8))
        body.extend(struct.pack("<I", len(name)) + name.encode() + b"\0" * (4 - len(name) % 4))
    return bytes(body)
