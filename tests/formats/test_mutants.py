"""Ordinary files of libraries, damaged and with a call in them: what runs it is refused."""

from __future__ import annotations

import random

import pytest
from formats.mutants import boundaries, models, mutant
from live import Case, load_whatever_happens

import modelscan

pytest.importorskip("sklearn")
SEEDS, EACH = range(1), 40


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_runs_a_spliced_call_is_refused(seed, tmp_path):
    choose, cases = random.Random(seed), []
    for number, (loader, data, wrap) in enumerate(models()):
        places = boundaries(data)
        for place in range(EACH):
            marker, path = tmp_path / f"marker{number}.{place}", tmp_path / f"{number}.{place}.pkl"
            path.write_bytes(wrap(mutant(choose, data, places, marker)))
            cases.append(Case(path.name, loader, path, marker))
    load_whatever_happens(cases)
    alive = [case for case in cases if case.marker.exists()]
    assert len(alive) > len(cases) / 3
    passed = [case.name for case in alive if not modelscan.scan(case.path).refused]
    assert not passed
