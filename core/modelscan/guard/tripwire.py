"""What a load is kept from doing besides making objects, and what is only written down.

A class that nobody reviewed sets its own state, and its `__setstate__` may do anything with what the file gave it. The
interpreter raises an audit event for what acts outside of the process or makes code
(https://docs.python.org/3/library/audit_events.html). Which of them stop a load was measured over the zoo of ordinary
loads in `tools/guarded_zoo.py`: none of it raises one of STOPPED but through the functions of EXEMPT.

C and C++ code raises no events; this is a second net and no proof.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any

from modelscan.guard.state import STATE
from modelscan.pickles import shown
from modelscan.records import dataclass

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
NOTED = frozenset(
    {"cpython.PyInterpreterState_New", "ctypes.dlopen", "os.chdir", "os.kill", "os.putenv", "os.unsetenv"}
    | {"sqlite3.connect"}
)
"""Written down in the history and let through. A hook that stops an interpreter from being made crashes Python 3.12."""

STOPPED = PROGRAMS | CODE | NETWORK | FILES
EVENTS = STOPPED | NOTED

Only = Callable[[FrameType, tuple[Any, ...]], bool]
"""Is this act, of a function in that frame, of the kind that the function is exempt for?"""


def _any(frame: FrameType, args: tuple[Any, ...]) -> bool:
    return True


def _no_call(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """A type that is written as text is looked up; a text that calls something is more than a type."""
    text = getattr(frame.f_locals.get("self"), "__forward_arg__", None)
    return type(text) is str and "(" not in text


def _as_scipy_writes(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """A distribution runs a text of its state; the rule about it knows the texts that scipy itself writes."""
    rule = STATE.policy.rules.match(*_DISTRIBUTION).rule
    text = _dict_of(frame.f_locals.get("self"), "__dict__").get("_parse_arg_template")
    return rule is not None and type(text) is str and re.fullmatch(rule.ordinary, text) is not None


def _as_formulas_are(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """Data of statsmodels evaluate the formula of their state anew; the rule about them knows what formulas are."""
    rule, state = STATE.policy.rules.match(*_DATA).rule, frame.f_locals.get("d")
    text = state.get("formula") if type(state) is dict else None
    return rule is not None and type(text) is str and re.fullmatch(rule.ordinary, text) is not None


def _as_dill_shows(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """Of a constant, or of a method of a compiled type."""
    text, name = frame.f_locals.get("repr_str"), frame.f_locals.get("name")
    if type(text) is not str:
        return False
    if type(name) is str:
        return shown.owner(name, text) is not None
    return name is None and (text in shown.CONSTANTS or shown.is_range(text))


_DATA = ("statsmodels.base.data", "ModelData")
_DISTRIBUTION = ("scipy.stats._distn_infrastructure", "rv_generic")
_dict_of = object.__getattribute__


def _existing(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """A file is opened as it is: not made, and not emptied."""
    flags = args[_open_flags] if len(args) > _open_flags else 0
    return isinstance(flags, int) and not flags & (os.O_CREAT | os.O_TRUNC)


def _emitting(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """The first message opens the file of a handler that waited for it; one that is made now opens its own."""
    return frame.f_back is not None and frame.f_back.f_code.co_qualname == "FileHandler.emit"


def _rolling(frame: FrameType, args: tuple[Any, ...]) -> bool:
    """A log that is full is begun anew when a message is written to it."""
    return frame.f_back is not None and frame.f_back.f_code.co_qualname == "BaseRotatingHandler.emit"


@dataclass(frozen=True, slots=True)
class Exempt:
    """What a function does itself, and what it has done by functions of these modules alone.

    Whatever else it calls, the `__setstate__` of an object that it unpickles say, is not exempt.
    """

    through: frozenset[str] = frozenset()
    only: Only = _any


_DIRECTLY = Exempt()
_TYPES = Exempt(frozenset({"annotationlib", "typing"}), _no_call)
_FORMULAS = Exempt(
    frozenset({"patsy.build", "patsy.compat", "patsy.eval", "patsy.highlevel", "statsmodels.formula._manager"}),
    _as_formulas_are,
)
_MAPS = Exempt(only=_existing)
_UNPACKS = Exempt(frozenset({"contextlib", "shutil", "tarfile", "tempfile", "zipfile"}))

EXEMPT: Mapping[tuple[str, str], Exempt] = {
    # makes a class or a function out of constants of the library's own
    ("attr._make", "_compile_and_eval"): _DIRECTLY,
    ("attr._make", "_linecache_and_compile"): _DIRECTLY,
    ("collections", "namedtuple"): _DIRECTLY,
    ("dataclasses", "_create_fn"): _DIRECTLY,
    ("dataclasses", "_FuncBuilder.add_fns_to_class"): _DIRECTLY,
    ("dill._dill", "_eval_repr"): Exempt(only=_as_dill_shows),
    ("dill._dill", "_getattr"): Exempt(only=_as_dill_shows),
    ("typing", "ForwardRef._evaluate"): _TYPES,
    ("annotationlib", "ForwardRef.evaluate"): _TYPES,
    ("networkx.utils.decorators", "argmap.compile"): _DIRECTLY,
    ("scipy.stats._distn_infrastructure", "rv_generic._attach_argparser_methods"): Exempt(only=_as_scipy_writes),
    (_DATA[0], f"{_DATA[1]}.__setstate__"): _FORMULAS,
    # torch.export.load writes the graph that it read as Python; the graph itself was scanned
    ("torch.fx.graph_module", "_exec_with_source"): _DIRECTLY,
    ("torch.fx.operator_schemas", "_torchscript_type_to_python_type"): _DIRECTLY,
    # unpack parts of an archive into a folder of their own
    **{
        (f"{root}.src.saving.saving_lib", function): Exempt(
            _UNPACKS.through | {f"{root}.src.utils.file_utils", "pathlib", "posixpath", "ntpath", "os"}
        )
        for root in ("keras", "tf_keras")
        for function in ("DiskIOStore.__init__", "_load_model_from_fileobj")
    },
    ("torch.serialization", "_legacy_load.<locals>.legacy_load"): _UNPACKS,
    # maps the file that the user asked to map, "r+" included
    ("numpy._core.memmap", "memmap.__new__"): _MAPS,
    ("numpy.core.memmap", "memmap.__new__"): _MAPS,
    ("logging", "FileHandler._open"): Exempt(only=_emitting),
    **{
        ("logging.handlers", f"{name}RotatingFileHandler.doRollover"): Exempt(frozenset({"logging"}), _rolling)
        for name in ("", "Timed")
    },
    # whenever an older object happens to be freed
    ("tempfile", "TemporaryDirectory.cleanup"): _UNPACKS,
}
"""Functions, by module and qualified name, whose CODE and FILES are only written down."""

ENDS = frozenset({("weakref", "finalize.__call__")})
"""Below these, and below any `__del__`, an object ends, whenever that happens to be."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_open_flags = 2


def acts(event: str, args: tuple[Any, ...]) -> bool:
    """Is this more than reading?"""
    if event != "open":
        return True
    flags = args[_open_flags] if len(args) > _open_flags else 0
    return isinstance(flags, int) and bool(flags & _WRITING) and args[0] != os.devnull


def is_exempt(event: str, args: tuple[Any, ...], frame: FrameType | None, load: CodeType) -> bool:
    """Does a function of EXEMPT do this, or an object's end?"""
    if event in PROGRAMS or event in NETWORK:
        return False
    between: set[str] = set()
    while frame is not None and frame.f_code is not load:
        module, name = str(frame.f_globals.get("__name__")), frame.f_code.co_qualname
        if name.endswith(".__del__") or (module, name) in ENDS:
            return True
        row = EXEMPT.get((module, name))
        if row is not None and between <= row.through | {module} and row.only(frame, args):
            return True
        between.add(module)
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
