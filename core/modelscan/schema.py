"""Every setting there is: its name, what it may be, and who may set it. `FIELDS` is the one table.

The first part is ours. The second is what settings files of modelscan 0.8 hold: it is read by the same rules, and
what only chose files by their extension there is accepted without effect, because files are told by their content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum

from modelscan.choices import DEFAULTS, LEVELS
from modelscan.limits import Limits
from modelscan.policy import WORDS
from modelscan.records import dataclass
from modelscan.render import RENDERERS
from modelscan.render.inert import inert
from modelscan.report import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Keys = tuple[str, ...]

LONGEST = 4096
"""Characters of a path or a key that is shown."""
REPORTERS = {"modelscan.reports.ConsoleReport": "console", "modelscan.reports.JSONReport": "json"}
"""Report classes of modelscan 0.8 and what we draw for them."""
ANY = "*"
"""Stands for one part of a key that the file chooses."""


class Reach(IntEnum):
    """From where a setting may come. A layer may set what its own reach or a lower one covers."""

    FOLDER = 0
    """Also from a file that lies in the working folder, whoever put it there."""
    PERSON = 1
    """From the user or the administrator of this machine."""
    NAMED = 2
    """From a file that was named on the command line, or from the command line."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` makes the value of what a file says, `spoken` of text in the environment; ValueError is "wrong"."""

    expects: str
    read: Callable[[Any], Any]
    spoken: Callable[[str], Any]


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _flag_of(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}[
        text.lower()
    ]


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _positive(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError
    return value


def _number_of(text: str) -> float | int:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(map(_text, value))


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError
    return dict(value)


def _severity(value: Any) -> Severity:
    return value if isinstance(value, Severity) else Severity[_text(value).upper()]


def _names(value: Any) -> tuple[str, ...]:
    return (ANY,) if value == ANY else _texts(value)


def _one_of(*words: str) -> Kind:
    def read(value: Any) -> str:
        found = {word.lower(): word for word in words}.get(_text(value).lower())
        if found is None:
            raise ValueError
        return found

    return Kind(f"one of {', '.join(words)}", read, read)


FLAG = Kind("true or false", _flag, _flag_of)
COUNT = Kind("a whole number, 0 or more", _count, lambda text: _count(int(text)))
NUMBER = Kind("a number above 0", _positive, lambda text: _positive(_number_of(text)))
WHOLE = Kind("a whole number above 0", lambda value: _positive(_count(value)), lambda text: _positive(int(text)))
TEXT = Kind("text", _text, _text)
TEXTS = Kind("a list of texts", _texts, lambda text: tuple(text.split(",")))
TABLE = Kind("a table", _table, _table)
SEVERITY = Kind("one of LOW, MEDIUM, HIGH, CRITICAL", _severity, _severity)
NAMES = Kind('"*" or a list of names', _names, _names)
SEVERITIES = Kind(
    "a table of names with LOW, MEDIUM, HIGH or CRITICAL",
    lambda value: {name: _severity(row) for name, row in _table(value).items()},
    _table,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. `floor` makes of two values what is as strict as both: an administrator's is not weakened."""

    keys: Keys
    kind: Kind
    reach: Reach
    default: Any
    help: str
    floor: Callable[[Any, Any], Any] | None = None
    harmless: Callable[[Keys, Any], bool] = lambda *_: False
    """Values that are quietly passed over where only a person may set others."""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "MODELSCAN_" + "_".join(self.keys).upper()

    @property
    def is_spoken(self) -> bool:
        """Does the environment set it?"""
        return ANY not in self.keys and self.reach < Reach.NAMED

    def fits(self, keys: Keys) -> bool:
        return len(keys) == len(self.keys) and self.leads_to(keys)

    def leads_to(self, keys: Keys) -> bool:
        return all(mine in (ANY, theirs) for mine, theirs in zip(self.keys, keys, strict=False))


def _stricter(one: str, other: str) -> str:
    return min(one, other, key=WORDS.index)


def _both_names(mine: tuple[str, ...], least: tuple[str, ...]) -> tuple[str, ...]:
    if ANY in mine or set(least) <= set(mine):
        return mine
    return least if ANY in least else (*mine, *(name for name in least if name not in mine))


def _as_set(_: Any, least: Any) -> Any:
    """Of a budget no value is stricter: with a smaller one less is read, with a larger one more may be asked of it."""
    return least


def _kept_on(mine: bool, least: bool) -> bool:
    return mine or least


def _worse_grades(mine: Mapping[str, Severity], least: Mapping[str, Severity]) -> Mapping[str, Severity]:
    return {**mine, **{name: max(grade, mine.get(name, grade)) for name, grade in least.items()}}


_LIMITS = Limits()

KERAS_NAMES, TF_NAMES = "unsafe_keras_operators", "unsafe_tf_operators"
"""Tables below a scanner of modelscan 0.8."""

OURS: tuple[Field, ...] = (
    Field(("policy",), _one_of(*WORDS), Reach.PERSON, DEFAULTS["policy"], "what is refused", _stricter),
    Field(("fail_on",), SEVERITY, Reach.PERSON, DEFAULTS["fail_on"], "findings from here on make the exit code 1", min),
    Field(
        ("min_severity",),
        SEVERITY,
        Reach.PERSON,
        DEFAULTS["min_severity"],
        "findings below are left out of reports",
        min,
    ),
    Field(("show_skipped",), FLAG, Reach.FOLDER, DEFAULTS["show_skipped"], "list every skipped file"),
    Field(("jobs",), COUNT, Reach.PERSON, DEFAULTS["jobs"], "processes that scan a folder; 0 is one for each core"),
    Field(("cache",), FLAG, Reach.PERSON, DEFAULTS["cache"], "answer for files that did not change from the last scan"),
    Field(("log",), _one_of(*LEVELS), Reach.FOLDER, DEFAULTS["log"], "how much is said on stderr"),
    Field(
        ("reporting", "format"),
        _one_of(*RENDERERS),
        Reach.FOLDER,
        DEFAULTS["reporting.format"],
        "the report, as with -r",
    ),
    Field(("notebook", "feedback"), COUNT, Reach.FOLDER, 0, "say of each load: 0 what matters, 1 a line, 2 a panel"),
    Field(("notebook", "buttons"), FLAG, Reach.FOLDER, True, "show buttons under a refused load"),
    Field(("notebook", "progress"), FLAG, Reach.FOLDER, True, "show how far a scan of more than a second is"),
    *(
        Field(
            ("limits", name),
            NUMBER if name == "seconds" else WHOLE,
            Reach.FOLDER,
            getattr(_LIMITS, name),
            f"the budget `Limits.{name}`; reaching it ends in INCONCLUSIVE",
            _as_set,
        )
        for name in Limits.__match_args__
    ),
)


def _is_known_reporter(_: Keys, value: Any) -> bool:
    return value in REPORTERS


def _is_nothing(_: Keys, value: Any) -> bool:
    return not value


def _is_on(_: Keys, value: Any) -> bool:
    return value is True


def _is_theirs(keys: Keys, value: Any) -> bool:
    from modelscan.contract import template

    return bool(value == _names(template()[keys[0]][keys[1]].get(keys[2], [])))


def _is_their_grade(keys: Keys, value: Any) -> bool:
    return bool(value == grades(keys))


def grades(keys: Keys) -> Mapping[str, Severity]:
    """What modelscan 0.8 has at `scanners.NAME.KEY` where nothing is set."""
    from modelscan.contract import template

    table = template()["scanners"].get(keys[1], {}).get(keys[2], {})
    return {name: Severity[said] for name, said in table.items()}


THEIRS: tuple[Field, ...] = (
    Field(("modelscan_version",), TEXT, Reach.FOLDER, "", "who wrote the file"),
    Field(("supported_zip_extensions",), TEXTS, Reach.FOLDER, (), "without effect"),
    Field(
        ("scanners", ANY, "enabled"),
        FLAG,
        Reach.NAMED,
        True,
        "false leaves the formats of this scanner out",
        _kept_on,
        _is_on,
    ),
    Field(("scanners", ANY, "supported_extensions"), TEXTS, Reach.FOLDER, (), "without effect"),
    *(
        Field(
            ("scanners", ANY, key),
            SEVERITIES,
            Reach.PERSON,
            {},
            f"{what}, to how bad their use is at least; added to our own rules, for every format that has such names",
            _worse_grades,
            _is_their_grade,
        )
        for key, what in (
            (KERAS_NAMES, "classes and functions of Keras"),
            (TF_NAMES, "operators of TensorFlow"),
        )
    ),
    Field(("middlewares", ANY, "formats"), TABLE, Reach.FOLDER, {}, "without effect"),
    *(
        Field(
            ("unsafe_globals", severity.name, ANY),
            NAMES,
            Reach.PERSON,
            (),
            f"names of a module (`*`: all) whose use is {severity.name}, added to our own rules",
            _both_names,
            _is_theirs,
        )
        for severity in sorted(Severity, reverse=True)
    ),
    Field(
        ("reporting", "module"),
        TEXT,
        Reach.NAMED,
        "",
        "the report class that `-r custom` asks, as package.module.Class",
        None,
        _is_known_reporter,
    ),
    Field(
        ("reporting", "settings"),
        TABLE,
        Reach.PERSON,
        {},
        "what the report class is given",
        None,
        _is_nothing,
    ),
)


FIELDS: tuple[Field, ...] = (*OURS, *THEIRS)


def dotted(keys: Keys) -> str:
    """The path of a key as TOML writes it, fit to be shown."""
    return inert(".".join(key if re.fullmatch(r"[\w-]+", key) else f'"{key}"' for key in keys), LONGEST)


def field_of(keys: Keys) -> Field | None:
    return next((field for field in FIELDS if field.fits(keys)), None)


def is_table(keys: Keys) -> bool:
    """Are there settings below this key?"""
    return any(len(field.keys) > len(keys) and field.leads_to(keys) for field in FIELDS)


def siblings(keys: Keys) -> list[str]:
    """What could have been meant in the place of the last part."""
    return [field.keys[len(keys) - 1] for field in FIELDS if len(field.keys) >= len(keys) and field.leads_to(keys[:-1])]
