"""Model formats that are recognised and not read: an honest INCONCLUSIVE instead of a silent skip."""

from __future__ import annotations

import re
from collections.abc import Callable

from modelscan.errors import FormatError
from modelscan.formats.reader import Context, Facts, Reader, anomaly, unreadable
from modelscan.records import dataclass
from modelscan.source.artifact import Artifact


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    claims: Callable[[bytes], bool]
    native: bool = False
    """Machine code: inside a torch archive it is there to be run."""


def _starts(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _windows_program(head: bytes) -> bool:
    """Two letters alone would be any tensor; behind the DOS header stands where the real one is."""
    at = int.from_bytes(head[60:64], "little")
    return head.startswith(b"MZ") and head[at : at + 4] == b"PE\0\0"


KNOWN: tuple[_Known, ...] = (
    _Known("RAR archive", _starts(b"Rar!\x1a\x07")),
    _Known("ExecuTorch program", lambda head: re.match(rb"ET\d\d", head[4:8]) is not None),
    _Known("executable code", _starts(b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"), native=True),
    _Known("executable code", _windows_program, native=True),
)


_EXTRA = "/assets.extra/"
"""The folder of a SavedModel for what TensorFlow Serving is to load besides: libraries of operators."""


def _known(artifact: Artifact) -> _Known | None:
    return next((known for known in KNOWN if known.claims(artifact.head)), None)


def claims(artifact: Artifact, context: Context) -> bool:
    return _known(artifact) is not None


def read(artifact: Artifact, context: Context) -> Facts:
    known = _known(artifact)
    if known is None:
        return
    if known.native and (artifact.loader or _EXTRA in artifact.name.replace("\\", "/")):
        yield anomaly(artifact, "native-code", 0, artifact.name.rpartition("!")[2])
    else:
        yield unreadable(artifact, FormatError("format-unread", f"{known.name}: this format is not read yet"))


def _format(artifact: Artifact) -> str:
    known = _known(artifact)
    return known.name if known else "unknown"


def _begins(head: bytes, size: int) -> bool:
    """Of a Windows program two letters; where its second header is stands behind what is looked at of a tensor."""
    return head.startswith(b"MZ") or any(known.claims(head) for known in KNOWN)


READER = Reader(claims, read, _format, _begins)
