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
    """The settings of this machine."""
    return os.path.join(folders.site_config(), FILE)  # noqa: PTH118 - pathlib takes as long to import as a file to scan


def at_least(policy: Policy) -> Policy:
    """The policy, or the stricter one that the administrator asks for.

    Raises SettingsError where what the administrator wrote cannot be understood: nobody would know what holds.
    """
    path = administrators_file()
    if not os.path.isfile(path):  # noqa: PTH113
        return policy
    from modelscan.settings import stricter

    return stricter(policy, path)
