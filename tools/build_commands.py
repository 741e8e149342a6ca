"""Writes what the docs and the README say about commands and settings; with --check, says whether it is up to date."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ["COLUMNS"] = "80"

import click

from modelscan import limits
from modelscan.cli import cli
from modelscan.schema import OURS, THEIRS, Field, Reach
from modelscan_jupyter import commands as magic
from modelscan_jupyter.magics import ModelScan

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- commands and options, by tools/build_commands.py -->", "<!-- end -->"
WHO = {
    Reach.FOLDER: "any file",
    Reach.PERSON: "a named file, the environment, the user's or the administrator's file",
    Reach.NAMED: "a named file",
}


def helps(name: str, command: click.Command, parent: click.Context | None = None) -> Iterable[tuple[str, str]]:
    """Each command with its help as it is printed, 80 columns wide."""
    settings = {**command.context_settings, "resilient_parsing": True}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from helps(inner, found, context)


def commands() -> str:
    text = (ROOT / "tools" / "commands.md").read_text("utf-8")
    blocks = (f"## {path}\n\n```text\n{shown.rstrip()}\n```\n" for path, shown in helps("modelscan", cli))
    return text + "\n" + "\n".join(blocks)


def magics() -> str:
    """The magic's own help, and the traits that IPython's configuration knows."""
    text = (ROOT / "tools" / "magics.md").read_text("utf-8")
    rows = ["| trait | default | what it does |", "| --- | --- | --- |"]
    for name, trait in sorted(ModelScan.class_own_traits(config=True).items()):
        rows.append(f"| `c.ModelScan.{name}` | `{trait.default_value}` | {trait.help} |")
    return (
        f"{text}\n## `%modelscan`\n\n```text\n{magic.usage().rstrip()}\n```\n\n## Configuration\n\n"
        + "\n".join(rows)
        + "\n"
    )


def settings() -> str:
    text = (ROOT / "tools" / "settings.md").read_text("utf-8")
    return text.replace("<!-- ours -->", table(OURS)).replace("<!-- theirs -->", table(THEIRS))


def budgets() -> dict[str, str]:
    """What each limit counts, as the text below it in its class says."""
    found = re.findall(r'^    (\w+): \w+ = .*\n    """(.+)\."""$', inspect.getsource(limits), re.MULTILINE)
    return {name: text[0].lower() + text[1:] for name, text in found}


def table(fields: Iterable[Field]) -> str:
    counted = budgets()
    rows = ["| key | may be | default | may be set by | what it does |", "| --- | --- | --- | --- | --- |"]
    for field in fields:
        key = ".".join("NAME" if part == "*" else part for part in field.keys)
        floor = "; the administrator's is a floor" if field.floor else ""
        default = f"`{spelled(field.default)}`" if field.default not in ("", (), {}) else ""
        what = f"budget: {counted[field.keys[1]]}" if field.keys[0] == "limits" else field.help
        rows.append(f"| `{key}` | {field.kind.expects} | {default} | {WHO[field.reach]}{floor} | {what} |")
    return "\n".join(rows)


def spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def readme() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n" + "\n".join(overview()) + f"\n\n{END}{rest.partition(END)[2]}"


def overview() -> Iterable[str]:
    """Each command in a line, and each option of a scan."""
    context = click.Context(cli, info_name="modelscan")
    scan = cli.get_command(context, "scan")
    assert isinstance(cli, click.Group)
    assert scan is not None
    yield from ("| command | what it does |", "| --- | --- |")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        words = "PATH…" if name == "scan" else " ".join(command.collect_usage_pieces(context)[1:])
        yield row_of(f"modelscan {name} {words}".rstrip(), command.get_short_help_str(200))
    yield from ("", "| option of a scan | what it does |", "| --- | --- |")
    for one in scan.get_params(context):
        if isinstance(one, click.Option) and not one.hidden and (row := one.get_help_record(context)):
            yield row_of(*row)


def row_of(*cells: str) -> str:
    word, about = (" ".join(cell.split()).rstrip(".").replace("|", "\\|") for cell in cells)
    return f"| `{word}` | {about} |"


def written(page: Path) -> str:
    return page.read_text("utf-8") if page.exists() else ""


PAGES = {
    "docs/reference/cli.md": commands,
    "docs/reference/magics.md": magics,
    "docs/reference/settings.md": settings,
    "README.md": readme,
}


def main() -> int:
    stale = [name for name, make in PAGES.items() if written(ROOT / name) != make()]
    if "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}: run python tools/build_commands.py" if stale else "up to date")
        return int(bool(stale))
    for name in stale:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
