"""Rows of a command that lists: for a machine, or a line each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)


def listed(rows: Sequence[Row], line: Callable[[Row], str], as_json: bool, nothing: str) -> None:
    """Prints them; `nothing` goes to stderr when there are none."""
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        click.echo(line(row))
    if not rows:
        click.echo(nothing, err=True)
