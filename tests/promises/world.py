"""What a process that loads hostile pickles watches: audit events, and functions and objects that tell on users."""

from __future__ import annotations

import os
import statistics
import sys
import types
from importlib import metadata

from modelscan.rules.match import Rules

MODULE = "hostile_lib"
FOLDER = "/nonexistent-folder-of-promises"
INSIDE = "marker_folder"
CODE = f"__import__('{MODULE}').touch()"
TOUCH_OF_PYTHON = ("statistics", "fmean")
"""A name that is trusted for being kept; `prepare` lets it stand for the marker."""
ACTS = (
    *("os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "os.fork", "pty.spawn", "subprocess."),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.symlink", "os.link", "os.truncate"),
    *("os.putenv", "os.unsetenv", "os.chdir", "os.kill", "os.utime", "os.setxattr", "shutil.", "tempfile.", "fcntl."),
    *("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "poplib.", "imaplib.", "nntplib.", "webbrowser."),
    *("ctypes.dlopen", "ctypes.addressof", "ctypes.cdata", "ctypes.string_at", "sqlite3.", "mmap.", "marshal."),
    *("_thread.start", "code.__new__", "function.__new__", "cpython.run", "winreg."),
    *("sys.addaudithook", "sys.settrace", "sys.setprofile", "builtins.input"),
)
"""Beginnings of events that no promise allows. `import`, `open` and `compile` are looked at more closely."""
ACTING = "acting-module"
"""The group of modules whose import does something."""
READY = ("ctypes.", "mmap.", "marshal.", "sys.setprofile", "sys.settrace", "code.__new__", "function.__new__")
"""What a library may do while one of its own modules is imported."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
DUNDERS = (
    *("iter", "next", "len", "length_hint", "bool", "int", "index", "float", "complex", "str"),
    *("format", "bytes", "fspath", "getitem", "setitem", "delitem", "contains", "call"),
    *("array", "array_interface", "enter", "exit", "add", "radd", "iadd", "mul", "sub"),
    *("or", "ror", "and", "lt", "le", "gt", "ge", "reversed", "round"),
    *("neg", "set_name", "get", "set", "reduce_ex", "copy", "deepcopy", "await", "instancecheck", "subclasscheck"),
)
"""What a trap is asked for by Python itself. Not `hash` and `eq`: what is kept may be a key."""


class Watch:
    """`seen` is what happened since the last `start`."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        self.allowed: frozenset[str] = frozenset()

    def start(self) -> None:
        self.seen.clear()
        self.on = True

    def stop(self) -> list[str]:
        self.on = False
        return self.seen

    def tell(self, what: str) -> None:
        if self.on and len(self.seen) < 50:
            self.seen.append(what)

    def hook(self, event: str, args: tuple) -> None:
        if not self.on:
            return
        if event == "import":
            self._import(str(args[0]))
        elif event == "open":
            self._open(str(args[0]), args[2])
        elif event == "compile":
            self._code(args[0])
        elif event.startswith(ACTS) and not (event.startswith(READY) and _importing()):
            self.tell(f"{event} {str(args)[:90]}")

    def _import(self, module: str) -> None:
        root = module.partition(".")[0]
        rule = Rules.load().match(module, "x").rule
        acting = rule is not None and rule.key == ACTING
        if module.startswith("marker") or acting or root not in self.allowed | sys.stdlib_module_names:
            self.tell(f"import {module}")

    def _open(self, path: str, flags: object) -> None:
        if isinstance(flags, int) and flags & WRITES and path != os.devnull:
            self.tell(f"open for writing {path[:90]}")
        elif "marker" in path and not _importing():
            self.tell(f"open {path[-60:]}")

    def _code(self, source: object) -> None:
        """A library may make code of its own text, as `collections.namedtuple` does, and never of a file's."""
        text = source if isinstance(source, bytes) else str(source).encode("utf-8", "replace")
        if (MODULE.encode() in text or b"marker" in text) and not _inside("ast.py"):
            self.tell(f"compile {str(source)[:80]}")


def _importing() -> bool:
    return _inside("<frozen importlib._bootstrap>")


def _inside(file: str) -> bool:
    """Is code of that file running? `ast.literal_eval` compiles to a tree that nobody runs."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.endswith(file):
            return True
        frame = frame.f_back
    return False


WATCH = Watch()


def touch(*_args, **_kwargs):
    WATCH.tell("called what it was given")
    return touch


class Thing:
    def __init__(self, *_args, **_kwargs) -> None:
        WATCH.tell("called the class it was given")


class Trap:
    def __getattr__(self, attribute: str):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        WATCH.tell(f"asked an object for its {attribute}")
        return lambda *_args, **_kwargs: None


def _telling(dunder: str):
    def asked(self, *_args):
        WATCH.tell(f"asked an object for its {dunder}")
        raise TypeError(dunder)

    return asked


def prepare(package: str) -> None:
    """`package` may import itself and what its distribution says that it needs."""
    lib = types.ModuleType(MODULE)
    for value in (touch, Thing, Trap):
        value.__module__ = MODULE
        setattr(lib, value.__name__, value)
    for dunder in DUNDERS:
        setattr(Trap, f"__{dunder}__", _telling(f"__{dunder}__"))
    sys.modules[MODULE] = lib
    setattr(statistics, TOUCH_OF_PYTHON[1], touch)
    WATCH.allowed = frozenset({MODULE, *needed(package)})
    Rules.load().match("os", "x")
    sys.addaudithook(WATCH.hook)


def needed(package: str) -> set[str]:
    """The top modules of a package's distributions and of all that these require; their own extras included."""
    homes = metadata.packages_distributions()
    modules: dict[str, list[str]] = {}
    for module, dists in homes.items():
        for dist in dists:
            modules.setdefault(_plain(dist), []).append(module)
    own = [_plain(dist) for dist in homes.get(package, [])]
    found, todo, seen = {package}, list(own), set()
    while todo:
        dist = todo.pop()
        if dist in seen:
            continue
        seen.add(dist)
        found.update(modules.get(dist, [dist.replace("-", "_")]))
        try:
            needs = metadata.requires(dist) or []
        except metadata.PackageNotFoundError:
            continue
        todo += [_plain(need) for need in needs if dist in own or "extra ==" not in need]
    return found


def _plain(requirement: str) -> str:
    """The name in `Some_Name[extra]>=1; marker`."""
    end = next((at for at, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), None)
    return requirement[:end].lower().replace("_", "-").replace(".", "-")
