"""Where settings may lie, apart from files that somebody names."""

from __future__ import annotations

import os
from pathlib import Path

from modelscan import store
from modelscan.floor import FILE, administrators_file

FOLDER_FILE = "modelscan-settings.toml"
"""In the working folder, as modelscan 0.8 calls it."""
PROJECT_FILE = "pyproject.toml"
"""In the working folder, below `[tool.modelscan]`."""


def user_file() -> Path:
    """The settings of this user: beside the store where `MODELSCAN_HOME` says where that is."""
    if os.environ.get(store.HOME):
        return store.home() / FILE
    from platformdirs import user_config_path

    return user_config_path("modelscan", appauthor=False) / FILE


def anything_set() -> bool:
    """Is there any place at all that could hold a setting? Without reading one."""
    if any(name.startswith("MODELSCAN_") and name != store.HOME for name in os.environ):
        return True
    files = (Path(FOLDER_FILE), Path(PROJECT_FILE), user_file(), administrators_file())
    return any(path.is_file() for path in files)
