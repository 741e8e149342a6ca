"""Loads hostile pickles of the trusted names of one package; run as `python -m promises.child` in an empty folder.

Reads {"package", "first", "rows": [[module, name, use], ...]} as JSON, imports the modules in "first" as a process that
loads models may have done before, and writes one line of JSON for each of the rows. Every name is tried in a fork, so
that a crash or a hang costs this name and no other, and nothing that a pickle changed is left for the next. What acts
is held against the scan: a promise is broken by what a scan lets pass.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import itertools
import json
import mmap
import os
import pickle
import resource
import signal
import struct
import sys
import time
import warnings
from collections import Counter
from typing import Any

import modelscan

from .hostile import Hostile, pickles
from .world import WATCH, prepare

SECONDS = 60
"""Of CPU, for all pickles of one name."""
BLOCKED = 600
"""Seconds after which a fork waits for something that will not come, however busy the machine is."""
CRASHES = 4
"""Of one name, before the rest of its pickles are given up."""
EVERY = 8
"""So many pickles are scanned for each whose scan is only to say how many would pass."""
GIGABYTES = 12


def main() -> None:
    warnings.simplefilter("ignore")
    given = json.load(sys.stdin)
    out = os.dup(1)
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)
    for module in given["first"]:
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    prepare(given["package"])
    at = mmap.mmap(-1, 8)
    for each in pickles("argparse", "Namespace", argparse.Namespace, "call"):
        modelscan.scan(each.data)  # so that no fork has to import and read what a scan needs
    for module, of, use in given["rows"]:
        value, why = _found(module, of)
        line = {"absent": why} if why else _tried(module, of, value, use, at)
        os.write(out, (json.dumps({"name": f"{module}.{of}", **line}) + "\n").encode())
    os._exit(0)


def _found(module: str, of: str) -> tuple[Any, str]:
    """The object, or why there is none."""
    try:
        value: Any = importlib.import_module(module)
        for part in of.split("."):
            value = getattr(value, part)
    except BaseException as error:
        return None, f"{type(error).__name__}: {str(error)[:80]}"
    return value, ""


def _tried(module: str, of: str, value: Any, use: str, at: mmap.mmap) -> dict[str, Any]:
    """Adds up what the forks say: pickles loaded, such as a scan passes, broken promises, held ones and crashes."""
    total: dict[str, Any] = {
        "loaded": 0,
        "scanned": 0,
        "passed": 0,
        "held": {},
        "asked": {},
        "broken": [],
        "crashed": [],
    }
    start = 0
    gc.freeze()
    while True:
        said, how = _forked(functools.partial(_load_all, module, of, value, use, start, at), SECONDS)
        for key, more in said.items():
            total[key] = dict(Counter(total[key]) + Counter(more)) if isinstance(more, dict) else total[key] + more
        if not how:
            return total
        index = struct.unpack("q", at[:])[0]
        label, data = _numbered(module, of, value, use, index)
        refused = modelscan.scan(data).refused if data else False
        total["crashed"].append({"how": how, "label": label, "refused": refused, "data": data.hex()[:4000]})
        start = index + 1
        if len(total["crashed"]) >= CRASHES:
            return total


def _numbered(module: str, of: str, value: Any, use: str, index: int) -> tuple[str, bytes]:
    try:
        found = next(itertools.islice(pickles(module, of, value, use), index, None), Hostile("at its end", b""))
    except Exception as error:
        return f"none could be made: {type(error).__name__}", b""
    return found.label, found.data


def _forked(act: Any, seconds: float) -> tuple[dict[str, Any], str]:
    """What `act` returns in a fork, and how the fork ended if it did not end well."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
            said = act()
            os.write(write, json.dumps(said).encode()[:60_000])
        finally:
            os._exit(0)
    os.close(write)
    until, status = time.monotonic() + BLOCKED, None
    while status is None and time.monotonic() < until:
        ended, code = os.waitpid(child, os.WNOHANG)
        status = code if ended else time.sleep(0.001)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    if status is None or os.waitstatus_to_exitcode(status) == -signal.SIGXCPU:
        return {}, "hung"
    if not text:
        return {}, signal.Signals(-os.waitstatus_to_exitcode(status)).name if status else "ended"
    return json.loads(text), ""


def _load_all(module: str, of: str, value: Any, use: str, start: int, at: mmap.mmap) -> dict[str, Any]:
    sys.setrecursionlimit(600)
    with contextlib.suppress(ValueError, OSError):  # macOS
        resource.setrlimit(resource.RLIMIT_DATA, (GIGABYTES << 30, GIGABYTES << 30))
    said: dict[str, Any] = {"loaded": 0, "scanned": 0, "passed": 0, "held": {}, "asked": {}, "broken": []}
    held: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for index, each in enumerate(pickles(module, of, value, use)):
        if index < start:
            continue
        at[:] = struct.pack("q", index)
        said["loaded"] += 1
        for reader in (pickle.loads, pickle._loads) if each.label.startswith(("state", "call")) else (pickle.loads,):
            seen = dict.fromkeys(_loaded(reader, each.data))
            if not seen and index % EVERY:
                continue
            refused = modelscan.scan(each.data).refused
            if reader is pickle.loads and not index % EVERY:
                said["scanned"] += 1
                said["passed"] += not refused
            for what in seen:
                kind = _kind(what)
                if refused:
                    held[kind] += 1
                elif kind.startswith("asked"):
                    asked[kind] += 1
                elif kinds[kind] < 2:
                    kinds[kind] += 1
                    said["broken"].append({"what": what, "label": each.label, "data": each.data.hex()[:4000]})
    WATCH.start()
    gc.collect()  # what was kept alive by a circle
    said["broken"] += [{"what": what, "label": "collected", "data": ""} for what in dict.fromkeys(WATCH.stop())]
    said["held"], said["asked"] = dict(held), dict(asked)
    return said


def _kind(what: str) -> str:
    return what if what.startswith(("import", "called", "asked")) else what.split(" ", maxsplit=1)[0]


def _loaded(reader: Any, data: bytes) -> list[str]:
    """What happened while the pickle was loaded and its result dropped."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    # A second of CPU, so that what is seen does not hang on what else the machine does; what waits is given longer.
    timers = ((signal.ITIMER_PROF, signal.SIGPROF, 1.0), (signal.ITIMER_REAL, signal.SIGALRM, 30.0))
    try:
        for timer, number, seconds in timers:
            signal.signal(number, stop)
            signal.setitimer(timer, seconds)
        WATCH.start()
        with contextlib.suppress(BaseException):
            reader(data)
    except BaseException:
        pass  # the alarm, just behind the load
    finally:
        seen = list(WATCH.stop())
        for timer, _, _ in timers:
            with contextlib.suppress(BaseException):
                signal.setitimer(timer, 0)
    return seen


if __name__ == "__main__":
    main()
