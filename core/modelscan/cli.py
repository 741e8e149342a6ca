"""The command line: parse, scan, render, exit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from modelscan.render import RENDERERS
from modelscan.report import Report, Severity

EXIT_CODES = {
    0: "nothing at or above --fail-on was found",
    1: "something was",
    2: "something could not be read to its end",
    3: "nothing was scanned",
    4: "wrong usage",
}


class Command(click.Group):
    """`scan` is the default command, and wrong usage exits with 4."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help", "-v", "--version"):
            args = ["scan", *args]
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            sys.exit(super().main(*args, **kwargs))
        except click.UsageError as error:
            error.show()
            sys.exit(4)
        except click.ClickException as error:
            error.show()
            sys.exit(2)
        except click.Abort:
            click.echo("Interrupted: nothing was decided about what had not been scanned yet.", err=True)
            sys.exit(2)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from modelscan.scanner import version

        click.echo(f"modelscan, version {version()} (modelscan-jupyter)")
        ctx.exit()


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "-v", "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show the version."
)
def cli() -> None:
    """Scan machine-learning models for code that would run when they are loaded, without loading them.

    Exit codes: 0 nothing found, 1 something found, 2 something could not be read, 3 nothing was scanned, 4 wrong usage.
    """


@cli.command()
@click.option(
    "-p", "--path", "path", required=True, type=click.Path(exists=True, path_type=Path), help="File or folder."
)
@click.option(
    "-r", "--reporting-format", "form", type=click.Choice(tuple(RENDERERS)), default="console", show_default=True
)
@click.option(
    "-o", "--output-file", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here."
)
@click.option(
    "--policy", type=click.Choice(("strict", "standard", "warn", "off")), default="standard", show_default=True
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.name for severity in Severity], case_sensitive=False),
    default="MEDIUM",
    show_default=True,
    help="Exit with 1 for findings of this severity or worse.",
)
def scan(path: Path, form: str, output: Path | None, policy: str, fail_on: str) -> int:
    """Scan a file, or every file of a folder, and report what loading it would do."""
    from modelscan.scanner import scan as run

    report = run(path, policy)
    _deliver(report, form, output)
    return exit_code(report, Severity[fail_on.upper()])


def _deliver(report: Report, form: str, output: Path | None) -> None:
    from modelscan.render import renderer

    if output is not None:
        try:
            output.write_text(renderer(form)(report) + "\n", encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
        click.echo(f"Report written to {output}", err=True)
    elif form == "console":
        from rich.console import Console

        from modelscan.render.console import show

        show(report, Console(highlight=False))
    else:
        click.echo(renderer(form)(report))


def exit_code(report: Report, fail_on: Severity = Severity.MEDIUM) -> int:
    """0 to 3 in the precedence that callers of modelscan 0.8 rely on: nothing scanned, errors, findings, none."""
    from modelscan.contract import Terms

    terms = Terms(report)
    if not terms.scanned:
        return 3
    if terms.errors:
        return 2
    return int(report.worst is not None and report.worst >= fail_on)


def main() -> None:
    """The console script `modelscan`."""
    cli()
