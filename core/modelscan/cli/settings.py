"""`modelscan settings` and `modelscan create-settings-file`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelscan.contract import template_text
from modelscan.places import FOLDER_FILE
from modelscan.render.inert import inert
from modelscan.settings import Settings


@click.command()
@click.option("--settings-file", type=click.Path(exists=True, dir_okay=False), help="As for scan.")
def settings(settings_file: str | None) -> None:
    """Show every setting, and where its value comes from."""
    found = Settings.load(settings_file)
    for key, value, origin in found.rows():
        click.echo(f"{inert(key)} = {inert(_spelled(value))}  # {inert(origin, 4096)}")
    for note in found.notes:
        click.echo(inert(note, 4096), err=True)


@click.command("create-settings-file")
@click.option("-f", "--force", is_flag=True, help="Overwrite a file that is there.")
@click.option("-l", "--location", type=click.Path(), help=f"Where.  [default: ./{FOLDER_FILE}]")
def create_settings_file(force: bool, location: str | None) -> None:
    """Write a settings file with the defaults, to be changed and given to scan with --settings-file."""
    path = Path(location) if location else Path.cwd() / FOLDER_FILE
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(template_text())
    except FileExistsError:
        click.echo(f"{path} file already exists. Please use `--force` flag if you intend to overwrite it.", err=True)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None
    else:
        click.echo(f"Settings written to {path}", err=True)


def _spelled(value: Any) -> str:
    """As TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and type(value) in (int, float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_spelled(item)}" for key, item in value.items()) + "}"
    return f'"{value}"'
