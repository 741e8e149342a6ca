"""Which objects the names in a notebook stand for, as far as its text says: imports, aliases and constants.

Cells are taken in the order in which they stand. Nothing is evaluated but text, numbers and paths.
"""

from __future__ import annotations

import ast
import base64
import binascii
import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from modelscan.records import dataclass, field

DEPTH = 30
LENGTH = 1 << 22
"""Characters of a constant that is put together."""

HABITS = {
    "np": "numpy", "pd": "pandas", "tf": "tensorflow", "plt": "matplotlib.pyplot", "hf": "huggingface_hub",
} | {name: name for name in (
    "torch", "numpy", "pandas", "joblib", "pickle", "dill", "cloudpickle", "keras", "tensorflow", "transformers",
    "subprocess", "os", "sys", "importlib", "requests", "urllib", "yaml", "modelscan", "base64", "shelve", "marshal",
)}  # fmt: skip
HABITS |= {name: f"{module}.{name}" for module, names in {
    "huggingface_hub": ("hf_hub_download", "snapshot_download"),
    "transformers": ("pipeline",),
    "datasets": ("load_dataset",),
    "sentence_transformers": ("SentenceTransformer",),
    "fastai.learner": ("load_learner",),
}.items() for name in names}  # fmt: skip
HABITS |= {
    name: name for name in ("mlflow", "codecs", "zlib", "gzip", "bz2", "lzma", "ctypes", "pty", "socket", "httpx")
}
"""What a name means that the notebook uses and never imports."""
BUILTINS = frozenset(
    [
        "exec",
        "eval",
        "compile",
        "open",
        "getattr",
        "setattr",
        "vars",
        "globals",
        "locals",
        "__import__",
        "get_ipython",
        "chr",
        "bytes",
        "str",
        "bool",
        "dict",
        "map",
        "filter",
        "list",
    ]
)

_MOVED = (
    ("tensorflow.compat.v1.", "tensorflow."),
    ("tensorflow.compat.v2.", "tensorflow."),
    ("tensorflow.python.keras.", "keras."),
    ("tensorflow.keras.", "keras."),
    ("tf_keras.", "keras."),
    ("keras.src.", "keras."),
    ("keras.api.", "keras."),
    ("keras.saving.saving_api.", "keras.saving."),
    ("keras.saving.serialization_lib.", "keras.config."),
    ("keras.models.", "keras.saving."),
    ("_pickle.", "pickle."),
    ("cPickle.", "pickle."),
    ("pickle5.", "pickle."),
    ("six.moves.cPickle.", "pickle."),
    ("sklearn.externals.joblib.", "joblib."),
    ("joblib.numpy_pickle.", "joblib."),
    ("torch.serialization.load", "torch.load"),
    ("numpy.lib.npyio.", "numpy."),
    ("numpy.lib._npyio_impl.", "numpy."),
    ("pandas.io.pickle.", "pandas."),
    ("dill._dill.", "dill."),
    ("cloudpickle.cloudpickle.", "cloudpickle."),
    ("_io.", "io."),
    ("io.open", "builtins.open"),
    ("posix.", "os."),
    ("nt.", "os."),
    ("imp.reload", "importlib.reload"),
    ("builtins.__import__", "importlib.import_module"),
)


_TELLING: tuple[type[ast.AST], ...] = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.With,
    ast.AsyncWith,
)
_TELLING += (ast.ClassDef, ast.Call, ast.Dict, ast.Delete)


class Unknown:
    """The value of what cannot be worked out; false, and equal to nothing."""

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()
Moment = tuple[int, int]
"""Cell number and line."""


Row = tuple[Moment, ast.expr, bool]


@dataclass(frozen=True, slots=True)
class Told:
    """The assignments to one name in the order of the text. `same`: each gives it the same value."""

    count: int
    moments: list[Moment]
    rows: list[Row]
    same: bool

    @classmethod
    def of(cls, rows: list[Row]) -> Told:
        ordered = sorted(rows, key=lambda row: row[0])
        first = ast.dump(rows[0][1])
        same = all(ast.dump(row[1]) == first for row in rows[1:])
        return cls(len(rows), [row[0] for row in ordered], ordered, same)


@dataclass(slots=True)
class Names:
    """Every import and assignment of a notebook."""

    imported: dict[str, str] = field(default_factory=dict)
    starred: list[str] = field(default_factory=list)
    assigned: dict[str, list[Row]] = field(default_factory=dict)
    """With whether it is bound by a `with`, which says for sure what it is inside."""
    _told: dict[str, Told] = field(default_factory=dict)

    def learn(self, nodes: Iterable[ast.AST], cell: int) -> None:
        """Takes in the imports and assignments of one cell."""
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.imported[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if alias.name == "*":
                        self.starred.append(node.module)
                    else:
                        self.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            else:
                for target, value, sure in _bindings(node):
                    moment = (cell, getattr(node, "lineno", getattr(value, "lineno", 0)))
                    self.assigned.setdefault(target, []).append((moment, value, sure))

    def value_of(self, name: str, at: Moment) -> tuple[ast.expr | None, bool]:
        """What was last assigned to `name` before `at`, and whether nothing else can be meant."""
        rows = self.assigned.get(name)
        if rows is None:
            return None, True
        known = self._told.get(name)
        if known is None or known.count != len(rows):
            known = self._told[name] = Told.of(rows)
        before = bisect_right(known.moments, at)
        if not before:
            return rows[0][1], False
        _, value, sure = known.rows[bisect_left(known.moments, known.moments[before - 1])]
        return value, sure or known.same

    def look(self, at: Moment) -> Look:
        return Look(self, at)


@dataclass(slots=True)
class Look:
    """Names as they are at one place."""

    names: Names
    at: Moment
    guessed: bool = False
    """Something was assigned more than once: what was found is likely, not certain."""
    depth: int = 0

    def dotted(self, node: ast.expr | None) -> str:
        """The object's usual dotted name, `module.Class()` for an instance; "" where it cannot be told."""
        return moved(self._dotted(node))

    def _dotted(self, node: ast.expr | None) -> str:
        if node is None or self.depth > DEPTH:
            return ""
        self.depth += 1
        try:
            match node:
                case ast.Name():
                    return self._name(node.id)
                case ast.Attribute():
                    base = self._dotted(node.value)
                    return f"{base}.{node.attr}" if base else ""
                case ast.Call():
                    return self._called(node)
                case ast.Subscript():
                    return self._item(node)
                case ast.NamedExpr() | ast.Await() | ast.Starred():
                    return self._dotted(node.value)
                case ast.IfExp():
                    return self._dotted(node.body) or self._dotted(node.orelse)
                case ast.BoolOp():
                    return next(filter(None, map(self._dotted, node.values)), "")
            return ""
        finally:
            self.depth -= 1

    def _name(self, name: str) -> str:
        if name == "__builtins__":
            return "builtins"
        if name in self.names.imported:
            return self.names.imported[name]
        value, _ = self.names.value_of(name, self.at)
        if value is not None and (found := self._dotted(value)):
            return found
        if name in BUILTINS:
            return f"builtins.{name}"
        if value is None and name in HABITS:
            return HABITS[name]
        return f"{self.names.starred[-1]}.{name}" if value is None and self.names.starred else ""

    def _called(self, node: ast.Call) -> str:
        callee = self.dotted(node.func)
        first = node.args[0] if node.args else None
        last = callee.rpartition(".")[2]
        if callee == "builtins.getattr" and len(node.args) > 1:
            return self._joined(self._dotted(first), node.args[1])
        if last in ("__getattribute__", "__getattr__") and first is not None:
            return self._joined(callee.rpartition(".")[0], first)
        if callee == "importlib.import_module":
            name = self.constant(first)
            return name if isinstance(name, str) else ""
        if callee == "functools.partial":
            return self._dotted(first)
        if callee == "operator.attrgetter()" and isinstance(node.func, ast.Call):
            return self._joined(self._dotted(first), node.func.args[0] if node.func.args else None)
        return f"{callee}()" if callee else ""

    def _joined(self, base: str, attribute: ast.expr | None) -> str:
        name = self.constant(attribute)
        return f"{base}.{name}" if base and isinstance(name, str) else ""

    def _item(self, node: ast.Subscript) -> str:
        """`sys.modules["torch"]`, `vars(torch)["load"]`, `globals()["load"]`, `[torch.load][0]`."""
        key = self.constant(node.slice)
        held = node.value
        if isinstance(held, ast.List | ast.Tuple) and isinstance(key, int) and -len(held.elts) <= key < len(held.elts):
            return self._dotted(held.elts[key])
        if isinstance(held, ast.Dict):
            pairs = zip(held.keys, held.values, strict=True)
            return next((self._dotted(value) for name, value in pairs if name and self.constant(name) == key), "")
        if not isinstance(key, str):
            return ""
        base = self.dotted(held)
        if base == "sys.modules":
            return key
        if base == "builtins":  # `__builtins__` is a dictionary in every module but the main one
            return f"builtins.{key}"
        if base in ("builtins.globals()", "builtins.locals()"):
            return self._name(key)
        if base == "builtins.vars()" and isinstance(held, ast.Call) and held.args:
            return self._joined(self._dotted(held.args[0]), node.slice)
        return f"{base.removesuffix('.__dict__')}.{key}" if base.endswith(".__dict__") else ""

    def constant(self, node: ast.expr | None) -> Any:
        """The text, number, bytes or path an expression comes to, or UNKNOWN."""
        if node is None or self.depth > DEPTH:
            return UNKNOWN
        self.depth += 1
        try:
            value = self._constant(node)
        finally:
            self.depth -= 1
        return UNKNOWN if isinstance(value, str | bytes) and len(value) > LENGTH else value

    def _constant(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                value, sure = self.names.value_of(node.id, self.at)
                self.guessed = self.guessed or not sure
                return UNKNOWN if value is None else self.constant(value)
            case ast.NamedExpr():
                return self.constant(node.value)
            case ast.JoinedStr():
                return self._text(self.constant(part) for part in node.values)
            case ast.FormattedValue():
                return self.constant(node.value)
            case ast.BinOp(op=ast.Add()):
                left, right = self.constant(node.left), self.constant(node.right)
                same = type(left) is type(right) and isinstance(left, str | bytes)
                return left + right if same else UNKNOWN
            case ast.BinOp(op=ast.Div()):
                return self._path([node.left, node.right])
            case ast.UnaryOp(op=ast.Not()):
                value = self.constant(node.operand)
                return UNKNOWN if value is UNKNOWN else not value
            case ast.UnaryOp(op=ast.USub()):
                value = self.constant(node.operand)
                return -value if isinstance(value, int) else UNKNOWN
            case ast.Subscript(slice=ast.Slice()) as cut:
                return self._slice(cut)
            case ast.Call():
                return self._result(node)
        return UNKNOWN

    def _slice(self, node: ast.Subscript) -> Any:
        value, part = self.constant(node.value), node.slice
        if not isinstance(value, str | bytes) or not isinstance(part, ast.Slice):
            return UNKNOWN
        ends = [None if end is None else self.constant(end) for end in (part.lower, part.upper, part.step)]
        if not all(end is None or isinstance(end, int) for end in ends) or ends[2] == 0:
            return UNKNOWN
        return value[slice(*ends)]

    def _result(self, node: ast.Call) -> Any:
        callee, last = self.dotted(node.func), ""
        if isinstance(node.func, ast.Attribute):
            last = node.func.attr
        if callee.endswith(("Path", "PurePath", "PosixPath", "WindowsPath", "os.path.join")):
            return self._path(node.args)
        if callee in ("builtins.str", "os.fspath", "builtins.bool") and len(node.args) == 1:
            value = self.constant(node.args[0])
            return bool(value) if callee.endswith("bool") and value is not UNKNOWN else value
        if callee in ("base64.b64decode", "base64.standard_b64decode") and node.args:
            return _decoded(self.constant(node.args[0]))
        if callee == "builtins.bytes.fromhex" and node.args:
            return _unhexed(self.constant(node.args[0]))
        if last == "join" and isinstance(node.func, ast.Attribute) and node.args:
            return self._join(node.func.value, node.args[0])
        if last in ("expanduser", "resolve", "absolute", "strip") and isinstance(node.func, ast.Attribute):
            return self.constant(node.func.value) if not node.args else UNKNOWN
        return UNKNOWN

    def _join(self, between: ast.expr, parts: ast.expr) -> Any:
        glue = self.constant(between)
        if not isinstance(glue, str) or not isinstance(parts, ast.List | ast.Tuple):
            return UNKNOWN
        texts = [self.constant(part) for part in parts.elts]
        return glue.join(texts) if all(isinstance(text, str) for text in texts) else UNKNOWN

    def _path(self, parts: list[ast.expr]) -> Any:
        texts = [self.constant(part) for part in parts]
        if not texts or not all(isinstance(text, str) for text in texts):
            return UNKNOWN
        return re.sub(r"(?<!:)/{2,}", "/", "/".join(text.rstrip("/") or "/" for text in texts))

    def _text(self, parts: Iterator[Any]) -> Any:
        made = []
        for part in parts:
            if part is UNKNOWN or isinstance(part, bytes):
                return UNKNOWN
            made.append(str(part))
        return "".join(made)


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """The statements and expressions that state or bind something, found in one walk."""
    return [node for node in ast.walk(tree) if isinstance(node, _TELLING)]


@functools.lru_cache(maxsize=8192)
def moved(dotted: str) -> str:
    """A name where the library documents it, whichever of its homes it was taken from."""
    for old, new in _MOVED:
        if dotted.startswith(old):
            dotted = new + dotted.removeprefix(old)
    return dotted


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr, bool]]:
    match node:
        case ast.Assign():
            for target in node.targets:
                yield from _paired(target, node.value)
        case ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value):
            yield from _paired(node.target, value)
        case ast.ClassDef(bases=[base, *_]):  # whatever it adds, it loads as its base does
            yield node.name, base, False
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                if isinstance(item.optional_vars, ast.Name):
                    yield item.optional_vars.id, item.context_expr, True


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr, bool]]:
    if isinstance(target, ast.Name):
        yield target.id, value, False
        return
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple | ast.List):
        return
    if len(target.elts) == len(value.elts):
        for one, other in zip(target.elts, value.elts, strict=True):
            yield from _paired(one, other)


def _decoded(value: Any) -> Any:
    try:
        return base64.b64decode(value) if isinstance(value, str | bytes) else UNKNOWN
    except (binascii.Error, ValueError):
        return UNKNOWN


def _unhexed(value: Any) -> Any:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else UNKNOWN
    except ValueError:
        return UNKNOWN
