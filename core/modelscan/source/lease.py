"""A promise of the kernel that nobody writes to a file while it is mapped: Linux's leases (fcntl(2), F_SETLEASE).

Bytes that are mapped and then cut off end the process with a signal. Who opens a leased file for writing, or cuts it
off, waits until the lease is given back, for at most /proc/sys/fs/lease-break-time (45 s). A lease is to be had for
files of one's own, on most local file systems, while nobody has them open for writing.
"""

from __future__ import annotations

import sys


def take(descriptor: int) -> bool:
    """Can nobody cut it off? Never on systems that have no leases, but Windows: there a mapped file keeps its size."""
    if sys.platform != "linux":
        return sys.platform == "win32"
    import fcntl
    from signal import SIGURG

    try:
        # Of one who waits the kernel tells by SIGIO, which ends a process, unless another signal is named; each time
        # anew, since giving a lease back forgets it. SIGURG does nothing where nobody has asked for it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError:
        return False
    return True


def give_back(descriptor: int) -> None:
    """What was taken; of a process that was forked meanwhile too: it is one lease."""
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
