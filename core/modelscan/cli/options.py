"""What `modelscan scan` takes: one table, from which click's command is made, and which a plain call is read by.

click and what it imports take longer than the scan of a file. `read` understands calls in which every option is
spelled out and every value is right, and leaves everything else, its errors included, to click.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from modelscan.choices import LEVELS
from modelscan.places import FOLDER_FILE
from modelscan.policy import WORDS
from modelscan.records import dataclass
from modelscan.render import RENDERERS
from modelscan.report import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMATS = tuple(dict.fromkeys((*RENDERERS, "custom")))
SEVERITIES = tuple(severity.name for severity in Severity)


class Takes:
    """What follows an option."""

    NOTHING = "nothing"
    PATH = "path"
    """A file or folder that is there, or - for standard input."""
    FILE = "file"
    """A file that is there."""
    TARGET = "target"
    """A path that is written to."""
    FORMAT = "format"
    SEVERITY = "severity"
    LEVEL = "level"
    COUNT = "count"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Option:
    """`names` as they are typed, the argument's name last; `off` switches a flag off again."""

    names: tuple[str, ...]
    to: str
    takes: str
    help: str
    metavar: str | None = None
    multiple: bool = False
    off: str = ""
    default: Any = None


OPTIONS: tuple[Option, ...] = (
    Option(("-p", "--path"), "paths", Takes.PATH, "File or folder, or - for standard input.", multiple=True),
    Option(
        ("-r", "--reporting-format"),
        "form",
        Takes.FORMAT,
        f"The report: {', '.join(FORMATS)}.  [default: console]",
        "FORMAT",
    ),
    Option(("-o", "--output-file"), "output", Takes.TARGET, "Write the report here, not to stdout."),
    Option(
        ("--settings-file",),
        "settings_file",
        Takes.FILE,
        f"Use these settings.  [default: ./{FOLDER_FILE}, for tuning only]",
    ),
    Option(
        ("--policy",),
        "policies",
        Takes.TEXT,
        f"One of {', '.join(WORDS)}, or a file of settings and approvals.",
        "WORD|FILE",
        multiple=True,
    ),
    Option(
        ("--fail-on",),
        "fail_on",
        Takes.SEVERITY,
        "Exit with 1 for findings from here on: LOW, MEDIUM, HIGH, CRITICAL.  [default: MEDIUM]",
        "SEVERITY",
    ),
    Option(
        ("--strict",),
        "strict",
        Takes.NOTHING,
        "--policy strict, and --fail-on LOW unless that is given.",
        default=False,
    ),
    Option(
        ("--min-severity",),
        "min_severity",
        Takes.SEVERITY,
        "Leave findings below out of the report; the exit code knows them all.  [default: LOW]",
        "SEVERITY",
    ),
    Option(("--jobs",), "jobs", Takes.COUNT, "Processes; 0 is one for each core.  [default: 1]", "N"),
    Option(
        ("--cache",),
        "cached",
        Takes.NOTHING,
        "Answer for unchanged folders from the last scan.",
        off="--no-cache",
    ),
    Option(
        ("--annotate",),
        "annotate",
        Takes.NOTHING,
        "Write the verdict into the metadata of scanned notebooks.",
        default=False,
    ),
    Option(("--show-skipped",), "show_skipped", Takes.NOTHING, "List the files that were skipped."),
    Option(
        ("-l", "--log"),
        "log",
        Takes.LEVEL,
        "How much is said on stderr: CRITICAL, ERROR, WARNING, INFO, DEBUG.  [default: INFO]",
        "LEVEL",
    ),
)

_BY_NAME = {name: option for option in OPTIONS for name in (*option.names, option.off) if name}


def read(words: Sequence[str]) -> dict[str, Any] | None:
    """The arguments of `scan.scan`. None: click has to look at this."""
    found: dict[str, Any] = {option.to: () if option.multiple else option.default for option in OPTIONS}
    found["more"] = ()
    rest = iter(words)
    for word in rest:
        option = _BY_NAME.get(word)
        if option is None:
            if _is_odd(word):
                return None
            option = _MORE
        if option.takes == Takes.NOTHING:
            found[option.to] = word != option.off
            continue
        text = word if option is _MORE else next(rest, None)
        value = None if text is None or _is_odd(text) else _READ[option.takes](text)
        if value is None:
            return None
        found[option.to] = (*found[option.to], value) if option.multiple else value
    return found if found["paths"] or found["more"] else None


def _is_odd(text: str) -> bool:
    """Looks like an option, or can be no value of one."""
    return (text.startswith("-") and text != "-") or "\0" in text


_MORE = Option((), "more", Takes.PATH, "", multiple=True)


def _path(text: str) -> str | None:
    return text if text == "-" or os.path.exists(text) else None  # noqa: PTH110 - what cannot be read is for the report


def _file(text: str) -> str | None:
    return text if os.path.isfile(text) and os.access(text, os.R_OK) else None  # noqa: PTH113


def _target(text: str) -> str | None:
    return text if text and (not os.path.lexists(text) or os.access(text, os.R_OK)) else None


def _format(text: str) -> str | None:
    return text if text in FORMATS else None


def _severity(text: str) -> str | None:
    return text.upper() if text.isascii() and text.upper() in SEVERITIES else None


def _level(text: str) -> str | None:
    return text.upper() if text.isascii() and text.upper() in LEVELS else None


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _text(text: str) -> str | None:
    return text or None


_READ: dict[str, Callable[[str], Any]] = {
    Takes.PATH: _path,
    Takes.FILE: _file,
    Takes.TARGET: _target,
    Takes.FORMAT: _format,
    Takes.SEVERITY: _severity,
    Takes.LEVEL: _level,
    Takes.COUNT: _count,
    Takes.TEXT: _text,
}
