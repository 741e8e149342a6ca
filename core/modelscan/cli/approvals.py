"""`modelscan approvals`: what a person decided may be loaded."""

from __future__ import annotations

import os
from pathlib import Path

import click

from modelscan import approvals as store
from modelscan.approvals import Approval
from modelscan.cli.listing import listed
from modelscan.cli.output import write
from modelscan.render.inert import inert


@click.group()
def approvals() -> None:
    """List, add, revoke, export and import approvals.

    An approval lets one file, told by its sha256, or one name be loaded in spite of what was found. A name whose
    rule is CRITICAL cannot be approved.
    """


@approvals.command("list")
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
def list_(as_json: bool) -> None:
    """List the approvals that are kept for this user."""
    listed(store.kept(), _line, as_json, "There are no approvals.")


@approvals.command()
@click.argument("path", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True))
@click.option("--sha256", help="Of the whole file.")
@click.option("--name", help="As package.module.Class.")
@click.option("--reason", required=True, help="Why it may be loaded: others will read it.")
def add(path: tuple[str, ...], sha256: str | None, name: str | None, reason: str) -> None:
    """Approve files as they are now, a sha256, or a name.

    A folder is approved for loaders that take it as a whole; a scan of it looks at each of its files.
    """
    if sum(map(bool, (path, sha256 is not None, name is not None))) != 1:
        raise click.UsageError("say one of PATH, --sha256 and --name")
    digests: list[str | None] = [_digest(file) for file in path] if path else [sha256]
    try:
        rows = [store.checked(digest, name, reason.strip(), store.now(), store.user()) for digest in digests]
        store.add_all(rows)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    for row in rows:
        click.echo(f"Approved: {_line(row)}", err=True)


@approvals.command()
@click.argument("what", nargs=-1, required=True, metavar="SHA256|NAME...")
def revoke(what: tuple[str, ...]) -> int:
    """End approvals; the first 8 digits of a sha256 are enough."""
    missing = []
    for value in what:
        try:
            ended = store.revoke(value)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        for row in ended:
            click.echo(f"Revoked: {_line(row)}", err=True)
        missing += [] if ended else [value]
    for value in missing:
        click.echo(f"Error: there is no approval of {inert(value)}", err=True)
    return 2 if missing else 0


@approvals.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False))
def export(file: str | None) -> None:
    """Write the approvals as a policy FILE that a team can review and keep, or to stdout."""
    text = store.to_toml(store.kept())
    if file is None:
        click.echo(text, nl=False)
    else:
        write(file, text)
        click.echo(f"Approvals written to {file}", err=True)


@approvals.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def import_(file: str) -> None:
    """Keep the approvals of a policy FILE, all of them or, if one is wrong, none."""
    from modelscan.settings import read_approvals

    rows = read_approvals(Path(file))
    store.add_all(rows)
    for row in rows:
        click.echo(f"Approved: {_line(row)}", err=True)
    click.echo(f"{len(rows)} approvals imported from {file}", err=True)


def _digest(path: str) -> str:
    from contextlib import closing

    from modelscan.errors import FormatError
    from modelscan.source.artifact import Artifact
    from modelscan.source.tree import sha256_of

    try:
        if os.path.isdir(path):  # noqa: PTH112
            return sha256_of(Path(path))
        with closing(Artifact.open(path)) as artifact:
            return artifact.sha256()
    except FormatError as error:
        raise click.ClickException(f"{inert(path)}: {error}") from None


def _line(row: Approval) -> str:
    who = ", ".join(inert(part) for part in (row.user, row.created) if part)
    return f"{row.kind} {inert(row.value)}  {inert(row.reason)}" + (f"  ({who})" if who else "")
