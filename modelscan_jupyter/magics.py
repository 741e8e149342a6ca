"""The magic itself."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from modelscan_jupyter import commands


@magics_class
class ModelScan(Magics):
    """`%modelscan`. Its name is the section of a configuration file."""

    @no_var_expand
    @line_magic
    def modelscan(self, line: str) -> object:
        return commands.run(line, self.shell.user_ns)

    modelscan.__doc__ = commands.usage()
