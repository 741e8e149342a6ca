"""The graph of an exported program (`torch.export.save`, .pt2): JSON with formulas and the shapes of its arguments.

torch.export.load hands each formula to `sympy.sympify`, which is `eval` with builtins: measured with torch 2.13, an
"expr_str" of `__import__('os').mkdir('x')` makes the folder. Formulas that torch writes are built of a few functions,
names and numbers; what is not is stated. So are guards, which become the source of a function that runs before the
model does (torch/export/_unlift.py), and modules that the shape of arguments names, which are imported
(torch/utils/_pytree.py).
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
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
_GUARDING = re.compile(r"len|isinstance|type|int|float|bool|abs|max|min|round|int_oo|cast_symbool_to_symint_guardless")
"""Functions of guards besides those of formulas."""
_ASKED = re.compile(
    "size|stride|storage_offset|shape|dim|ndim|numel|dtype|device|layout|strided|requires_grad|is_contiguous|item|Tensor|"
    "(float|bfloat|int)(16|32|64)|int8|uint8|bool|sym_(not|max|min|float|int)|isnan|isinf|inf|nan|pi|"
    "floor|ceil|trunc|sqrt|log2?|pow|exp|sin|cos|tan|fmod"
)
"""What guards ask a tensor, or the modules `math` and `torch`, for."""
_TEXT = re.compile(r"[\w.+-]{1,300}")
_NODES = (
    *(ast.Expression, ast.Name, ast.Load, ast.Constant, ast.Call, ast.keyword, ast.Tuple),
    *(ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator, ast.BoolOp, ast.boolop, ast.Compare, ast.cmpop),
)
_SPECS = frozenset({"in_spec", "out_spec"})
"""Keys of texts that are JSON once more: how arguments lie in containers."""
_LETTERS = frozenset("'\"\\\n\r")
"""What ends or begins a text in Python."""


def is_program(artifact: Artifact) -> bool:
    return artifact.name.lower().endswith(".json")


def read_program(artifact: Artifact, context: Context) -> Iterator[Evidence]:
    """Formulas and guards that no exporter writes, and modules that are imported."""
    if artifact.size > context.limits.metadata:
        yield unreadable(artifact, FormatError("limit", "a graph larger than the limit (limit 'metadata')"))
        return
    found = _Found()
    try:
        with contextlib.suppress(ValueError):  # the loader stops there as well
            json.loads(artifact.read(0, artifact.size), object_pairs_hook=found.collect)
    except RecursionError:
        yield unreadable(artifact, FormatError("archive-data", "the graph of a program is nested too deeply"))
    yield from _named(artifact, found)
    odd = next((text for text in found.formulas if not is_formula(text)), None)
    odd = odd or next((text for text in found.guards if not is_formula(text, guard=True)), None)
    odd = odd or next((text for text in found.constants if _LETTERS.intersection(text)), None)
    if odd is not None:
        yield anomaly(artifact, "export-formula", None, odd[:200])


def _named(artifact: Artifact, found: _Found) -> Iterator[Evidence]:
    """What is imported; a default factory is kept, and called for a key that is missing, as in a pickle."""
    where = Where(artifact.name)
    for module, name in (*found.factories, *found.members):
        imported = {"module": module, "name": name, "opcode": "treespec"}
        yield Evidence(Kind.IMPORT, f"{module}.{name}", where, imported)
    for module, name in found.factories:
        detail: dict[str, Any] = {key: [] for key in ("carried", "handed", "among", "given")}
        detail |= {key: [f"{module}:{name}"] for key in ("arguments", "plain", "values")}
        detail |= {"callee": "collections:defaultdict", "opcode": "treespec", "indirect": False, "size": 1}
        detail["expression"] = f"collections.defaultdict({module}.{name})"
        yield Evidence(Kind.CALL, "collections.defaultdict", where, detail)


class _Found:
    """What stands in one program, each once and in its order."""

    def __init__(self) -> None:
        self.formulas: dict[str, None] = {}
        self.guards: dict[str, None] = {}
        self.constants: dict[str, None] = {}
        """Texts that arguments have to be equal to: put between quotes, they are part of a guard."""
        self.factories: dict[tuple[str, str], None] = {}
        self.members: dict[tuple[str, str], None] = {}
        """Of enumerations, by the class that is imported for them."""

    def collect(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Keeps what a mapping says, whichever of two equal keys counts."""
        for key, value in pairs:
            if key == "expr_str" and isinstance(value, str):
                self.formulas[value] = None
            elif key == "guards_code" and isinstance(value, list):
                self.guards |= dict.fromkeys(text for text in value if isinstance(text, str))
            elif key == "constant_input" and isinstance(value, dict):
                self._constant(value.get("value"))
            elif key in _SPECS and isinstance(value, str):
                self._spec(value)
        return dict(pairs)

    def _constant(self, value: Any) -> None:
        text = value.get("as_string") if isinstance(value, dict) else None
        if isinstance(text, str):
            self.constants[text] = None

    def _spec(self, text: str) -> None:
        with contextlib.suppress(ValueError):
            json.loads(text, object_pairs_hook=self._place)

    def _place(self, pairs: list[tuple[str, Any]]) -> None:
        """A default factory or a member of an enumeration; contexts may be JSON in a text."""
        texts = [(key, value) for key, value in pairs if isinstance(value, str)]
        modules = [value for key, value in texts if key == "default_factory_module"]
        names = [value for key, value in texts if key == "default_factory_name"]
        self.factories |= dict.fromkeys((module, name) for module in modules for name in names)
        for key, value in texts:
            if key == "fqn":
                module, _, name = value.partition(":")
                self.members[module, name] = None
            elif key == "context":
                self._spec(value)


def is_formula(text: str, guard: bool = False) -> bool:
    """Names, numbers, operators, and calls of the functions above: no attribute, no subscript, no other call.

    A guard has subscripts of arguments, and asks tensors for what they are.
    """
    if len(text) > LONGEST or set(text) & set("\n\r\\#"):  # sympify joins lines, so that other tokens come of it
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(_is_plain(node) or (guard and _is_guard(node)) for node in ast.walk(tree))


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        callee = node.func.id if isinstance(node.func, ast.Name) else ""
        return _FUNCTION.fullmatch(callee) is not None
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, bytes) and (
            not isinstance(node.value, str) or bool(_TEXT.fullmatch(node.value))
        )
    return isinstance(node, _NODES)


def _is_guard(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _GUARDING.fullmatch(node.func.id) is not None
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute)
    if isinstance(node, ast.Attribute):
        return _ASKED.fullmatch(node.attr) is not None
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and not _LETTERS.intersection(node.value)
    return isinstance(node, ast.Subscript | ast.List | ast.Slice | ast.IfExp)
