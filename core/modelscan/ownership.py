"""Who else may write to a file that decides what is loaded: asked as ssh asks it of its own files.

sshd_config(5), StrictModes, and `secure_permissions` of Debian's OpenSSH: such a file and its folder belong to the
user or to root, and nobody else writes to them. A group of which the user is the only member, as many systems make one
for each user, is nobody else. Where the system has no such modes (Windows) nothing is asked, and what keeps others out
are the rights of the user's own folder.
"""

from __future__ import annotations

import os
import stat


def shared(path: str) -> str:
    """Why a file that is there is not believed, with the part that is shared; empty where nothing speaks against it.

    Asked of the file, of its folder, and of the folder that it really lies in. A folder further up lets others put
    another one in its place, but none that belongs to the user. Raises OSError for what cannot be looked at.
    """
    if os.name != "posix":
        return ""
    real = os.path.realpath(path)
    folders = dict.fromkeys(map(os.path.dirname, (os.path.abspath(path), real)))  # noqa: PTH100
    for part in (real, *folders):
        found = os.stat(part)  # noqa: PTH116 - pathlib takes as long to import as a file to scan
        called = "it" if part == real else part
        if found.st_uid not in (0, os.geteuid()):
            return f"{called} belongs to {_name(found.st_uid)}"
        if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid)):
            return f"other users may write to {called} (chmod go-w it)"
    return ""


def _is_own_group(group: int) -> bool:
    """Is it the user's private group: called as the user is, and nobody else in it?"""
    import grp
    import pwd

    try:
        user, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return group == user.pw_gid and found.gr_name == user.pw_name and {*found.gr_mem} <= {user.pw_name}


def _name(user: int) -> str:
    import pwd

    try:
        return f"the user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"another user (number {user})"
