"""Writes docs/reference/rules.md and trusted.md from the rule data; with --check, says whether they are stale."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from modelscan.rules.match import names_in
from modelscan.rules.rule import Use

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
RULES = """# Rules

Made from `core/modelscan/rules/*.toml` by `tools/build_reference.py`. Ids are stable. What is trusted instead is listed
in [trusted names](trusted.md).

"""
TRUSTED = """# Trusted names

Made from `core/modelscan/rules/trusted/*.toml` by `tools/build_reference.py`.

Names that ordinary model files use and that do no harm, whatever the file passes to them. Only exact names are trusted,
never a whole package. Each group says why it is harmless and what an attacker could pass; `make promises` passes such
things to every name that can be imported and watches what happens.

| use | what is trusted besides naming it |
| --- | --- |
"""
USES = {
    Use.NAME: "Nothing: it may be kept as a setting. Calling it is an unreviewed call.",
    Use.CONSTRUCT: "Making an instance without calling the class, and giving it a state.",
    Use.CALL: "Calling it with any arguments, as long as what they carry could be called too.",
    Use.CALL_EMPTY: "Calling it without arguments, and giving the result a state.",
    Use.CALL_TRUSTED: "Calling it if every imported name among the arguments is trusted.",
    Use.HOLD: "The same; it keeps its arguments and calls none of them while loading.",
    Use.NESTED: "Calling it with bytes that were scanned in turn.",
}
MARKS = """
`items`: it may be filled with items and keys. `no state`: it may not be given a state.
`no functions`: nor one with functions in it. `as an argument`: its instances may be given to a trusted call, which may
ask them for their items. `keeps`: a call of it keeps what stands in the containers that it is given, as keys at most.
`length`: its state has to be a tuple of at least so many items, because compiled code reads them without counting.
`no arguments`: it may be made without arguments only. `one argument`: it may be called with one at most, since an
enumeration that is called with more makes a new class.

"""


TABLES = (
    ("Names that are denied", "gadgets.toml"),
    ("Keras objects that are denied", "keras.toml"),
    ("TensorFlow operators that are denied", "operators.toml"),
    ("Structures", "structure.toml"),
    ("Notebooks", "notebook.toml"),
)


def rules() -> str:
    lines: list[str] = []
    for title, file in TABLES:
        lines += [*table(title, file), ""]
    return RULES + "\n".join([*lines, *known()]) + "\n"


def table(title: str, file: str) -> Iterator[str]:
    yield from (f"## {title}", "", "| rule | severity | what | why | names |", "| --- | --- | --- | --- | --- |")
    groups = [group for group in read(file).values() if "rule" in group]
    for group in sorted(groups, key=lambda group: str(group["rule"])):
        names = str(len(names_in(group["names"]))) if "names" in group else ""
        yield f"| {group['rule']} | {group.get('severity', '')} | {group['title']} | {group['why']} | {names} |"


def trusted() -> str:
    lines = [f"| {use} | {USES[use]} |" for use in Use]
    lines += MARKS.splitlines()
    files = sorted(file.name for file in (resources.files("modelscan.rules") / "trusted").iterdir())
    lines += ["| file | groups | names |", "| --- | --- | --- |"]
    parts: list[str] = []
    for file in sorted(files, key=lambda name: (name != "python.toml", name.lower())):
        groups = read(f"trusted/{file}")
        total = sum(len(names_in(group["names"])) for group in groups.values())
        lines.append(f"| {file} | {len(groups)} | {total:,} |")
        parts += ["", f"## {file.removesuffix('.toml')}", ""]
        for key, group in groups.items():
            parts += entry(key, group)
    return TRUSTED + "\n".join([*lines, *parts]) + "\n"


def known() -> list[str]:
    lines = [
        "## Keras objects and operators that are known",
        "",
        "| group | library | what | names |",
        "| --- | --- | --- | --- |",
    ]
    for key, group in sorted({**read("keras.toml"), **read("operators.toml")}.items()):
        if "rule" not in group:
            lines.append(f"| {key} | {group['library']} | {group['why']} | {len(names_in(group['names']))} |")
    return lines


def entry(key: str, group: dict[str, Any]) -> Iterator[str]:
    marks = [str(group["use"]), *(["items"] if group.get("items") else [])]
    marks += ["no state"] if group.get("state") is False else []
    marks += ["no functions"] if group.get("calls") else []
    marks += ["as an argument"] if group.get("passive") else []
    marks += ["keeps"] if group.get("keeps") else []
    marks += [f"length {group['length']}"] if group.get("length") else []
    marks += ["no arguments"] if group.get("bare") else []
    marks += ["one argument"] if group.get("single") else []
    names = names_in(group["names"])
    yield from (f"### {key}", "", f"*{', '.join(marks)}*, {len(names):,} names. {group['why']}", "")
    yield from (f"What an attacker could pass: {group['promise'][0].lower()}{group['promise'][1:]}", "")


def read(file: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((resources.files("modelscan.rules") / file).read_text("utf-8"))


PAGES = {"rules.md": rules, "trusted.md": trusted}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        target = FOLDER / name
        if "--check" not in sys.argv:
            target.write_text(page(), encoding="utf-8")
        elif not target.exists() or target.read_text("utf-8") != page():
            stale.append(name)
    for name in stale:
        print(f"{name} is stale: run python tools/build_reference.py")
    return int(bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
