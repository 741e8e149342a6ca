"""Where settings may lie, apart from files that somebody names."""

from __future__ import annotations

import os

from modelscan import folders
from modelscan.floor import FILE, administrators_file, is_there

FOLDER_FILE = "modelscan-settings.toml"
"""In the working folder, as modelscan 0.8 calls it."""
PROJECT_FILE = "pyproject.toml"
"""In the working folder, below `[tool.modelscan]`."""

LARGEST = 4 << 20
"""Bytes of the largest file that is read as settings."""


def user_file() -> str:
    """The settings of this user: beside the store where `MODELSCAN_HOME` says where that is."""
    folder = folders.chosen() or folders.user_config()
    return os.path.join(folder, FILE)  # noqa: PTH118 - pathlib takes as long to import as a file to scan


def anything_set() -> bool:
    """Is there any place at all that could hold a setting? Without reading one."""
    if folders.ignored() or any(name.startswith("MODELSCAN_") and name != folders.HOME for name in os.environ):
        return True
    files = (FOLDER_FILE, user_file(), administrators_file())
    return any(is_there(path) for path in files) or project_speaks()


def project_speaks() -> bool:
    """Has the working folder's `pyproject.toml` a word for us? Most have none and need not be parsed."""
    if not os.path.isfile(PROJECT_FILE):  # noqa: PTH113 - a pipe would never answer
        return False
    try:
        with open(PROJECT_FILE, "rb") as file:  # noqa: PTH123
            return b"modelscan" in file.read(LARGEST)
    except OSError:
        return True  # reading it as settings says what is wrong
