"""Who is asking: the frames above a load, told apart by exact module and function, never by a prefix.

With a prefix such as `concurrent.futures`, `ThreadPoolExecutor.submit(pickle.loads, data)` would pass for the pool's
own traffic.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable
from signal import getsignal, valid_signals
from types import CodeType, FrameType

from modelscan.guard.targets import TARGETS
from modelscan.render.inert import inert

INTERNAL = frozenset(
    {
        ("multiprocessing.connection", "_ConnectionBase.recv"),
        ("multiprocessing.queues", "Queue.get"),
        ("multiprocessing.queues", "SimpleQueue.get"),
        ("multiprocessing.spawn", "_main"),
        ("joblib.externals.loky.backend.popen_loky_posix", "<module>"),
        ("joblib.externals.loky.cloudpickle_wrapper", "_reconstruct_wrapper"),
        ("torch.multiprocessing.queue", "ConnectionWrapper.recv"),
        ("torch._inductor.codecache", "GuardedCache.iterate_over_candidates"),
        ("numba.core.caching", "IndexDataCacheFile._load_data"),
        ("numba.core.caching", "IndexDataCacheFile._load_index"),
        ("dask.local", "get_async"),
        ("dask.tokenize", "_normalize_pickle"),
        ("distributed.protocol.pickle", "loads"),
    }
)
"""Functions that read what another process of the same program wrote: (module, qualified name)."""

PARTS = frozenset({("numba.core.serialize", "_unpickle__CustomPickled")})
"""What a pickle calls that holds another: whoever reads the one reads both."""

_FUNCTIONS = frozenset(function for _, function in INTERNAL)
_PARTS = frozenset(function for _, function in PARTS)

LIBRARIES = frozenset(target.module.partition(".")[0] for target in TARGETS)

CO_VARARGS = 0x04
"""Of a function with `*args` (CPython Lib/inspect.py)."""

_IMPORT = "importlib._bootstrap"
_OURS = ("modelscan.guard.", "wrapt", "_wrappers")
_LOADERS = frozenset(
    {
        *LIBRARIES,
        *("asyncio", "cloudpickle", "concurrent", "gzip", "huggingface_hub", "mlflow", "modelscan", "multiprocessing"),
        *("shelve", "threading", "wrapt"),
    }
)
"""Packages whose frames stand between the user's line and the load."""

_getframe: Callable[[int], FrameType] = sys._getframe


def asker(frame: FrameType | None) -> FrameType | None:
    """The first frame from `frame` outwards that belongs to neither pickle nor the guard."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != "pickle" and not (isinstance(module, str) and module.startswith(_OURS)):
            return frame
        frame = frame.f_back
    return None


def is_library(frame: FrameType | None) -> bool:
    """Is this frame one of a library that has a guarded loader?"""
    return frame is not None and _module(frame).partition(".")[0] in LIBRARIES


def is_internal(frame: FrameType | None) -> bool:
    """Is this frame one of `INTERNAL`, or of `PARTS` and such a one reads it?"""
    while frame is not None and frame.f_code.co_qualname in _PARTS and _named(frame) in PARTS:
        frame = asker(frame.f_back)
    return is_reader(frame)


def is_reader(frame: FrameType | None) -> bool:
    """Is this frame one of `INTERNAL`?"""
    return frame is not None and frame.f_code.co_qualname in _FUNCTIONS and _named(frame) in INTERNAL


def _named(frame: FrameType) -> tuple[str, str]:
    return _module(frame), frame.f_code.co_qualname


def _module(frame: FrameType) -> str:
    """A module that is run by `python -m` goes by the name of its spec."""
    name = frame.f_globals.get("__name__", "")
    spec = frame.f_globals.get("__spec__") if name == "__main__" else None
    return str(getattr(spec, "name", name))


def below_import(frame: FrameType | None, load: CodeType) -> bool:
    """Does an import lie between `frame` and the load that runs in a frame of the code `load`?"""
    while frame is not None and frame.f_code is not load:
        if frame.f_globals.get("__name__") == _IMPORT:
            return True
        frame = frame.f_back
    return False


def below_signal(frame: FrameType | None, load: CodeType) -> bool:
    """Was the load interrupted by a signal, whose handler this is? It is handed the very frame that it interrupts."""
    while frame is not None and frame.f_code is not load:
        if _holds(frame, frame.f_back) and frame.f_code in _handlers():
            return True
        frame = frame.f_back
    return False


def _holds(frame: FrameType, back: FrameType | None) -> bool:
    """Is that frame one of the arguments?"""
    code = frame.f_code
    last = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARARGS)
    given = [frame.f_locals.get(name) for name in code.co_varnames[:last]]
    given += [one for value in given if type(value) is tuple for one in value]
    return back is not None and any(value is back for value in given)


def _handlers() -> set[CodeType]:
    found = (getsignal(number) for number in valid_signals())
    codes = (getattr(getattr(handler, "__func__", handler), "__code__", None) for handler in found)
    return {code for code in codes if isinstance(code, CodeType)}


def caller() -> str | None:
    """The line that called the loader: source text in a notebook cell, "file.py:12" elsewhere."""
    frame: FrameType | None = _getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in _LOADERS:
            return _line(frame)
        frame = frame.f_back
    return None


def describe(frame: FrameType | None) -> str:
    """A function by its module and name, as text of this process."""
    return f"{_module(frame)}.{frame.f_code.co_qualname}" if frame is not None else "unknown code"


def _line(frame: FrameType) -> str:
    path = frame.f_code.co_filename
    entry = linecache.cache.get(path)
    if entry is not None and len(entry) == 4 and entry[1] is None and frame.f_lineno <= len(entry[2]):
        return inert(entry[2][frame.f_lineno - 1].strip())  # a cell: in the cache of lines and in no file
    return inert(f"{os.path.basename(path)}:{frame.f_lineno}")  # noqa: PTH119 - a name such as <stdin> is no path
