"""The commands, as click has them. Each is brought when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from modelscan.cli import FAILED, USAGE, Undone, run, say, show_version

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Mapping[str, str] = {
    "scan": "modelscan.cli.scanning:scan",
    "explain": "modelscan.cli.rules:explain",
    "rules": "modelscan.cli.rules:rules",
    "approvals": "modelscan.cli.approvals:approvals",
    "history": "modelscan.cli.history:history",
    "settings": "modelscan.cli.settings:settings",
    "create-settings-file": "modelscan.cli.settings:create_settings_file",
    "completion": "modelscan.cli.completion:completion",
}
"""Name to where it is; the first is the default."""
DEFAULT = next(iter(COMMANDS))


class Commands(click.Group):
    """Takes what is no command's name for the arguments of the default command."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = (*COMMANDS, *ctx.help_option_names, "-v", "--version")
        named = args[0] in own if args else ctx.resilient_parsing  # a shell asks what may come
        return super().parse_args(ctx, args if named else [DEFAULT, *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, and what the default one takes."""
        command = self.get_command(ctx, DEFAULT)
        found = super().shell_complete(ctx, incomplete)
        if command is not None and incomplete.startswith("-"):
            inner = click.Context(command, parent=ctx, info_name=DEFAULT, resilient_parsing=True)
            found += command.shell_complete(inner, incomplete)
        return found

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As a program of its own, also in click's test runner, it ends with the exit codes of this command line."""
        if standalone_mode:
            sys.exit(run(args))
        return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        ctx.exit(show_version())


def version_option(command: Any) -> Any:
    shown = click.option(
        "-v", "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show the version."
    )
    return shown(command)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@version_option
def cli() -> None:
    """Say what machine-learning models would do when they are loaded, without loading them.

    `modelscan PATH` scans a file or a folder; `modelscan scan --help` says how.

    \b
    Exit codes, the first that applies:
      4  wrong usage
      3  nothing was scanned
      2  something could not be read to its end, or could not be done
      1  something at or above --fail-on was found
      0  nothing was
    """


def usage(context: click.Context | None = None) -> str:
    """The help that follows an error in the usage."""
    return (context or click.Context(cli, info_name="modelscan")).find_root().get_help()


def run_click(args: list[str] | None) -> int:
    """The exit code of a call that click reads."""
    try:
        code = cli.main(args, prog_name="modelscan", standalone_mode=False)
    except click.UsageError as error:
        say(f"Error: {error.format_message()}\n")
        say(usage(error.ctx))
        return USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        say("Interrupted.")
        return FAILED
    except click.ClickException as error:
        raise Undone(error.format_message()) from None
    return code if isinstance(code, int) else 0
