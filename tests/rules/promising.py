"""Runs in a child: makes every trusted name that can be imported, out of hostile arguments and states.

Reads rows of (package, dotted, module, name, use, state) as JSON, writes what it saw as JSON: which broke its promise,
which could not be imported. The audit hook watches for programs, files opened for writing, sockets and imports.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import warnings

PROGRAMS = ("os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn", "subprocess.Popen")
FILES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.symlink",
    "os.link",
    "shutil.rmtree",
    "os.truncate",
)
NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "urllib.Request")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

watching = False
seen: list[str] = []


def _hook(event: str, args: tuple) -> None:
    if not watching:
        return
    if event in PROGRAMS or event in FILES or event in NETWORK or (event == "exec" and _is_text(args)):
        seen.append(f"{event} {str(args)[:80]}")
    if event == "open" and isinstance(args[2], int) and args[2] & WRITES and str(args[0]) != os.devnull:
        seen.append(f"open {str(args)[:80]}")


def _is_text(args: tuple) -> bool:
    return getattr(args[0], "co_filename", "") == "<string>"


class Hostile:
    """Touches the marker if anything calls it or a method of it by attribute."""

    def __call__(self, *args, **kwargs):
        if watching:
            seen.append("called the marker")
        return self


def touch(*args, **kwargs):
    if watching:
        seen.append("called the marker")


STATES = [
    {"a": touch, "__setstate__x": touch, "func": touch, "path": "/nonexistent/x", "_path": "marker", "keys": touch},
    dict.fromkeys(
        [
            "update",
            "append",
            "extend",
            "add",
            "read",
            "write",
            "close",
            "fit",
            "transform",
            "__len__x",
            "run",
            "call",
            "hook",
        ],
        touch,
    ),
    {},
]
ARGUMENTS = [
    (),
    ("marker",),
    (touch,),
    ({"keys": touch},),
    ("marker", touch),
    (["a"], {"b": touch}),
    (1, 2, 3),
    (b"x", "latin1"),
]


def build(cls: type, state: bool) -> None:
    """As NEWOBJ and BUILD do."""
    for args in ARGUMENTS[:4]:
        made = cls.__new__(cls, *args)
        for content in STATES if state else ():
            setter = getattr(made, "__setstate__", None)
            if setter is not None:
                setter(dict(content))
            else:
                made.__dict__.update(content)
        del made


def quietly(act, *args) -> None:
    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(2)
    try:
        act(*args)
    except Exception:
        pass
    finally:
        signal.alarm(0)


def main() -> None:
    global watching
    warnings.simplefilter("ignore")
    rows, broken, missing, done = json.load(sys.stdin), {}, {}, 0
    loaded = []
    for package, dotted, module, name, use, state in rows:
        try:
            value = importlib.import_module(module)
            for part in name.split("."):
                value = getattr(value, part)
        except BaseException as error:
            missing.setdefault(package, f"{dotted}: {type(error).__name__}")
            continue
        loaded.append((dotted, value, use, state))
    sys.addaudithook(_hook)
    sys.stdout, out = open(os.devnull, "w"), sys.stdout
    for dotted, value, use, state in loaded:
        seen.clear()
        print(dotted, file=sys.stderr, flush=True)
        watching = True
        if use in ("call", "call with trusted arguments"):
            # What may call its arguments gets none that could be called: those are judged by their own name.
            for args in ARGUMENTS if use == "call" else [(), ("marker",), (1, 2), ({"a": 1},)]:
                quietly(value, *args)
        if isinstance(value, type) and use != "name":
            quietly(build, value, state)
        watching = False
        done += 1
        if seen:
            broken[dotted] = sorted(set(seen))[:3]
    json.dump({"broken": broken, "missing": missing, "done": done}, out)
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
