"""`modelscan scan` as click has it, made from the table of its options."""

from __future__ import annotations

from typing import Any

import click

from modelscan.choices import LEVELS
from modelscan.cli import scan as work
from modelscan.cli.group import version_option
from modelscan.cli.options import FORMATS, OPTIONS, SEVERITIES, Option, Takes

_PATH = click.Path(exists=True, readable=False, allow_dash=True)  # what cannot be read is for the report
_TYPES: dict[str, click.ParamType[Any]] = {
    Takes.PATH: _PATH,
    Takes.FILE: click.Path(exists=True, dir_okay=False),
    Takes.TARGET: click.Path(),
    Takes.FORMAT: click.Choice(FORMATS),
    Takes.SEVERITY: click.Choice(SEVERITIES, case_sensitive=False),
    Takes.LEVEL: click.Choice(LEVELS, case_sensitive=False),
    Takes.COUNT: click.IntRange(min=0),
    Takes.TEXT: click.STRING,
}


def _made(option: Option) -> click.Option:
    said: dict[str, Any] = {"help": option.help, "metavar": option.metavar}
    if option.takes == Takes.NOTHING:
        said |= {"is_flag": True, "default": option.default}
    else:
        said |= {"type": _TYPES[option.takes], "multiple": option.multiple}
    *others, last = option.names
    return click.Option([*others, f"{last}/{option.off}" if option.off else last, option.to], **said)


@version_option
@click.command(
    "scan",
    params=[click.Argument(["more"], nargs=-1, metavar="[PATH]...", type=_PATH), *map(_made, OPTIONS)],
    epilog="Exit codes: `modelscan --help`.",
)
def scan(**asked: Any) -> int:
    """Scan files and folders, and report what loading them would do."""
    return work.scan(**asked)
