"""How far a scan is. A scan only counts here; who wants to show it is called when one begins and then looks.

Counting costs a scan nothing that could be measured: it happens every few thousand opcodes, per file and per member.
"""

from __future__ import annotations

import time
from _thread import _local
from _weakref import ref
from collections.abc import Callable

from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.tally import Tally


LEAST = 1 << 20
"""Bytes below which a scan is over before anybody could look."""


class _Referred:
    """The meters of a thread are held by who reads: a scan that a person stops in its first step leaves none behind."""

    __slots__ = ("__weakref__",)


@dataclass(slots=True)
class Meter(_Referred):
    """One scan. `total` is bytes of a file or files of a folder; `done` may pass it where data is compressed.

    Of a folder with too many files to be counted first, `total` is 0.
    """

    label: str
    total: int
    unit: str = "bytes"
    done: int = 0
    base: int = 0
    """Of `done`, what the members before the present one amount to."""
    phase: str = "scanning"
    inner: str = ""
    """The file of a folder that was read last."""
    tally: Tally | None = None
    """Of a folder: what was found so far."""
    begun: float = field(default_factory=time.monotonic)
    over: bool = False
    after: Callable[[], object] | None = None
    """Called at the end by whoever was told of the beginning."""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def __enter__(self) -> Meter:
        _refs().append(ref(self))
        if _watcher is not None and (self.total >= LEAST or self.unit != "bytes") and len(_stack()) == 1:
            _told(_watcher, self)
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        _here.meters = [ref(meter) for meter in _stack() if not meter.over]
        if self.after is not None:
            _told(self.after)

    def next(self, size: int) -> None:
        """A member of `size` bytes was read."""
        self.base += size
        self.done = max(self.done, self.base)


Watcher = Callable[[Meter], object]

_here = _local()
_watcher: Watcher | None = None


def watch(watcher: Watcher | None) -> None:
    """`watcher(meter)` at the beginning of every scan that may take long, in its thread. None ends it."""
    global _watcher  # noqa: PLW0603 - one screen, one watcher
    _watcher = watcher


def reached(done: int) -> None:
    """The innermost scan of this thread has read `done` bytes of its present member."""
    stack = _stack()
    if stack:
        stack[-1].done = stack[-1].base + done


def phase(word: str) -> None:
    """What this thread is doing now, such as "hashing"."""
    for meter in _stack():
        meter.phase = word


def _told(call: Callable[..., object], *about: object) -> None:
    """What is shown never stops a scan."""
    try:
        call(*about)
    except Exception:
        return


def _stack() -> list[Meter]:
    """The meters of this thread, the innermost last."""
    return [meter for held in _refs() if (meter := held()) is not None]


def _refs() -> list[ref[Meter]]:
    try:
        return _here.meters  # type: ignore[no-any-return]
    except AttributeError:
        _here.meters = []
        return _here.meters  # type: ignore[no-any-return]
