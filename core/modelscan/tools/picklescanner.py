"""`scan_pickle_bytes` of modelscan 0.8 and its two companions, on the readers of this package."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from modelscan.error import ErrorBase
from modelscan.formats import Reader, numpy, pickle
from modelscan.issues import Issue
from modelscan.model import Model
from modelscan.modelscan import Rows, settings_of
from modelscan.records import dataclass, field
from modelscan.scanner import examine, judge
from modelscan.skip import ModelScanSkipped
from modelscan.source.artifact import Artifact


@dataclass(slots=True)
class ScanResults:
    """What one scanner found in one model."""

    issues: list[Issue] = field(default_factory=list)
    errors: list[ErrorBase] = field(default_factory=list)
    skipped: list[ModelScanSkipped] = field(default_factory=list)


def scan_pickle_bytes(
    model: Model,
    settings: Mapping[str, Any],
    scan_name: str = "pickle",
    multiple_pickles: bool = True,
    offset: int = 0,
) -> ScanResults:
    """What loading the pickles from `offset` on would do; only the first one unless `multiple_pickles`."""
    return _scan(model, settings, scan_name, pickle.READER, not multiple_pickles, offset)


def scan_numpy(model: Model, settings: Mapping[str, Any]) -> ScanResults:
    """A `.npy` array, or what else is in its place."""
    is_array = model.get_stream().read(6) == b"\x93NUMPY"
    return _scan(model, settings, "numpy", numpy.READER if is_array else None)


def scan_pytorch(model: Model, settings: Mapping[str, Any]) -> ScanResults:
    """A torch checkpoint of any layout."""
    return _scan(model, settings, "pytorch", None)


def _scan(
    model: Model,
    settings: Mapping[str, Any],
    scan_name: str,
    reader: Reader | None,
    single: bool = False,
    offset: int = 0,
) -> ScanResults:
    started, policy = time.perf_counter(), settings_of(settings).policy()
    artifact = Artifact.of_bytes(str(model.get_source()), model.get_stream(offset).read())
    report = judge(artifact, examine(artifact, policy, single=single, reader=reader), policy, started=started)
    rows = Rows(report, model=model, scan_name=scan_name)
    return ScanResults(rows.issues, rows.errors, rows.skipped)
