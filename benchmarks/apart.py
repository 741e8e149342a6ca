"""A run in a process that has loaded nothing before, as a file is loaded in life: once.

What a load costs hangs on where its memory comes from. A forest of 84 MB takes 0.1 s of a process that has to ask the
system for each page, and 0.03 s of one that has just given back the same forest; the scan before it takes the same
time in both. Where a process cannot be forked, runs share one, and the page says so.
"""

from __future__ import annotations

import gc
import os
import struct
import time
from collections.abc import Callable

CAN_FORK = hasattr(os, "fork")


def run(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """CPU seconds of `work` alone, in a child that has done `before`. Raises RuntimeError if the child fails."""
    if not CAN_FORK:
        return _timed(work, before)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _tell(writing, work, before)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if len(told) != 8:
        raise RuntimeError("a timed run failed; what it printed is above")
    return float(struct.unpack("d", told)[0])


def _tell(writing: int, work: Callable[[], object], before: Callable[[], object]) -> None:
    """In the child: never comes back."""
    try:
        os.write(writing, struct.pack("d", _timed(work, before)))
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(0)


def _timed(work: Callable[[], object], before: Callable[[], object]) -> float:
    before()
    gc.collect()
    started = time.process_time()
    result = work()
    spent = time.process_time() - started
    del result
    return spent
