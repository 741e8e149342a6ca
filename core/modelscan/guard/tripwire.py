"""What a load is kept from doing besides making objects, and what is only written down.

A class that nobody reviewed sets its own state, and its `__setstate__` may do anything with what the file gave it. The
interpreter raises an audit event for what acts outside of the process or makes code
(https://docs.python.org/3/library/audit_events.html). Which of them stop a load was measured over the zoo of ordinary
loads in `tools/guarded_zoo.py`: none of it raises one of STOPPED but through the functions of EXEMPT.

C and C++ code raises no events; this is a second net and no proof.
"""

from __future__ import annotations

import os
from types import CodeType, FrameType
from typing import Any

PROGRAMS = frozenset(
    {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system"}
    | {"pty.spawn", "subprocess.Popen"}
)
"""Nothing is exempt from these but what an import does."""

CODE = frozenset({"exec", "marshal.load", "marshal.loads", "code.__new__", "function.__new__"})
NETWORK = frozenset(
    {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendmsg", "socket.sendto"}
)
FILES = frozenset(
    {"open", "os.chflags", "os.chmod", "os.chown", "os.link", "os.lockf", "os.mkdir", "os.remove", "os.rename"}
    | {"os.rmdir", "os.setxattr", "os.removexattr", "os.symlink", "os.truncate", "os.utime"}
)
"""`open` counts where it is for writing."""
NOTED = frozenset({"ctypes.dlopen", "os.chdir", "os.kill", "os.putenv", "os.unsetenv", "sqlite3.connect"})
"""Written down in the history and let through."""

STOPPED = PROGRAMS | CODE | NETWORK | FILES
EVENTS = STOPPED | NOTED

EXEMPT = frozenset(
    {
        # makes a class or a function out of constants of the library's own
        ("attr._make", "_compile_and_eval"),
        ("attr._make", "_linecache_and_compile"),
        ("collections", "namedtuple"),
        ("dataclasses", "_create_fn"),
        ("dataclasses", "_FuncBuilder.add_fns_to_class"),
        ("modelscan.records", "_init"),
        ("typing", "ForwardRef._evaluate"),
        ("typing", "evaluate_forward_ref"),
        ("annotationlib", "ForwardRef.evaluate"),
        # torch.export.load writes the graph that it read as Python; the graph itself was scanned
        ("torch.fx.graph_module", "_exec_with_source"),
        ("torch.fx.operator_schemas", "_torchscript_type_to_python_type"),
        # unpack parts of an archive into a folder of their own
        ("keras.src.saving.saving_lib", "DiskIOStore.__init__"),
        ("tf_keras.src.saving.saving_lib", "DiskIOStore.__init__"),
        ("tempfile", "TemporaryDirectory.__init__"),  # Keras, for weights that are larger than the memory
        ("zipfile", "ZipFile._extract_member"),
        ("torch.serialization", "_legacy_load.<locals>.legacy_load"),
        # maps the file that the user asked to map, "r+" included
        ("numpy._core.memmap", "memmap.__new__"),
        ("numpy.core.memmap", "memmap.__new__"),
        # whenever an older object happens to be freed
        ("tempfile", "TemporaryDirectory.cleanup"),
        ("weakref", "finalize.__call__"),
        ("logging", "FileHandler._open"),
    }
)
"""Exact functions (module, qualified name) below which CODE and FILES are only written down."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_open_flags = 2


def acts(event: str, args: tuple[Any, ...]) -> bool:
    """Is this more than reading?"""
    if event != "open":
        return True
    flags = args[_open_flags] if len(args) > _open_flags else 0
    return isinstance(flags, int) and bool(flags & _WRITING) and args[0] != os.devnull


def is_exempt(event: str, frame: FrameType | None, load: CodeType) -> bool:
    """Does one of the functions of EXEMPT, or an object's end, stand between the event and the load?"""
    if event in PROGRAMS or event in NETWORK:
        return False
    while frame is not None and frame.f_code is not load:
        name = frame.f_code.co_qualname
        if name.endswith(".__del__") or (frame.f_globals.get("__name__"), name) in EXEMPT:
            return True
        frame = frame.f_back
    return False


def described(event: str, args: tuple[Any, ...]) -> str:
    """The event with its first argument where that is text: `open /home/me/.bashrc`."""
    first = args[0] if args else None
    if event.startswith("socket") and len(args) > 1:
        first = args[1]
    if isinstance(first, bytes):
        first = os.fsdecode(first)
    return f"{event} {first}"[:200] if isinstance(first, str | tuple | os.PathLike) else event
