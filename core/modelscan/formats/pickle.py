"""Raw pickles: `pickle`, dill, cloudpickle, raw joblib, and any number of them in one file."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from modelscan.errors import LimitExceeded
from modelscan.evidence import Evidence, Kind
from modelscan.formats import beside, torch_legacy
from modelscan.formats.reader import Context, Facts, Reader, anomaly, broken
from modelscan.limits import Limits
from modelscan.pickles import leaves
from modelscan.pickles.leaves import Buffer, span
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine, Walk
from modelscan.pickles.opcodes import COUNTED, FIXED, NAMES
from modelscan.report import Skip
from modelscan.source.artifact import Artifact

TRIAL = 65_536
"""Bytes that are walked to find out whether something without a magic number is a pickle."""
ISLANDS = 256
"""Places behind the last pickle where another may be hidden that are tried."""
TAIL = 16 << 20
WALKED = 4
"""How often all that stands behind the last pickle is walked at most, from however many places."""

_ISLAND = re.compile(rb"\x80[\x00-\x05]|[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\x8c[\x01-\xff][A-Za-z_]")
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_ZIP = b"PK\x03\x04"
"""Would be a persistent id; no loader that resolves those takes an archive for a pickle."""
_PADDING = b"\0\r\n\t "
_CONTENT = re.compile(b"[^" + _PADDING + b"]")


def claims(artifact: Artifact, context: Context) -> bool:
    """Protocol 2 and up announce themselves; of anything else, a little is walked: does it ask for objects?"""
    head = artifact.head
    if not head or head[0] not in NAMES or head.startswith(_ZIP) or torch_legacy.claims(artifact, context):
        return False
    return _announced(head) or (_goes_on(head) and _trial(artifact, context.limits) is not None)


def _announced(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0x80 and head[1] <= 5


def _goes_on(head: bytes) -> bool:
    """Does something other than plain data come before the first byte that is no opcode, as far as can be seen?

    Most of what is no pickle ends here, without a walk.
    """
    at, size = 0, len(head)
    while at < size:
        code = head[at]
        if code in COUNTED:
            width = COUNTED[code]
            at += 1 + width + int.from_bytes(head[at + 1 : at + 1 + width], "little")
        elif code in FIXED:
            at += 1 + FIXED[code]
        else:
            return code in NAMES
    return True


def _trial(artifact: Artifact, limits: Limits) -> list[Ledger] | None:
    """What the first bytes ask for; nothing asked is fine where a pickle ends with the bytes. None: not a pickle."""
    data = artifact.read(0, TRIAL)
    pos, asking = 0, []
    while pos < len(data):
        ledger = Ledger(data, len(data), artifact.name, limits)
        walk = Machine(data, pos, len(data), ledger, limits).run()
        if walk.limit is not None or _asks(ledger):
            asking.append(ledger)
        if walk.broken is not None or walk.limit is not None:
            break
        pos = walk.end
    if asking:
        return asking
    if not pos:  # not even one pickle: only one that is longer than the trial counts
        return [] if walk.broken and walk.broken.code == "pickle-truncated" and artifact.size > TRIAL else None
    if artifact.size <= TRIAL and not data[pos:].strip(_PADDING):
        return []
    try:
        return list(_islands(artifact, data, pos, len(data), 0, limits)) or None
    except LimitExceeded:
        return []  # too many places to say that none of them is one


def _asks(ledger: Ledger) -> bool:
    return bool(ledger.imports) or any(kind is Kind.ANOMALY for kind, _ in ledger.others)


def _is_text(asking: list[Ledger]) -> bool:
    """Prose and source code may start like a pickle: "import os" asks for `mport os`. No such module can be meant."""
    names = [name for ledger in asking for name in ledger.imports]
    hides = any(kind is Kind.ANOMALY for ledger in asking for kind, _ in ledger.others)
    return bool(names) and not hides and not any(_NAME.fullmatch(one) and _NAME.fullmatch(two) for one, two in names)


def read(artifact: Artifact, context: Context) -> Facts:
    """Facts of each pickle in turn; `context.single` stops after the first."""
    if not _announced(artifact.head):
        asking = _trial(artifact, context.limits) or []
        if _is_text(asking):
            yield Skip(artifact.name, "text, not a model")
            yield from (fact for ledger in asking for fact in ledger.evidence() if fact.kind is Kind.IMPORT)
            return
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
) -> Generator[Evidence | Artifact | Skip, None, Walk]:
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
        yield from _nested(artifact, ledger, end, base, context)
        if context.loader != "pickle":  # only joblib opens other files
            yield from beside.read(artifact, ledger, base)
    return walk


def _nested(artifact: Artifact, ledger: Ledger, end: int, base: int, context: Context) -> Iterator[Artifact]:
    """The bytes that a call inside the pickle loads as a model of its own."""
    for at, found in ledger.nested.items():
        start, stop = span(ledger.data, found.leaf, end)
        stop = max(start, min(stop, end))
        name = f"bytes@0x{at - base:x}"
        if not found.latin1:
            yield artifact.part(name, start - base, stop - start)
            continue
        context.budget.spend(stop - start)
        value = leaves.decode(ledger.data, found.leaf, end, longest=stop - start)
        if isinstance(value, str):
            yield artifact.child(name, value.encode("latin-1", "replace"))


def _tail(artifact: Artifact, data: Buffer, pos: int, end: int, base: int, context: Context) -> Facts:
    """What stands behind the last pickle: nothing, padding, or bytes that no load reads but the next one might."""
    if _CONTENT.search(data, pos, end) is None:
        return
    yield anomaly(artifact, "trailing-bytes", pos - base, f"{end - pos:,} bytes behind the pickle")
    for ledger in _islands(artifact, data, pos, end, base, context.limits):
        yield from ledger.evidence()


def _islands(artifact: Artifact, data: Buffer, pos: int, end: int, base: int, limits: Limits) -> Iterator[Ledger]:
    """Pickles that start somewhere in the bytes from `pos` on and import something.

    Raises LimitExceeded, after what was found, where there is more to look at than is looked at.
    """
    stop = min(end, pos + TAIL)
    left = WALKED * (stop - pos) + TRIAL
    for number, match in enumerate(_ISLAND.finditer(data, pos, stop)):
        if number == ISLANDS or left <= 0:
            raise LimitExceeded("islands", f"more than {number:,} places behind the pickle may hide another")
        ledger = Ledger(data, end, artifact.name, limits, artifact.loader, base)
        walk = Machine(data, match.start(), min(end, match.start() + left), ledger, limits).run()
        left -= walk.end - match.start()
        if ledger.imports:
            yield ledger
        if walk.limit is not None:
            raise walk.limit
    if stop < end and _CONTENT.search(data, stop, end):
        raise LimitExceeded("tail", f"more than {TAIL >> 20:,} MB of other bytes behind the pickle")


def _begins(head: bytes) -> bool:
    return _announced(head) or _goes_on(head)


READER = Reader(
    claims,
    read,
    lambda artifact: "pickle" if artifact.loader != "torch" else "PyTorch pickle",
    begins=_begins,
)
