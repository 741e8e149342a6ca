"""The graph of an exported program (`torch.export.save`, .pt2): JSON in which sizes may be formulas.

torch.export.load hands each formula to `sympy.sympify`, which is `eval` with builtins: measured with torch 2.13, an
"expr_str" of `__import__('os').mkdir('x')` makes the folder. Formulas that torch writes are built of a few functions,
names and numbers; what is not is stated.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.evidence import Evidence
from modelscan.formats.reader import Context, anomaly, unreadable
from modelscan.source.artifact import Artifact

LONGEST = 20_000
"""Characters of one formula that are looked at; a longer one counts as odd."""

_FUNCTION = re.compile(
    "Symbol|Dummy|Integer|Rational|Float|Add|Mul|Pow|Mod|Max|Min|Abs|Eq|Ne|Ge|Le|Gt|Lt|And|Or|Not|Xor|Piecewise|Tuple|"
    "Equality|Unequality|GreaterThan|LessThan|StrictGreaterThan|StrictLessThan|ExprCondPair|ITE|"
    "floor|ceiling|sqrt|exp|log|log2|sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|sign|"
    "FloorDiv|CleanDiv|CeilDiv|CeilToInt|FloorToInt|RoundToInt|RoundDecimal|TruncToInt|TruncToFloat|IntTrueDiv|"
    "FloatTrueDiv|FloatPow|PowByNatural|PythonMod|ModularIndexing|Where|ToFloat|LShift|RShift|Identity|"
    r"BitwiseFn_bitwise_(and|or|xor)|IsNonOverlappingAndDenseIndicator|OpaqueUnaryFn_\w+"
)
_TEXT = re.compile(r"[\w.+-]{1,300}")
_NODES = (
    *(ast.Expression, ast.Name, ast.Load, ast.Constant, ast.Call, ast.keyword, ast.Tuple),
    *(ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator, ast.BoolOp, ast.boolop, ast.Compare, ast.cmpop),
)


def is_program(artifact: Artifact) -> bool:
    return artifact.name.lower().endswith(".json")


def read_program(artifact: Artifact, context: Context) -> Iterator[Evidence]:
    """Formulas that no exporter writes."""
    if artifact.size > context.limits.metadata:
        yield unreadable(artifact, FormatError("limit", "a graph larger than the limit (limit 'metadata')"))
        return
    formulas: dict[str, None] = {}

    def collect(pairs: list[tuple[str, object]]) -> None:
        for key, value in pairs:
            if key == "expr_str" and isinstance(value, str):
                formulas[value] = None

    try:
        with contextlib.suppress(ValueError):  # the loader stops there as well
            json.loads(artifact.read(0, artifact.size), object_pairs_hook=collect)
    except RecursionError:
        yield unreadable(artifact, FormatError("archive-data", "the graph of a program is nested too deeply"))
    for formula in formulas:
        if not is_formula(formula):
            yield anomaly(artifact, "export-formula", None, formula[:200])
            return


def is_formula(text: str) -> bool:
    """Names, numbers, operators, and calls of the functions above: no attribute, no subscript, no other call."""
    if len(text) > LONGEST or set(text) & set("\n\r\\#"):  # sympify joins lines, so that other tokens come of it
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(_is_plain(node) for node in ast.walk(tree))


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        callee = node.func.id if isinstance(node.func, ast.Name) else ""
        return _FUNCTION.fullmatch(callee) is not None
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, bytes) and (
            not isinstance(node.value, str) or bool(_TEXT.fullmatch(node.value))
        )
    return isinstance(node, _NODES)
