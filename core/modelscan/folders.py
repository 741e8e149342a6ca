"""Where the files of this package lie for this user and on this machine: `platformdirs` says so.

It takes longer to import than most files take to be scanned. On Linux, with a home and no odd variables, what it says
is the XDG Base Directory Specification and nothing else, and that is answered here; a test holds it against the
library.
"""

from __future__ import annotations

import os
import sys

NAME = "modelscan"
HOME = "MODELSCAN_HOME"
"""Environment variable: the folder to use instead of the user's own."""
SITES = {"darwin": "/Library/Application Support"}
"""The configuration of a machine by `sys.platform`, where it is not `/etc/xdg`."""


def home() -> str:
    """What is kept for this user, or where `MODELSCAN_HOME` says; whether it is there or not."""
    return chosen() or user_data()


def chosen() -> str:
    """Where `MODELSCAN_HOME` says; empty where it says nothing, or a place that moves with the working folder.

    Such a place may have come with a model, with approvals in it (and "if an implementation encounters a relative path
    [it] should consider the path invalid and ignore it": XDG Base Directory Specification).
    """
    said = os.path.expanduser(os.environ.get(HOME, ""))  # noqa: PTH111 - pathlib takes as long to import as a scan
    return said if os.path.isabs(said) else ""  # noqa: PTH117


def ignored() -> bool:
    """Does `MODELSCAN_HOME` name a place that is not used?"""
    return bool(os.environ.get(HOME)) and not chosen()


def user_data() -> str:
    """What is kept for this user."""
    found = _here("XDG_DATA_HOME", ".local/share")
    if found:
        return found
    from platformdirs import user_data_dir

    return user_data_dir(NAME, appauthor=False)


def user_config() -> str:
    """The settings of this user."""
    found = _here("XDG_CONFIG_HOME", ".config")
    if found:
        return found
    from platformdirs import user_config_dir

    return user_config_dir(NAME, appauthor=False)


def site_config() -> str:
    """The settings of this machine: where `platformdirs` looks for them, unless a variable tells it otherwise.

    What is in there is a floor for everybody, and the environment is the user's.
    """
    if sys.platform == "win32":
        return f"{_common_data()}\\{NAME}"
    return f"{SITES.get(sys.platform, '/etc/xdg')}/{NAME}"


def _here(variable: str, default: str) -> str:
    """Below the variable's folder, or the default one; empty where that is not so plain."""
    home = os.environ.get("HOME", "")
    if sys.platform != "linux" or "ANDROID_DATA" in os.environ or not home.startswith("/") or os.environ.get(variable):
        return ""
    return os.path.join(home, default, NAME)  # noqa: PTH118 - pathlib takes as long to import as a file to scan


if sys.platform == "win32":

    def _common_data() -> str:
        """`C:\\ProgramData`, from the registry (KNOWNFOLDERID FOLDERID_ProgramData)."""
        import winreg

        key = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as folders:
            return str(winreg.QueryValueEx(folders, "Common AppData")[0])
