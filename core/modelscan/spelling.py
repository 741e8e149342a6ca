"""Paths as `pathlib` spells them, which takes longer to import than most files to be scanned."""

from __future__ import annotations

import os


def spelled(path: str) -> str:
    """`str(Path(path))`."""
    if _is_plain(path):
        return path
    from pathlib import Path

    return str(Path(path))


def absolute(path: str) -> str:
    """`str(Path(path).absolute())`."""
    if _is_plain(path) and path[0] != ".":
        return path if path[0] == "/" else os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118
    from pathlib import Path

    return str(Path(path).absolute())


def _is_plain(path: str) -> bool:
    """Is there nothing in it that `pathlib` would leave out?"""
    if os.sep != "/" or path[-1:] in ("", "/") or path.startswith("./"):
        return False
    return "//" not in path and "/." not in path
