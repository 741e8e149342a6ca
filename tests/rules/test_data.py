"""The rule data holds together: what is denied, what is trusted and what is spelled otherwise never contradict."""

from __future__ import annotations

import re
import sys
import tomllib
from _compat_pickle import IMPORT_MAPPING, REVERSE_IMPORT_MAPPING
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from modelscan.rules.match import Rules, names_in
from modelscan.rules.rule import Use

Groups = dict[str, dict[str, Any]]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("modelscan.rules") / name).read_text(encoding="utf-8"))


GADGETS: Groups = _read("gadgets.toml")
FILES: dict[str, Groups] = {
    file.name: tomllib.loads(file.read_text(encoding="utf-8"))
    for file in (files("modelscan.rules") / "trusted").iterdir()
}
TRUSTED: Groups = {key: group for groups in FILES.values() for key, group in groups.items()}
ALIASES: dict[str, dict[str, str]] = _read("aliases.toml")

DENIED = {name: key for key, group in GADGETS.items() for name in names_in(group["names"])}
KNOWN = {name: key for key, group in TRUSTED.items() for name in names_in(group["names"])}
PREFIXES = {name.removesuffix("*"): key for name, key in DENIED.items() if name.endswith(".*")}
GROUPS = [pytest.param(group, id=key) for key, group in (GADGETS | TRUSTED).items()]
GADGET_GROUPS = [pytest.param(group, id=key) for key, group in GADGETS.items()]
TRUSTED_GROUPS = [pytest.param(group, id=key) for key, group in TRUSTED.items()]

SEVERITIES = {"CRITICAL", "HIGH", "MEDIUM"}
USES = {str(use) for use in Use}
TRUSTED_KEYS = {
    "library",
    "use",
    "items",
    "state",
    "calls",
    "passive",
    "keeps",
    "length",
    "bare",
    "single",
    "why",
    "promise",
    "names",
}
GADGET_KEYS = {"rule", "severity", "title", "why", "fix", "cwe", "names"}
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def test_enumerations_are_called_with_one_value() -> None:
    choices = {key: group for key, group in TRUSTED.items() if "choice" in key or "enum" in group["why"]}
    called = {key for key, group in choices.items() if group["use"] == "call" and not group.get("single")}
    assert len(choices) > 40
    assert called == set()


def test_group_keys_are_not_shared() -> None:
    assert not GADGETS.keys() & TRUSTED.keys()


def test_rule_ids_are_unique() -> None:
    assert [rule for rule, times in Counter(group["rule"] for group in GADGETS.values()).items() if times > 1] == []


@pytest.mark.parametrize("group", GADGET_GROUPS)
def test_gadget_group_is_complete(group: dict[str, Any]) -> None:
    assert GADGET_KEYS <= group.keys() <= GADGET_KEYS | {"on", "acts", "ordinary", "calls", "except", "references"}
    assert re.fullmatch(r"MS-P[1-8]\d\d", group["rule"])
    assert group["severity"] in SEVERITIES
    assert group.get("on", "name") in {"name", "call", "state"}
    assert re.fullmatch(r"CWE-\d+", group["cwe"])
    assert all(url.startswith("https://") for url in group.get("references", []))
    assert 2 <= len(group["title"].split()) <= 5
    assert _is_sentence(group["why"])
    assert _is_sentence(group["fix"])


@pytest.mark.parametrize("group", TRUSTED_GROUPS)
def test_trusted_group_is_complete(group: dict[str, Any]) -> None:
    assert {"library", "use", "why", "promise", "names"} <= group.keys() <= TRUSTED_KEYS
    assert group["library"]
    assert group["use"] in USES
    assert _is_sentence(group["why"])
    assert _is_sentence(group["promise"])


@pytest.mark.parametrize("group", GROUPS)
def test_names_are_sorted_and_unique(group: dict[str, Any]) -> None:
    lines = [line.partition("#")[0].strip() for line in group["names"].split("\n")[:-1]]
    modules = [line.partition(": ")[0] for line in lines]
    for names in (modules, group.get("except", []), *(line.partition(": ")[2].split(" ") for line in lines)):
        assert names == sorted(set(names))
    assert names_in(group["names"])


def test_trusted_names_stand_in_the_file_of_their_package() -> None:
    assert len(TRUSTED) == sum(map(len, FILES.values()))
    for file, groups in FILES.items():
        found = {name.split(".")[0] for group in groups.values() for name in names_in(group["names"])}
        expected = sys.stdlib_module_names if file == "python.toml" else {file.removesuffix(".toml")}
        assert found <= expected


def test_a_module_has_one_line_in_a_group() -> None:
    for group in TRUSTED.values():
        modules = [line.partition(": ")[0] for line in group["names"].splitlines()]
        assert len(modules) == len(set(modules))


def test_a_name_stands_in_one_place() -> None:
    everywhere = Counter(name for group in [*GADGETS.values(), *TRUSTED.values()] for name in names_in(group["names"]))
    assert [name for name, times in everywhere.items() if times > 1] == []


def test_names_are_dotted_names() -> None:
    assert [name for name in DENIED if not DOTTED.fullmatch(name.removeprefix("*.").removesuffix(".*"))] == []
    assert [name for name in KNOWN if not DOTTED.fullmatch(name) or "." not in name] == []


def test_prefixes_spare_trusted_names() -> None:
    covered = [
        (name, PREFIXES[prefix])
        for name in KNOWN
        for prefix in _heads(name)
        if prefix in PREFIXES and name not in GADGETS[PREFIXES[prefix]].get("except", [])
    ]
    assert covered == []


def test_exceptions_are_trusted_and_needed() -> None:
    for key, group in GADGETS.items():
        mine = [prefix for prefix, owner in PREFIXES.items() if owner == key]
        for name in group.get("except", []):
            assert name in KNOWN, f"{name} is spared by {key} but not trusted"
            assert any(f"{name}.".startswith(prefix) for prefix in mine), f"{key} does not cover {name}"


def test_nothing_is_listed_under_another_spelling() -> None:
    listed = {name.removesuffix(".*") for name in DENIED.keys() | KNOWN.keys()}
    assert [name for name in listed if _canonical(name) != name] == []


def test_aliases_are_sorted() -> None:
    assert ALIASES.keys() == {"modules", "names"}
    for table in ALIASES.values():
        assert list(table) == sorted(table)


def test_aliases_lead_straight_to_a_listed_name() -> None:
    listed = {name.removesuffix(".*") for name in DENIED.keys() | KNOWN.keys()}
    heads = {head for name in listed for head in _heads(name)}
    for target in ALIASES["names"].values():
        assert target in listed, target
        assert _canonical(target) == target
    for target in ALIASES["modules"].values():
        assert f"{target}." in heads or _denied(target), target
        assert _canonical(f"{target}.name") == f"{target}.name"


def test_packages_are_sorted_and_said_once() -> None:
    names = _read("packages.toml")["installed"]["names"].split()
    assert names == sorted(set(names))
    assert all(name.isidentifier() for name in names)


def test_trusted_names_of_types_are_no_metaclasses() -> None:
    """Making a metaclass's instance makes a class, whose methods then run whatever they were given."""
    assert not KNOWN.keys() & {"abc.ABCMeta", "builtins.type", "enum.EnumMeta", "enum.EnumType"}


@pytest.mark.parametrize(
    "name",
    [
        "builtins.eval",
        "builtins.getattr",
        "dill.loads",
        "joblib.load",
        "numpy.fromfile",
        "numpy.load",
        "numpy.memmap",
        "os.system",
        "pandas.read_pickle",
        "pickle.loads",
        "subprocess.Popen",
        "torch.hub.load",
        "torch.load",
    ],
)
def test_the_usual_suspects_are_denied(name: str) -> None:
    assert _denied(name)


def _is_sentence(text: str) -> bool:
    return text[:1].isupper() and text.endswith(".") and len(text.split()) > 2


def _denied(name: str) -> bool:
    return name in DENIED or any(head in PREFIXES for head in _heads(name))


def _heads(name: str) -> list[str]:
    """The name and the packages it is in, each with a dot behind it."""
    parts = name.split(".")
    return [".".join(parts[:size]) + "." for size in range(1, len(parts) + 1)]


def _canonical(name: str) -> str:
    """The spelling that the other maps lead to, as a name with a module before it."""
    module, _, last = name.rpartition(".")
    if module in IMPORT_MAPPING and module not in REVERSE_IMPORT_MAPPING:
        module = IMPORT_MAPPING[module]
    if name in ALIASES["names"]:
        return ALIASES["names"][name]
    parts = [*module.split("."), last] if module else [last]
    for length in range(len(parts), 0, -1):
        target = ALIASES["modules"].get(".".join(parts[:length]))
        if target is not None:
            return ".".join([target, *parts[length:]])
    return f"{module}.{last}" if module else last


def test_what_is_taken_for_a_foreign_name_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shortcut for names that no rule speaks of; without it each of these is told the same."""
    rules, match = Rules.load(), Rules._match.__wrapped__
    roots = {part for name in (*DENIED, *KNOWN, *ALIASES["modules"], *IMPORT_MAPPING) for part in name.split(".")}
    roots |= {"m", "nobodys", "_os", "__main__", "", "*", "os ", "OS"}
    names = ["f", "X", "ABC", "__class__", "__x", "system", "a.b", "", "*", "Popen"]
    told = {(root, name): match(rules, root, name) for root in sorted(roots) for name in names}
    monkeypatch.setattr(Rules, "_is_foreign", lambda *_: False)
    assert {key: match(rules, *key) for key in told} == told
