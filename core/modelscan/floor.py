"""What an administrator of this machine asks for at least. Nothing weakens it; nothing is read where it is not set."""

from __future__ import annotations

import os

from modelscan import folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelscan.policy import Policy

FILE = "settings.toml"
"""Of the administrator, and of the user."""


def administrators_file() -> str:
    """The settings of this machine, in a place that no variable of the environment moves."""
    return os.path.join(folders.site_config(), FILE)  # noqa: PTH118 - pathlib takes as long to import as a file to scan


def is_there(path: str | os.PathLike[str]) -> bool:
    """Unlike `os.path.isfile`, True for what cannot be looked at, or is no file: reading it then says so."""
    try:
        os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def at_least(policy: Policy) -> Policy:
    """The policy, or the stricter one that the administrator asks for.

    Raises SettingsError where what the administrator wrote cannot be understood, and OSError where it cannot be read:
    nobody would know what holds.
    """
    path = administrators_file()
    if not is_there(path):
        return policy
    from modelscan.settings import stricter

    return stricter(policy, path)
