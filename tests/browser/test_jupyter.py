"""JupyterLab 4 and Notebook 7, in a real browser, without a network."""

from __future__ import annotations

import json

import browsing
import pytest
from browsing import CELLS
from looks import contrasts, violations

PANEL = ".jp-OutputArea-output:has(details)"
OUTPUTS = ".jp-Notebook .jp-OutputArea"


def panel(page):
    return page.locator(PANEL).first


def refused(site, name, *, lab):
    browsing.write(site.server, name, CELLS)
    page = site.page()
    browsing.open_notebook(site.server, page, name, lab=lab)
    browsing.run_all(page)
    page.get_by_role("button", name="Allow once").wait_for()
    return page


def check_looks(page):
    """Readable, and nothing for axe to complain about in what we put there."""
    rows = contrasts(panel(page))
    assert {"REFUSED", "1 HIGH"} <= {row["text"] for row in rows}
    assert [row for row in rows if row["ratio"] < 4.5] == []
    assert violations(page, PANEL) == []


@pytest.fixture(scope="module")
def lab(site):
    """JupyterLab, light, after Run All."""
    return refused(site, "lab.ipynb", lab=True)


def test_a_refusal_is_shown_and_stops_run_all(lab, site):
    text = panel(lab).inner_text()
    assert text.startswith("REFUSED")
    assert "os.mkdir(" in text
    errors = lab.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    assert "refused to load 'poisoned.pkl': 1 HIGH (os.mkdir)" in errors.inner_text()
    assert "never reached" not in lab.locator(OUTPUTS).all_inner_texts()
    assert not site.marker.exists()
    check_looks(lab)


def test_folds_open_by_keyboard(lab):
    fold = panel(lab).locator("summary", has_text="opcodes")
    inner = panel(lab).get_by_text("SHORT_BINUNICODE")
    assert not inner.is_visible()
    for key, visible in (("Enter", True), ("Space", False)):
        fold.focus()
        lab.keyboard.press(key)
        assert inner.is_visible() is visible
    assert lab.locator(".jp-mod-editMode").count() == 0


def test_allow_once_by_keyboard_then_the_cell_loads(lab, site):
    button = lab.get_by_role("button", name="Allow once")
    lab.get_by_role("button", name="Keep blocked").focus()
    lab.keyboard.press("Tab")
    assert button.evaluate("(element) => element === document.activeElement")
    assert violations(lab, ".jp-OutputArea-output:has(button)") == []
    lab.keyboard.press("Enter")
    lab.get_by_text("Allowed once, in this session").wait_for()
    assert lab.get_by_role("button", name="Allow once").count() == 0
    assert not site.marker.exists()
    lab.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    lab.keyboard.press("Control+Enter")
    lab.get_by_text("modelscan: ALLOWED - poisoned.pkl").wait_for()
    assert site.marker.is_dir()
    site.marker.rmdir()


def test_dark(site, lab):
    site.server.set("themes", {"theme": "JupyterLab Dark"})
    try:
        page = refused(site, "dark.ipynb", lab=True)
        assert page.evaluate("() => document.body.dataset.jpThemeLight") == "false"
        check_looks(page)
        page.get_by_role("button", name="Keep blocked").click()
        page.get_by_text("Kept blocked").wait_for()
        page.keyboard.press("Control+s")
        saved(site, page, "dark.ipynb", "Kept blocked")
    finally:
        site.server.set("themes", {"theme": "JupyterLab Light"})


def saved(site, page, name, word):
    """The notebook on the disk, once `word` is in it."""
    path = site.server.root / name
    for _ in range(200):
        text = path.read_text("utf-8")
        if word in text:
            return json.loads(text)
        page.wait_for_timeout(100)
    raise AssertionError(f"{word!r} was not saved")


def test_reopened_trusted_and_not(site):
    """After `test_dark`: its notebook in a fresh kernel, and under a name that nobody has signed."""
    page = site.page()
    notebook = saved(site, page, "dark.ipynb", "Kept blocked")
    assert "widget-view" not in json.dumps(notebook["cells"])
    notebook["metadata"]["copied"] = True
    (site.server.root / "strange.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    for name in ("dark.ipynb", "strange.ipynb"):
        browsing.open_notebook(site.server, page, name, kernel=False)
        page.locator(PANEL).first.wait_for()
        check_looks(page)
        assert page.get_by_text("Kept blocked").is_visible()
        assert "os.mkdir(" in panel(page).inner_text()


def test_notebook_7(site):
    page = refused(site, "seven.ipynb", lab=False)
    check_looks(page)
    page.get_by_role("button", name="Allow this hash…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Reason:").fill("made by this test")
    assert violations(page, ".jp-OutputArea-output:has(button)") == []
    page.get_by_role("button", name="Save approval").click()
    page.get_by_text("because: made by this test").wait_for()
    page.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.get_by_text("modelscan: ALLOWED - poisoned.pkl").wait_for()
    site.marker.rmdir()


def test_no_other_machine_was_asked(site):
    assert site.strangers == []
