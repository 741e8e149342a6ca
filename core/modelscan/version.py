"""Which version this is."""

from __future__ import annotations

import functools


@functools.cache
def version() -> str:
    """Of the installed distribution."""
    from importlib import metadata

    try:
        return metadata.version("modelscan-jupyter")
    except metadata.PackageNotFoundError:  # used from a checkout that was never installed
        return "unknown"
