"""HDF5 files: Keras 2 models, weights of Keras 3, and what other libraries keep in them.

Only what describes the data is read, by h5py over the artifact's own bytes: no link is followed, no other file is
opened, and no tensor is read. What an attribute or a dataset of odd type holds is read as an artifact of its own.
h5py runs in a process of its own, because some broken files crash libhdf5 or keep it busy for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.report import Scanned
from modelscan.source.artifact import Artifact
from modelscan.source.hdf5_walk import CONFIGURATIONS, MAGIC, Row


def claims(artifact: Artifact, context: Context) -> bool:
    """libhdf5 looks for the signature at 0, 512, 1024 and every power of two behind."""
    if artifact.head.startswith(MAGIC):
        return True
    if artifact.expected:
        return False
    return any(artifact.read(at, 8) == MAGIC for at in _places(artifact.size))


def _places(size: int) -> Iterator[int]:
    at = 512
    while at < size:
        yield at
        at *= 2


def read(artifact: Artifact, context: Context) -> Facts:
    """Facts of every object in the file."""
    from modelscan.source import hdf5_worker

    try:
        rows = hdf5_worker.rows(artifact, context.limits.members)
    except FormatError as error:
        rows = error.rows if isinstance(error, hdf5_worker.BrokenOff) else []
        yield unreadable(artifact, error)
    if not any(row.rule == CONFIGURATIONS[0] for row in rows):
        yield Scanned(artifact.name, "HDF5 without a configuration", artifact.size)
    for row in rows:
        yield from _facts(artifact, row)


def _facts(artifact: Artifact, row: Row) -> Facts:
    from modelscan.formats import keras

    where = Where(artifact.name, None, row.path)
    if row.kind == "reference":
        yield Evidence(Kind.REFERENCE, row.target, where, {"by": row.rule, "expression": row.text})
    elif row.kind == "odd":
        yield Evidence(Kind.ANOMALY, row.rule, where, {"expression": row.text})
    elif row.kind == "unread":
        yield Evidence(Kind.UNREADABLE, row.rule, where, {"reason": row.text})
    elif row.kind == "config" or (row.data[:64].lstrip()[:1] == b"{" and keras.is_config(row.data)):
        yield from keras.read_text(artifact, row.data, row.path)
    else:
        child = artifact.child(row.path.lstrip("/"), row.data)
        child.expected = True
        yield child


READER = Reader(claims, read, lambda artifact: "HDF5", begins=lambda head, size: head.startswith(MAGIC))
