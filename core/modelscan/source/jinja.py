"""Jinja templates: what in them reaches out of the text they are to make. Searched, never parsed or rendered.

Whoever renders one without a sandbox gives it Python: from any object, attributes lead to its class, to every class
there is, and to `os` (CVE-2024-34359). The whole text is searched, not only what stands between braces, because where
an expression ends depends on strings inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelscan.records import dataclass

LONGEST = 1 << 18
"""Characters of a template that are looked at; of real ones the longest have some 20,000."""
SHOWN = 160
"""Characters of the template around what was found."""
_ROADS = (
    "class|mro|bases?|subclasses|globals|builtins|init|import|dict|getattribute|getattr|code|self|func|reduce(?:_ex)?"
    "|call|loader|spec|closure|defaults|kwdefaults|wrapped|module|new|init_subclass|subclasshook|enter|exit|del|set_name"
)
_REACHES = re.compile(
    rf"__(?i:{_ROADS})__|['\"]__(?:{_ROADS})\b|\b(?:gi|cr|ag)_(?:frame|code)\b|\bf_(?:globals|builtins|locals|back)\b"
    r"|\bfunc_globals\b|\btb_frame\b|\.\s*mro\s*\(|_TemplateReference__context"
)
"""Attributes that lead from an object to its class, its module and the interpreter."""
_ATTRIBUTE = re.compile(r"\|\s*attr\s*\(|\|\s*map\s*\(\s*['\"]attr['\"]")
"""The filter that fetches an attribute by a computed name."""
_INSIDE = r"[^\[\]]{0,120}"
_SUBSCRIPT = r"[\w\])]\s*(?<!\bin)(?<!\bin )(?<!=)(?<!= )\["
_JOINS = r"['\"]\s*(?:[|%*]|\.\s*(?:format|join|replace))|[|%*]\s*['\"]|~"
_COMPUTED = re.compile(
    rf"{_SUBSCRIPT}(?:{_INSIDE}?(?:{_JOINS})){_INSIDE}\]"
    r"|['\"]_+['\"]\s*[*~+|]|[*~+]\s*['\"]_+['\"]|['\"][^'\"\n]{0,80}%c[^'\"\n]{0,80}['\"]\s*(?:\||%)"
)
"""A subscript whose text is put together, underscores that are put together, characters by number."""
_FETCHES = re.compile(r"\{%[-+]?\s*(?:import|include|extends|from)\b")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|N\{LOW LINE\})")
_JOINT = re.compile(r"(['\"])\s*[~+,]?\s*['\"]")
"""Where one string ends and the next begins, joined or in a list."""
_MARKUP = re.compile(r"\{[{%]")


@dataclass(frozen=True, slots=True)
class Reach:
    """One fact about a template. `code` is a rule of rules/structure.toml, `shown` the text around it."""

    code: str
    shown: str


def looks_like_one(text: str) -> bool:
    return _MARKUP.search(text) is not None


def reaches(text: str) -> Iterator[Reach]:
    """Each kind of fact once, with the first place that shows it."""
    if not looks_like_one(text):
        return
    views = [text, _decoded(text)]
    views.append(_JOINT.sub("", views[-1]))
    for code, pattern in (
        ("template-reaches", _REACHES),
        ("template-attribute", _ATTRIBUTE),
        ("template-computes", _COMPUTED),
        ("template-fetches", _FETCHES),
    ):
        whole = (view for view in (views if code == "template-reaches" else views[:2]))
        found = next(((view, match) for view in whole if (match := pattern.search(view))), None)
        if found is not None:
            yield Reach(code, _around(*found))


def _around(view: str, found: re.Match[str]) -> str:
    """From the beginning of the expression, if that is near."""
    opened = view.rfind("{", max(0, found.start() - SHOWN // 2), found.start())
    start = opened - 1 if opened > 0 and view[opened - 1] == "{" else opened if opened >= 0 else found.start()
    return view[max(0, start) : max(start + SHOWN, found.end())]


def _decoded(text: str) -> str:
    """As Jinja reads the strings of an expression, escapes undone."""

    def character(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        number = int(digits, 16) if digits else int(found[4], 8) if found[4] else ord("_")
        return chr(number) if number < 0x110000 else found[0]

    return _ESCAPE.sub(character, text) if "\\" in text else text
