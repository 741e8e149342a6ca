"""The calls in the cells of one notebook: what they load, run, fetch and switch off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from modelscan.notebooks import reading
from modelscan.notebooks.loaders import (
    CALLS,
    DECODING,
    FETCHING,
    GUARDED,
    HUB,
    LOADERS,
    METHODS,
    NETWORK,
    OWN,
    RUNNING,
    SAVING,
    SHELLS,
    SWITCHES,
    Loader,
    variable,
)
from modelscan.notebooks.markup import acts_of
from modelscan.notebooks.names import UNKNOWN, Look, Names, moved, nodes_of
from modelscan.notebooks.shell import Shell
from modelscan.notebooks.syntax import tree_of
from modelscan.records import dataclass, field, replace

DEPTH = 3
"""Code inside strings inside code."""

_REVISION = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?(?::[\w.-]+)?")
_PYTHON_MAGICS = frozenset(
    [
        "time",
        "timeit",
        "prun",
        "memit",
        "mprun",
        "lprun",
        "debug",
        "px",
        "capture",
        "heat",
        "snakeviz",
        "scalene",
        "pyinstrument",
        "modelscan",
    ]
)
_SHELL_MAGICS = frozenset(
    ["bash", "sh", "system", "sx", "sc", "script", "cmd", "powershell", "pwsh", "zsh", "!", "!!", "alias"]
)
_PAGE_MAGICS = {
    "html": "text/html",
    "HTML": "text/html",
    "javascript": "text/javascript",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_STATING = (ast.Call, ast.Assign, ast.Dict, ast.Delete)
_COMPUTED = (ast.Call, ast.Name, ast.Attribute)
_METHODS = ("run_line_magic", "run_cell_magic", "run_cell")
"""Methods of IPython's shell that nothing else has, whatever name it is held under."""
_INSTALLERS = frozenset(("pip", "conda", "mamba", "uv", "pip3"))
_REMOTE_MAGICS = frozenset(("run", "load", "loadpy", "install_ext", "recall_url", "macro"))
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs|hdfs)://")
_OURS = re.compile(r"modelscan(?:_jupyter)?\b")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a cell does. `subject` is a key of rules/notebook.toml, `paths` what it reads if that is known."""

    subject: str
    line: int
    operator: str
    expression: str
    path: str = ""
    sure: bool = True
    """False: the path is likely, not certain."""
    host: str = ""
    data: bytes | None = None
    """A pickle that is spelled out in the cell."""


@dataclass(slots=True)
class Calls:
    """State of one notebook: its names, the files it writes and those it fetches."""

    names: Names = field(default_factory=Names)
    shell: Shell = field(default_factory=Shell)
    written: set[str] = field(default_factory=set)

    def learn(self, cells: Sequence[tuple[int, Sequence[ast.AST]]]) -> None:
        """Takes in all cells before any of them is judged: what is imported, assigned and saved where."""
        for cell, nodes in cells:
            self.names.learn(nodes, cell)
        for cell, nodes in cells:
            for node in nodes:
                if isinstance(node, ast.Call) and reading.last_name(node) in SAVING:
                    self._saves(node, self.names.look((cell, node.lineno)))

    def facts(self, nodes: Iterable[ast.AST], cell: int, line: int = 0, depth: int = 0) -> Iterator[Fact]:
        """Facts of one cell in the order of its text; `line` is added to its lines."""
        stating = [node for node in nodes if isinstance(node, _STATING)]
        for node in sorted(stating, key=lambda node: (node.lineno, node.col_offset)):
            look = self.names.look((cell, node.end_lineno or 0))
            for fact in self._node(node, look, cell, line, depth):
                shown = fact.expression or reading.shown(node)
                yield replace(fact, line=fact.line or node.lineno + line, expression=shown)

    def _node(self, node: ast.AST, look: Look, cell: int, line: int, depth: int) -> Iterator[Fact]:
        match node:
            case ast.Call():
                yield from self._call(node, look, cell, line, depth)
            case ast.Assign():
                for target in node.targets:
                    yield from _assigned(target, node.value, look)
            case ast.Dict():
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield from _switch(key.value, value, look, key.value)
                        yield from _environment(key.value, look.constant(value), "")
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, ast.Subscript) and look.dotted(target.value) == "sys.modules":
                        yield from _module_gone(look.constant(target.slice))

    def _call(self, node: ast.Call, look: Look, cell: int, line: int, depth: int) -> Iterator[Fact]:
        name = look.dotted(node.func)
        last = reading.last_name(node) or name.rpartition(".")[2]
        callee = name or last
        if last in SAVING and name.startswith("numpy."):
            return
        if name.startswith(FETCHING) and len(node.args) > 1:
            self._fetches(look.constant(node.args[1]))
        switched = False
        for keyword in node.keywords:
            yield from _environment(keyword.arg or "", look.constant(keyword.value), "")
            for fact in _switch(keyword.arg or "", keyword.value, look, callee):
                switched = True
                found = self._located(fact, node, look, LOADERS.get(name) or METHODS.get(last) or HUB.get(name))
                if not (found.subject in OWN and found.sure and reading.normal(found.path) in self.written):
                    yield found
        yield from _special(node, name, callee, look)
        loader = LOADERS.get(name) or METHODS.get(last)
        if loader is not None:
            yield from self._loads(node, loader, callee, look, switched)
        elif name in HUB:
            yield from _hub(node, HUB[name], callee, look)
        for argument in node.args:
            if isinstance(argument, ast.Name | ast.Attribute):
                handed = look.dotted(argument)
                if handed in LOADERS and LOADERS[handed].subject in ("loader", "torch-load") and not switched:
                    yield Fact("loader", 0, handed, "")
        if name in RUNNING:
            yield from self._runs(node, name, look, cell, line, depth)
        elif name in SHELLS:
            yield from self._commands(reading.command_text(node, look), 0, name)
        elif "get_ipython()." in name or last in _METHODS:
            yield from self._ipython(node, last, look, cell, line, depth)

    def _located(self, fact: Fact, node: ast.Call, look: Look, loader: Loader | None) -> Fact:
        if loader is None:
            return fact
        path, sure = reading.path(node, loader, look)
        return replace(fact, path=path, sure=sure)

    def _loads(self, node: ast.Call, loader: Loader, callee: str, look: Look, switched: bool) -> Iterator[Fact]:
        argument = reading.argument(node, loader)
        if loader.subject == "hub-unpinned":
            path, sure = reading.path(node, loader, look)
            if path and (path.startswith((".", "/", "~")) or not _REPOSITORY.fullmatch(path)):
                yield Fact("", 0, callee, "", path, sure)
            elif not switched:
                yield from _hub(node, loader, callee, look)
                if path:
                    yield Fact("", 0, callee, "", path, sure)
            return
        if argument is not None and (data := look.constant(argument)) is not UNKNOWN and isinstance(data, bytes):
            yield Fact("", 0, callee, "", data=data)
            return
        path, sure = reading.path(node, loader, look)
        subject = loader.subject
        pickled = subject in ("loader", "torch-load")
        if subject == "torch-load" and reading.said(node, "weights_only", look) is True:
            subject = ""
        elif pickled and (_ADDRESS.match(path) or (argument is not None and reading.reaches(argument, look, NETWORK))):
            subject = "loader-remote"
        elif pickled and path.rpartition("/")[2] in self.shell.fetched:
            subject = "loader-fetched"
        elif pickled and path and reading.normal(path) in self.written:
            subject = ""
        yield Fact("" if switched and subject != "loader-remote" else subject, 0, callee, "", path, sure)

    def _runs(self, node: ast.Call, name: str, look: Look, cell: int, line: int, depth: int) -> Iterator[Fact]:
        """`exec`, `eval` and `compile`: of text that can be read, or of what was decoded or fetched."""
        argument = node.args[0] if node.args else None
        code = look.constant(argument)
        if isinstance(code, bytes):
            code = code.decode("utf-8", "replace")
        elif isinstance(argument, ast.Call | ast.Name | ast.Attribute) and reading.reaches(
            argument, look, DECODING + NETWORK
        ):
            yield Fact("code-hidden", 0, name, "")
        if isinstance(code, str) and depth < DEPTH:
            if argument is not None and reading.reaches(argument, look, DECODING):
                yield Fact("code-hidden", 0, name, "")
            yield from self._inner(code, cell, line + node.lineno - 1, depth)

    def _inner(self, code: str, cell: int, line: int, depth: int) -> Iterator[Fact]:
        if depth >= DEPTH:
            return
        try:
            tree = tree_of(code)
        except SyntaxError:
            return
        nodes = nodes_of(tree)
        self.names.learn(nodes, cell)
        yield from self.facts(nodes, cell, line, depth + 1)

    def _commands(self, text: str, line: int, name: str) -> Iterator[Fact]:
        for risk in self.shell.risks(text):
            yield Fact(risk.subject, line, name, risk.command[: reading.EXPRESSION], host=risk.host)

    def _ipython(self, node: ast.Call, last: str, look: Look, cell: int, line: int, depth: int) -> Iterator[Fact]:
        texts = [look.constant(argument) for argument in node.args]
        words = [reading.interpolated(text, look) if isinstance(text, str) else "" for text in texts]
        if last in ("system", "getoutput", "getoutput_plain", "system_raw", "system_piped") and words:
            yield from self._commands(words[0], 0, "shell")
        elif last == "unload_extension" and words and _OURS.match(words[0]):
            yield Fact("guard-off", 0, last, "")
        elif last in ("run_line_magic", "magic") and words:
            name, _, rest = (
                words[0].partition(" ") if last == "magic" else (words[0], "", words[1] if words[1:] else "")
            )
            yield from self._magic(name.lstrip("%"), rest, "", cell, line + node.lineno - 1, depth)
        elif last == "run_cell_magic" and len(words) > 2:
            body = texts[2] if isinstance(texts[2], str) else ""
            yield from self._magic(words[0], words[1], body, cell, line + node.lineno - 1, depth)
        elif last in ("run_cell", "run_code", "ex", "ev", "run_cell_async") and words:
            yield from self._inner(
                str(texts[0]) if isinstance(texts[0], str) else "", cell, line + node.lineno - 1, depth
            )

    def _magic(self, name: str, rest: str, body: str, cell: int, line: int, depth: int) -> Iterator[Fact]:
        """One magic with its arguments, and for a cell magic the text below it."""
        spelled = f"{'%%' if body else '%'}{name} {rest}".strip()
        if name in _INSTALLERS:
            yield from self._commands(f"{name} {rest}", 0, f"%{name}")
        elif name in _SHELL_MAGICS:
            text = rest.partition(" ")[2] if name == "alias" else f"{rest}\n" if name in ("system", "sx", "sc") else ""
            if name == "script" and re.match(r"\S*(python|ipython)", rest):
                yield from self._inner(body, cell, line + 1, depth)
                return
            for fact in self._commands(text + body, 0, f"%%{name}" if body else f"%{name}"):
                yield replace(fact, line=line + 1)
        elif name in _REMOTE_MAGICS and re.search(r"(?:https?|ftp)://|^\s*(?:-\S+\s+)*(?:\\\\|//)\w", rest):
            yield Fact("code-remote", 0, f"%{name}", spelled)
        elif name == "run" and {word.rpartition("/")[2] for word in rest.split()} & self.shell.fetched:
            yield Fact("shell-fetched-file", 0, "%run", spelled)
        elif name == "run" and any(self.shell.clones(word) for word in rest.split()[:1]):
            yield Fact("shell-cloned", 0, "%run", spelled)
        elif name in ("cd", "pushd"):
            self.shell.enters(rest.strip().strip("'\""))
        elif name in ("env", "set_env"):
            variable, _, value = rest.replace("=", " ", 1).partition(" ")
            yield from _environment(variable.strip(), value.strip(), spelled)
        elif name in ("unload_ext", "reload_ext") and _OURS.match(rest.strip()):
            if name == "unload_ext":
                yield Fact("guard-off", 0, f"%{name}", spelled)
        elif name == "modelscan" and re.match(r"\s*(?:guard\s+off|policy\s+(?:off|warn))\b", rest):
            yield Fact("guard-off", 0, "%modelscan", spelled)
        elif name == "modelscan" and re.match(r"\s*allow\b", rest) and "--list" not in rest:
            yield Fact("guard-allow", 0, "%modelscan", spelled)
        elif name == "config" and re.search(r"ModelScan\.\w+\s*=\s*['\"]?(?:off|warn)\b", rest):
            yield Fact("guard-off", 0, "%config", spelled)
        elif name in _PYTHON_MAGICS:
            code = body or re.sub(r"^(?:-\w+(?:\s+\d+)?\s+)+", "", rest)
            yield from self._inner(code, cell, line + (1 if body else 0), depth)
        elif name in _PAGE_MAGICS:
            for act in acts_of(_PAGE_MAGICS[name], body):
                yield Fact(act.subject.replace("output-script", "output-plots"), line + 1, f"%%{name}", act.shown)
        elif name == "writefile":
            if rest.strip().endswith((".sh", ".bash")):
                yield from self._commands(body, line + 1, "%%writefile")
            else:
                yield from self._inner(body, cell, line + 1, depth) if rest.strip().endswith((".py", ".ipy")) else ()
        elif body and (name.startswith("python") or name in ("pypy", "prun")):
            yield from self._inner(body, cell, line + 1, depth)

    def _saves(self, node: ast.Call, look: Look) -> None:
        for argument in (*node.args[:3], *(keyword.value for keyword in node.keywords)):
            path = reading.path_of(argument, look)
            if path:
                self.written |= {reading.normal(path), reading.normal(path) + ".npy", reading.normal(path) + ".npz"}

    def _fetches(self, path: Any) -> None:
        if isinstance(path, str):
            self.shell.fetched.add(path.rpartition("/")[2])


def _special(node: ast.Call, name: str, callee: str, look: Look) -> Iterator[Fact]:
    """Calls that are facts by themselves."""
    if name in CALLS:
        yield Fact(CALLS[name], 0, callee, "")
    elif name == "importlib.reload" and node.args:
        yield from _module_gone(look.dotted(node.args[0]))
    elif name == "sys.modules.pop" and node.args:
        yield from _module_gone(look.constant(node.args[0]))
    elif name in ("os.environ.setdefault", "os.putenv") and len(node.args) > 1:
        yield from _environment(str(look.constant(node.args[0])), look.constant(node.args[1]), "")
    elif name in ("yaml.load", "yaml.load_all", "yaml.full_load"):
        loader = next(
            (word.value for word in node.keywords if word.arg == "Loader"), node.args[1] if node.args[1:] else None
        )
        if look.dotted(loader).rpartition(".")[2] in ("Loader", "UnsafeLoader", "CLoader"):
            yield Fact("object-decoder", 0, callee, "")
    elif name == "numpy.load" and len(node.args) > 2:
        yield from _switch("allow_pickle", node.args[2], look, callee)
    elif name == "modelscan.guard.install" and node.args and look.constant(node.args[0]) in ("off", "warn"):
        yield Fact("guard-off", 0, callee, "")
    elif name == "os.dup2" and node.args and reading.reaches(node.args[0], look, ("socket.socket",)):
        yield Fact("shell-remote", 0, callee, "")
    elif name in ("ctypes.CDLL", "ctypes.cdll.LoadLibrary", "ctypes.PyDLL") and node.args:
        if "/" in str(look.constant(node.args[0])):
            yield Fact("native-library", 0, callee, "")
    elif name == "skops.io.load":
        if reading.said(node, "trusted", look) is True:
            yield Fact("unsafe-switch", 0, callee, "")
    elif name in ("setattr", "builtins.setattr") and len(node.args) > 2:
        key = look.constant(node.args[1])
        yield from _switch(key if isinstance(key, str) else "", node.args[2], look, callee)
    elif callee.startswith("marshal.load"):
        yield Fact("code-hidden", 0, callee, "")


def _switch(name: str, value: ast.expr, look: Look, operator: str) -> Iterator[Fact]:
    row = SWITCHES.get(name)
    if row is None:
        return
    given = look.constant(value)
    if given is UNKNOWN:
        yield Fact("switch-unknown", 0, operator, "")
    elif given is not None and bool(given) is row[0] and not (row[0] is False and given == ""):
        yield Fact(row[1], 0, operator, "")


def _assigned(target: ast.expr, value: ast.expr, look: Look) -> Iterator[Fact]:
    if isinstance(target, ast.Attribute):
        yield from _switch(target.attr, value, look, target.attr)
        if look.dotted(target.value) == "modelscan.guard" or (
            target.attr == "policy" and "ModelScan" in ast.dump(target.value)
        ):
            yield Fact("guard-off", 0, target.attr, "")
    elif isinstance(target, ast.Subscript):
        key = look.constant(target.slice)
        if look.dotted(target.value) == "os.environ" and isinstance(key, str):
            yield from _environment(key, look.constant(value), "")
        elif isinstance(key, str):
            yield from _switch(key, value, look, key)


def _environment(name: str, value: Any, shown: str) -> Iterator[Fact]:
    subject = "" if value is UNKNOWN else variable(name, str(value))
    if subject:
        yield Fact(subject, 0, name, shown)


def _module_gone(name: Any) -> Iterator[Fact]:
    if isinstance(name, str) and moved(f"{name}.").split(".")[0] in GUARDED:
        yield Fact("guard-off", 0, name, "")


def _hub(node: ast.Call, loader: Loader, callee: str, look: Look) -> Iterator[Fact]:
    """A repository of a hub, at no revision or one that may move."""
    name, _ = reading.path(node, loader, look)
    if not name and len(node.args) > loader.path + 1:  # PeftModel.from_pretrained(model, "org/adapter")
        second = look.constant(node.args[loader.path + 1])
        name = second if isinstance(second, str) and "/" in second else ""
    if not name or not _REPOSITORY.fullmatch(name):
        return
    revision = reading.said(node, "revision", look)
    if not (isinstance(revision, str) and _REVISION.fullmatch(revision)):
        yield Fact("hub-unpinned", 0, callee, "")
