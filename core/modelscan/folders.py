"""Where the files of this package lie for this user and on this machine: `platformdirs` says so.

It takes longer to import than most files take to be scanned. On Linux, with a home and no odd variables, what it says
is the XDG Base Directory Specification and nothing else, and that is answered here; a test holds it against the
library.
"""

from __future__ import annotations

import os
import sys

NAME = "modelscan"


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
    """The settings of this machine."""
    found = _here("XDG_CONFIG_DIRS", "/etc/xdg")
    if found:
        return found
    from platformdirs import site_config_dir

    return site_config_dir(NAME, appauthor=False)


def _here(variable: str, default: str) -> str:
    """Below the variable's folder, or the default one; empty where that is not so plain."""
    home = os.environ.get("HOME", "")
    if sys.platform != "linux" or "ANDROID_DATA" in os.environ or not home.startswith("/") or os.environ.get(variable):
        return ""
    return os.path.join(home, default, NAME)  # noqa: PTH118 - pathlib takes as long to import as a file to scan
