"""What `%modelscan` answers."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from samples import Payload

from modelscan import UnsafeModelError, Verdict, guard
from modelscan.report import Report
from modelscan_jupyter.commands import COMMANDS, SCAN
from modelscan_jupyter.panel import Reports
from modelscan_jupyter.table import Table


@pytest.fixture
def models(tmp_path):
    """clean.pkl, poisoned.pkl, "my model.pkl" and one that is called status."""
    for name in ("clean.pkl", "my model.pkl", "status"):
        Path(tmp_path, name).write_bytes(pickle.dumps(OrderedDict(weights=[1, 2])))
    Path(tmp_path, "poisoned.pkl").write_bytes(pickle.dumps(Payload(tmp_path / "marker")))
    yield tmp_path
    assert not (tmp_path / "marker").exists()


LOAD = "import pickle\nwith open('poisoned.pkl', 'rb') as file: pickle.load(file)"


def test_a_path_gives_a_report(loaded, models):
    report, error, said = loaded("%modelscan poisoned.pkl")
    assert isinstance(report, Report)
    assert (error, report.verdict) == (None, Verdict.UNSAFE)
    assert "REFUSED - poisoned.pkl  pickle, " in said


def test_a_report_can_be_kept(loaded, models):
    _, _, said = loaded("report = %modelscan clean.pkl")
    assert said == ""
    assert loaded("report.verdict.value")[0] == "SAFE"


def test_several_paths_give_several(loaded, models):
    reports, _, said = loaded("%modelscan clean.pkl poisoned.pkl")
    assert isinstance(reports, Reports)
    assert [report.verdict for report in reports] == [Verdict.SAFE, Verdict.UNSAFE]
    assert said.index("SAFE - clean.pkl") < said.index("REFUSED - poisoned.pkl")


@pytest.mark.parametrize("line", ["$here", "{here}", "here", "'my model.pkl'", "./status", "."])
def test_a_path_is_one_argument(line, loaded, models, shell):
    shell.user_ns["here"] = models / "my model.pkl"
    assert isinstance(loaded(f"%modelscan {line}")[0], Report)


def test_the_policy_of_one_scan(loaded, models):
    assert loaded("%modelscan poisoned.pkl --policy warn")[0].refused is False
    assert guard.status().policy == "standard"


def test_status(loaded):
    table, _, said = loaded("%modelscan status")
    assert isinstance(table, Table)
    for word in ("pickle.load", "torch.load", "joblib.load", "standard"):
        assert word in said
        assert word in table._repr_html_()


def test_status_counts(loaded, models):
    before = {row[0]: row for row in loaded("%modelscan status")[0].rows}
    loaded(LOAD)
    loaded(LOAD.replace("poisoned", "clean"))
    rows = {row[0]: row for row in loaded("%modelscan status")[0].rows}
    assert [
        int(after) - int(was) for after, was in zip(rows["pickle.load"][2:], before["pickle.load"][2:], strict=True)
    ] == [2, 1]


def test_a_refusal_can_be_seen_again_and_allowed_once(loaded, models):
    loaded(LOAD.replace("poisoned", "clean"))
    error = loaded(LOAD)[1]
    assert isinstance(error, UnsafeModelError)
    assert loaded(f"%modelscan report {error.number}")[0] == error.report
    _, failed, said = loaded(f"%modelscan allow --once {error.number} --reason 'I made it'")
    assert failed is None
    assert said == "Allowed once, in this process: poisoned.pkl. Run the cell again.\n"
    _, failed, said = loaded(LOAD)
    assert failed is None
    assert said.splitlines()[0].startswith("modelscan: ALLOWED - poisoned.pkl  pickle, ")
    (models / "marker").rmdir()
    again = loaded(LOAD)[1]
    assert isinstance(again, UnsafeModelError)
    said = loaded("%modelscan history")[2]
    assert [word in said for word in ("loaded", "refused", "allowed", "clean.pkl", "pickle.load")] == [True] * 5


def test_the_policy_can_be_changed(loaded, models):
    assert loaded("%modelscan policy warn")[2] == "modelscan guard on, policy warn\n"
    assert "modelscan policy: warn" in loaded("%modelscan policy")[2]
    assert loaded("%modelscan policy strict")[1] is None
    assert isinstance(loaded(LOAD)[1], UnsafeModelError)


def test_the_guard_can_be_switched(loaded, models):
    original = pickle.load.__wrapped__
    loaded("%modelscan policy strict")
    assert "OFF" in loaded("%modelscan guard off")[2]
    assert pickle.load is original
    assert loaded("%modelscan guard on")[2] == "modelscan guard on, policy strict\n"
    assert isinstance(loaded(LOAD)[1], UnsafeModelError)


def test_a_rule_explains_itself(loaded):
    said = str(loaded("%modelscan explain ms-p101")[0])
    assert said.startswith("MS-P101  ")
    assert "CRITICAL" in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_reason_for_not_reading_explains_itself(loaded):
    assert str(loaded("%modelscan explain zip-encrypted")[0]).startswith("MS-R001  ")


def test_a_scan_follows_the_policy_of_the_session(loaded, models):
    loaded("%modelscan policy warn")
    assert loaded("%modelscan poisoned.pkl")[0].refused is False


def test_help_shows_every_command(loaded, shell):
    shown = shell.object_inspect("%modelscan")["docstring"]
    assert all(f"%modelscan {row.usage} " in shown for row in (SCAN, *COMMANDS.values()))
    assert "Examples:" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert loaded("%modelscan help")[2].split() == loaded("%modelscan")[2].split() == shown.split()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("poisond.pkl", "no such file or folder: 'poisond.pkl'; did you mean 'poisoned.pkl'?"),
        ("clean.pkl --polcy strict", "unknown option '--polcy'; did you mean '--policy'?"),
        ("clean.pkl --policy stric", "unknown policy 'stric'; did you mean 'strict'?"),
        ("--policy strict", "give a file or a folder to scan"),
        ("policy loose", "unknown policy 'loose': strict, standard, warn, off"),
        ("report", "give one report number, as in %modelscan report 1"),
        ("report 999999", "no report '999999' in this session; see %modelscan history"),
        ("report x", "no report 'x' in this session; see %modelscan history"),
        ("allow 3", "say which refusal: %modelscan allow --once N [--reason TEXT]"),
        ("allow --once 999999", "no report '999999' in this session; see %modelscan history"),
        ("explain MS-P1O1", "unknown rule 'MS-P1O1'; did you mean 'MS-P101' or 'MS-P111' or 'MS-P121'?"),
        ("guard maybe", "unknown state 'maybe': on, off"),
        ("'clean.pkl", "No closing quotation: 'clean.pkl"),
    ],
)
def test_wrong_use_is_one_line(line, message, loaded, models, shell):
    _, error, _ = loaded(f"%modelscan {line}")
    assert isinstance(error, UsageError)
    assert str(error).startswith(message[:40])
    assert "\n" not in str(error)
