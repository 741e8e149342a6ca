"""Settings: which source wins, what each may set, and how mistakes are told."""

from __future__ import annotations

import pickle

import keras_samples
import pytest
import tf_samples
from samples import call, global_

import modelscan
from modelscan import approvals, contract, floor, guard, settings, store
from modelscan.contract import template_text
from modelscan.errors import SettingsError
from modelscan.limits import Limits
from modelscan.places import FOLDER_FILE
from modelscan.report import Severity
from modelscan.settings import Settings

DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty user, administrator and working folder."""
    for folder in ("home", "site", "work"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    for module in (settings, floor):
        monkeypatch.setattr(module, "administrators_file", lambda: tmp_path / "site" / floor.FILE)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def origin(found, key):
    return next(origin for name, _, origin in found.rows() if name == key)


def test_nothing_set():
    found = Settings.load()
    assert found.policy() == modelscan.Policy()
    assert found.limits == Limits()
    assert {row[2] for row in found.rows()} == {"default"}
    assert (found.get("fail_on"), found.get("jobs"), found.get("reporting.format")) == (Severity.MEDIUM, 1, "console")
    assert (found.notes, found.files) == ((), ())


def test_the_nearest_to_the_person_wins(places, monkeypatch):
    write(places / "site" / "settings.toml", "jobs = 2\n")
    assert Settings.load().get("jobs") == 2
    user = write(places / "home" / "settings.toml", "# mine\njobs = 3\n")
    assert Settings.load().get("jobs") == 3
    assert origin(Settings.load(), "jobs") == f"{user}:2"
    monkeypatch.setenv("MODELSCAN_JOBS", "4")
    assert origin(Settings.load(), "jobs") == "environment MODELSCAN_JOBS"
    named = write(places / "named.toml", "jobs = 5")
    assert Settings.load(named).get("jobs") == 5
    found = Settings.load(named, given={"jobs": 6})
    assert (found.get("jobs"), origin(found, "jobs")) == (6, "command line")
    assert found.files == (named, user, places / "site" / "settings.toml")


@pytest.mark.parametrize(
    ("least", "asked", "holds"),
    [
        ('policy = "standard"', {"policy": "off"}, ("policy", "standard")),
        ('policy = "standard"', {"policy": "strict"}, ("policy", "strict")),
        ('fail_on = "low"', {"fail_on": "CRITICAL"}, ("fail_on", Severity.LOW)),
        ('min_severity = "LOW"', {"min_severity": "HIGH"}, ("min_severity", Severity.LOW)),
        ('policy = "strict"', {}, ("policy", "strict")),
    ],
)
def test_an_administrators_floor_is_not_weakened(places, least, asked, holds):
    write(places / "site" / "settings.toml", least)
    found = Settings.load(given=asked)
    assert found.get(holds[0]) == holds[1]
    weaker = asked and next(iter(asked.values())) != holds[1]
    assert bool(found.notes) == bool(weaker)
    if weaker:
        assert "administrator" in found.notes[0]


@pytest.mark.parametrize("file", ["modelscan-settings.toml", "pyproject.toml"])
def test_the_working_folder_tunes_and_decides_nothing(places, file):
    text = """
policy = "off"
fail_on = "CRITICAL"
min_severity = "CRITICAL"
jobs = 1000
cache = false
[limits]
seconds = 5
[scanners."modelscan.scanners.PickleUnsafeOpScan"]
enabled = false
[reporting]
module = "evil.Report"
[unsafe_globals.LOW]
os = ["system"]
mine = "*"
[[approved]]
name = "pkg.a.C"
reason = "trust me"
"""
    if file == "pyproject.toml":
        text = text.replace("\n[[", "\n[[tool.modelscan.").replace("\n[", "\n[tool.modelscan.")
        text = text.replace("[tool.modelscan.[", "[[").replace("\npolicy", "\n[tool.modelscan]\npolicy")
    path = write(places / "work" / file, text)
    found = Settings.load()
    assert found.policy() == modelscan.Policy(limits=Limits(seconds=5))
    assert origin(found, "limits.seconds").startswith(f"{path}:")
    assert (found.get("fail_on"), found.get("min_severity"), found.get("jobs")) == (Severity.MEDIUM, Severity.LOW, 1)
    assert (found.switched_off, found.reporter, found.denied) == (frozenset(), "", {})
    told = "\n".join(found.notes)
    for key in ("policy", "fail_on", "min_severity", "scanners", "reporting.module", "approved", "LOW.mine"):
        assert key in told


def test_a_broken_file_in_the_working_folder_stops_nothing(places):
    write(places / "work" / "modelscan-settings.toml", "nonsense = 1\n")
    write(places / "work" / "pyproject.toml", "[tool.modelscan\n")
    found = Settings.load()
    assert found.policy() == modelscan.Policy()
    assert len(found.notes) == 2
    assert all("not used" in note for note in found.notes)


def test_an_empty_file_is_fine(places):
    (places / "work" / "modelscan-settings.toml").touch()
    assert Settings.load(places / "work" / "modelscan-settings.toml").notes == ()


MISTAKES = {
    "polcy = 'strict'": ":1: unknown setting polcy (did you mean policy?)",
    "\npolicy = 'loose'": ":2: policy must be one of strict, standard, warn, off, not 'loose'",
    "policy = 1": ":1: policy must be one of strict, standard, warn, off, not 1",
    "[limits]\n# words\nseconds = 'long'": ":3: limits.seconds must be a number above 0, not 'long'",
    "[limits]\ndepth = true": ":2: limits.depth must be a whole number above 0, not True",
    "limits.depht = 1": ":1: unknown setting limits.depht (did you mean depth?)",
    "limits = 3": ":1: limits must be a table, not 3",
    "cache = 'yes'": ":1: cache must be true or false, not 'yes'",
    "jobs = -1": ":1: jobs must be a whole number, 0 or more, not -1",
    "fail_on = 'SEVERE'": ":1: fail_on must be one of LOW, MEDIUM, HIGH, CRITICAL, not 'SEVERE'",
    "[unsafe_globals.WORST]\nos = '*'": ":1: unknown setting unsafe_globals.WORST",
    "[unsafe_globals.LOW]\nos = 5": ':2: unsafe_globals.LOW.os must be "*" or a list of names, not 5',
    '[scanners."a.B"]\nenabled = 1': ':2: scanners."a.B".enabled must be true or false, not 1',
    '[scanners."a.B"]\nx = 1': ':2: unknown setting scanners."a.B".x',
    "a = [": "not valid TOML",
    "\n\na = = 1": "line 3",
    "[[approved]]\nname = 'pkg.a.C'": ":1: approved: reason is missing",
    "[[approved]]\nname = 'a.B'\nreason='x'\n[[approved]]\nname='os.system'\nreason='x'": ":4: approved: os.system",
    "[[approved]]\nsha256 = 'ab'\nreason = 'x'": ":1: approved: sha256 must be the 64",
    "[[approved]]\nnames = 'ab'\nreason = 'x'": ":1: approved: unknown key 'names'",
    "approved = ['a.B']": ":1: approved: must be tables",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_line_and_key(places, text):
    path = write(places / "named.toml", text)
    with pytest.raises(SettingsError) as caught:
        Settings.load(path)
    assert str(caught.value).startswith(str(path))
    assert MISTAKES[text] in str(caught.value)


def test_all_mistakes_are_told_at_once(places):
    path = write(places / "named.toml", "a = 1\nb = 2\njobs = 'x'\n")
    with pytest.raises(SettingsError) as caught:
        Settings.load(path)
    assert len(str(caught.value).splitlines()) == 3


def test_bytes_that_are_no_text(places):
    path = places / "named.toml"
    path.write_bytes(b"jobs = 1\n\xff")
    with pytest.raises(SettingsError, match=":2: not UTF-8"):
        Settings.load(path)


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("MODELSCAN_POLICY", "strict", "policy", "strict"),
        ("MODELSCAN_FAIL_ON", "high", "fail_on", Severity.HIGH),
        ("MODELSCAN_CACHE", "off", "cache", False),
        ("MODELSCAN_LIMITS_SECONDS", "1.5", "limits.seconds", 1.5),
        ("MODELSCAN_LIMITS_DEPTH", "3", "limits.depth", 3),
    ],
)
def test_the_environment(monkeypatch, variable, text, key, value):
    monkeypatch.setenv(variable, text)
    assert Settings.load().get(key) == value
    monkeypatch.setenv(variable, "-")
    with pytest.raises(SettingsError, match=variable):
        Settings.load()


def test_a_mistyped_variable_is_told(monkeypatch):
    monkeypatch.setenv("MODELSCAN_POLCY", "strict")
    assert "did you mean MODELSCAN_POLICY?" in Settings.load().notes[0]


def test_values_of_a_caller_are_checked_too():
    with pytest.raises(SettingsError, match="policy must be one of"):
        Settings.load(given={"policy": "loose"})
    with pytest.raises(SettingsError, match="unknown setting"):
        Settings.load(given={"colour": "red"})


def test_names_that_settings_deny(places):
    path = write(
        places / "named.toml", '[unsafe_globals.CRITICAL]\n"lib.make" = "*"\ncollections = ["OrderedDict"]\nos = "*"\n'
    )
    found = Settings.load(path)
    assert found.denied == {"lib.make.*": Severity.CRITICAL, "collections.OrderedDict": Severity.CRITICAL}
    ordered = call(global_("collections", "OrderedDict")) + b"."
    assert modelscan.scan(ordered).verdict == "SAFE"
    report = modelscan.scan(ordered, found.policy())
    assert [(row.rule, row.severity.name) for row in report.findings] == [("MS-U020", "CRITICAL")]
    assert report.digest != modelscan.scan(ordered).digest
    assert modelscan.scan(global_("lib.make", "Net") + b".", found.policy()).worst is Severity.CRITICAL
    assert modelscan.scan(global_("lib.makes", "Net") + b".", found.policy()).worst is Severity.LOW
    assert modelscan.scan(global_("collections", "OrderedDict.pop") + b".", found.policy()).refused


GRAPH = '[scanners."modelscan.scanners.SavedModelTensorflowOpScan".unsafe_tf_operators]'
LAYERS = '[scanners."modelscan.scanners.H5LambdaDetectScan".unsafe_keras_operators]'


def worst_of(data: bytes, path=None) -> list[tuple[str, str, str]]:
    report = modelscan.scan(data, Settings.load(path).policy() if path else None)
    return [(row.rule, row.severity.name, row.operator.rpartition(".")[2]) for row in report.findings]


def test_operators_that_settings_deny(places):
    """Ordinary operators and odd names; a grade that is worse than ours counts, a lower one does not."""
    names = ("MatMul", "Addons>Gelu", "ab", "X" * 60, "q.*")
    made = tf_samples.graph(*(tf_samples.node(f"n{number}", name) for number, name in enumerate(names)))
    quiet, loud = tf_samples.saved_model(made), tf_samples.graph(tf_samples.node("w", "WriteFile"))
    path = write(places / "named.toml", f'{GRAPH}\nMatMul = "LOW"\n"Addons>Gelu" = "HIGH"\nWriteFile = "LOW"\n')
    assert worst_of(quiet) == []
    assert worst_of(quiet, path) == [("MS-U020", "HIGH", "Addons>Gelu"), ("MS-U020", "LOW", "MatMul")]
    assert worst_of(loud, path) == worst_of(loud)
    odd = f'ab = "LOW"\n{"X" * 60} = "LOW"\n"q.*" = "LOW"\n"" = "LOW"'
    more = write(
        places / "more.toml",
        f'{GRAPH}\nWriteFile = "CRITICAL"\n{odd}',
    )
    assert [row[1] for row in worst_of(loud, more)] == ["CRITICAL"]
    assert sorted(row[2] for row in worst_of(quiet, more)) == sorted(("ab", "X" * 60, "*"))
    assert worst_of(tf_samples.graph(tf_samples.node("n", "qqq")), more) == []


def test_layers_that_settings_deny(places):
    dense = keras_samples.archive(keras_samples.sequential(keras_samples.component("Dense")))
    path = write(places / "named.toml", f'{LAYERS}\nDense = "HIGH"\nLambda = "LOW"\n')
    assert modelscan.scan(dense).verdict == "SAFE"
    assert worst_of(dense, path) == [("MS-U020", "HIGH", "Dense")]
    evil = keras_samples.archive(keras_samples.sequential(keras_samples.lambda_layer()))
    assert worst_of(evil, path) == worst_of(evil)
    assert Settings.load(path).policy().digest != modelscan.Policy().digest


def test_grades_of_modelscan_0_8_change_nothing(places):
    path = write(places / "named.toml", template_text())
    assert Settings.load(path).denied == {}
    write(places / "work" / FOLDER_FILE, template_text())
    assert Settings.load().notes == ()
    write(places / "work" / FOLDER_FILE, f'{GRAPH}\nMatMul = "HIGH"\n')
    found = Settings.load()
    assert found.denied == {}
    assert "only a file that is named" in found.notes[0]


def test_settings_never_weaken_a_rule(places):
    path = write(places / "named.toml", '[unsafe_globals.LOW]\nsubprocess = ["Popen"]\n"os.path" = "*"\n')
    evil = call(global_("subprocess", "Popen"), b"N") + b"."
    assert modelscan.scan(evil, Settings.load(path).policy()).worst is Severity.CRITICAL


def test_what_settings_and_the_store_approve(places):
    path = write(places / "named.toml", f"[[approved]]\nsha256 = '{DIGEST}'\nreason = 'ours'\n")
    approvals.add(name="pkg.a.C", reason="read it")
    policy = Settings.load(path).policy()
    assert policy.approved == {DIGEST: "ours"}
    assert policy.allowed == {"pkg.a.C"}
    assert Settings.load(path).policy(kept_too=False).allowed == frozenset()


def test_the_file_that_is_made_reads_back_as_the_defaults(places):
    path = write(places / "made.toml", contract.template_text())
    found = Settings.load(path)
    assert found.policy() == modelscan.Policy()
    assert found.notes == ()
    assert (
        modelscan.scan(pickle.dumps(getattr), found.policy()).refused == modelscan.scan(pickle.dumps(getattr)).refused
    )


@pytest.mark.parametrize(
    ("least", "asked", "holds"),
    [
        ('policy = "standard"', "off", "standard"),
        ('policy = "standard"', "strict", "strict"),
        ('policy = "warn"', "off", "warn"),
        ("jobs = 2", "off", "off"),
    ],
)
def test_a_guard_is_at_least_as_strict_as_the_administrator_says(places, least, asked, holds):
    write(places / "site" / "settings.toml", least)
    guard.install(asked)
    try:
        assert guard.status().policy == holds
    finally:
        guard.uninstall()


def test_a_guard_denies_what_the_administrator_denies(places):
    write(places / "site" / "settings.toml", "[unsafe_globals.HIGH]\ncollections = ['OrderedDict']\n")
    guard.install("standard")
    try:
        with pytest.raises(modelscan.UnsafeModelError):
            pickle.loads(call(global_("collections", "OrderedDict")) + b".")
    finally:
        guard.uninstall()


def test_a_guard_is_not_installed_by_half_where_the_floor_cannot_be_read(places):
    write(places / "site" / "settings.toml", "policy = 'loose'")
    with pytest.raises(SettingsError, match=r"settings.toml:1: policy must be one of"):
        guard.install("off")
    assert not guard.status().active


def test_scanners_that_are_switched_off_only_by_a_person(places):
    text = '[scanners."modelscan.scanners.PickleUnsafeOpScan"]\nenabled = false\n'
    write(places / "work" / "modelscan-settings.toml", text)
    assert Settings.load().switched_off == frozenset()
    assert Settings.load(places / "work" / "modelscan-settings.toml").switched_off == {
        "modelscan.scanners.PickleUnsafeOpScan"
    }
