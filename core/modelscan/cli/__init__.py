"""The command line `modelscan`: `scan` unless another command is named. Reports go to stdout, words to stderr.

click has the commands, their help and every error (`modelscan.cli.group`). A plain call, in which each option is
spelled out and right, needs none of that: `modelscan.cli.options` reads it, and click is not imported.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from modelscan.errors import ModelScanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.cli.group import cli
    from modelscan.cli.settings import create_settings_file as create_settings

__all__ = ["FAILED", "USAGE", "Undone", "WrongUsage", "cli", "create_settings", "main", "program", "run", "say"]

FAILED = 2
"""Exit code for what could not be done."""
USAGE = 4
"""Exit code for wrong usage."""
COMPLETING = "_MODELSCAN_COMPLETE"
"""The environment variable by which a shell asks what may come."""

WAITING = ("atexit", "threading", "coverage")
"""Modules without which nobody waits for the end of the process."""

_HOMES = {"cli": "group:cli", "create_settings": "settings:create_settings_file"}


class WrongUsage(ModelScanError):
    """What was asked for makes no sense. Ends with the help and exit code 4."""


class Undone(ModelScanError):
    """What was asked for cannot be done. Ends with exit code 2."""


def __getattr__(name: str) -> Any:
    """`cli` and `create_settings`, as modelscan 0.8 calls the group and the command."""
    place = _HOMES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = place.partition(":")
    return getattr(import_module(f"modelscan.cli.{module}"), attribute)


def program() -> None:
    """The console script: `main` in a process of its own, which ends with it.

    Taking two hundred modules apart takes as long as scanning a file, so that is left to the system where nobody
    waits for it. `run` has written everything.
    """
    try:
        main()
    except SystemExit as end:
        if sys.modules.keys().isdisjoint(WAITING):
            os._exit(end.code if isinstance(end.code, int) else FAILED)
        raise


def main(args: list[str] | None = None) -> None:
    """Ends the process with the exit code of a call. Never ends in a traceback."""
    gc.set_threshold(50_000, 20)  # modules come by the hundred and stay: looking through them for rubbish finds none
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name out of a folder need not be one that a terminal can show
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(args))


def run(args: Sequence[str] | None) -> int:
    """The exit code of a call; whatever goes wrong is a line on stderr."""
    try:
        code = _called(sys.argv[1:] if args is None else args, expand=args is None)
        if sys.stdout is not None:
            sys.stdout.flush()
    except WrongUsage as error:
        return _wrong(str(error))
    except KeyboardInterrupt:
        say("Interrupted.")
        return FAILED
    except BrokenPipeError:  # whoever was reading has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ModelScanError, OSError) as error:
        for line in _words(error).splitlines():
            say(f"Error: {line}")
        return FAILED
    except Exception as error:  # as callers of modelscan 0.8 know it; -l DEBUG shows the rest
        return _unforeseen(error)
    return code


def say(text: str) -> None:
    """A line on stderr, which may be closed."""
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line
    except (OSError, ValueError, AttributeError):
        return


def _called(words: Sequence[str], expand: bool) -> int:
    if list(words) in (["-v"], ["--version"]):
        return show_version()
    if not (COMPLETING in os.environ or (expand and os.name == "nt")):  # there click takes patterns apart
        from modelscan.cli import options

        asked = options.read(words[1:] if words and words[0] == "scan" else words)
        if asked is not None:
            from modelscan.cli.scan import scan

            return scan(**asked)
    from modelscan.cli.group import run_click

    return run_click(None if expand else list(words))


def show_version() -> int:
    """What `--version` prints. Two distributions with one import package get in each other's way."""
    from modelscan.version import THEIRS, installed, version

    print(f"modelscan, version {version()} (modelscan-jupyter)")  # noqa: T201
    other = installed(THEIRS)
    if other is not None:
        say(f"The distribution modelscan {other} is installed too and uses the same import package.")
        say("Run `pip uninstall modelscan modelscan-jupyter`, then install one of them again.")
    return 0


def _wrong(text: str) -> int:
    from modelscan.cli.group import usage

    say(f"Error: {text}\n")
    say(usage())
    return USAGE


def _unforeseen(error: Exception) -> int:
    say(f"Exception: {type(error).__name__}: {error}")
    if "logging" in sys.modules:
        import logging

        logging.getLogger("modelscan").debug("", exc_info=True)
    return FAILED


def _words(error: Exception) -> str:
    from modelscan.render.inert import inert

    if isinstance(error, OSError) and error.strerror:
        about = f"{inert(str(error.filename), 4096)}: " if error.filename is not None else ""
        return about + error.strerror
    return str(error)
