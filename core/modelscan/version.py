"""Which version this is. The build reads it here, so that a scan need not look through the installed packages."""

from __future__ import annotations

import os
import sys

__version__ = "0.1.0"

THEIRS = "modelscan"
"""The distribution of another project, with an import package of the same name."""


def version() -> str:
    return __version__


def installed(distribution: str) -> str | None:
    """The version of an installed distribution, None if it is not there.

    By the name of its folder of metadata, `name-version.dist-info` (PEP 427): `importlib.metadata` parses what is in
    there as a message, and a session that only wants to be guarded would wait for that.
    """
    prefix = f"{distribution.replace('-', '_')}-"
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - a thousand names, and only their spelling counts
        except OSError:  # an archive, or nothing at all
            continue
        for name in names:
            if name.startswith(prefix) and name.endswith(".dist-info"):
                return name.removeprefix(prefix).removesuffix(".dist-info")
    return None
