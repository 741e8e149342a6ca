"""IPython's syntax as plain Python: `!x`, `%m`, `%%m`, `x = !y`, `name?` become the calls that IPython makes of them.

Line numbers stay what they were. After IPython 9, `IPython/core/inputtransformer2.py` and `prefilter.py`.
"""

from __future__ import annotations

import ast
import re

_CELL = re.compile(r"\s*%%(?P<name>[^\s%]\S*)[ \t]*(?P<rest>[^\n]*)(?:\n|$)")
_ASSIGNED = re.compile(r"(?P<indent>\s*)(?P<target>[\w.,\[\]'\" \t()*]+?=)\s*(?P<mark>[!%])(?P<rest>(?![=%]).*)")
_HELP = re.compile(r"\s*(?:\?{1,2}[\w.*%]+|[\w.*%\[\]'\"]+\?{1,2})\s*;?\s*(?:#.*)?")
_MAGIC = re.compile(r"%(?P<name>[A-Za-z_]\S*)[ \t]*(?P<rest>.*)")
_QUOTED = re.compile(r"(?P<mark>[,;/])(?P<name>[A-Za-z_][\w.]*)[ \t]*(?P<rest>.*)")
_PROMPT = re.compile(r"^[ \t]*(?:>>> ?|\.\.\. ?|In \[\d+\]: ?|[ ]*\.{3,}: ?)", re.MULTILINE)
_AUTOMATIC = re.compile(
    r"(?P<name>pip|conda|mamba|uv|run|load|load_ext|unload_ext|reload_ext|modelscan|config|env|set_env|system|sx|sc"
    r"|alias|time|timeit|prun)[ \t]+(?P<rest>.+)"
)
"""Magics that IPython knows without their percent sign, in a cell of one line."""


def to_python(source: str) -> str:
    """`source` with every line of IPython's own syntax turned into a call."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")
    if re.match(r"\s*(?:>>> |In \[\d+\]: )", source):
        source = _PROMPT.sub("", source)
    skipped = source[: len(source) - len(source.lstrip("\n"))]
    if cell := _CELL.match(source):
        before = source[: cell.start("name")].count("\n")
        call = f"get_ipython().run_cell_magic({cell['name']!r}, {cell['rest']!r}, {source[cell.end() :]!r})"
        return "\n" * before + call
    lines, made = source.lstrip("\n").split("\n"), []
    first = len(lines[0]) - len(lines[0].lstrip())
    if first and all(line[:first].isspace() or not line for line in lines):
        lines = [line[first:] for line in lines]  # IPython forgives a cell that is indented as a whole
    number = 0
    while number < len(lines):
        line, used = lines[number], 1
        if _starts_magic(line):
            while line.endswith("\\") and number + used < len(lines):
                line = line[:-1] + " " + lines[number + used].strip()
                used += 1
        made += [_line(line), *[""] * (used - 1)]
        number += used
    return skipped + "\n".join(made)


def automatic(source: str) -> str | None:
    """The call that a one-line cell becomes when its first word is a magic without its percent sign."""
    line = source.strip()
    found = None if "\n" in line else _AUTOMATIC.fullmatch(line)
    return found and f"get_ipython().run_line_magic({found['name']!r}, {found['rest']!r})"


def tree_of(source: str) -> ast.Module:
    """Parsed, IPython's syntax included. Raises SyntaxError for what neither Python nor IPython can read."""
    try:
        return _parsed(source)
    except SyntaxError:
        try:
            return _parsed(to_python(source))
        except SyntaxError:
            call = automatic(source)
            if call is None:
                raise
            return _parsed(call)


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code)
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL, or nested beyond what the parser follows
        raise SyntaxError(str(error) or type(error).__name__) from None


def _starts_magic(line: str) -> bool:
    text = line.lstrip()
    return text.startswith(("!", "%")) or _ASSIGNED.match(line) is not None


def _line(line: str) -> str:
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    if text.startswith("!!"):
        return f"{indent}get_ipython().getoutput({text[2:].strip()!r})"
    if text.startswith("!"):
        return f"{indent}get_ipython().system({text[1:].strip()!r})"
    if magic := _MAGIC.match(text):
        return f"{indent}get_ipython().run_line_magic({magic['name']!r}, {magic['rest'].strip()!r})"
    if assigned := _ASSIGNED.fullmatch(line):
        return f"{assigned['indent']}{assigned['target']} {_value(assigned['mark'], assigned['rest'].strip())}"
    if quoted := _QUOTED.match(text):
        return f"{indent}{quoted['name']}({_quoted(quoted['mark'], quoted['rest'])})"
    if _HELP.fullmatch(line) and not text.startswith("#"):
        return f"{indent}pass"
    return line


def _value(mark: str, rest: str) -> str:
    if mark == "!":
        return f"get_ipython().getoutput({rest!r})"
    name, _, arguments = rest.partition(" ")
    return f"get_ipython().run_line_magic({name!r}, {arguments.strip()!r})"


def _quoted(mark: str, rest: str) -> str:
    """`,f a b` calls f("a", "b"), `;f a b` calls f("a b"), `/f a` calls f(a)."""
    if mark == "/":
        return rest
    return ", ".join(map(repr, rest.split())) if mark == "," else repr(rest)
