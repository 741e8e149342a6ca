"""What an artifact shows before its reader is brought: cheap tests that everything a reader claims passes.

A reader's module takes longer to import than most files take to be read, and sixteen of them are asked about each file.
`tests/formats/test_registry.py` holds every sign against what its reader claims.
"""

from __future__ import annotations

from modelscan.source.artifact import Artifact
from modelscan.source.hiding import Sign, magic

_RECORD = 22 + 65_536
"""How far from the end of a zip its end record may begin."""
_BLOCK = 512
_CHECKSUM = bytes(sorted(b"01234567 \t\r\n\v\f+-_oO"))
"""What may stand in the text of a tar header's checksum."""
_LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""LONG1 0x1950a86a20f9469cfc6c, STOP; a PROTO opcode stands before it (torch.serialization.MAGIC_NUMBER)."""
_ZLIB = bytes(range(0x08, 0x80, 0x10))
"""Its first byte ends in an 8, and the first two make a number that 31 divides (RFC 1950)."""
_PACKED = (b"\x1f\x8b", b"BZ", b"\xfd7", b"\x04\x22", b"\x28\xb5", b"ZF")
_LZMA = b"\x5d"
_SKIPPABLE = bytes(range(0x50, 0x60))
COMPRESSED = b"".join(start[:1] for start in _PACKED) + _LZMA + _SKIPPABLE + _ZLIB
"""What may stand first in compressed data (`source.codecs`)."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
"""As a message it would hold a field of number 0, which no parser takes."""
_INDEX = bytes.fromhex("57fb808b247547db")
"""The last bytes of an SSTable (tensorflow/core/lib/io/format.h)."""
_NATIVE = (b"Rar!\x1a\x07", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ")
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0{", b"{\0", b"\0\0\0{")
_CONFIGURATIONS = frozenset(
    ("tokenizer_config.json", "chat_template.json", "processor_config.json", "preprocessor_config.json", "config.json")
)
"""JSON files in which transformers looks for chat templates and for names of Python files."""
_BLANKS = b"\xef\xbb\xbf \t\r\n\v\f"
GRAPH_FIELDS = (
    b"saved_model_schema_version",
    b"meta_graphs",
    b"meta_info_def",
    b"graph_def",
    b"node",
    b"library",
    b"versions",
)
"""The fields of which one stands first in a graph that is written as text, behind blanks and comments."""


def packed() -> tuple[Sign, ...]:
    """How compressed data begins."""
    second = bytes({byte for first in _ZLIB for byte in range(-256 * first % 31, 256, 31)})
    return (*magic(*_PACKED)(), Sign(_LZMA, 0, _LZMA), Sign(_SKIPPABLE, 1, b"\x2a"), Sign(_ZLIB, 1, second))


def is_zip(artifact: Artifact) -> bool:
    if artifact.head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return True
    return not artifact.expected and b"PK\x05\x06" in artifact.read(max(0, artifact.size - _RECORD), _RECORD)


def is_tar(artifact: Artifact) -> bool:
    head = artifact.head
    if head[257:262] == b"ustar":
        return True
    if len(head) < _BLOCK:
        return False
    if head[148] in b"\x80\xff":
        return True
    text = head[148:156].partition(b"\0")[0].strip()
    return not text.strip(_CHECKSUM) and (bool(text) or not head[:_BLOCK].isascii())


def is_torch_legacy(artifact: Artifact) -> bool:
    return artifact.head[2 : 2 + len(_LEGACY)] == _LEGACY and artifact.head[0] == 0x80


def is_skops(artifact: Artifact) -> bool:
    return artifact.name.lower().endswith("!schema.json")


def is_notebook(artifact: Artifact) -> bool:
    return not artifact.expected and artifact.head.lstrip(_BLANKS)[:1] == b"{"


def is_hdf5(artifact: Artifact) -> bool:
    """libhdf5 looks for the signature at 0, 512, 1024 and every power of two behind."""
    if artifact.head[:8] == _HDF5:
        return True
    at, size = 0 if artifact.expected else _BLOCK, artifact.size
    while 0 < at < size:
        if artifact.read(at, 8) == _HDF5:
            return True
        at *= 2
    return False


def is_json(artifact: Artifact) -> bool:
    """A byte order mark, UTF-16 and UTF-32 are JSON to Python as well; blanks may fill the whole head."""
    head = artifact.head.lstrip(_BLANKS)
    return (not head and artifact.size > len(artifact.head)) or head[:1] in (b"{", b"[") or head.startswith(_WIDE)


def is_tensorflow(artifact: Artifact) -> bool:
    if artifact.name.endswith((".pb", ".pb\n")) or (
        artifact.size >= 48 and artifact.read(artifact.size - 8, 8) == _INDEX
    ):
        return True
    if artifact.expected or artifact.head.startswith(ZIP):
        return False
    from modelscan.formats.tf_signs import is_message

    return is_message(artifact)


def is_graph_text(artifact: Artifact) -> bool:
    return artifact.name.endswith(".pbtxt") or artifact.head.lstrip(_BLANKS).startswith((b"#", *GRAPH_FIELDS))


def is_tflite(artifact: Artifact) -> bool:
    return artifact.head[4:8] == b"TFL3"


def is_safetensors(artifact: Artifact) -> bool:
    return artifact.head[8:9] == b"{" and not artifact.expected


def is_gguf(artifact: Artifact) -> bool:
    return artifact.head.startswith(b"GGUF") and not artifact.expected


def is_unread(artifact: Artifact) -> bool:
    return artifact.head.startswith(_NATIVE) or artifact.head[4:6] == b"ET"


def is_template(artifact: Artifact) -> bool:
    """By name, since nothing else tells such a text: it is by name that a loader opens it as well."""
    return is_template_file(artifact) or (_last(artifact) in _CONFIGURATIONS and is_json(artifact))


def is_template_file(artifact: Artifact) -> bool:
    return _last(artifact).endswith((".jinja", ".jinja2", ".j2"))


def _last(artifact: Artifact) -> str:
    return artifact.name.replace("\\", "/").replace("!", "/").rpartition("/")[2].lower()
