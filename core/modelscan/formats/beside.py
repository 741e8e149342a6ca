"""Files beside a pickle in which joblib before 0.10 put the arrays: `m.pkl_01.npy`, compressed `m.pkl_01.npy.z`.

Any joblib still opens them, with `numpy.load(..., allow_pickle=True)`, which takes a pickle as well (joblib 1.6,
numpy_pickle_compat.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import leaves_the_archive, unreadable
from modelscan.pickles.ledger import Ledger
from modelscan.source.artifact import Artifact


def read(artifact: Artifact, ledger: Ledger, base: int) -> Iterator[Artifact | Evidence]:
    """Every file that the pickle names, to be scanned; what names one outside of the folder is a fact instead."""
    for side, at in ledger.sides.items():
        name = side.name
        if name is None:
            yield _unread(artifact, "an array is in another file, whose name cannot be told", at - base)
        elif not name or "\0" in name or ":" in name or leaves_the_archive(name):
            detail = {"expression": f"array in {name[:200]!r}", "by": "side-file-outside"}
            yield Evidence(Kind.REFERENCE, name[:400], Where(artifact.name, at - base), detail)
        elif artifact.beside is None:
            yield _unread(artifact, f"an array is in the file {name[:200]!r} beside it, which was not given", at - base)
        else:
            yield _opened(os.path.join(artifact.beside, name), raw=side.raw)  # noqa: PTH118 - as joblib spells it


def _opened(path: str, raw: bool) -> Artifact | Evidence:
    try:
        found = Artifact.open(path)
    except FormatError as error:
        return _named(path, error.reason)
    except OSError as error:
        return _named(path, error.strerror or str(error))
    found.beside = None  # numpy follows no names in it
    found.expected = found.numbers = raw
    return found


def _unread(artifact: Artifact, reason: str, at: int) -> Evidence:
    return unreadable(artifact, FormatError("side-file", reason, at))


def _named(path: str, reason: str) -> Evidence:
    detail = {"reason": f"an array is in this file, which cannot be read: {reason}"}
    return Evidence(Kind.UNREADABLE, "side-file", Where(path), detail)
