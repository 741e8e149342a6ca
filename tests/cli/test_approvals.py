"""Approvals on the command line: texts of any kind, several files, and a store that cannot be used."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import call, global_, payload, proto

from modelscan import approvals, guard, store
from modelscan.approvals import Approval, to_toml
from modelscan.errors import SettingsError, UnsafeModelError
from modelscan.settings import read_approvals

EVIL = "evil.pkl"


@pytest.fixture
def evil(run, tmp_path):
    """A file that is approved, and how it is read: the working folder is empty, and so is the home."""
    path = tmp_path / EVIL
    path.write_bytes(proto() + payload(tmp_path / "marker") + b".")
    approvals.add(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), reason="it is ours")
    approvals.add(name="pkg.a.C", reason="read it")
    assert run("scan", "-p", path).code == 0
    with closing(sqlite3.connect(store.place())) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def spoil_header(file):
    file.write_bytes(b"this is no database" * 200)


def spoil_middle(file):
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(byte ^ 0x5A for byte in data[4096:])
    file.write_bytes(data)


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def folder(file):
    file.unlink()
    file.mkdir()


def circle(file):
    file.unlink()
    file.symlink_to(file)


def pipe(file):
    file.unlink()
    os.mkfifo(file)


def execute(*statements):
    def spoil(file):
        with closing(sqlite3.connect(file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return spoil


SPOILED = {
    "header": spoil_header,
    "middle": spoil_middle,
    "cut": cut,
    "folder": folder,
    "newer": execute("PRAGMA user_version = 1000"),
    "no table": execute("DROP TABLE approvals"),
    "a name of bytes": execute("INSERT INTO approvals VALUES ('name', x'ff00', 'r', '', '')"),
    "a reason of bytes": execute("UPDATE approvals SET reason = x'1b5b324a'"),
    "no text": execute("INSERT INTO approvals VALUES ('name', CAST(x'1bfffe' AS TEXT), 'r', '', '')"),
    **({"circle": circle, "pipe": pipe} if os.name == "posix" else {}),
}
MENDED = {"a name of bytes", "no text", "a reason of bytes"}
"""The table itself is whole, so that something can be added to it."""


@pytest.mark.parametrize("how", SPOILED)
def test_a_store_that_cannot_be_read_approves_nothing_and_says_so(run, evil, tmp_path, monkeypatch, how, caplog):
    """One sentence each time, no traceback, and never a list or a policy file that only looks empty."""
    SPOILED[how](store.path())
    for file in store.home().glob(f"{store.FILE}-*"):
        file.unlink()
    monkeypatch.setattr(store, "_told", set())
    done = run("scan", "-p", evil)
    assert done.code == 1
    assert "os.mkdir" in done.out
    assert (done.err + caplog.text).count("nothing that was approved in it counts") >= 1
    team = tmp_path / "team.toml"
    for command in (["list"], ["list", "--json"], ["export"], ["export", team], ["revoke", "pkg.a.C"]):
        done = run("approvals", *command)
        assert (done.code, done.out) == (2, ""), command
        assert done.err.startswith("Error: modelscan cannot use "), command
        assert len(done.err.splitlines()) == 1
        assert done.err.rstrip("\n").isprintable()
    assert not team.exists()
    assert run("approvals", "add", "--name", "pkg.b.D", "--reason", "new").code == (0 if how in MENDED else 2)
    guard.install()
    try:
        with pytest.raises(UnsafeModelError):
            pickle.loads(evil.read_bytes())
    finally:
        guard.uninstall()
    assert not (tmp_path / "marker").exists()


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
from modelscan.cli import main
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_full_disk_says_so_and_keeps_what_was_there(run, evil):
    arguments = ["approvals", "add", "--name", "pkg.b.D", "--reason", "x" * 100_000]
    done = subprocess.run([sys.executable, "-c", FULL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: modelscan cannot use ")
    assert "Traceback" not in done.stderr
    assert {row.value for row in approvals.kept()} >= {"pkg.a.C"}
    assert run("scan", "-p", evil).code == 0


def test_several_files_and_a_folder_are_approved_at_once(run, tmp_path):
    paths = [tmp_path / name for name in ("a.pkl", "b.pkl")]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c").write_bytes(b"c")
    assert run("approvals", "add", *paths, tmp_path / "deep", "--reason", "ours").code == 0
    assert len(approvals.kept()) == 3
    assert run("approvals", "add", *paths, tmp_path / "none", "--reason", "ours").code == 4
    assert run("approvals", "add", paths[0], "--name", "a.B", "--reason", "ours").code == 4
    assert len(approvals.kept()) == 3


def test_what_a_reason_says_stays_text_wherever_it_is_shown(run, evil):
    reason = "\x1b[2J\u202e<script>\n\r\0 | [x](y)"
    approvals.add(sha256=hashlib.sha256(evil.read_bytes()).hexdigest(), reason=reason)
    for form in ("console", "markdown", "html"):
        done = run("scan", "-p", evil, "-r", form)
        assert done.code == 0
        assert not {character for character in done.out + done.err if character not in "\n" and ord(character) < 32}
        assert "\u202e" not in done.out
        assert "<script>\\n" not in done.out or form == "console"
    for command in ("list", "export"):
        shown = run("approvals", command).out
        assert not {character for character in shown if character not in "\n" and ord(character) < 32}


# A policy file: as it was, or refused with its line

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: text == text.strip())
REASON = TEXT.filter(bool)
HOSTILE = [
    '"\nname = "os.system"',
    "x\"\n[[approved]]\nname='a.b'\nreason='y",
    "'''",
    '"""',
    "# c",
    "\\",
    "\\u0041",
    "\ufeff",
]
IDENTIFIER = st.from_regex(r"[a-zé_][a-z0-9_]{0,8}", fullmatch=True).map(lambda part: f"x{part}")
ROWS = st.builds(
    lambda digest, parts, reason, created, user: Approval(
        digest, None if digest else "pkg." + ".".join(parts), reason, created, user
    ),
    st.one_of(st.none(), st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
    st.lists(IDENTIFIER, min_size=1, max_size=3),
    st.one_of(REASON, st.sampled_from([text for text in HOSTILE if text.strip()])),
    st.one_of(TEXT, st.sampled_from(HOSTILE)),
    st.one_of(TEXT, st.sampled_from(HOSTILE)),
)


@given(st.lists(ROWS, max_size=6, unique_by=lambda row: row.value))
def test_every_approval_comes_back_as_it_went(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("p") / "team.toml"
    written = to_toml(rows)
    path.write_text(written, encoding="utf-8")
    assert set(tomllib.loads(written)) <= {"approved"}
    assert sorted(read_approvals(path), key=repr) == sorted(rows, key=repr)
    assert to_toml(read_approvals(path)) == written


NAME = '[[approved]]\nname = "pkg.a.C"\nreason = "ok"\n'
REFUSED = {
    "another encoding": (NAME.encode("utf-16"), ":1: not UTF-8 text"),
    "Latin-1": ('# ok\n[[approved]]\nname = "pkg.a.C"\nreason = "é"\n'.encode("latin-1"), ":4: not UTF-8 text"),
    "twice": ((NAME + "\n" + NAME).encode(), ":5: approved: pkg.a.C is approved already, in "),
    "twice by an alias": (
        b'[[approved]]\nname = "__builtin__.set"\nreason = "x"\n[[approved]]\nname = "builtins.set"\nreason = "y"\n',
        ":4: approved: builtins.set is approved already",
    ),
    "a key twice": (b'[[approved]]\nname = "a.b"\nname = "a.c"\nreason = "x"\n', "line 3"),
    "an unknown key": ((NAME + "severity = 1\n").encode(), ":1: approved: unknown key 'severity'"),
    "a key with control characters": ((NAME + '"\\u001b[2J" = 1\n').encode(), "unknown key '\\x1b[2J'"),
    "a raw control character": (NAME.replace("ok", "o\x1bk").encode(), "line 3"),
    "a line end in a text": (NAME.replace("ok", "o\nk").encode(), "line 3"),
    "half a surrogate pair": (NAME.replace("ok", "\\ud800").encode(), "line 3"),
    "a number": (NAME.replace('"ok"', "7").encode(), ":1: approved: reason must be text"),
    "a table": (b'approved = {name = "a.b", reason = {x = 1}}\n', ":1: approved: reason must be text"),
    "no table": (b"approved = 7\n", ":1: approved: must be tables"),
    "neither": (b'[[approved]]\nreason = "x"\n', ":1: approved: an approval takes either"),
    "the wrong number of digits": (b'[[approved]]\nsha256 = "ab"\nreason = "x"\n', ":1: approved: sha256 must be"),
    "digits of another writing": (
        f'[[approved]]\nsha256 = "{"٣" * 64}"\nreason = "x"\n'.encode(),
        ":1: approved: sha256 must be the 64 hexadecimal digits",
    ),
    "a line end in a name": (b'[[approved]]\nname = "a.b\\nc"\nreason = "x"\n', "no full name"),
    "too much": (b"#" * (5 << 20), "larger than a settings file can be"),
    "too deep": (b"a = " + b"[" * 100_000, "not valid TOML"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_policy_file_that_is_wrong_keeps_nothing(run, tmp_path, how):
    data, said = REFUSED[how]
    path = tmp_path / "team.toml"
    path.write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        read_approvals(path)
    assert said in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()
    assert run("approvals", "import", path).code == 2
    assert approvals.kept() == ()


def test_a_policy_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "team.toml"
    path.write_bytes(b"\xef\xbb\xbf" + NAME.replace("\n", "\r\n").encode())
    assert [row.name for row in read_approvals(path)] == ["pkg.a.C"]


def test_a_reason_that_is_no_text_is_refused(run):
    done = run("approvals", "add", "--name", "pkg.a.C", "--reason", "bad \udcff byte")
    assert done.code == 4
    assert "UTF-8 has no such characters" in done.err


# The page that says how


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "approve.md"


def test_the_page_can_be_followed_as_it_stands(run, tmp_path, monkeypatch):
    """Its shell commands, in order; only the digits of the sha256 are those of the file that is there."""
    page = PAGE.read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    evil = proto() + payload(tmp_path / "marker") + b"."
    Path("model.pkl").write_bytes(evil)
    for folder in ("models", "my-repository"):
        Path(folder).mkdir()
    Path("models", "m.pkl").write_bytes(proto() + call(global_("acme.models", "Churn")) + b".")
    Path("my-repository", "hubconf.py").write_text("")
    digest = hashlib.sha256(evil).hexdigest()
    assert (run("model.pkl").code, run("models").code) == (1, 1)
    commands = [
        line[2:] for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL) for line in block.split("\n")
    ]
    followed = [shlex.split(line, comments=True) for line in commands if line.startswith("modelscan ")]
    assert len(followed) >= 8
    for words in followed:
        if words[1:3] == ["approvals", "export"]:
            run(*words[1:])
            Path(words[3]).write_text(
                re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0].replace("3f5a9c01", digest[:8])
            )
            continue
        done = run(*(word.replace("3f5a9c01", digest[:8]) for word in words[1:]))
        assert done.code == 0, (words, done)
    names = {row.value for row in approvals.kept()}
    assert "acme.models.Churn" in names
    sums = next(line for line in commands if "sha256sum" in line)
    if sys.platform == "linux" and shutil.which("xargs"):
        assert subprocess.run(["sh", "-c", sums], capture_output=True, text=True, check=True).stdout.split()[0] in names
    for said in re.findall(r"`(modelscan approvals \w+[^`]*--reason[^`]*)`", page):
        words = [word.replace("FILE", "model.pkl") for word in shlex.split(said)[1:]]
        assert run(*words).code == 0
    assert run("model.pkl").code == 0
