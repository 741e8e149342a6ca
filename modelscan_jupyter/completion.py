"""Completion of `%modelscan` lines: sub-commands, options, policies, rule ids, refusals, and paths of models.

A matcher of our own and not the older hook: that one's answers are mixed with every Python name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from IPython.core.completer import SimpleCompletion

from modelscan import guard
from modelscan.policy import WORDS
from modelscan.report import Severity
from modelscan_jupyter.commands import CELL, COMMANDS, SCAN

_LINE = re.compile(r"(?:^|=\s*)\s*(%{1,2})modelscan\s+(.*)$", re.DOTALL)
MODELS = frozenset(
    {
        *(".pkl", ".pickle", ".p", ".joblib", ".dill", ".sav", ".model", ".skops", ".npy", ".npz"),
        *(".pt", ".pth", ".bin", ".ckpt", ".pt2", ".mar", ".safetensors", ".onnx", ".gguf"),
        *(".h5", ".hdf5", ".keras", ".pb", ".tflite", ".json", ".ipynb"),
        *(".zip", ".tar", ".gz", ".bz2", ".xz", ".7z", ".zst", ".lz4"),
    }
)
"""Endings of files that are proposed; any other file can be typed."""
_FILES = frozenset({"diff"})


def matcher(context: Any) -> Any:
    """Answers for lines of this magic, and keeps everybody else silent there."""
    found = _LINE.search(context.line_with_cursor[: context.cursor_position])
    if found is None:
        return {"completions": [], "suppress": False}
    words = found[2].split(" ")
    before, token = [word for word in words[:-1] if word], words[-1]
    names = sorted(set(_proposed(before, token, found[1] == "%%")))
    return {
        "completions": [SimpleCompletion(name, type="magic") for name in names if name.startswith(token)],
        "matched_fragment": token,
        "suppress": True,
        "ordered": True,
    }


def _proposed(before: list[str], token: str, cell: bool) -> Iterable[str]:
    if cell:
        return CELL
    command = COMMANDS.get(before[0], SCAN) if before else SCAN
    previous = before[-1] if before else ""
    if previous in _VALUES:
        return _VALUES[previous]()
    if token.startswith("-"):
        return command.options
    if not before:
        return [*COMMANDS, "hf-cache", *_paths(token)]
    if before[0] in _WORDS:
        return _WORDS[before[0]]()
    return _paths(token) if command is SCAN or before[0] in _FILES else ()


def _rules() -> Iterator[str]:
    from modelscan.rules.match import Rules

    return (rule.id for rule in Rules.load().all())


LATEST = 50
"""Loads that are proposed; IPython shows five hundred names at most, and drops the last."""


def _numbers() -> Iterator[str]:
    return (str(event.number) for event in guard.history()[-LATEST:])


def _refusals() -> Iterator[str]:
    refused = [event for event in guard.history() if event.decision is guard.Decision.REFUSED]
    return (str(event.number) for event in refused[-LATEST:])


def _revocable() -> Iterator[str]:
    from modelscan import approvals

    return (row.value for row in approvals.kept())


_WORDS = {
    "policy": lambda: WORDS,
    "guard": lambda: ("on", "off", "loaders"),
    "explain": _rules,
    "report": _numbers,
    "allow": _refusals,
}
"""What follows a sub-command."""
_VALUES = {
    "--policy": lambda: WORDS,
    "--min-severity": lambda: [severity.name for severity in Severity],
    "--once": _refusals,
    "--revoke": _revocable,
}
"""What follows an option."""


def _paths(token: str) -> Iterator[str]:
    """Folders, and files with the ending of a model; hidden ones when a dot was typed."""
    typed = token.rpartition("/")
    folder = Path(typed[0] + typed[1] or ".").expanduser()
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(typed[2]) or (entry.name.startswith(".") and not typed[2]):
            continue
        if " " in entry.name or not entry.name.isprintable():
            continue  # it has to be quoted, and the part before the blank is not ours to complete
        if entry.is_dir():
            yield f"{typed[0]}{typed[1]}{entry.name}/"
        elif entry.suffix.lower() in MODELS:
            yield f"{typed[0]}{typed[1]}{entry.name}"
