"""The panel: hostile text stays inert, text and HTML state the same facts, and the HTML needs nothing but itself."""

from __future__ import annotations

import html as escapes
import json
import re
from dataclasses import replace

import pytest
from reports import FACTS, HOSTILE, INVISIBLE, finding, hostile_report, report

from modelscan.evidence import Evidence, Kind, Where
from modelscan.render import html, text
from modelscan.render.inert import inert
from modelscan.render.words import FINDINGS, duration, panel, place, size, spoken
from modelscan.report import Failure, Scanned, Severity, Verdict

FORBIDDEN = re.compile(r"<style|<script|<svg|<img|<a\b|class=|var\(|<h[1-6]|<[^>]*\son\w+=|javascript:", re.I)


def visible(fragment):
    return " ".join(escapes.unescape(re.sub(r"<[^>]+>", " ", fragment)).split())


def squeezed(value):
    return re.sub(r"\s+", "", value)


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_stay_inert(payload):
    plain, fragment = text.render(hostile_report(payload)), html.render(hostile_report(payload))
    assert not INVISIBLE.search(plain)
    assert not INVISIBLE.search(fragment)
    assert not FORBIDDEN.search(fragment)
    assert max(map(len, plain.splitlines())) <= 80
    assert len(fragment) < 40_000
    assert "SAFE" not in {line.split(" ")[0] for line in plain.splitlines()}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_leave_the_markup_as_it_is(payload):
    tags = re.findall(r"</?([a-z0-9]+)", html.render(hostile_report(payload)))
    assert tags == re.findall(r"</?([a-z0-9]+)", html.render(hostile_report("name")))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain.name", "plain.name"),
        ("модель 模型.pkl", "модель 模型.pkl"),
        ("\x1b[0m", r"\x1b[0m"),
        ("\u202e", r"\u202e"),
        ("a\nb", r"a\nb"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_inert(given, shown):
    assert inert(given) == shown


@pytest.mark.parametrize("given", FACTS.values(), ids=FACTS)
def test_text_html_and_json_state_the_same_facts(given):
    plain, seen = squeezed(text.render(given)), squeezed(visible(html.render(given)))
    data = json.loads(given.to_json())
    facts = [given.verdict.value, given.source, size(given.size)]
    for row in data["findings"]:
        facts += [row["severity"], row["operator"], hex(row["where"]["offset"]), row["rule"], row["why"], row["fix"]]
    for row in data["failures"]:
        facts += [row["code"], row["reason"]]
    for row in data["skips"]:
        facts += [row["name"], row["reason"]]
    if given.verdict is not Verdict.SAFE:
        facts += [data["policy"], data["digest"], data["sha256"], *data["imports"], *data["versions"].values()]
    for fact in map(squeezed, facts):
        assert fact in plain
        assert fact in seen
    assert ("REFUSED" in plain, "REFUSED" in seen) == (given.refused, given.refused)
    words = re.compile(r"\w+")
    only_html = set(words.findall(visible(html.render(given)))) - set(words.findall(text.render(given)))
    assert only_html <= {"About", "this"}


@pytest.mark.parametrize("given", FACTS.values(), ids=FACTS)
def test_the_verdict_word_comes_first(given):
    word = "REFUSED" if given.refused else given.verdict.value
    assert text.render(given).startswith(f"{word} - model.pt  ")
    assert visible(html.render(given)).startswith(f"{word} model.pt ")


@pytest.mark.parametrize("given", FACTS.values(), ids=FACTS)
def test_the_html_is_static_and_whole(given):
    fragment = html.render(given)
    assert not FORBIDDEN.search(fragment)
    assert "\n" not in fragment
    for tag in ("div", "details", "summary", "span", "bdi", "table", "tr", "th", "td", "pre"):
        assert len(re.findall(f"<{tag}[ >]", fragment)) == fragment.count(f"</{tag}>")


def test_a_refusal_says_what_would_run():
    assert text.render(report()).splitlines()[:7] == [
        "REFUSED - model.pt  zip archive, 12.3 KB, sha256 9f2c41ab…, 31 ms",
        "UNSAFE: 1 CRITICAL, 1 LOW",
        "Loading this file would run:  os.system('touch marker')",
        "",
        "[CRITICAL] os.system   archive/data.pkl @ 0x1f4   MS-P101",
        "    why  A program would run.",
        "    fix  Do not load it.",
    ]


def test_safe_is_one_line():
    assert text.render(FACTS["safe"]) == "SAFE - model.pt  zip archive, 12.3 KB, sha256 9f2c41ab…, 31 ms"


def test_what_was_not_read_is_never_called_safe():
    shown = text.render(FACTS["inconclusive"])
    assert "This is not a verdict of safety." in shown
    assert "not read: archive/data.pkl: the member is encrypted (zip-encrypted)" in shown
    assert "breaks off: archive/more.pkl @ 0x7: the pickle ends early (pickle-truncated)" in shown


def test_unverified_names_what_was_not_reviewed():
    assert "Not reviewed: mylib.Net" in text.render(FACTS["unverified"])


def test_odd_structure_is_not_said_to_run():
    odd = finding("hidden opcodes", kind=Kind.ANOMALY, expression="hidden opcodes")
    assert "Loading this file would run" not in text.render(report(findings=(odd,)))
    assert "What is wrong with this file:  A program would run." in text.render(report(findings=(odd,)))


def test_of_several_worst_findings_one_that_runs_leads():
    rows = (finding("os.popen", kind=Kind.IMPORT), finding(expression="os.system('x')"))
    assert "would run:  os.system('x')" in text.render(report(findings=rows))


def test_a_folder_of_findings_is_cut_and_says_so():
    many = tuple(finding(f"os.f{number}") for number in range(FINDINGS + 10))
    shown = text.render(report(findings=many))
    assert f"The worst {FINDINGS} of {FINDINGS + 10} findings follow" in shown
    assert shown.count("[CRITICAL]") == html.render(report(findings=many)).count("<details") - 1 == FINDINGS


def test_only_the_first_finding_is_unfolded():
    assert html.render(report()).count("<details") == 3
    assert html.render(report()).count(" open>") == 1


def test_a_callee_is_spoken_in_its_usual_spelling():
    call = {"expression": "posix.system('x')", "subject": "posix.system"}
    assert spoken(finding("os.system", **call)) == "os.system('x')"
    handed_on = {"expression": "functools.partial(posix.system)", "subject": "functools.partial"}
    assert spoken(finding("os.system", **handed_on)) == "functools.partial(posix.system)"


@pytest.mark.parametrize(
    ("where", "source", "shown"),
    [
        (Where("a/model.pt!archive/data.pkl", 500), "a/model.pt", "archive/data.pkl @ 0x1f4"),
        (Where("a/model.pkl", 0), "a/model.pkl", "model.pkl @ 0x0"),
        (Where("models/a/b.pkl", 1), "models", "a/b.pkl @ 0x1"),
        (Where("config.json", None, "layers[3]"), "config.json", "config.json : layers[3]"),
        (Where("<bytes>"), "<bytes>", "<bytes>"),
    ],
)
def test_places_are_told_from_the_scanned_file(where, source, shown):
    assert place(where, source) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (46_800_000, "46.8 MB")]
)
def test_sizes(count, shown):
    assert size(count) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.2, "under 1 ms"), (4.4, "4 ms"), (12_345.6, "12,346 ms")])
def test_durations(value, shown):
    assert duration(value) == shown


def folder(*verdicts):
    """A report on models/0.pkl, models/1.pkl, …: one CRITICAL, LOW, "cut" or "safe" file each."""
    names = [f"models/{number}.pkl" for number in range(len(verdicts))]
    found, failed = [], []
    for name, verdict in zip(names, verdicts, strict=True):
        if isinstance(verdict, Severity):
            where = Where(f"{name}!data.pkl", 4)
            found.append(replace(finding(severity=verdict), where=where, evidence=Evidence(Kind.CALL, "x", where)))
        elif verdict == "cut":
            failed.append(Failure(Where(name), "pickle-truncated", "the pickle ends early", False))
    found.sort(key=lambda row: -row.severity)
    artifacts = tuple(Scanned(name, "pickle", 10) for name in names)
    return report(source="models", artifacts=artifacts, findings=tuple(found), failures=tuple(failed))


def test_a_folder_lists_its_files_worst_first():
    shown = panel(folder("safe", Severity.LOW, "cut", Severity.MEDIUM, Severity.CRITICAL))
    assert shown.safe == 1
    assert [(row.name, row.word) for row in (*shown.files, *shown.named)] == [
        ("4.pkl", "UNSAFE"),
        ("3.pkl", "UNSAFE"),
        ("2.pkl", "INCONCLUSIVE"),
        ("1.pkl", "UNVERIFIED"),
        ("0.pkl", "SAFE"),
    ]


def test_of_a_folder_the_worst_file_is_named():
    shown = panel(folder("safe", Severity.LOW, Severity.CRITICAL))
    assert shown.headline[0] == "Loading 2.pkl would run:"
    assert panel(report(findings=(finding(severity=Severity.CRITICAL),))).headline[0].startswith("Loading this file")


def test_safe_files_and_long_lists_are_folded():
    few = html.render(folder(Severity.CRITICAL, *["safe"] * 30))
    assert few.count("<details") == 3
    assert ">30 safe</summary>" in few
    many = html.render(folder(*[Severity.LOW] * 21))
    assert ">21 to look at</summary>" in many
    plain = text.render(folder(Severity.CRITICAL, *["safe"] * 30))
    assert "  UNSAFE        0.pkl   os.system" in plain
    assert "  30 safe" in plain


def test_one_file_needs_no_list():
    shown = panel(report())
    assert (shown.files, shown.safe, shown.named) == ((), 0, ())


def test_a_cache_is_shown_by_repository_and_revision():
    path = "hub/models--org--net--x/snapshots/a1b2c3d4e5f6/sub/model.bin"
    assert place(Where(path), "hub") == "org/net/x@a1b2c3d sub/model.bin"
    assert place(Where("a/snapshots/b/c.bin"), "a") == "snapshots/b/c.bin"


def test_a_finding_stands_by_itself():
    row = finding(expression="os.system('x')", opcodes=["0x2 GLOBAL os system", "0x10 REDUCE"])
    assert "archive/data.pkl @ 0x1f4" in text.render_finding(row)
    shown = html.render_finding(row)
    assert "os.system(&#x27;x&#x27;)" in shown
    assert "0x10 REDUCE" in shown
    assert not FORBIDDEN.search(shown)
