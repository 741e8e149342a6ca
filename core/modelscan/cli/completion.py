"""`modelscan completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from modelscan.cli import COMPLETING


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and files.

    \b
    bash:  eval "$(modelscan completion bash)"      in ~/.bashrc
    zsh:   eval "$(modelscan completion zsh)"       in ~/.zshrc
    fish:  modelscan completion fish | source       in ~/.config/fish/config.fish
    """
    from modelscan.cli.group import cli

    made = get_completion_class(shell)
    if made is None:
        raise click.ClickException(f"there is no completion for {shell}")
    click.echo(made(cli, {}, "modelscan", COMPLETING).source())
