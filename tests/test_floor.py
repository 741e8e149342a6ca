"""What an administrator set, attacked by the environment, the user, named files and folders that are scanned."""

from __future__ import annotations

import sys

import pytest
from samples import call, global_, payload, proto, text

import modelscan
from modelscan import approvals, cli, floor, guard, places, settings, store
from modelscan.contract import template_text
from modelscan.errors import SettingsError
from modelscan.report import Severity
from modelscan.settings import Settings


@pytest.fixture
def site(tmp_path, monkeypatch):
    """The administrator's file, not written yet, and an empty home and working folder."""
    for folder in ("home", "site", "work"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv(store.HOME, str(tmp_path / "home"))
    for module in (settings, floor, places):
        monkeypatch.setattr(module, "administrators_file", lambda: str(tmp_path / "site" / floor.FILE))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "site" / floor.FILE


def test_no_variable_moves_it(monkeypatch, tmp_path):
    before = floor.administrators_file()
    for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "HOME", "PROGRAMDATA", "ALLUSERSPROFILE", store.HOME):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_COMMON_APPDATA", str(tmp_path))
    assert floor.administrators_file() == before
    if sys.platform == "linux":
        assert before == "/etc/xdg/modelscan/settings.toml"


@pytest.mark.parametrize("obstacle", ["folder", "circle", "too large", "bytes"])
def test_what_is_there_and_cannot_be_read_opens_nothing(site, obstacle):
    if obstacle == "folder":
        site.mkdir()
    elif obstacle == "circle":
        site.symlink_to(site)
    else:
        site.write_bytes(b"#" * (5 << 20) if obstacle == "too large" else b"policy = '\xff'")
    assert places.anything_set()
    for act in (lambda: guard.install("off"), Settings.load):
        with pytest.raises((OSError, SettingsError)):
            act()
    assert not guard.status().active


WEAKER = [
    'unsafe_globals.HIGH.mine = []\nunsafe_globals.MEDIUM.whole = ["other"]',
    "[unsafe_globals.HIGH]\nmine = ['other']\nwhole = []",
    "[unsafe_globals.LOW]\nmine = ['act']\nwhole = '*'",
    "[scanners.'modelscan.scanners.KerasLambdaDetectScan'.unsafe_keras_operators]\nMine = 'LOW'",
    template_text(),
]


@pytest.mark.parametrize("text", WEAKER, ids=range(len(WEAKER)))
def test_names_that_an_administrator_denies_stay_denied(site, tmp_path, monkeypatch, text):
    site.write_text(
        "[unsafe_globals.HIGH]\nmine = ['act']\nwhole = '*'\n"
        "[scanners.'modelscan.scanners.KerasLambdaDetectScan'.unsafe_keras_operators]\nMine = 'HIGH'\n"
    )
    named = tmp_path / "named.toml"
    named.write_text(text, encoding="utf-8")
    (tmp_path / "home" / "settings.toml").write_text("unsafe_globals.HIGH.mine = []\n")
    monkeypatch.setenv("MODELSCAN_POLICY", "off")
    denied = Settings.load(named).denied
    assert denied["mine.act"] >= Severity.HIGH
    assert denied["whole.*"] >= Severity.HIGH
    assert denied["keras:Mine"] >= Severity.HIGH


def test_names_that_others_add_are_added(site, tmp_path):
    site.write_text("[unsafe_globals.HIGH]\nmine = ['act']\n")
    named = tmp_path / "named.toml"
    named.write_text("[unsafe_globals.HIGH]\nmine = ['more']\n[unsafe_globals.CRITICAL]\nmine = ['act']\n")
    assert Settings.load(named).denied == {"mine.more": Severity.HIGH, "mine.act": Severity.CRITICAL}


@pytest.mark.parametrize("word", ["'off'", "'OFF'", "'Off'"])
@pytest.mark.parametrize("by", ["user", "environment", "named", "link", "given"])
def test_a_word_in_any_case_from_anywhere_is_not_weaker(site, tmp_path, monkeypatch, word, by):
    site.write_text("policy = 'Strict'\n")
    named = tmp_path / "named.toml"
    named.write_text(f"policy = {word}\n")
    given = {"policy": word.strip("'")} if by == "given" else None
    if by == "user":
        (tmp_path / "home" / "settings.toml").write_text(named.read_text())
    if by == "link":
        (tmp_path / "work" / "modelscan-settings.toml").symlink_to(named)
    if by == "environment":
        monkeypatch.setenv("MODELSCAN_POLICY", word.strip("'"))
    found = Settings.load(named if by == "named" else None, given=given)
    assert found.get("policy") == "strict"
    assert found.policy().word == "strict"


MISTAKES = [
    ('policy = ["off"]', "policy must be one of"),
    ("policy = true", "policy must be one of"),
    ("policy = 'off '", "policy must be one of"),
    ("policy = 'ｏff'", "policy must be one of"),
    ("Policy = 'off'", "unknown setting Policy (did you mean policy?)"),
    ("'pоlicy' = 'off'", "unknown setting"),
    ("[policy]\nword = 'off'", "policy must be one of"),
    ("policy = 'strict'\npolicy = 'off'", "not valid TOML"),
    ("[limits]\nseconds = 1\n[limits]\nseconds = 2", "not valid TOML"),
    ("limits.seconds = nan", "limits.seconds must be a number above 0"),
    ("limits.seconds = inf", "limits.seconds must be a number above 0"),
    ("limits.seconds = true", "limits.seconds must be a number above 0"),
    ("limits.seconds = '9'", "limits.seconds must be a number above 0"),
    ("limits.depth = 1.5", "limits.depth must be a whole number above 0"),
    ("limits.depth = -1", "limits.depth must be a whole number above 0"),
    ("fail_on = 4", "fail_on must be one of"),
    ("[[limits]]\nseconds = 1", "limits must be a table"),
    ("approved = 'all'", "must be tables"),
    ("[[approved]]\nname = '*'\nreason = 'x'", "no full name"),
    ("[[approved]]\nname = 'pkg.*'\nreason = 'x'", "no full name"),
    ("[[approved]]\nname = 'os.system'\nreason = 'x'", "cannot be allowed"),
    ("[[approved]]\nname = ['pkg.a.C']\nreason = 'x'", "name must be text"),
    ("[[approved]]\nname = 'pkg.a.C'\nreason = true", "reason must be text"),
    ("[[approved]]\nname = 'pkg.a.C'\nsha256 = '00'\nreason = 'x'", "either sha256= or name="),
    ("[[approved]]\nname = 'pkg.a.C'\nreason = ' '", "reason is missing"),
    ("[[approved]]\nname = 'pkg.a.C'\nreason = 'x'\npath = '/'", "unknown key 'path'"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=range(len(MISTAKES)))
def test_what_is_no_setting_is_an_error_with_its_line(site, tmp_path, text, said):
    named = tmp_path / "named.toml"
    named.write_text(f"# a person's\n{text}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        Settings.load(named)
    assert said in str(error.value)
    assert str(error.value).startswith(f"{named}:")
    assert any(line in str(error.value) for line in ("line 3", "line 4", f"{named}:2:", f"{named}:3:"))


def run(capfd, *arguments):
    code = cli.run(list(arguments))
    return code, "".join(capfd.readouterr())


HOSTILE = 'policy = "off"\n"\\u001b[2J\\u202e" = 1\n[[approved]]\nname = "lib.act"\nreason = "\\u001b[31m"\n'


@pytest.mark.parametrize("where", ["model", "work"])
@pytest.mark.parametrize("name", ["modelscan-settings.toml", "pyproject.toml"])
def test_a_folder_that_is_scanned_decides_nothing(site, tmp_path, capfd, where, name):
    folder = tmp_path / "work" if where == "work" else tmp_path / "model"
    folder.mkdir(exist_ok=True)
    inner = "[tool.modelscan]\n" if name == "pyproject.toml" else ""
    text_ = inner + HOSTILE.replace("[[approved]]", "[[tool.modelscan.approved]]" if inner else "[[approved]]")
    (folder / name).write_text(text_, encoding="utf-8")
    (folder / "m.pkl").write_bytes(proto() + call(global_("lib", "act"), text("x")) + b".")
    (folder / "evil.pkl").write_bytes(payload(tmp_path / "marker") + b".")
    code, said = run(capfd, "scan", "-p", str(folder))
    assert code in (1, 2)
    assert "lib.act" in said
    assert "mkdir" in said
    assert not [character for character in said if character not in "\n" and not character.isprintable()]
    assert "policy standard" in said


@pytest.mark.parametrize("spelled", ["torch.os.system", "unread.os.system", "pkg.posix.system", "a.b.subprocess.Popen"])
def test_no_approval_by_name_leads_into_a_denied_module(spelled):
    for module, _, name in (spelled.rpartition("."), spelled.partition(".")):
        with pytest.raises(ValueError, match="CRITICAL"):
            modelscan.Policy().with_allowed([spelled])
        with pytest.raises(ValueError, match="CRITICAL"):
            approvals.checked(None, spelled, "why")
        forced = modelscan.Policy(allowed=frozenset({spelled, "os.system"}))
        path = text(module) + text(name) + b"\x93"
        assert modelscan.scan(proto() + call(path, text("x")) + b".", forced).refused or name.count(".") == 0
    assert modelscan.scan(proto() + call(global_("os", "system"), text("x")) + b".", forced).refused


def test_an_approved_name_covers_nothing_else():
    policy = modelscan.Policy().with_allowed(["lib.Model", "lib.sub"])
    for module, name in (
        ("lib", "Models"),
        ("lib", "Model.load"),
        ("lib.sub", "f"),
        ("lib.Model", "f"),
        ("Lib", "Model"),
    ):
        spelled = text(module) + text(name) + b"\x93"
        assert modelscan.scan(proto() + call(spelled, text("x")) + b".", policy).refused, (module, name)
    made = call(global_("lib", "Model"), text("x"))
    assert not modelscan.scan(proto() + made + b".", policy).refused
    assert modelscan.scan(proto() + call(made, text("x")) + b".", policy).refused
    reached = call(call(global_("builtins", "getattr"), made, text("run")), text("x"))
    assert modelscan.scan(proto() + reached + b".", policy).refused


def test_the_environment_is_not_asked_for_approvals(site, monkeypatch):
    for name in ("MODELSCAN_APPROVED", "MODELSCAN_ALLOWED", "MODELSCAN_UNSAFE_GLOBALS"):
        monkeypatch.setenv(name, "lib.act")
    found = Settings.load()
    assert found.policy() == modelscan.Policy()
    assert sum("is no setting" in note for note in found.notes) == 3
