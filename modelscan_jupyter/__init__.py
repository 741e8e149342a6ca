"""The notebook face of modelscan: `%load_ext modelscan` and the `%modelscan` magic.

IPython reloads this module on `%reload_ext`, so it holds no state; `extension` does.
"""

from __future__ import annotations

from typing import Any

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(ipython: Any) -> None:
    """Guards the loaders of this process and adds `%modelscan`. Loading twice changes nothing."""
    from modelscan_jupyter.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Takes everything away again; every loader is its original object afterwards."""
    from modelscan_jupyter.extension import unload

    unload(ipython)
