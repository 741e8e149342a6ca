"""Files that decide what is loaded are believed where nobody else may write to them, as ssh believes its own."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from modelscan import approvals, floor, guard, ownership, settings, store
from modelscan.errors import SettingsError, StoreError
from modelscan.settings import Settings

grp = pytest.importorskip("grp", reason="permissions of POSIX")
pwd = pytest.importorskip("pwd")
OTHER = 65_534
PRIVATE, ME = SimpleNamespace(gr_name="ada", gr_mem=["ada"]), SimpleNamespace(pw_name="ada", pw_gid=77)


def of_somebody_else(path, monkeypatch):
    """Whoever runs the tests: root gives it away, and anybody else becomes another user."""
    if os.geteuid() == 0:
        os.chown(path, OTHER, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: OTHER)


def world(path, monkeypatch):
    path.chmod(path.stat().st_mode | 0o002)


def group(path, monkeypatch):
    path.chmod(path.stat().st_mode | 0o020)
    monkeypatch.setattr(grp, "getgrgid", lambda _: SimpleNamespace(gr_name="ada", gr_mem=["ada", "bob"]))


def sticky(path, monkeypatch):
    """Others may still put files of their own beside it: SQLite would read a journal of theirs."""
    path.chmod(0o1777)


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv(store.HOME, str(folder))
    approvals.add(name="pkg.a.C", reason="read it")
    (folder / floor.FILE).write_text("policy = 'off'\n")
    (folder / floor.FILE).chmod(0o600)
    assert ownership.shared(store.place()) == ""
    assert Settings.load().get("policy") == "off"
    return folder


@pytest.mark.parametrize("part", ["file", "folder"])
@pytest.mark.parametrize("spoil", [of_somebody_else, world, group, sticky], ids=lambda spoil: spoil.__name__)
def test_a_store_that_others_could_change_approves_nothing(home, monkeypatch, caplog, part, spoil):
    spoil(home if part == "folder" else home / store.FILE, monkeypatch)
    assert (approvals.kept_names(), approvals.wants_hash()) == (frozenset(), False)
    assert "nothing that was approved in it counts" in caplog.text
    assert ("belongs to" if spoil is of_somebody_else else "other users may write") in caplog.text
    for act in (approvals.kept, lambda: approvals.revoke("pkg.a.C"), lambda: approvals.add(name="a.B", reason="x")):
        with pytest.raises(StoreError, match=r"belongs to|chmod go-w"):
            act()
    assert Settings(approved=()).policy().allowed == frozenset()


@pytest.mark.parametrize("part", ["file", "folder"])
@pytest.mark.parametrize("spoil", [of_somebody_else, world, group], ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("whose", ["user", "administrator"])
def test_settings_that_others_could_change_stop_what_would_use_them(home, tmp_path, monkeypatch, part, spoil, whose):
    """They are not passed over: what they ask for may be more than holds without them."""
    path = home / floor.FILE
    if whose == "administrator":
        (tmp_path / "site").mkdir(mode=0o700)
        path = path.rename(tmp_path / "site" / floor.FILE)
        for module in (settings, floor):
            monkeypatch.setattr(module, "administrators_file", lambda: str(path))
    spoil(path if part == "file" else path.parent, monkeypatch)
    with pytest.raises(SettingsError, match=rf"{floor.FILE} is not used: .*(belongs to|may write)"):
        Settings.load()
    if whose == "administrator":
        with pytest.raises(SettingsError):
            guard.install()
        assert not guard.status().active


def test_a_file_that_a_person_names_is_that_persons(home, tmp_path):
    named = tmp_path / "named.toml"
    named.write_text("policy = 'strict'\n")
    named.chmod(0o666)
    assert Settings.load(named).get("policy") == "strict"


def test_a_store_that_is_a_link_is_looked_at_where_it_lies(home, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (home / store.FILE).rename(elsewhere / "real")
    for beside in home.glob(f"{store.FILE}-*"):
        beside.unlink()
    (home / store.FILE).symlink_to(elsewhere / "real")
    assert approvals.kept_names() == {"pkg.a.C"}
    elsewhere.chmod(0o777)
    with pytest.raises(StoreError, match=f"may write to {elsewhere}"):
        approvals.kept()


@pytest.mark.parametrize(
    ("found", "user", "own"),
    [
        (PRIVATE, ME, True),
        (SimpleNamespace(gr_name="ada", gr_mem=[]), ME, True),
        (SimpleNamespace(gr_name="ada", gr_mem=["bob"]), ME, False),
        (SimpleNamespace(gr_name="staff", gr_mem=[]), ME, False),
        (PRIVATE, SimpleNamespace(pw_name="ada", pw_gid=78), False),
        (None, ME, False),
        (PRIVATE, None, False),
    ],
)
def test_a_users_own_group_is_nobody_else(tmp_path, monkeypatch, found, user, own):
    """Many systems make one for each user, and files that its members may write to (umask 002)."""

    def known(row):
        def look(_):
            if row is None:
                raise KeyError
            return row

        return look

    path = tmp_path / "file"
    path.touch(0o600)
    path.chmod(0o664)
    monkeypatch.setattr(grp, "getgrgid", known(found))
    monkeypatch.setattr(pwd, "getpwuid", known(user))
    monkeypatch.setattr(ownership.os, "stat", lambda part: os.lstat(part) if part != str(path) else _stat(path, 77))
    assert (ownership.shared(str(path)) == "") is own


def _stat(path, group_id):
    found = os.lstat(path)
    return SimpleNamespace(st_uid=found.st_uid, st_mode=found.st_mode, st_gid=group_id)


def test_where_the_system_has_no_such_modes_nothing_is_asked(home, monkeypatch):
    (home / store.FILE).chmod(0o666)
    monkeypatch.setattr(ownership.os, "name", "nt")
    assert ownership.shared(store.place()) == ""


def test_a_home_that_moves_with_the_working_folder_is_not_used(home, tmp_path, monkeypatch):
    """It could have come with a model, and belong to whoever unpacked it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for said in ("home", "./home", "../" + tmp_path.name + "/home"):
        monkeypatch.setenv(store.HOME, said)
        assert store.home().is_absolute()
        assert tmp_path / "home" != store.home()
        assert approvals.kept_names() == frozenset()
        found = Settings.load()
        assert found.get("policy") == "standard"
        assert found.notes == (f"environment variable {store.HOME} is not used: it must be an absolute path",)
    monkeypatch.setenv(store.HOME, "~/kept")
    assert store.home() == tmp_path / "user" / "kept"
