"""What acts in a saved output: HTML, SVG, scripts, terminal escapes. Markup is searched, never drawn."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from modelscan.records import dataclass

DEPTH = 3
"""Documents inside documents (`srcdoc`, `data:`) that are followed."""
BLOB = 20_000
"""Characters of base64 in a row that are worth a line where no picture is expected."""

_HINTS: tuple[str, ...] = (
    "<script",
    "<iframe",
    "<frame",
    "<object",
    "<embed",
    "<applet",
    "<meta",
    "<base",
    "<form",
    "<link",
)
_HINTS += (
    "src",
    "href",
    "action",
    "data",
    "poster",
    "background",
    "script:",
    "url(",
    "@import",
    "&#",
    "&tab",
    "&newline",
    "&colon",
    "on",
)
"""What stands, in lower case, in everything that can act: a first look that costs next to nothing."""
_ACTS = re.compile(
    r"<(?:script|i?frame|object|embed|applet|meta|base|form|link)\b|[\s/\"'>]on[a-z]{3,24}\s*=|(?:java|vb)script|&"
    r"|\b(?:src|srcset|srcdoc|href|poster|action|formaction|data|background)\s*=",
    re.IGNORECASE,
)
TAG = 4_096
"""Characters of one tag that are read as a whole."""
TAGS = 20_000
"""Tags of one output that are looked at."""
_TAG = re.compile(r"</?([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)(?:>|$)")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+))")
_STYLES = re.compile(r"(?:@import\s|url\()[\s\"'(url]{0,8}(?:https?:)?//", re.IGNORECASE)
_DATA = re.compile(r"data:(text/html|image/svg\+xml|application/x?-?javascript|text/javascript)[;,]", re.IGNORECASE)
_TAKES = (
    r"document\.cookie|sendBeacon|_xsrf|/api/(?:kernels|contents|terminals|sessions)"
    r"|(?:kernel|kernel_proxy)\s*\.\s*execute\s*\(\s*(?!cmd_|cmd\b)|requestExecute|\beval\s*\(\s*atob|\.importKey"
)
_REACHES = re.compile(_TAKES + r"|localStorage|WebSocket|(?:window|document|top|parent)\.location(?:\.href)?\s*=")
_BUNDLE_REACHES = re.compile(_TAKES)
"""What no plotting library does whose whole source is part of the output."""
BUNDLE = 200_000
"""Characters of a script that is a library and no snippet."""
_PLOTTERS = re.compile(
    r"Plotly\.|PlotlyConfig|require\.undef\(\"plotly\"\)|\bBokeh\b|vegaEmbed|vega-embed|google\.colab|\bL\.map\(|pyLDAvis"
    r"|shap|MathJax|bokeh|Highcharts|echarts|itables|mpl\.figure|mpld3|perspective|jsmol|3Dmol|dataframeTable"
    r"|ColabDataTable|_NB_LOAD_WARNING|treescope|cytoscape|Vizzu|OutputArea\.(?:prototype|auto_scroll)|requirejs?\.config|jupyter-widgets|py-?vis|vis\.Network"
)
_LIBRARIES = re.compile(
    r"(?:plotly|bokeh|vega|require|mathjax|leaflet|jquery|bootstrap|d3|folium|echarts|highcharts|font-?awesome|fontawesome"
    r"|katex|datatables|gstatic|googleapis|html5shiv|embed-amd|awesome-markers|three|3dmol|vis-network|shap|tabulator)",
    re.IGNORECASE,
)
_CONVERTS = re.compile(r"\s*(?:convertToInteractive|quickchart|google\.colab|Bokeh|Plotly|return false)", re.IGNORECASE)
_PLAYERS = re.compile(
    r"(?:www\.)?(?:youtube(?:-nocookie)?\.com|player\.vimeo\.com|vimeo\.com|docs\.google\.com|localhost|127\.0\.0\.1"
    r"|wandb\.ai|app\.neptune\.ai|nbviewer\.org|en\.wikipedia\.org|share\.streamlit\.io|hf\.space|w\.soundcloud\.com)$"
)
_ESCAPES = re.compile(r"\x1b(?:\](?!8;)|[P_X^])|[\x90\x9d\x9f]|\x1b\[(?:\d*[cn]|>\d*c|\d*i\b)|\x1b\]8;")
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{BLOB},}}={{0,2}}")
_SIMPLE = {"object": "output-embeds", "embed": "output-embeds", "applet": "output-embeds", "base": "output-redirects"}


@dataclass(frozen=True, slots=True)
class Act:
    """One fact about an output. `subject` is a key of rules/notebook.toml."""

    subject: str
    shown: str


def acts_of(mime: str, text: str) -> Iterator[Act]:
    """What a saved representation would do when it is drawn."""
    if mime in ("text/html", "image/svg+xml", "text/markdown", "application/xhtml+xml", "text/latex"):
        yield from _markup(text, 0)
    elif mime in ("application/javascript", "text/javascript", "application/ecmascript", "application/x-javascript"):
        yield from _script("", text)
    elif mime in ("stream", "text/plain"):
        yield from _terminal(text)
    elif mime.startswith("application/") and mime.endswith("json") and "<" in text:
        yield from data_acts(text)


_OF_DATA = frozenset({"output-script", "output-reaches", "output-handler", "output-address", "output-redirects"})


def data_acts(text: str) -> Iterator[Act]:
    """The same of text inside data and metadata, which only some programs draw."""
    return (act for act in _markup(text, 0) if act.subject in _OF_DATA)


def markdown_acts(text: str) -> Iterator[Act]:
    """The same of a text cell, in which links and pictures are ordinary; also `[x](javascript:…)`."""
    return (act for act in _markup(text, 0) if act.subject not in ("output-loads", "output-frame"))


def _markup(text: str, depth: int) -> Iterator[Act]:
    lowered = text.lower()
    if (
        depth > DEPTH
        or ("<" not in text and "](" not in text and "\\href" not in text)
        or not any(hint in lowered for hint in _HINTS)
    ):
        return
    bare, scripts = _apart(text, lowered)
    for given, code in scripts:
        yield from _script(given, code)
    for count, (written, inside, whole) in enumerate(_tags(bare)):
        if count > TAGS:
            yield Act("output-crowded", whole)
            break
        name = written.lower().rpartition(":")[2]
        attributes = {
            one[1].lower(): html.unescape(one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(inside)
        }
        yield from _tag(name, attributes, whole, depth)
    if _STYLES.search(bare):
        yield Act("output-loads", "a style sheet or picture of another machine")
    if re.search(
        r"(?:\]\(|\\href\s*\{)\s*<?\s*(?:java|vb)script:", re.sub(r"[\t\n\r\0]", "", html.unescape(bare)), re.IGNORECASE
    ):
        yield Act("output-address", "javascript: in a link")


def _apart(text: str, lowered: str) -> tuple[str, list[tuple[str, str]]]:
    """The markup without its scripts, and each script's attributes and code."""
    kept, scripts, at = [], [], 0
    while (start := lowered.find("<script", at)) >= 0 and (opened := text.find(">", start)) >= 0:
        closed = lowered.find("</script", opened)
        closed = len(text) if closed < 0 else closed
        kept.append(text[at:start])
        scripts.append((text[start + 7 : opened], text[opened + 1 : closed]))
        at = closed
    return "".join((*kept, text[at:])), scripts


def _tags(text: str) -> Iterator[tuple[str, str, str]]:
    """The tags in which something stands that could act: name, attributes, and the whole as it is written."""
    done = -1
    for act in _ACTS.finditer(text):
        start = text.rfind("<", max(done + 1, act.start() - TAG), act.start() + 1)
        if start <= done and act.start() > done + TAG:
            done = act.start()  # so far behind the start of its tag that only what follows is looked at
            yield "", text[done : done + 512], text[done : done + 80]
        elif start > done and (tag := _TAG.match(text, start, start + TAG)):
            done = start
            yield tag[1], tag[2], tag[0]
        elif start > done:
            done = start
            yield "", text[act.start() : act.start() + 512], text[start : start + 80]


def _tag(name: str, attributes: dict[str, str], shown: str, depth: int) -> Iterator[Act]:
    for key, value in attributes.items():
        plain = re.sub(r"[\s\0-\x1f]", "", value)
        if re.fullmatch(r"on[a-z]{3,24}", key):
            yield Act("output-plots" if _CONVERTS.match(value) else "output-handler", shown)
        elif _DATA.match(plain) or re.match(r"(?:java|vb)script:", plain, re.IGNORECASE):
            yield Act("output-address", shown)
        elif key == "srcdoc":
            yield from _markup(value, depth + 1)
        elif _loads(name, key, value) and not _LIBRARIES.search(value):
            yield Act("output-loads", shown)
    if name == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
        yield Act("output-redirects", shown)
    elif name in ("iframe", "frame"):
        address = attributes.get("src", "")
        foreign = "//" in address and not _PLAYERS.search(urlsplit(address.strip()).hostname or "")
        yield Act("output-embeds" if foreign else "output-frame", shown)
    elif name == "form" and "//" in attributes.get("action", ""):
        yield Act("output-embeds", shown)
    elif name in _SIMPLE and (name != "base" or "href" in attributes):
        yield Act(_SIMPLE[name], shown)


def _loads(name: str, key: str, value: str) -> bool:
    """Does drawing this ask another machine for something?"""
    fetched = key in ("src", "srcset", "poster", "background") or (
        key in ("href", "xlink:href") and name in ("link", "image", "use")
    )
    return name not in ("iframe", "frame") and fetched and value.strip().startswith(("http://", "https://", "//"))


def _script(attributes: str, code: str) -> Iterator[Act]:
    given = {one[1].lower(): one[2] or one[3] or one[4] or "" for one in _ATTRIBUTE.finditer(attributes)}
    kind, source = given.get("type", "").lower(), given.get("src", "")
    if kind and "javascript" not in kind and kind not in ("module", "text/babel", "text/ecmascript"):
        return  # data in a script element
    shown = f"<script src={source}>" if source else f"<script>{' '.join(code[:300].split())[:120]}"
    reaches = _BUNDLE_REACHES if len(code) > BUNDLE and _PLOTTERS.search(code) else _REACHES
    if reaches.search(code) and not ("bokeh" in code and "_embed" in code and len(code) > 5_000):
        yield Act("output-reaches", shown)
    elif source:
        yield Act("output-plots" if _LIBRARIES.search(urlsplit(source).path) else "output-script", shown)
    elif code.strip():
        yield Act("output-plots" if _PLOTTERS.search(code) else "output-script", shown)


def _terminal(text: str) -> Iterator[Act]:
    if found := _ESCAPES.search(text) if "\x1b" in text or "\x9d" in text or "\x90" in text else None:
        hyperlink = found[0] == "\x1b]8;"
        if not hyperlink:
            yield Act("output-terminal", text[found.start() : found.start() + 60])
    if len(text) > BLOB and (blob := _BASE64.search(text)):
        yield Act("output-blob", f"{blob[0][:40]}… ({len(blob[0]):,} characters of base64)")
