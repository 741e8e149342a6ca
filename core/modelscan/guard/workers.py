"""Guards worker processes that start afresh: `guard.install(workers=True)`.

A forked worker is guarded because its parent is. One that is spawned is a new interpreter and knows of nothing, so it
is started with one more statement; workers of loky (joblib) get an initializer; the server that forks workers on
demand (`forkserver`) imports `modelscan.guard.preload`. All of them then follow the policy by its word. Pools that are
running already stay as they are, and so do interpreters that a program starts by other means.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

import wrapt

from modelscan.guard import imports
from modelscan.guard.state import STATE
from modelscan.policy import WORDS

VARIABLE = "MODELSCAN_WORKERS"
"""Environment variable: the policy's word, for what is imported rather than called."""

_PRELOAD = "modelscan.guard.preload"
_LOKY = ("joblib.externals.loky.process_executor", "loky.process_executor")
_STATEMENT = (
    "exec('try:\\n import modelscan.guard.workers as w\\nexcept ImportError:\\n"
    " import sys; sys.stderr.write(\\'modelscan: this worker is not guarded\\\\n\\')\\n"
    "else:\\n w.begin(\\'{word}\\')'); "
)
"""Without double quotes, which multiprocessing puts around it on Windows."""

_handles: list[tuple[Any, str, Any]] = []


def begin(word: str) -> None:
    """In the worker. Whatever fails, the worker goes on, as it would have without the guard, and says so."""
    try:
        from modelscan import guard

        guard.install(word, workers=True)
    except Exception as error:
        sys.stderr.write(f"modelscan: this worker is not guarded: {error}\n")


def begin_from_environment() -> None:
    """What no policy is called is none."""
    word = os.environ.get(VARIABLE, "")
    if word in WORDS:
        begin(word)


def spread(word: str) -> None:
    """From now on workers begin guarded. Called again, it changes the policy they follow."""
    os.environ[VARIABLE] = word
    if _handles:
        return
    from multiprocessing import forkserver, spawn

    _wrap(spawn, "get_command_line", _command_line)
    known = forkserver._forkserver._preload_modules  # type: ignore[attr-defined]
    if _PRELOAD not in known:
        forkserver.set_forkserver_preload([*known, _PRELOAD])
    for name in _LOKY:
        imports.watch(name, _on_import)
        if name in sys.modules:
            _on_import(sys.modules[name])


def withdraw() -> None:
    """New workers are no longer guarded."""
    os.environ.pop(VARIABLE, None)
    for name in _LOKY:
        imports.unwatch(name)
    for owner, name, wrapper in _handles:
        with suppress(wrapt.WrapperNotOutermostError):
            wrapt.unwrap_object(owner, name, wrapper, missing_ok=True)
    _handles.clear()


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    _handles.append((owner, name, wrapt.wrap_object(owner, name, wrapt.FunctionWrapper, (wrapper,))))


def _on_import(module: ModuleType) -> None:
    """An error of ours is not allowed to fail the user's import."""
    with suppress(Exception):
        if VARIABLE in os.environ:
            _wrap(module.ProcessPoolExecutor, "__init__", _initialized)


def _command_line(wrapped: Callable[..., Any], instance: object, args: Any, kwargs: Mapping[str, Any]) -> Any:
    line = wrapped(*args, **kwargs)
    if STATE.active and "-c" in line:
        at = line.index("-c") + 1
        line[at] = _STATEMENT.format(word=STATE.policy.word) + line[at]
    return line


def _initialized(wrapped: Callable[..., Any], instance: object, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """loky's (max_workers, job_reducers, result_reducers, timeout, context, initializer, initargs, env)."""
    if not STATE.active or len(args) > 5:
        return wrapped(*args, **kwargs)
    theirs = kwargs.get("initializer"), tuple(kwargs.get("initargs", ()))
    more = {"initializer": _both, "initargs": (STATE.policy.word, *theirs)}
    return wrapped(*args, **{**kwargs, **more})


def _both(word: str, initializer: Callable[..., object] | None, initargs: tuple[Any, ...]) -> None:
    begin(word)
    if initializer is not None:
        initializer(*initargs)
