"""What `%modelscan` answers."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from samples import Payload

from modelscan import UnsafeModelError, Verdict, guard
from modelscan.report import Report
from modelscan.walk import OUTSIDE
from modelscan_jupyter.commands import COMMANDS, SCAN, Call
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
    after, was = ([int(count.replace(",", "")) for count in table["pickle.load"][2:]] for table in (rows, before))
    assert [now - then for now, then in zip(after, was, strict=True)] == [2, 1]


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
    assert all(f"%modelscan {row.usage}\n" in shown for row in (SCAN, *COMMANDS.values()))
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
        ("report 1 2", "give one report number, as in %modelscan report 1"),
        ("report 999999", "no report '999999' in this session; see %modelscan history"),
        ("report x", "no report 'x' in this session; see %modelscan history"),
        ("allow", "say what: allow --once N; allow N --reason TEXT"),
        ("allow --once", "give one number of a refusal, as in allow --once 3"),
        ("allow 999999 --reason x", "no report '999999' in this session; see %modelscan history"),
        ("allow --name os.system --reason x", "os.system cannot be allowed"),
        ("allow --name mylib.Net", "say why it may be loaded"),
        ("allow --sha256 abc --reason x", "sha256 must be the 64 hexadecimal digits"),
        ("allow --revoke nothing", "nothing is approved as 'nothing'; see %modelscan allow --list"),
        ("diff clean.pkl", "give two files, as in %modelscan diff old.pt new.pt"),
        ("history -n x", "-n needs a number of rows, not 'x'"),
        ("clean.pkl --min-severity bad", "unknown severity 'bad': LOW, MEDIUM, HIGH, CRITICAL"),
        ("https://example.org/a.pkl", "nothing is downloaded: fetch the file yourself"),
        ("clean.pkl --json nowhere/x.json", "cannot write 'nowhere/x.json': No such file or directory"),
        ("allow --once 999999", "no report '999999' in this session; see %modelscan history"),
        ("explain MS-P1O1", "unknown rule 'MS-P1O1'; did you mean 'MS-P101' or 'MS-P111' or 'MS-P121'?"),
        ("clean.pkl --jobs many", "--jobs needs a number of processes, not 'many'"),
        ("guard maybe", "unknown state 'maybe': on, off"),
        ("'clean.pkl", "No closing quotation: 'clean.pkl"),
    ],
)
def test_wrong_use_is_one_line(line, message, loaded, models, shell):
    _, error, _ = loaded(f"%modelscan {line}")
    assert isinstance(error, UsageError)
    assert str(error).startswith(message[:40])
    assert "\n" not in str(error)


def test_a_refused_file_can_be_approved_listed_and_revoked(loaded, models):
    error = loaded(LOAD)[1]
    _, failed, said = loaded(f"%modelscan allow {error.number} --reason 'our own CI made it'")
    assert failed is None
    assert said.startswith(f"Allowed from now on: sha256 {error.report.sha256[:16]}…, because: our own CI made it.")
    assert loaded(LOAD)[1] is None
    (models / "marker").rmdir()
    shown = str(loaded("%modelscan allow --list")[0])
    assert [word in shown for word in (error.report.sha256[:16], "our own CI made it")] == [True, True]
    assert "Revoked" in loaded(f"%modelscan allow --revoke {error.report.sha256[:8]}")[2]
    assert isinstance(loaded(LOAD)[1], UnsafeModelError)
    assert str(loaded("%modelscan allow --list")[0]) == "Nothing is approved."


def test_every_spelling_of_allow(loaded, models):
    number = loaded(LOAD)[1].number
    assert loaded(f"%modelscan allow {number} --once")[2].startswith("Allowed once")
    sha256 = guard.report(number).sha256
    for what in (f"{number} --sha256", f"{number}", f"--sha256 {number}", f"--sha256 {sha256}"):
        assert loaded(f"%modelscan allow {what} --reason 'a b'")[2].startswith("Allowed from now on: sha256")
        assert "Revoked" in loaded(f"%modelscan allow --revoke {sha256}")[2]
    assert "name mylib.Net" in loaded("%modelscan allow --name mylib.Net --reason 'read it'")[2]
    assert "mylib.Net" in loaded("%modelscan allow --revoke mylib.Net")[2]
    loaded(LOAD)  # uses up what was allowed once
    (models / "marker").rmdir()


def test_history_names_the_cell(loaded, models, shell):
    shell.run_cell(LOAD.replace("poisoned", "clean"), store_history=True)
    cell = shell.execution_count - 1
    number = guard.history()[-1].number
    [row] = [row for row in loaded("%modelscan history")[0].rows if row[0] == str(number)]
    assert row[2] == f"[{cell}]"
    assert len(loaded("%modelscan history -n 1")[0].rows) == 1
    loaded(LOAD)
    shown = loaded("%modelscan history --all -n 5")[0]
    assert shown.rows[-1][4:6] == ("refused", "HIGH os.mkdir")


def test_reports_go_into_files(loaded, models):
    number = loaded(LOAD)[1].number
    result, error, said = loaded(f"%modelscan report {number} --json report.json --html report.html")
    assert (result, error) == (None, None)
    assert said.splitlines() == ["written: report.json", "written: report.html"]
    assert "os.mkdir" in Path("report.json").read_text("utf-8")
    assert "os.mkdir(" in Path("report.html").read_text("utf-8")
    loaded("%modelscan poisoned.pkl --json scan.json")
    assert "os.mkdir" in Path("scan.json").read_text("utf-8")
    loaded("%modelscan history --md history.md --json history.json --html history.html")
    assert "| refused |" in Path("history.md").read_text("utf-8")
    assert "refused" in Path("history.json").read_text("utf-8")
    assert "<table" in Path("history.html").read_text("utf-8")


def test_report_without_a_number_is_the_latest(loaded, models):
    error = loaded(LOAD)[1]
    assert loaded("%modelscan report")[0] == error.report


def test_two_files_differ(loaded, models):
    shown = str(loaded("%modelscan diff clean.pkl poisoned.pkl")[0])
    assert "clean.pkl: SAFE  ->  poisoned.pkl: UNSAFE" in shown
    assert [word in shown for word in ("collections.OrderedDict", "gone", "os.mkdir", "new")] == [True] * 4
    assert "judged alike" in str(loaded("%modelscan diff clean.pkl status")[0])


def test_options_of_a_scan(loaded, models):
    assert isinstance(loaded("%modelscan poisoned.pkl --strict")[1], UnsafeModelError)
    assert loaded("%modelscan clean.pkl --strict")[0].verdict is Verdict.SAFE
    assert loaded("%modelscan poisoned.pkl --min-severity critical")[0].findings == ()
    result, _, said = loaded("%modelscan poisoned.pkl --quiet")
    assert (result, said.split(" ")[0]) == (None, "REFUSED")
    assert loaded("%modelscan clean.pkl;")[0] is None


def test_loaders_say_where_they_are(loaded):
    shown = str(loaded("%modelscan loaders")[0])
    assert "joblib.numpy_pickle" in shown
    assert str(loaded("%modelscan guard loaders")[0]) == shown


def test_a_cached_repository_goes_by_its_name(loaded, models, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(models / "hub"))
    for revision, name in (("a1b2c3d4", "clean.pkl"), ("b2c3d4e5", "poisoned.pkl")):
        folder = models / "hub" / "models--org--net" / "snapshots" / revision
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes((models / name).read_bytes())
    (models / "hub/models--org--net/refs").mkdir()
    (models / "hub/models--org--net/refs/main").write_text("a1b2c3d4", encoding="utf-8")
    assert loaded("%modelscan org/net")[0].verdict is Verdict.SAFE
    assert loaded("%modelscan org/net@b2c3")[0].verdict is Verdict.UNSAFE
    said = loaded("%modelscan hf-cache")[2]
    assert "  UNSAFE        org/net@b2c3d4e model.bin" in said
    assert "  1 safe" in said
    assert "no such file" in str(loaded("%modelscan org/other")[1])


def test_a_cell_under_the_strict_policy(loaded, models, shell):
    result, error, said = loaded(f"%%modelscan\n{LOAD.replace('poisoned', 'clean')}\n1 + 1")
    assert (result, error) == (2, None)
    assert "modelscan: SAFE - clean.pkl" in said
    error = loaded(f"%%modelscan\n{LOAD}")[1]
    assert isinstance(error, UnsafeModelError)
    assert error.caller == LOAD.splitlines()[1]
    assert guard.status().policy == "standard"
    assert "loaded nothing" in loaded("%%modelscan\nx = 3")[2]
    assert shell.user_ns["x"] == 3


def test_a_rehearsal_runs_nothing(loaded, models, shell):
    before = sorted(path.name for path in models.iterdir())
    report, error, said = loaded(f"%%modelscan --dry\nmarked = 1\n{LOAD}")
    assert (error, report.source, report.verdict) == (None, "this cell", Verdict.UNSAFE)
    assert "marked" not in shell.user_ns
    assert "  UNSAFE        poisoned.pkl" in said
    assert "this cell : cells[0]:3" in said
    assert sorted(path.name for path in models.iterdir()) == before


def test_what_was_executed_can_be_looked_at(loaded, models, shell):
    shell.run_cell("import pickle", store_history=True)
    shell.run_cell(f"if False:\n    {LOAD.splitlines()[1]}", store_history=True)
    report = loaded("%modelscan this")[0]
    assert (report.source, report.verdict) == ("executed cells of this session", Verdict.UNSAFE)
    assert isinstance(loaded("%%modelscan clean.pkl\n1")[1], UsageError)


def test_a_folder_is_scanned_as_asked(loaded, models, monkeypatch, tmp_path_factory):
    from modelscan_jupyter import scans

    ways, gather = [], scans.gather

    def watched(merged, paths, way):
        ways.append(way)
        gather(merged, paths, replace(way, jobs=1))

    monkeypatch.setattr(scans, "gather", watched)
    for options in ("", "--no-cache", "--cache --jobs 2 --follow", "--no-follow"):
        assert loaded(f"%modelscan . {options}")[1] is None
    assert [(way.cached, way.jobs, way.follow) for way in ways] == [
        (True, 1, True),
        (False, 1, True),
        (True, 2, True),
        (True, 1, False),
    ]


def test_links_out_of_a_folder_are_followed_unless_not_wanted(loaded, models):
    folder = models / "folder"
    folder.mkdir()
    try:
        (folder / "link.pkl").symlink_to(models / "poisoned.pkl")
    except OSError:
        pytest.skip("no symbolic links here")
    assert loaded("%modelscan folder")[0].verdict is Verdict.UNSAFE
    report = loaded("%modelscan folder --no-follow")[0]
    assert [row.reason for row in report.skips] == [OUTSIDE]
    assert report.verdict is Verdict.INCONCLUSIVE  # nothing was read


def test_the_settings_say_how_a_folder_is_scanned(loaded, models, monkeypatch, shell):
    monkeypatch.setenv("MODELSCAN_CACHE", "false")
    from modelscan_jupyter import scans

    call = Call((), {}, shell.magics_manager.registry["ModelScan"])
    call.face._follow()
    assert scans._way(call).cached is False


def test_a_policy_may_be_a_file(loaded, models):
    (models / "mine.toml").write_text('policy = "warn"\n')
    assert loaded("%modelscan poisoned.pkl --policy mine.toml")[0].refused is False
    (models / "mine.toml").write_text('polcy = "warn"\n')
    assert "polcy" in str(loaded("%modelscan poisoned.pkl --policy mine.toml")[1])


def test_a_notebook_is_annotated_when_asked(loaded, models):
    path = models / "book.ipynb"
    path.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    before = path.read_text()
    loaded("%modelscan book.ipynb")
    assert path.read_text() == before
    assert "annotated: book.ipynb" in loaded("%modelscan book.ipynb --annotate")[2]
    assert json.loads(path.read_text())["metadata"]["modelscan"]["verdict"] == "SAFE"


def test_several_scans_keep_the_first_when_the_second_is_stopped(loaded, models, monkeypatch, shell):
    from modelscan_jupyter import scans

    real = scans.scan_source

    def stop(source, policy):
        if source == "poisoned.pkl":
            raise KeyboardInterrupt
        return real(source, policy)

    monkeypatch.setattr(scans, "scan_source", stop)
    _, error, _ = loaded("%modelscan clean.pkl poisoned.pkl --json left.json")
    assert isinstance(error, KeyboardInterrupt)
    assert error.report.failures[0].code == "interrupted"
    assert "interrupted" in Path("left.json").read_text("utf-8")
    loaded("%modelscan clean.pkl poisoned.pkl")
    [shown] = shell.display_pub.outputs
    assert "SAFE - clean.pkl" in shown["data"]["text/plain"]
    assert "after 0 files" in shown["data"]["text/plain"]
