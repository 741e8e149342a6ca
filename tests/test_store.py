"""The file that is shared between processes: who may read it, how it grows, what happens when it cannot be used."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from modelscan import store
from modelscan.errors import StoreError

ADD = "INSERT INTO approvals VALUES ('name', ?, 'because', 'now', 'me')"


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "deep" / "home"
    monkeypatch.setenv(store.HOME, str(folder))
    return folder


def names():
    with store.connect() as connection:
        return [row[0] for row in connection.execute("SELECT value FROM approvals ORDER BY value")]


def add(name):
    with store.connect() as connection:
        connection.execute(ADD, (name,))


def test_tests_do_not_touch_the_home_of_who_runs_them():
    assert store.home().is_relative_to(tempfile.gettempdir())
    assert "modelscan-tests-" in str(store.home())


def test_the_users_own_folder_is_used_without_the_variable(monkeypatch):
    monkeypatch.delenv(store.HOME)
    assert store.path().is_relative_to(Path.home())


def test_a_block_is_a_transaction(home):
    add("a.B")
    with suppress(RuntimeError), store.connect() as connection:
        connection.execute(ADD, ("c.D",))
        raise RuntimeError
    assert names() == ["a.B"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_its_owner_may_read_it(home):
    old = os.umask(0)
    try:
        add("a.B")
    finally:
        os.umask(old)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()} == {0o600}


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_others_may_write_to_is_not_believed(home, caplog):
    add("a.B")
    store.path().chmod(0o666)
    assert names() == []
    assert "other users may write" in caplog.text


def test_it_can_be_used_from_many_threads(home):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, [f"m.N{number:02}" for number in range(40)]))
    assert len(names()) == 40


def test_who_comes_while_the_file_is_being_made_waits(home, caplog):
    """SQLite itself does not: it calls the file locked at once while another connection stands in the way of WAL."""
    home.mkdir(parents=True)
    with closing(sqlite3.connect(home / store.FILE, check_same_thread=False)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store._prepared(home / store.FILE)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(add, "a.B")
            time.sleep(0.1)
            other.rollback()
    assert names() == ["a.B"]
    assert not caplog.text


def spoiled(home):
    home.mkdir(parents=True)
    (home / store.FILE).write_bytes(b"this is no database" * 100)


def in_the_way(home):
    home.parent.mkdir(parents=True)
    home.write_bytes(b"")


def newer(home):
    add("a.B")
    with sqlite3.connect(home / store.FILE) as connection:
        connection.execute(f"PRAGMA user_version = {len(store.MIGRATIONS) + 1}")
    connection.close()


@pytest.mark.parametrize("spoil", [spoiled, in_the_way, newer], ids=lambda spoil: spoil.__name__)
def test_what_cannot_be_used_is_replaced_by_memory_with_one_sentence(home, spoil, caplog):
    spoil(home)
    with caplog.at_level(logging.WARNING):
        add("in.Memory")
        assert names() == ["in.Memory"]
    assert len(caplog.records) == 1
    assert "kept in memory only" in caplog.text
    with pytest.raises(StoreError, match="cannot use"), store.connect(required=True):
        pass


def test_what_sqlite_complains_about_is_a_store_error(home):
    with pytest.raises(StoreError, match="no such table"), store.connect() as connection:
        connection.execute("SELECT * FROM nonsense")


def test_an_older_file_is_brought_up_to_date(home, monkeypatch):
    add("a.B")
    monkeypatch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, "CREATE TABLE extra (n)"))
    assert names() == ["a.B"]
    with store.connect() as connection:
        assert connection.execute("SELECT count(*) FROM extra").fetchone() == (0,)


def test_importing_it_loads_no_database():
    script = "import sys, modelscan.store; print('sqlite3' in sys.modules, 'platformdirs' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
