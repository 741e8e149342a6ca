"""How the arguments of a call are read: its file, its flags, its shell text."""

from __future__ import annotations

import ast
import re
from typing import Any

from modelscan.notebooks.loaders import Loader
from modelscan.notebooks.names import Look

EXPRESSION = 300
"""Characters of a call that are quoted."""
_OPENING = ("open", "read_bytes", "GzipFile", "BZ2File", "LZMAFile", "open_text")


def argument(node: ast.Call, loader: Loader) -> ast.expr | None:
    """The expression that says which file is read."""
    for keyword in node.keywords:
        if keyword.arg in loader.keywords:
            return keyword.value
    if not node.args and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        inner = node.func.value  # Unpickler(file).load()
        return inner.args[0] if inner.args else None
    return node.args[loader.path] if len(node.args) > loader.path else None


def path(node: ast.Call, loader: Loader, look: Look) -> tuple[str, bool]:
    """The file that is read, and whether nothing else can be meant."""
    given = argument(node, loader)
    if given is None:
        return "", True
    look.guessed = False
    return path_of(given, look), not look.guessed


def path_of(node: ast.expr, look: Look, depth: int = 0) -> str:
    """A path, or the path of the file object that an expression opens."""
    value = look.constant(node)
    if isinstance(value, str):
        return value
    if depth > 6:
        return ""
    if isinstance(node, ast.Name):
        held, sure = look.names.value_of(node.id, look.at)
        look.guessed = look.guessed or not sure
        return "" if held is None else path_of(held, look, depth + 1)
    if isinstance(node, ast.Call):
        name = look.dotted(node.func)
        last = node.func.attr if isinstance(node.func, ast.Attribute) else name.rpartition(".")[2]
        method = node.func.value if isinstance(node.func, ast.Attribute) else None
        if last in _OPENING and method is not None and (path := path_of(method, look, depth + 1)):
            return path
        if last in ("open", "GzipFile", "BZ2File", "LZMAFile", "BytesIO", "str", "fspath") and node.args:
            return path_of(node.args[0], look, depth + 1)
        if last == "read" and isinstance(node.func, ast.Attribute):
            return path_of(node.func.value, look, depth + 1)
    return ""


def said(node: ast.Call, keyword: str, look: Look) -> Any:
    """The constant given for a keyword, None where it is not given."""
    given = next((word.value for word in node.keywords if word.arg == keyword), None)
    return None if given is None else look.constant(given)


def reaches(node: ast.AST, look: Look, names: tuple[str, ...], depth: int = 0) -> bool:
    """Does the value come out of a call of one of these?"""
    if depth > 6:
        return False
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and look.dotted(inner.func).startswith(names):
            return True
        if isinstance(inner, ast.Name):
            if look.dotted(inner).startswith(names):  # handed on, as in map(chr, …)
                return True
            held, _ = look.names.value_of(inner.id, look.at)
            if held is not None and held is not node and reaches(held, look, names, depth + 1):
                return True
    return False


def command_text(node: ast.Call, look: Look) -> str:
    """The shell text that a call runs; a list of words is one command."""
    given = (
        node.args[0]
        if node.args
        else next((word.value for word in node.keywords if word.arg in ("args", "command")), None)
    )
    if isinstance(given, ast.Name):
        given = look.names.value_of(given.id, look.at)[0]
    if isinstance(given, ast.List | ast.Tuple):
        words = [look.constant(item) for item in given.elts]
        words = [
            "python" if look.dotted(item) == "sys.executable" else word
            for item, word in zip(given.elts, words, strict=True)
        ]
        return " ".join(_quoted(word) for word in words if isinstance(word, str))
    text = look.constant(given)
    if isinstance(text, str):
        return text
    if isinstance(given, ast.JoinedStr):  # what is known of it
        parts = (look.constant(part) for part in given.values)
        return "".join(part if isinstance(part, str) else "X" for part in parts)
    return ""


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w./:=@+,%-]+", word) else "'" + word.replace("'", " ") + "'"


def interpolated(text: str, look: Look) -> str:
    """IPython's `{name}` and `$name` in commands, where they are known."""

    text = text.replace("{sys.executable}", "python")

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        known = look.constant(ast.Name(name))
        return known if isinstance(known, str) else found[0]

    return re.sub(r"\{([A-Za-z_]\w*)\}|(?<!\$)\$([A-Za-z_]\w*)", value, text) if "$" in text or "{" in text else text


def normal(path: str) -> str:
    return re.sub(r"^(?:\./)+", "", path)


def last_name(node: ast.Call) -> str:
    """The last part of the callee's name as it is written."""
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )


def shown(node: ast.AST) -> str:
    """The expression as Python spells it, on one line."""
    try:
        return " ".join(ast.unparse(node)[: 4 * EXPRESSION].split())[:EXPRESSION]
    except (RecursionError, ValueError):
        return "an expression nested too deeply to show"
