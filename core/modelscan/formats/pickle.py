"""Raw pickles: `pickle`, dill, cloudpickle, raw joblib, and any number of them in one file."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain

from modelscan.errors import LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats import beside
from modelscan.formats.again import Again
from modelscan.formats.onward import Onward
from modelscan.formats.reader import Context, Facts, Reader, anomaly, broken
from modelscan.formats.signs import is_torch_legacy
from modelscan.formats.walking import TRIAL, WALKED, Stream, Walked
from modelscan.patterns import later
from modelscan.pickles import familiar, leaves
from modelscan.pickles.beginnings import may_import
from modelscan.pickles.leaves import Buffer, span
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Walk
from modelscan.pickles.opcodes import COUNTED, FIXED, NAMES
from modelscan.pickles.plain import is_plain
from modelscan.records import dataclass, field, replace
from modelscan.report import Skip
from modelscan.source.artifact import Artifact

FOLLOWING = 16
"""Pickles that follow each other in the place of a tensor: so many are no chance."""
ISLANDS = 256
"""Places behind the last pickle where another may be hidden that are tried."""
TAIL = 16 << 20

_LINE = rb"[\w.]++\n(?=[A-Za-z_][\w.]*+\n)"
"""What may end in a GLOBAL, and a name behind it. One line is looked at once, however many opcodes may begin in it."""
_FIRST_LINE = later(_LINE)
_ISLAND = later(rb"\x80(?=[\x00-\x05])|\x8c(?=[\x01-\xff][A-Za-z_])|(?<![\w.])" + _LINE)
_GLOBAL = later(rb"[ci](?=[A-Za-z_])")
_NAME = later(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_ZIP = b"PK\x03\x04"
"""Would be a persistent id; no loader that resolves those takes an archive for a pickle."""
_PADDING = b"\0\r\n\t "
_CONTENT = later(b"[^" + _PADDING + b"]")


@dataclass(slots=True)
class Trial:
    """What the first bytes of something without a magic number do as pickles."""

    stream: Stream
    walked: dict[int, Walked] = field(default_factory=dict)
    """By where each begins."""
    asking: list[Ledger] = field(default_factory=list)
    """Those that ask for something; none is fine where a pickle ends with the bytes."""
    is_pickle: bool = False
    is_meant: bool = False
    """Do they make a whole pickle, call something, or hide it? Prose does none of that."""


def claims(artifact: Artifact, context: Context) -> bool:
    """Protocol 2 and up announce themselves; of anything else, a little is walked: does it ask for objects?"""
    head = artifact.head
    if not head or head[0] not in NAMES or head.startswith(_ZIP) or is_torch_legacy(artifact):
        return False
    if artifact.numbers:
        return may_import(head, artifact.size) and _imports(artifact, context)
    return _announced(head) or (_goes_on(head) and _tried(artifact, context).is_pickle)


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


def _tried(artifact: Artifact, context: Context) -> Trial:
    """Made once an artifact: what claims it hands it on to what reads it."""
    if not isinstance(artifact.tried, Trial):
        artifact.tried = _trial(artifact, context)
    return artifact.tried


def _trial(artifact: Artifact, context: Context) -> Trial:
    data = artifact.read(0, TRIAL)
    trial = Trial(Stream(data, 0, len(data), artifact.name, artifact.loader, context))
    pos = 0
    while pos < len(data):
        walked = trial.walked[pos] = trial.stream.walk(pos)
        walk = walked.walk
        whole = walk.broken is None
        hides = _hides(walked.ledger, may_extend=whole and not artifact.expected)
        if walk.limit is not None or walked.ledger.imports or hides:
            trial.asking.append(walked.ledger)
            trial.is_meant = trial.is_meant or whole or hides or bool(walked.ledger.pending)
        if walk.broken is not None or walk.limit is not None:
            break
        pos = walk.end
        if trial.is_meant and len(trial.walked) >= FOLLOWING:
            break
    if trial.asking:
        trial.is_pickle = True
    elif not pos:  # not even one pickle: only one that is longer than the trial counts
        is_cut = walk.broken is not None and walk.broken.code == "pickle-truncated"
        trial.is_pickle = is_cut and artifact.size > TRIAL
    elif artifact.size <= TRIAL and not data[pos:].strip(_PADDING):
        trial.is_pickle = True
    else:
        try:
            trial.asking += _islands(trial.stream, pos)
            trial.is_pickle = bool(trial.asking)
        except LimitExceeded:  # too many places to say that none of them is one
            trial.asking, trial.is_pickle = [], True
    return trial


def _imports(artifact: Artifact, context: Context) -> bool:
    """Does what should be numbers ask for a name that can be meant? Whatever else it seems to do may be chance."""
    data = artifact.read(0, TRIAL)
    found = _names(Stream(data, 0, len(data), artifact.name, artifact.loader, context))
    if found is None and artifact.size > TRIAL:
        found = _names(Stream.of(artifact, context))
    return found is True


def _names(stream: Stream) -> bool | None:
    """None where the data ends before that is known."""
    pos = stream.start
    for _ in range(FOLLOWING):
        if pos >= stream.end:
            return False
        walked = stream.walk(pos)
        walk = walked.walk
        if _means_names(walked.ledger) or (Kind.ANOMALY, "unresolved-global") in walked.ledger.others:
            return True
        if walk.limit is not None:
            return walk.limit.budget != "name"
        if walk.broken is not None:
            return None if walk.broken.code == "pickle-truncated" else False
        pos = walk.end
    return True


def _means_names(ledger: Ledger) -> bool:
    return any(_NAME.fullmatch(module) and _NAME.fullmatch(name) for module, name in ledger.imports)


def _hides(ledger: Ledger, may_extend: bool) -> bool:
    """`may_extend`: an EXT opcode counts, of which there is one in a hundred bytes of anything."""
    telling = {Kind.ANOMALY, Kind.EXTENSION} if may_extend else {Kind.ANOMALY}
    return any(kind in telling for kind, _ in ledger.others)


def _is_text(trial: Trial) -> bool:
    """Prose and source code may start like a pickle: "import os" asks for `mport os`, and then breaks off.

    A module may well have such a name: a file can. So what is a whole pickle or calls something is none of these.
    """
    names = any(ledger.imports for ledger in trial.asking)
    return names and not (trial.is_meant or any(map(_means_names, trial.asking)))


def read(artifact: Artifact, context: Context) -> Facts:
    """Facts of each pickle in turn; `context.single` stops after the first."""
    stream = Stream.of(artifact, context)
    walked: dict[int, Walked] = {}
    if not _announced(artifact.head) and not artifact.numbers:
        trial = _tried(artifact, context)
        if _is_text(trial):
            yield Skip(artifact.name, "text, not a model")
            yield from (fact for ledger in trial.asking for fact in _facts(ledger, True) if fact.kind is Kind.IMPORT)
            return
        if artifact.size <= TRIAL:  # that was all of it
            stream, walked = trial.stream, trial.walked
    elif _is_alone(artifact) and is_plain(stream.data, stream.start, stream.end):
        return
    elif (known := _known(artifact, stream)) is not None:
        yield from known
        return
    pos, number, again, onward = stream.start, 0, Again(stream), Onward(stream)
    while pos < stream.end and not (context.single and number):
        if after := again.after(pos):
            pos = after
            continue
        plain = walked.pop(pos) if pos in walked else stream.walk(pos)
        walk = yield from _one(artifact, stream, plain, pos, again)
        if walk is not plain.walk and plain.walk.broken is None and context.loader != "joblib" and not context.single:
            yield from _onward(artifact, onward, plain.walk.end, again)
        again.walked(pos, plain)
        if walk.limit is not None:
            raise walk.limit
        if walk.broken is not None:
            break
        pos, number = walk.end, number + 1
    if number == 0:
        if walk.broken is not None and not walk.broken.unread:  # otherwise it has been told
            yield broken(artifact, walk.broken.shifted(-stream.start))
    elif not context.single and not artifact.numbers:
        yield from _tail(artifact, stream, pos)


def _one(
    artifact: Artifact, stream: Stream, plain: Walked, pos: int, again: Again
) -> Generator[Evidence | Artifact | Skip, None, Walk]:
    """One pickle as `pickle.load` reads it, and as `joblib.load` does where it holds joblib's array wrappers.

    Who loads it is not known to a scan, so both readings count; the guard knows and asks for one of them.
    """
    walk, ledgers, loader = plain.walk, [plain.ledger], stream.context.loader
    if plain.ledger.is_empty():
        return walk
    if artifact.records is not None:
        wrong = plain.ledger.storages.beyond(stream.data, stream.end, artifact.records)
        if wrong is not None:
            yield anomaly(artifact, "storage-beyond", pos - stream.start, wrong)
    if plain.ledger.arrays and loader != "pickle":
        joblib = stream.walk(pos, read_arrays=True)
        reads = joblib.walk.broken is None
        plain.ledger.doubt = plain.machine.objects_at if reads else None
        if joblib.walk.broken is not None and joblib.walk.broken.unread:
            yield broken(artifact, joblib.walk.broken.shifted(-stream.start))
        walk = joblib.walk if reads or walk.broken is not None else walk
        ledgers = [joblib.ledger] if loader == "joblib" else [joblib.ledger, plain.ledger]
    facts: list[Evidence] = []
    for ledger in ledgers:
        facts = []
        for fact in _facts(ledger, artifact.expected):  # what was told before a limit stays told
            facts.append(fact)
            if again.is_news(fact):
                yield fact
        yield from _nested(artifact, stream, ledger)
        if loader != "pickle":  # only joblib opens other files
            yield from beside.read(artifact, ledger, stream.start)
    whole = pos == stream.start and walk.end == stream.end and walk.broken is None and walk.limit is None
    if whole and _is_alone(artifact):
        familiar.remember(stream.data, pos, stream.end, plain.machine, facts, stream.context.wanted)
    if plain.ledger in ledgers and plain.walk.limit is not None and not plain.walk.limit.chance:
        raise plain.walk.limit
    return walk


def _onward(artifact: Artifact, onward: Onward, pos: int, again: Again) -> Facts:
    """What the next `pickle.load` reads where joblib is elsewhere."""
    for walked in onward.walks(pos):
        ledger, limit = walked.ledger, walked.walk.limit
        yield from filter(again.is_news, _facts(ledger, ledger.doubt is not None))
        yield from _nested(artifact, onward.stream, ledger)
        if limit is not None and not limit.chance:
            raise limit


def _is_alone(artifact: Artifact) -> bool:
    """May it be recognised without a walk? Only what announces itself, and stands where a pickle belongs."""
    return _announced(artifact.head) and not artifact.expected and not artifact.numbers


def _known(artifact: Artifact, stream: Stream) -> list[Evidence] | None:
    """The facts, where it is one pickle that looks like others before it."""
    wanted = stream.context.wanted
    found = familiar.recall(stream.data, stream.start, stream.end, wanted) if _is_alone(artifact) else None
    if found is None:
        return None
    name, base = artifact.name, stream.start
    return [Evidence(kind, subject, Where(name, at - base), detail) for kind, subject, at, detail in found]


def _facts(ledger: Ledger, chance: bool) -> Iterator[Evidence]:
    """`chance`: the bytes may be no pickle at all, so that an odd name is more likely to be none."""
    for fact in ledger.evidence():
        odd = chance and fact.kind is Kind.IMPORT and not _NAME.fullmatch(fact.subject)
        yield replace(fact, detail={**fact.detail, "unlikely": True}) if odd else fact


def _nested(artifact: Artifact, stream: Stream, ledger: Ledger) -> Iterator[Artifact]:
    """The bytes that a call inside the pickle loads as a model of its own."""
    base, end = stream.start, stream.end
    for at, found in ledger.nested.items():
        start, stop = span(stream.data, found.leaf, end)
        stop = max(start, min(stop, end))
        name = f"bytes@0x{at - base:x}"
        if not found.latin1:
            yield artifact.part(name, start - base, stop - start)
            continue
        stream.context.budget.spend(stop - start)
        value = leaves.decode(stream.data, found.leaf, end, longest=stop - start)
        if isinstance(value, str):
            yield artifact.child(name, value.encode("latin-1", "replace"))


def _tail(artifact: Artifact, stream: Stream, pos: int) -> Facts:
    """What stands behind the last pickle: nothing, padding, or bytes that no load reads but the next one might."""
    if _CONTENT.search(stream.data, pos, stream.end) is None:
        return
    yield anomaly(artifact, "trailing-bytes", pos - stream.start, f"{stream.end - pos:,} bytes behind the pickle")
    for ledger in _islands(stream, pos):
        yield from _facts(ledger, True)


def _islands(stream: Stream, pos: int) -> Iterator[Ledger]:
    """Pickles that start somewhere in the bytes from `pos` on and import something.

    Raises LimitExceeded, after what was found, where there is more to look at than is looked at.
    """
    data, end = stream.data, stream.end
    stop = min(end, pos + TAIL)
    left = WALKED * (stop - pos) + TRIAL
    for number, start in _beginnings(data, pos, stop, stream.context.limits.name):
        if number == ISLANDS or left <= 0:
            raise LimitExceeded("islands", f"more than {number:,} places behind the pickle may hide another")
        walked = stream.walk(start, min(end, start + left))
        left -= walked.walk.end - start
        if walked.ledger.imports:
            yield walked.ledger
        if walked.walk.limit is not None:
            raise walked.walk.limit
    if stop < end and _CONTENT.search(data, stop, end):
        raise LimitExceeded("tail", f"more than {TAIL >> 20:,} MB of other bytes behind the pickle")


def _beginnings(data: Buffer, pos: int, stop: int, longest: int) -> Iterator[tuple[int, int]]:
    """Where a pickle may begin, with the number of the place; several names in one line are one place."""
    first = _FIRST_LINE.match(data, pos, stop)  # behind a STOP, which is a dot, no line seems to begin
    found = _ISLAND.finditer(data, first.end() if first else pos, stop)
    for number, match in enumerate(chain((first,), found) if first else found):
        if match.end() - match.start() == 1:
            yield number, match.start()
            continue
        for name in _GLOBAL.finditer(data, max(match.start(), match.end() - longest), match.end()):
            yield number, name.start()


READER = Reader(
    claims,
    read,
    lambda artifact: "pickle" if artifact.loader != "torch" else "PyTorch pickle",
    begins=may_import,
)
