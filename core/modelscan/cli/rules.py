"""`modelscan rules` and `modelscan explain`."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Iterator

import click

from modelscan.render.inert import inert
from modelscan.rules.match import Rule, Rules

WIDTH = 80


@click.command()
@click.option("--json", "as_json", is_flag=True, help="All that is known of each rule, for a machine.")
def rules(as_json: bool) -> None:
    """List the rules: id, severity, what it is about."""
    found = list(Rules.load().all())
    if as_json:
        click.echo(json.dumps([_plain(rule) for rule in found], indent=2))
        return
    for rule in found:
        click.echo(f"{rule.id:<9}{rule.severity or '-'!s:<10}{rule.title}")


@click.command()
@click.argument("rule", metavar="RULE|NAME")
def explain(rule: str) -> None:
    """Say what a rule means, or what is known of a name such as os.system."""
    known = {found.id: found for found in Rules.load().all()}
    chosen = known.get(rule.upper())
    if chosen is not None:
        click.echo("\n".join(_lines(chosen)))
    elif "." in rule:
        click.echo("\n".join(_name(rule)))
    else:
        near = difflib.get_close_matches(rule.upper(), known, 3)
        hint = f", did you mean {', '.join(near)}?" if near else "; `modelscan rules` lists them"
        raise click.BadParameter(f"{rule!r} is no rule{hint}", param_hint="'RULE'")


def _lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.id}  {rule.severity or 'says why something was not read'}  {rule.title}"
    for label, text in (
        ("why", rule.why),
        ("fix", rule.fix),
        ("weakness", rule.cwe),
        ("see", " ".join(rule.references)),
    ):
        if text:
            yield ""
            yield from textwrap.wrap(
                text, WIDTH, initial_indent=f"{label}: ", subsequent_indent="     ", break_on_hyphens=False
            )


def _name(dotted: str) -> Iterator[str]:
    found = Rules.load().match(*dotted.rsplit(".", 1))
    yield f"{inert(dotted)}" + (f", which is {inert(found.name)}" if found.name != dotted else "")
    yield ""
    if found.rule is not None:
        when = "A file that calls it, or hands it on, gets:" if found.rule.on_call else "A file that names it gets:"
        yield when
        yield from _lines(found.rule)
    elif found.use is not None:
        yield f"Trusted for: {found.use}."
    else:
        yield "Nobody has reviewed it. Naming it or making instances of it is LOW, calling it MEDIUM."
        yield f"To trust it: modelscan approvals add --name {inert(found.name)} --reason TEXT"


def _plain(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "severity": rule.severity.name if rule.severity else None,
        "title": rule.title,
        "why": rule.why,
        "fix": rule.fix,
        "cwe": rule.cwe,
        "references": list(rule.references),
    }
