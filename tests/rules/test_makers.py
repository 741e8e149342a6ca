"""Classes that are made with keywords: protocols 2 and 3 write `functools.partial(Cls.__new__, Cls, *args, **kw)()`."""

from __future__ import annotations

import functools
import pathlib
import pickle

import pytest

import modelscan
from modelscan import Severity


class Temperature:
    def __new__(cls, value, *, unit="C"):
        made = super().__new__(cls)
        made.value, made.unit = value, unit
        return made

    def __getnewargs_ex__(self):
        return (self.value,), {"unit": self.unit}


class Toucher:
    def __new__(cls, path):
        return cls.touch(path)


class Reduced:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", [4, 5])
def test_an_own_class_is_worth_a_line(protocol):
    report = modelscan.scan(pickle.dumps([Temperature(1.5, unit="K")], protocol))
    assert {(finding.severity, finding.operator) for finding in report.findings} == {
        (Severity.LOW, f"{__name__}.Temperature")
    }


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_partial_may_not_hold_an_own_class(protocol):
    report = modelscan.scan(pickle.dumps([Temperature(1.5, unit="K")], protocol))
    assert {(finding.severity, finding.operator) for finding in report.findings} == {
        (Severity.MEDIUM, f"{__name__}.Temperature")
    }


@pytest.mark.parametrize("protocol", range(6))
def test_results_of_scipy_pass(protocol):
    stats = pytest.importorskip("scipy.stats")
    one, other = [1.0, 2.5, 3.1, 4.0], [2.0, 3.5, 3.9, 6.1]
    results = [stats.linregress(one, other), stats.pearsonr(one, other)]
    report = modelscan.scan(pickle.dumps(results, protocol))
    assert (report.verdict, report.findings) == ("SAFE", ())


@pytest.mark.parametrize("protocol", [2, 3])
def test_making_another_class_is_a_call(protocol, tmp_path):
    marker = tmp_path / "marker"
    made = Reduced(functools.partial(Toucher.__new__, pathlib.Path, pathlib.Path(marker)), ())
    data = pickle.dumps(made, protocol)
    pickle.loads(data)
    assert marker.exists()
    report = modelscan.scan(data)
    assert report.refused
    assert f"{__name__}.Toucher.__new__" in {finding.operator for finding in report.findings}


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_maker_is_no_function_to_hand_on(protocol):
    report = modelscan.scan(pickle.dumps(Reduced(map, (Temperature.__new__, [Temperature])), protocol))
    assert report.refused


def test_exceptions_of_libraries_pass():
    exceptions = pytest.importorskip("sklearn.exceptions")
    for protocol in range(6):
        data = pickle.dumps([exceptions.NotFittedError("x"), exceptions.ConvergenceWarning("y")], protocol)
        assert modelscan.scan(data).verdict == "SAFE"
