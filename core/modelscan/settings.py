"""Settings, each with where it came from.

Strongest first: what the caller asks for, a file named by the caller, the environment (`MODELSCAN_…`), the user's
file, the administrator's, files in the working folder. A file that only lies in the working folder may have come with
a model, so it tunes limits and reporting and nothing else; what an administrator sets about verdicts is a floor that
nobody weakens. What a file may say is in `modelscan.schema`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from modelscan.approvals import Approval, checked, kept_names, readable
from modelscan.errors import SettingsError
from modelscan.floor import administrators_file, is_there
from modelscan.folders import HOME, ignored
from modelscan.limits import Limits
from modelscan.places import FOLDER_FILE, PROJECT_FILE, project_speaks, user_file
from modelscan.policy import KERAS, TENSORFLOW, WORDS, Policy
from modelscan.records import dataclass, field, replace
from modelscan.render.inert import inert
from modelscan.report import Severity
from modelscan.schema import (
    FIELDS,
    KERAS_NAMES,
    LONGEST,
    OURS,
    TF_NAMES,
    Field,
    Reach,
    dotted,
    field_of,
    grades,
    is_table,
    siblings,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from modelscan.schema import Keys
    from modelscan.tomlfile import TomlFile

APPROVED = "approved"
DEFAULT = "default"
_FRAMEWORKS: Mapping[Keys, str] = {(KERAS_NAMES,): KERAS, (TF_NAMES,): TENSORFLOW}
"""The end of a key to what the names below it are names of."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it came from: "default", "FILE:LINE", "environment MODELSCAN_POLICY", "command line"."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings."""

    values: Mapping[Keys, Setting]
    approved: tuple[Approval, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds. `notes` are sentences about what was passed over; `rows()` has every value with its origin."""

    values: Mapping[Keys, Setting] = field(default_factory=dict)
    approved: tuple[Approval, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    """The files that were read, strongest first."""

    @classmethod
    def load(
        cls,
        file: str | os.PathLike[str] | None = None,
        *more: str | os.PathLike[str],
        given: Mapping[str, Any] | None = None,
    ) -> Settings:
        """All layers, merged. `file` and `more` are named by a person; `given` are single values, as "limits.seconds".

        Raises SettingsError with one line a mistake, each with the file, the line and the key, and OSError for a
        named file that cannot be read.
        """
        named = [path for path in (file, *more) if path is not None]
        asked = Layer(dict(_given(given or {})))
        chosen = [asked, *(_from_file(path, Reach.NAMED) for path in named), _from_environment()]
        floor = _from_home(administrators_file())
        found = (_from_home(user_file()), floor, _from_folder(named))
        return _merged([*chosen, *(layer for layer in found if layer)], floor)

    @classmethod
    def given(cls, values: Mapping[str, Any]) -> Settings:
        """What the caller asks for, and defaults. Raises SettingsError."""
        return cls(dict(_given(values)))

    def get(self, key: str) -> Any:
        """The value of a key such as "policy" or "limits.seconds"."""
        keys = tuple(key.split("."))
        found = self.values.get(keys)
        if found is not None:
            return found.value
        known = field_of(keys)
        if known is None:
            raise KeyError(key)
        return known.default

    def rows(self) -> Iterator[tuple[str, Any, str]]:
        """Key, value and origin: first every setting of ours, then what else was set."""
        ours = [row.keys for row in OURS]
        for keys in (*ours, *(keys for keys in self.values if keys not in ours)):
            found = self.values.get(keys)
            yield dotted(keys), found.value if found else self.get(".".join(keys)), found.origin if found else DEFAULT

    @property
    def limits(self) -> Limits:
        return Limits(**{keys[1]: row.value for keys, row in self.values.items() if keys[0] == "limits"})

    @property
    def denied(self) -> Mapping[str, Severity]:
        """Names as in `Policy.denied`, to the severity they were given beyond our own rules; the worst of several."""
        found: dict[str, Severity] = {}
        for name, severity in self._denied():
            found[name] = max(severity, found.get(name, severity))
        return found

    @property
    def switched_off(self) -> frozenset[str]:
        """Scanners, by the names of modelscan 0.8, whose formats are left out."""
        return frozenset(
            keys[1]
            for keys, row in self.values.items()
            if keys[0] == "scanners" and keys[2:] == ("enabled",) and not row.value
        )

    @property
    def reporter(self) -> str:
        """The report class that a file named by a person chooses, as "package.module.Class"."""
        return str(self.get("reporting.module"))

    def policy(self, *, kept_too: bool = True) -> Policy:
        """The policy these settings make, with what was approved in them and, if wanted, in the store."""
        rows = (*(readable() if kept_too else ()), *self.approved)
        policy = Policy(
            self.get("policy"),
            self.limits,
            denied=self.denied,
            approved={row.sha256: row.reason for row in rows if row.sha256},
        )
        lawful = kept_names() if kept_too else frozenset()
        return policy.with_allowed({*lawful, *(row.name for row in self.approved if row.name)})

    def _denied(self) -> Iterator[tuple[str, Severity]]:
        for keys, row in self.values.items():
            if keys[2:] in _FRAMEWORKS:
                told = grades(keys)
                for name, severity in row.value.items():
                    if told.get(name) is not severity:
                        yield f"{_FRAMEWORKS[keys[2:]]}:{name}", severity
            if keys[0] != "unsafe_globals":
                continue
            from modelscan.contract import template

            known = template()["unsafe_globals"][keys[1]].get(keys[2], [])
            for name in row.value:
                if name != known and name not in known:  # what modelscan 0.8 denies by itself is ours to grade
                    yield f"{keys[2]}.{name}", Severity[keys[1]]


def __getattr__(name: str) -> Any:
    """What modelscan 0.8 had under this name: `DEFAULT_SETTINGS` and its kin."""
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from modelscan import defaults

    if name not in defaults.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(defaults, name)


def stricter(policy: Policy, path: str) -> Policy:
    """The policy, or what the administrator's file asks for where that is stricter. Raises SettingsError."""
    floor = Settings(_from_file(path, Reach.PERSON).values)
    word = min(policy.word, floor.get("policy"), key=WORDS.index) if ("policy",) in floor.values else policy.word
    denied = {name: max(severity, policy.denied.get(name, severity)) for name, severity in floor.denied.items()}
    limits = {keys[1]: row.value for keys, row in floor.values.items() if keys[0] == "limits"}
    return replace(policy, word=word, limits=replace(policy.limits, **limits), denied={**policy.denied, **denied})


def read_approvals(path: Path) -> tuple[Approval, ...]:
    """The approvals of a policy file. Raises OSError, and SettingsError as `Settings.load` does."""
    return _from_file(path, Reach.NAMED).approved


def _merged(layers: Sequence[Layer], floor: Layer | None) -> Settings:
    values: dict[Keys, Setting] = {}
    notes: list[str] = []
    for layer in layers:
        values = {**layer.values, **values}
        notes += layer.notes
    for keys, setting in floor.values.items() if floor else ():
        known = field_of(keys)
        mine = values[keys].value
        least = mine if known is None or known.floor is None else known.floor(mine, setting.value)
        if least == mine:
            continue
        stays = f" {setting.value}" if isinstance(setting.value, str | int | float) else ""
        notes.append(f"{dotted(keys)} stays{stays}, as the administrator set it ({setting.origin})")
        values[keys] = Setting(least, setting.origin)
    approved = tuple(row for layer in layers for row in layer.approved)
    return Settings(values, approved, tuple(notes), tuple(path for layer in layers for path in layer.files))


def _given(values: Mapping[str, Any]) -> Iterator[tuple[Keys, Setting]]:
    for key, value in values.items():
        keys = tuple(key.split("."))
        known = field_of(keys)
        if known is None:
            raise SettingsError(_unknown(key, keys))
        try:
            yield keys, Setting(known.kind.read(value), "command line")
        except (ValueError, KeyError):
            raise SettingsError(_wrong(key, known, value)) from None


def _from_environment() -> Layer:
    values: dict[Keys, Setting] = {}
    wrong = []
    for known in FIELDS:
        text = os.environ.get(known.variable) if known.is_spoken else None
        if text is None:
            continue
        try:
            values[known.keys] = Setting(known.kind.spoken(text), f"environment {known.variable}")
        except (ValueError, KeyError):
            wrong.append(_wrong(f"environment variable {known.variable}", known, text))
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Layer(values, notes=tuple(_unknown_variables()))


def _unknown_variables() -> Iterator[str]:
    known = {HOME, *(field.variable for field in FIELDS if field.is_spoken)}
    if ignored():
        yield f"environment variable {HOME} is not used: it must be an absolute path"
    for name in sorted(os.environ):
        if name.startswith("MODELSCAN_") and name not in known:
            yield f"environment variable {name} is no setting{_meant(name, known)}"


def _from_home(path: str) -> Layer | None:
    return _from_file(path, Reach.PERSON) if is_there(path) else None


def _from_folder(named: Sequence[str | os.PathLike[str]]) -> Layer | None:
    """What lies in the working folder. Whatever is wrong with it is told and stops nothing."""
    values: dict[Keys, Setting] = {}
    notes: list[str] = []
    files: list[Path] = []
    for name, inner in ((FOLDER_FILE, ()), (PROJECT_FILE, ("tool", "modelscan"))):
        if not (project_speaks() if inner else os.path.isfile(name)):  # noqa: PTH113
            continue
        from pathlib import Path

        path = Path.cwd() / name
        if path in map(Path, named):
            continue
        try:
            layer = _from_file(path, Reach.FOLDER, inner)
        except (OSError, SettingsError) as error:
            notes += [f"{line} (not used)" for line in str(error).splitlines()]
            continue
        values = {**layer.values, **values}
        notes += layer.notes
        files += layer.files if layer.values else ()
    return Layer(values, notes=tuple(notes), files=tuple(files)) if values or notes else None


def _from_file(path: str | os.PathLike[str], reach: Reach, inner: Keys = ()) -> Layer:
    from pathlib import Path

    from modelscan.ownership import shared
    from modelscan.tomlfile import TomlFile

    if reach is Reach.PERSON and (problem := shared(os.fspath(path))):
        raise SettingsError(f"{inert(os.fspath(path), LONGEST)} is not used: {inert(problem, LONGEST)}")
    file = TomlFile.read(Path(path))
    table: Any = file.values
    for key in inner:
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    reading = _Reading(file, reach, inner)
    reading.table((), table)
    if reading.wrong:
        raise SettingsError("\n".join(reading.wrong))
    return Layer(reading.values, tuple(reading.approved), tuple(reading.notes), (file.path,))


class _Reading:
    """One pass over one file: its values, and everything that is wrong with it."""

    def __init__(self, file: TomlFile, reach: Reach, inner: Keys) -> None:
        self.file, self.reach, self.inner = file, reach, inner
        self.values: dict[Keys, Setting] = {}
        self.approved: list[Approval] = []
        self.wrong: list[str] = []
        self.notes: list[str] = []

    def table(self, keys: Keys, table: Mapping[str, Any]) -> None:
        for key, value in table.items():
            self._entry((*keys, key), value)

    def _entry(self, keys: Keys, value: Any) -> None:
        known = field_of(keys)
        if known is not None:
            self._value(known, keys, value)
        elif keys == (APPROVED,):
            self._approvals(value)
        elif not is_table(keys):
            self.wrong.append(f"{self._where(keys)}: {_unknown(dotted(keys), keys)}")
        elif isinstance(value, Mapping):
            self.table(keys, value)
        else:
            self.wrong.append(f"{self._where(keys)}: {dotted(keys)} must be a table, not {value!r}")

    def _value(self, known: Field, keys: Keys, value: Any) -> None:
        try:
            read = known.kind.read(value)
        except (ValueError, KeyError):
            self.wrong.append(f"{self._where(keys)}: {_wrong(dotted(keys), known, value)}")
            return
        if known.reach <= self.reach or (known.floor and self.reach is Reach.PERSON and known.harmless(keys, read)):
            self.values[keys] = Setting(read, self._where(keys))
        elif not known.harmless(keys, read):
            self._passed_over(keys)

    def _approvals(self, rows: Any) -> None:
        if self.reach < Reach.PERSON:
            self._passed_over((APPROVED,))
            return
        met: dict[str, str] = {}
        for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
            where = self._where((APPROVED, str(number)))
            try:
                made = _approval(row)
            except (TypeError, ValueError) as error:
                self.wrong.append(f"{where}: {APPROVED}: {error}")
                continue
            if made.value in met:
                self.wrong.append(f"{where}: {APPROVED}: {inert(made.value)} is approved already, in {met[made.value]}")
            met[made.value] = where
            self.approved.append(made)

    def _passed_over(self, keys: Keys) -> None:
        how = "with --settings-file" if self.reach is Reach.FOLDER else "on the command line"
        self.notes.append(
            f"{self._where(keys)}: {dotted(keys)} is not used: only a file that is named {how} may set it"
        )

    def _where(self, keys: Keys) -> str:
        return self.file.where((*self.inner, *keys))


def _approval(row: Any) -> Approval:
    if not isinstance(row, Mapping):
        raise TypeError("must be tables, written [[approved]]")
    unknown = set(row) - {"name", "sha256", "reason", "created", "user"}
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}")
    # A time may be written as one; `true` or a list is no name and no reason.
    texts = {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in row.items()}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"{key} must be text")
    if not texts.get("reason", "").strip():
        raise ValueError("reason is missing: say why it may be loaded")
    return checked(
        texts.get("sha256"), texts.get("name"), texts["reason"].strip(), texts.get("created", ""), texts.get("user", "")
    )


def _unknown(key: str, keys: Keys) -> str:
    return f"unknown setting {key}{_meant(keys[-1], siblings(keys))}"


def _meant(word: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _wrong(key: str, known: Field, value: Any) -> str:
    return f"{key} must be {known.kind.expects}, not {value!r}"
