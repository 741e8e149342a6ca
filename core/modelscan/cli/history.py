"""`modelscan history`: what the guard decided, in every session of this user."""

from __future__ import annotations

import time

import click

from modelscan.cli.listing import listed
from modelscan.guard.journal import Entry, kept
from modelscan.render.inert import inert


@click.command()
@click.option("-n", "--count", type=click.IntRange(min=1), default=20, show_default=True, help="The latest so many.")
@click.option("--json", "as_json", is_flag=True, help="All that is known of each, for a machine.")
def history(count: int, as_json: bool) -> None:
    """List what the guard refused, let through or warned about.

    In every session of this user, the latest last; loads that are simply safe are never written down.
    """
    listed(kept(count), _line, as_json, "Nothing was decided yet.")


def _line(row: Entry) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.time))
    about = f"  {inert(row.about)}" if row.about else ""
    caller = f"  by {inert(row.caller)}" if row.caller else ""
    return f"{when}  {row.decision:<8}  {row.verdict:<12}  {inert(row.loader)}  {inert(row.source)}{about}{caller}"
