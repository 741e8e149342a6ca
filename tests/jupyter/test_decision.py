"""The row of buttons: it records decisions, loads nothing, and leaves one line behind."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest
from samples import Payload

from modelscan import UnsafeModelError, approvals, guard
from modelscan_jupyter import decision

LOAD = "import pickle\nwith open('poisoned.pkl', 'rb') as file: pickle.load(file)"


@pytest.fixture
def widgets(monkeypatch):
    """Every button and text field that was made; no front end is connected."""
    ipywidgets = pytest.importorskip("ipywidgets")
    made = {}
    for name in ("Button", "Text", "Label", "VBox"):
        monkeypatch.setattr(ipywidgets, name, recording(made, getattr(ipywidgets, name)))
    return made


def recording(made, make):
    def build(*args, **keywords):
        widget = made[keywords.get("description") or make.__name__] = make(*args, **keywords)
        return widget

    return build


@pytest.fixture
def refused(loaded, shell, tmp_path, widgets):
    """A refusal in a shell that believes to be a kernel's."""
    Path(tmp_path, "poisoned.pkl").write_bytes(pickle.dumps(Payload(tmp_path / "marker")))
    shell.kernel = SimpleNamespace()
    error = loaded(LOAD)[1]
    assert isinstance(error, UnsafeModelError)
    yield error
    del shell.kernel


def rows(shell):
    return [output for output in shell.display_pub.outputs if output["transient"]]


def test_the_panel_stands_by_itself_and_the_row_says_what_it_cannot_do(refused, shell):
    panel, row = shell.display_pub.outputs
    assert "text/html" in panel["data"]
    assert decision.WIDGET not in panel["data"]
    assert set(row["data"]) == {decision.WIDGET, "text/html", "text/plain"}
    assert row["data"]["text/plain"] == (
        f"Decide about refusal {refused.number}: %modelscan allow --once {refused.number}, or "
        f'%modelscan allow {refused.number} --reason "…", or leave it refused.'
    )


def test_the_row_holds_no_text_of_the_file(refused, shell, widgets):
    shown = " ".join(str(widget.get_state()) for widget in widgets.values()) + str(rows(shell))
    for word in ("poisoned", "mkdir", "marker"):
        assert word not in shown


def test_a_click_allows_the_next_load_and_no_other(refused, shell, loaded, widgets, tmp_path):
    widgets["Allow once"].click()
    assert not (tmp_path / "marker").exists()  # buttons record, the user runs the cell again
    [first, line] = rows(shell)
    assert line["update"]
    assert line["transient"] == first["transient"]
    assert line["data"]["text/plain"].startswith("Allowed once, in this session, for sha256 ")
    assert decision.WIDGET not in line["data"]
    assert loaded(LOAD)[1] is None
    assert (tmp_path / "marker").exists()
    assert isinstance(loaded(LOAD)[1], UnsafeModelError)


def test_keeping_it_blocked_is_a_line_too(refused, shell, loaded, widgets):
    widgets["Keep blocked"].click()
    assert rows(shell)[-1]["data"]["text/plain"] == f"Kept blocked (refusal {refused.number})."
    assert isinstance(loaded(LOAD)[1], UnsafeModelError)


def test_a_usual_reason_is_proposed(refused, shell, widgets, loaded):
    widgets["Allow this hash…"].click()
    widgets["Save approval"].click()
    [kept] = approvals.kept()
    assert (kept.sha256, kept.reason) == (refused.report.sha256, decision.USUAL)
    assert f"because: {decision.USUAL}" in rows(shell)[-1]["data"]["text/plain"]
    assert loaded(LOAD)[1] is None
    approvals.revoke(kept.value)
    assert isinstance(
        loaded(LOAD.replace("import pickle", "import os, pickle; os.rmdir('marker')"))[1], UnsafeModelError
    )


def test_a_critical_file_wants_a_typed_reason(loaded, shell, widgets, tmp_path, monkeypatch):
    Path(tmp_path, "poisoned.pkl").write_bytes(b"cos\nsystem\n(X\x06\0\0\0exit 0tR.")
    monkeypatch.setattr(shell, "kernel", SimpleNamespace(), raising=False)
    error = loaded(LOAD)[1]
    assert error.report.worst.name == "CRITICAL"
    widgets["Allow this hash…"].click()
    widgets["Save approval"].click()
    assert len(rows(shell)) == 1
    assert widgets["Label"].value == "Type a reason of 8 characters or more."
    assert approvals.kept() == ()
    widgets["Reason:"].value = "made by our own CI"
    widgets["Save approval"].click()
    [kept] = approvals.kept()
    assert (kept.sha256, kept.reason) == (error.report.sha256, "made by our own CI")
    approvals.revoke(kept.value)


def test_one_can_go_back(refused, widgets):
    before = widgets["VBox"].children
    widgets["Allow this hash…"].click()
    assert widgets["VBox"].children != before
    widgets["Back"].click()
    assert widgets["VBox"].children[0].children[0] is before[0].children[0]


def test_no_row_without_a_kernel(loaded, shell, tmp_path):
    Path(tmp_path, "poisoned.pkl").write_bytes(pickle.dumps(Payload(tmp_path / "marker")))
    loaded(LOAD)
    assert rows(shell) == []


def test_no_row_for_what_has_no_file(shell, loaded):
    """A name asked for outside of any guarded load has no hash that could be allowed."""
    with pytest.raises(UnsafeModelError):
        pickle.Unpickler(__import__("io").BytesIO(b"cos\nsystem\n.")).load()
    event = guard.history()[-1]
    if event.report.sha256 is None:
        assert not decision.offer(SimpleNamespace(kernel=1), event)
