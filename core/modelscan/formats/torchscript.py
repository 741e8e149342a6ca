"""Members of a TorchScript archive, which torch.jit.load reads with an unpickler and a compiler of its own, in C++.

The unpickler resolves `__torch__.…` among the classes compiled from the archive's `code/`, knows a handful of
functions by name and imports nothing (torch/csrc/jit/serialization/unpickler.cpp); every fact of such a pickle says
so in `detail["loader"]`. The compiled code is not Python, but two of its operators open files, and a class's
`__setstate__` runs while the archive is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelscan.evidence import Evidence
from modelscan.formats import pickle
from modelscan.formats.reader import Context, Facts, anomaly
from modelscan.records import replace
from modelscan.source.artifact import Artifact

LOADER = "torchscript"
SOURCE = 16 << 20
"""Bytes of one source file that are looked through; torch writes a few thousand."""

_PICKLES = (".pkl", ".debug_pkl")
_FILES = re.compile(rb"\b(?:torch|aten)[\s\\]*\.[\s\\]*(save|from_file)\b")


def is_pickle(artifact: Artifact, context: Context) -> bool:
    return artifact.name.lower().endswith(_PICKLES) and pickle.claims(artifact, context)


def read_pickle(artifact: Artifact, context: Context) -> Facts:
    for item in pickle.read(artifact, context):
        yield replace(item, detail={**item.detail, "loader": LOADER}) if isinstance(item, Evidence) else item


def read_source(artifact: Artifact) -> Iterator[Evidence]:
    """Calls of `torch.save` and `torch.from_file`, which write and map files by a name the archive chooses."""
    found = _FILES.search(artifact.read(0, SOURCE))
    if found is not None:
        yield anomaly(artifact, "torchscript-file", found.start(), f"torch.{found[1].decode()}")
