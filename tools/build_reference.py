"""Writes docs/reference/rules.md from the rule data; with --check, says whether it is up to date."""

from __future__ import annotations

import sys
import tomllib
from importlib import resources
from pathlib import Path

from modelscan.rules.match import names_in

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "rules.md"
HEAD = """# Rules

Made from `core/modelscan/rules/*.toml` by `tools/build_reference.py`. Ids are stable.

"""


TABLES = (
    ("Names that are denied", "gadgets.toml"),
    ("Keras objects that are denied", "keras.toml"),
    ("TensorFlow operators that are denied", "operators.toml"),
    ("Structures", "structure.toml"),
)


def page() -> str:
    rows: list[str] = []
    for title, file in TABLES:
        rows += [*table(title, file), ""]
    rows += [*trusted(), "", *known()]
    return HEAD + "\n".join(rows) + "\n"


def table(title: str, file: str) -> list[str]:
    lines = [f"## {title}", "", "| rule | severity | what | why | names |", "| --- | --- | --- | --- | --- |"]
    groups = [group for group in read(file).values() if "rule" in group]
    for group in sorted(groups, key=lambda group: str(group["rule"])):
        names = str(len(names_in(group["names"]))) if "names" in group else ""
        lines.append(f"| {group['rule']} | {group.get('severity', '')} | {group['title']} | {group['why']} | {names} |")
    return lines


def trusted() -> list[str]:
    lines = ["## Names that are trusted", "", "| group | library | use | why it is harmless | names |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for key, group in sorted(read("trusted.toml").items()):
        count = len(names_in(group["names"]))
        lines.append(f"| {key} | {group['library']} | {group['use']} | {group['why']} | {count} |")
    return lines


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


def read(file: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files("modelscan.rules") / file).read_text("utf-8"))


def main() -> int:
    if "--check" in sys.argv:
        fresh = TARGET.exists() and TARGET.read_text("utf-8") == page()
        print("up to date" if fresh else f"{TARGET.name} is stale: run python tools/build_reference.py")
        return int(not fresh)
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
