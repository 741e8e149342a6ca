"""What an administrator of this machine asks for at least. Nothing weakens it; nothing is read where it is not set."""

from __future__ import annotations

from pathlib import Path

from modelscan.policy import Policy

FILE = "settings.toml"
"""Of the administrator, and of the user."""


def administrators_file() -> Path:
    """The settings of this machine."""
    from platformdirs import site_config_path

    return site_config_path("modelscan", appauthor=False) / FILE


def at_least(policy: Policy) -> Policy:
    """The policy, or the stricter one that the administrator asks for.

    Raises SettingsError where what the administrator wrote cannot be understood: nobody would know what holds.
    """
    path = administrators_file()
    if not path.is_file():
        return policy
    from modelscan.settings import stricter

    return stricter(policy, path)
