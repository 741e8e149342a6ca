"""Chat templates of tokenizers and processors: Jinja, which makes a prompt of messages, and which is a program.

In a folder of a model hub they stand in `tokenizer_config.json`, `chat_template.json` or `processor_config.json` below
"chat_template" (a text, or several by name), or in a file of their own (transformers, tokenization_utils_base.py).
`config.json` and its relatives may name Python files of the repository below "auto_map".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.formats.signs import is_template, is_template_file
from modelscan.report import Skip
from modelscan.source.artifact import Artifact
from modelscan.source.jinja import LONGEST, looks_like_one, reaches

KEY = "chat_template"
CODE = "auto_map"
DEPTH = 6
_NO_MODEL = "plain text, not a model"


def claims(artifact: Artifact, context: Context) -> bool:
    return not artifact.expected and is_template(artifact)


def read(artifact: Artifact, context: Context) -> Facts:
    if artifact.size > context.limits.metadata:
        yield unreadable(artifact, FormatError("limit", "a description larger than the limit (limit 'metadata')"))
        return
    data = artifact.read(0, artifact.size)
    if is_template_file(artifact):
        text = data.decode("utf-8", "replace")
        if looks_like_one(text):
            yield from facts(artifact, None, text)
        else:
            yield Skip(artifact.name, _NO_MODEL)
        return
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        yield Skip(artifact.name, _NO_MODEL)
        return
    templates = list(_texts(tree.get(KEY), KEY, 0)) if isinstance(tree, dict) else []
    code = list(_texts(tree.get(CODE), CODE, 0)) if isinstance(tree, dict) else []
    for path, text in templates:
        yield from facts(artifact, path, text)
    for path, text in code:
        yield Evidence(Kind.ANOMALY, "names-code", Where(artifact.name, path=path[:200]), {"expression": text[:200]})
    if not templates and not code:
        yield Skip(artifact.name, _NO_MODEL)


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text below a key, with its place."""
    if isinstance(value, str):
        yield path, value
    elif depth < DEPTH and isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}", depth + 1)
    elif depth < DEPTH and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{number}]", depth + 1)


def facts(artifact: Artifact, path: str | None, text: str) -> Facts:
    where = Where(artifact.name, path=None if path is None else path[:200])
    if len(text) > LONGEST:
        reason = f"a template of {len(text):,} characters"
        yield Evidence(Kind.UNREADABLE, "limit", where, {"reason": reason})
        return
    for row in reaches(text):
        yield Evidence(Kind.ANOMALY, row.code, where, {"expression": " ".join(row.shown.split())})


READER = Reader(claims, read, lambda artifact: "chat template" if is_template_file(artifact) else "model configuration")
