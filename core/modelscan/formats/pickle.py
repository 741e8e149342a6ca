"""Raw pickles: `pickle`, dill, cloudpickle, raw joblib, and any number of them in one file."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import islice

from modelscan.evidence import Evidence, Kind
from modelscan.formats import torch_legacy
from modelscan.formats.reader import Context, Facts, Reader, anomaly, broken
from modelscan.limits import Limits
from modelscan.pickles.leaves import Buffer, span
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine, Walk
from modelscan.pickles.opcodes import NAMES
from modelscan.source.artifact import Artifact

TRIAL = 65_536
"""Bytes that are walked to find out whether something without a magic number is a pickle."""
ISLANDS = 256
"""Places behind the last pickle where another may be hidden that are tried."""
TAIL = 16 << 20

_ISLAND = re.compile(rb"\x80[\x00-\x05]|[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\x8c[\x01-\xff][A-Za-z_]")
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_PADDING = b"\0\r\n\t "


def claims(artifact: Artifact, context: Context) -> bool:
    """Protocol 2 and up announce themselves; older ones are walked a little way."""
    head = artifact.head
    if not head or head[0] not in NAMES or torch_legacy.claims(artifact, context):
        return False
    if head[0] == 0x80 and len(head) > 1 and head[1] <= 5:
        return True
    return _trial(artifact, context.limits)


def _trial(artifact: Artifact, limits: Limits) -> bool:
    """Does it ask for an object whose name could be imported, or reach STOP at its end?"""
    data = artifact.read(0, TRIAL)
    pos = 0
    while pos < len(data):
        ledger = Ledger(data, len(data), artifact.name, limits)
        walk = Machine(data, pos, len(data), ledger, limits).run()
        if walk.limit is not None or _asks(ledger):
            return True
        if walk.broken is not None:
            break
        pos = walk.end
    if not pos:  # not even one pickle: only one that is longer than the trial counts
        return walk.broken is not None and walk.broken.code == "pickle-truncated" and artifact.size > TRIAL
    if artifact.size <= TRIAL and not data[pos:].strip(_PADDING):
        return True
    return any(_asks(ledger) for ledger in _islands(artifact, data, pos, len(data), 0, limits))


def _asks(ledger: Ledger) -> bool:
    if any(kind is Kind.EXTENSION for kind, _ in ledger.others):
        return True
    return any(_NAME.fullmatch(module) and _NAME.fullmatch(name) for module, name in ledger.imports)


def read(artifact: Artifact, context: Context) -> Facts:
    """Facts of each pickle in turn; `context.single` stops after the first."""
    data, start, end = artifact.view()
    pos, number = start, 0
    while pos < end and not (context.single and number):
        walk = yield from _one(artifact, data, pos, end, start, context)
        if walk.limit is not None:
            raise walk.limit
        if walk.broken is not None:
            break
        pos, number = walk.end, number + 1
    if number == 0:
        if walk.broken is not None:
            yield broken(artifact, walk.broken.shifted(-start))
    elif not context.single:
        yield from _tail(artifact, data, pos, end, start, context)


def _one(
    artifact: Artifact, data: Buffer, pos: int, end: int, base: int, context: Context
) -> Generator[Evidence | Artifact, None, Walk]:
    """One pickle as `pickle.load` reads it, and as `joblib.load` does where it holds joblib's array wrappers.

    Who loads it is not known to a scan, so both readings count; the guard knows and asks for one of them.
    """
    plain = Ledger(data, end, artifact.name, context.limits, artifact.loader, base)
    machine = Machine(data, pos, end, plain, context.limits)
    walk = machine.run()
    ledgers = [plain]
    if machine.arrays and context.loader != "pickle":
        joblib = Ledger(data, end, artifact.name, context.limits, artifact.loader, base)
        array_walk = Machine(data, pos, end, joblib, context.limits, read_arrays=True).run()
        whole = array_walk.broken is None
        plain.doubt = machine.objects_at if whole else None
        walk = array_walk if whole or walk.broken is not None else walk
        ledgers = [joblib] if context.loader == "joblib" else [joblib, plain]
    for ledger in ledgers:
        yield from ledger.evidence()
        yield from _nested(artifact, data, end, base, ledger.nested)
    return walk


def _nested(artifact: Artifact, data: Buffer, end: int, base: int, nested: dict[int, int]) -> Iterator[Artifact]:
    """The bytes that a call inside the pickle loads as a model of its own."""
    for at, leaf in nested.items():
        start, stop = span(data, leaf, end)
        loader = "torch" if artifact.loader == "torch" else ""
        yield artifact.part(f"bytes@0x{at - base:x}", start - base, max(0, min(stop, end) - start), loader=loader)


def _tail(artifact: Artifact, data: Buffer, pos: int, end: int, base: int, context: Context) -> Facts:
    """What stands behind the last pickle: nothing, padding, or bytes that no load reads but the next one might."""
    rest = bytes(data[pos : min(end, pos + TAIL)])
    if not rest.strip(_PADDING):
        return
    yield anomaly(artifact, "trailing-bytes", pos - base, f"{end - pos:,} bytes behind the pickle")
    for ledger in _islands(artifact, data, pos, end, base, context.limits):
        yield from ledger.evidence()


def _islands(artifact: Artifact, data: Buffer, pos: int, end: int, base: int, limits: Limits) -> Iterator[Ledger]:
    """Pickles that start somewhere in the bytes from `pos` on and import something."""
    rest = bytes(data[pos : min(end, pos + TAIL)])
    for match in islice(_ISLAND.finditer(rest), ISLANDS):
        ledger = Ledger(data, end, artifact.name, limits, artifact.loader, base)
        Machine(data, pos + match.start(), end, ledger, limits).run()
        if ledger.imports:
            yield ledger


READER = Reader(claims, read, lambda artifact: "pickle" if artifact.loader != "torch" else "PyTorch pickle")
