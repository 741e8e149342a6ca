"""Which version this is. The build reads it here, so that a scan need not look through the installed packages."""

from __future__ import annotations

__version__ = "0.1.0"


def version() -> str:
    return __version__
