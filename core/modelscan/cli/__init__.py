"""The command line `modelscan`: `scan` unless another command is named. Reports go to stdout, words to stderr.

Commands are brought when they are asked for, so that `modelscan --version` costs what Python and click cost.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Mapping[str, str] = {
    "scan": "modelscan.cli.scan:scan",
    "explain": "modelscan.cli.rules:explain",
    "rules": "modelscan.cli.rules:rules",
    "approvals": "modelscan.cli.approvals:approvals",
    "settings": "modelscan.cli.settings:settings",
    "create-settings-file": "modelscan.cli.settings:create_settings_file",
    "completion": "modelscan.cli.completion:completion",
}
"""Name to where it is; the first is the default."""
DEFAULT = next(iter(COMMANDS))

FAILED = 2
"""Exit code for what could not be done."""
USAGE = 4
"""Exit code for wrong usage."""


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
        """As a program of its own, also in click's test runner, it ends with the exit codes below."""
        if standalone_mode:
            sys.exit(_run(args if args is None else list(args)))
        return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)


def show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """The callback of `--version`."""
    if not value or ctx.resilient_parsing:
        return
    from importlib import metadata

    from modelscan.version import version

    click.echo(f"modelscan, version {version()} (modelscan-jupyter)")
    try:
        other = metadata.version("modelscan")
    except metadata.PackageNotFoundError:
        ctx.exit()
    click.echo(f"The distribution modelscan {other} is installed too and uses the same import package.", err=True)
    click.echo("Run `pip uninstall modelscan modelscan-jupyter`, then install one of them again.", err=True)
    ctx.exit()


def version_option(command: Any) -> Any:
    shown = click.option(
        "-v",
        "--version",
        is_flag=True,
        callback=show_version,
        expose_value=False,
        is_eager=True,
        help="Show the version.",
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


def __getattr__(name: str) -> Any:
    """`create_settings`, as modelscan 0.8 calls the command."""
    if name != "create_settings":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from modelscan.cli.settings import create_settings_file

    return create_settings_file


def main(args: list[str] | None = None) -> None:
    """The console script. Never ends in a traceback."""
    gc.set_threshold(50_000, 20)  # modules come by the hundred and stay: looking through them for rubbish finds none
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name out of a folder need not be one that a terminal can show
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run(args))


def _run(args: list[str] | None) -> int:
    from modelscan.errors import ModelScanError

    try:
        code = cli.main(args, prog_name="modelscan", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        click.echo(f"Error: {error.format_message()}\n", err=True)
        click.echo((error.ctx or click.Context(cli, info_name="modelscan")).find_root().get_help(), err=True)
        return USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return FAILED
    except BrokenPipeError:  # whoever was reading has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (click.ClickException, ModelScanError, OSError) as error:
        for line in _words(error).splitlines():
            click.echo(f"Error: {line}", err=True)
        return FAILED
    except Exception as error:  # as callers of modelscan 0.8 know it; -l DEBUG shows the rest
        click.echo(f"Exception: {type(error).__name__}: {error}", err=True)
        import logging

        logging.getLogger("modelscan").debug("", exc_info=True)
        return FAILED
    return code if isinstance(code, int) else 0


def _words(error: Exception) -> str:
    from modelscan.render.inert import inert

    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.filename is not None:
        return f"{inert(str(error.filename), 4096)}: {error.strerror}"
    return str(error)
