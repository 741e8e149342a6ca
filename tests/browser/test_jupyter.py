"""JupyterLab 4 and Notebook 7, in a real browser, without a network."""

from __future__ import annotations

import json
import os

import browsing
import pytest
from browsing import CELLS
from looks import contrasts, violations

import modelscan

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


def test_a_folder_fills_its_table_and_can_be_interrupted(site):
    models = site.server.root / "models"
    models.mkdir()
    (models / "a.pkl").write_bytes((site.server.root / "poisoned.pkl").read_bytes())
    (models / "b0.pkl").write_bytes(b"\x80\x04" + b"cbuiltins\nset\n]\x85R0" * 10_000 + b"N.")
    for number in range(1, 500):
        os.link(models / "b0.pkl", models / f"b{number}.pkl")
    browsing.write(site.server, "moving.ipynb", ["%load_ext modelscan", "%modelscan models --no-cache", "print('no')"])
    page = site.page()
    browsing.open_notebook(site.server, page, "moving.ipynb")
    browsing.run_all(page)
    page.get_by_text("1 UNSAFE").wait_for()
    bar = page.locator(OUTPUTS).locator("progress")
    assert 0 < float(bar.get_attribute("value")) < 1
    assert "a.pkl" in page.get_by_role("rowheader").first.inner_text()
    assert [row for row in contrasts(page.locator(".jp-OutputArea-output:has(progress)")) if row["ratio"] < 4.5] == []
    assert violations(page, ".jp-OutputArea-output:has(progress)") == []
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Interrupt Kernel").first.click()
    page.get_by_text("the rest was not scanned").first.wait_for()
    bar.wait_for(state="detached")
    assert "KeyboardInterrupt: the scan of 'models' was stopped" in page.locator(OUTPUTS).nth(1).inner_text()
    assert "no" not in page.locator(OUTPUTS).all_inner_texts()
    check_looks(page)


BAD = {
    "a chip of too little contrast": (("background-color:#a33b00", "background-color:#ffb480"), "color-contrast"),
    "text of too little contrast": (("opacity:0.8", "opacity:0.35"), "color-contrast"),
    "a button without a name": (("</summary>", "</summary><button></button>"), "button-name"),
    "a picture without words": (
        ("</summary>", '</summary><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'),
        "image-alt",
    ),
    "a field without a label": (("</summary>", "</summary><input>"), "label"),
}


@pytest.fixture(scope="module")
def drawn(site):
    """A page that shows a piece of HTML, and says what the two checks make of it."""
    page = site.page()

    def look(fragment, ground="#ffffff", ink="#111111"):
        style = f"background:{ground};color:{ink}"
        page.set_content(
            f'<!doctype html><html lang="en"><title>Panel</title><body style="{style}"><main><h1>Panel</h1>'
            f'<div id="panel">{fragment}</div></main></body></html>'
        )
        dull = [row for row in contrasts(page.locator("#panel")) if row["ratio"] < 4.5]
        return dull, violations(page, "#panel")

    return look


@pytest.fixture(scope="module")
def fragment(site):
    from modelscan.render.html import render

    return render(modelscan.scan(site.server.root / "poisoned.pkl"))


def test_the_checks_pass_our_panel_on_any_ground(drawn, fragment):
    assert drawn(fragment) == ([], [])
    assert drawn(fragment, "#111111", "#eeeeee") == ([], [])


@pytest.mark.parametrize("name", BAD)
def test_the_checks_fail_where_they_have_to(name, drawn, fragment):
    """Each on our own panel with one thing made worse."""
    (good, bad), rule = BAD[name]
    assert good in fragment
    dull, found = drawn(fragment.replace(good, bad))
    assert any(row.startswith(f"{rule}:") for row in found)
    assert bool(dull) == (rule == "color-contrast")


def test_the_contrast_of_a_theme_that_does_not_fit_is_seen(drawn, fragment):
    dull, _ = drawn(fragment, "#111111", "#444444")
    assert dull


def test_no_other_machine_was_asked(site):
    assert site.strangers == []
