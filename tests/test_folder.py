"""Folders: what is met, under which name, how often, and what an earlier scan spares."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest
from samples import call, global_, text

import modelscan
from modelscan import cache, folder, scanner, store
from modelscan.folder import Merged, Way, scan_folder
from modelscan.policy import Policy
from modelscan.report import Report
from modelscan.walk import walk

EVIL = call(global_("os", "system"), text("x")) + b"."
SAFE = pickle.dumps([1])

links = pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv(store.HOME, str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def tree(tmp_path):
    """Three folders, five files, two of them evil, one hidden."""
    for name, data in {
        "b/two.pkl": EVIL,
        "b/c/.hidden": EVIL,
        "a.pkl": SAFE,
        "b/one.txt": b"words",
        "z.pkl": SAFE,
    }.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "tree"


def names(root):
    return [Path(entry.path).relative_to(root).as_posix() for entry in walk(root) if entry.stamp]


def sources(report):
    return sorted(Path(row.where.artifact).name for row in report.findings)


def test_every_file_in_an_order_that_stays(tree):
    assert names(tree) == ["a.pkl", "z.pkl", "b/one.txt", "b/two.pkl", "b/c/.hidden"]
    report = modelscan.scan(tree)
    assert report.verdict == "UNSAFE"
    assert sources(report) == [".hidden", "two.pkl"]
    assert [Path(row.name).name for row in report.skips] == ["one.txt"]
    assert report.size == 2 * len(EVIL) + 2 * len(SAFE) + 5
    assert modelscan.Report.from_dict(report.to_dict()) == report


@links
def test_links_to_folders_are_followed_once_and_loops_end(tree, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far.pkl").write_bytes(EVIL)
    (tree / "aa").symlink_to(tmp_path / "elsewhere")
    (tree / "ab").symlink_to(tmp_path / "elsewhere")
    (tree / "b" / "loop").symlink_to(tree)
    (tree / "b" / "up").symlink_to("/")
    (tree / "self").symlink_to("self")
    (tree / "nowhere").symlink_to(tree / "gone")
    (tree / "y.pkl").symlink_to(tree / "b" / "two.pkl")
    assert names(tree) == ["a.pkl", "y.pkl", "z.pkl", "b/one.txt", "b/two.pkl", "b/c/.hidden", "aa/far.pkl"]
    report = modelscan.scan(tree)
    assert sources(report) == [".hidden", "far.pkl", "two.pkl", "y.pkl"]
    assert not report.failures
    told = {Path(row.name).name: row.reason for row in report.skips}
    assert set(told) == {"one.txt", "ab", "loop", "up", "self", "nowhere"}
    assert "leads nowhere" in told["self"] == told["nowhere"]


@links
def test_a_hugging_face_cache_names_each_blob_once_by_its_snapshot(tmp_path):
    repo = tmp_path / "hub" / "models--a--b"
    for place in ("blobs", "refs", "snapshots/111", "snapshots/222"):
        (repo / place).mkdir(parents=True)
    for digest, data in {"aaaa": EVIL, "bbbb": SAFE, "cccc.incomplete": EVIL}.items():
        (repo / "blobs" / digest).write_bytes(data)
    (repo / "refs" / "main").write_text("222")
    for revision in ("111", "222"):
        (repo / "snapshots" / revision / "pytorch_model.bin").symlink_to(
            f"../../blobs/{'aaaa' if revision == '111' else 'bbbb'}"
        )
        (repo / "snapshots" / revision / "same.bin").symlink_to("../../blobs/bbbb")
    assert names(tmp_path / "hub") == [
        "models--a--b/snapshots/111/pytorch_model.bin",
        "models--a--b/snapshots/111/same.bin",
        "models--a--b/blobs/cccc.incomplete",
        "models--a--b/refs/main",
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_what_is_no_file_is_told_and_stops_nothing(tree):
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "socket"))
        (tree / "zero").symlink_to("/dev/zero")
        report = modelscan.scan(tree)
    assert sources(report) == [".hidden", "two.pkl"]
    told = {Path(row.where.artifact).name: (row.code, row.reason) for row in report.failures}
    assert {name: code for name, (code, _) in told.items()} == dict.fromkeys(("pipe", "socket", "zero"), "not-a-file")
    assert told["pipe"][1].startswith("a pipe")


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_told(tree):
    (tree / "b" / "c").chmod(0)
    try:
        report = modelscan.scan(tree)
    finally:
        (tree / "b" / "c").chmod(0o700)
    assert [Path(row.where.artifact).name for row in report.failures] == ["c"]
    assert sources(report) == ["two.pkl"]


def test_what_the_system_will_not_open_is_told(tree, monkeypatch):
    real = os.scandir

    def scandir(place):
        if str(place).endswith("c"):
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    report = modelscan.scan(tree)
    assert [(Path(row.where.artifact).name, row.reason) for row in report.failures] == [("c", "Permission denied")]
    assert sources(report) == ["two.pkl"]


@links
def test_names_that_are_no_text(tree):
    odd = os.fsencode(tree) + b"/\xff\n\x1b[2J.pkl"
    Path(os.fsdecode(odd)).write_bytes(EVIL)
    for _ in range(2):  # the second out of the cache
        report = modelscan.scan(tree)
        assert os.fsdecode(odd) in [row.where.artifact for row in report.findings]
        assert modelscan.Report.from_dict(report.to_dict()) == report


def test_a_file_that_vanishes_is_told(tree, monkeypatch):
    real = scanner.Artifact.open

    def gone(path, *rest):
        if str(path).endswith("two.pkl"):
            Path(path).unlink()
        return real(path, *rest)

    monkeypatch.setattr(scanner.Artifact, "open", gone)
    report = modelscan.scan(tree)
    assert [row.code for row in report.failures] == ["not-accessible"]
    assert sources(report) == [".hidden"]


def test_a_file_that_changes_while_it_is_read_is_told_and_not_kept(tree, monkeypatch):
    real = scanner.examine

    def growing(artifact, policy, **rest):
        found = real(artifact, policy, **rest)
        if artifact.name.endswith("a.pkl"):
            with Path(artifact.name).open("ab") as file:
                file.write(b"N.")
        return found

    monkeypatch.setattr(scanner, "examine", growing)
    for _ in range(2):
        report = modelscan.scan(tree)
        assert [row.code for row in report.failures] == ["changed-while-read"]


def count_reads(monkeypatch):
    read = []
    real = folder.scan_path

    def counting(path, policy, **how):
        read.append(Path(path).name)
        return real(path, policy)

    monkeypatch.setattr(folder, "scan_path", counting)
    return read


def timeless(report):
    return {**report.to_dict(), "milliseconds": 0}


def test_an_unchanged_folder_is_answered_without_reading(tree, monkeypatch):
    first = modelscan.scan(tree)
    read = count_reads(monkeypatch)
    assert timeless(modelscan.scan(tree)) == timeless(first)
    assert read == []


def test_only_what_changed_is_read_again(tree, monkeypatch):
    modelscan.scan(tree)
    read = count_reads(monkeypatch)
    (tree / "a.pkl").write_bytes(EVIL)
    (tree / "b" / "new.pkl").write_bytes(EVIL)
    (tree / "z.pkl").unlink()
    report = modelscan.scan(tree)
    assert read == ["a.pkl", "new.pkl"]
    assert sources(report) == [".hidden", "a.pkl", "new.pkl", "two.pkl"]


def operators(report, name):
    return {row.operator for row in report.findings if row.where.artifact.endswith(name)}


def test_the_same_size_and_time_do_not_hide_a_change(tree):
    """mtime can be set to anything, ctime cannot."""
    path = tree / "a.pkl"
    path.write_bytes(EVIL.replace(b"system", b"getpid"))
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    assert operators(modelscan.scan(tree), "a.pkl") == {"os.getpid"}
    path.write_bytes(EVIL)
    os.utime(path, ns=times)
    assert operators(modelscan.scan(tree), "a.pkl") == {"os.system"}


def test_other_rules_or_settings_ask_again(tree, monkeypatch):
    modelscan.scan(tree)
    read = count_reads(monkeypatch)
    modelscan.scan(tree, "strict")
    assert len(read) == 5
    scan_folder(tree, Policy(), Way(cached=False))
    assert len(read) == 10


def test_a_change_within_one_tick_of_the_clock_is_seen(tree):
    """A file is only kept once a later write would show in its times."""
    for number in range(20):
        data = EVIL if number % 2 else EVIL.replace(b"system", b"getpid")
        (tree / "a.pkl").write_bytes(data)
        assert operators(modelscan.scan(tree), "a.pkl") == {"os.system" if number % 2 else "os.getpid"}


def test_a_spoiled_row_is_no_answer(tree, monkeypatch):
    first = modelscan.scan(tree)
    with store.connect() as connection:
        connection.execute("UPDATE results SET report = '{\"verdict\": 1'")
    read = count_reads(monkeypatch)
    assert timeless(modelscan.scan(tree)) == timeless(first)
    assert len(read) == 5


def test_a_store_that_cannot_be_used_stops_no_scan(tree, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(store.HOME, str(tmp_path / "file"))
    assert sources(modelscan.scan(tree)) == [".hidden", "two.pkl"]


def test_old_rows_go(tree, monkeypatch):
    modelscan.scan(tree)
    with store.connect() as connection:
        connection.execute("UPDATE results SET day = day - ?", (cache.DAYS + 1,))
    modelscan.scan(tree / "b")
    with store.connect() as connection:
        oldest, count = connection.execute("SELECT min(day), count(*) FROM results").fetchone()
    assert oldest == time.time() // 86_400
    assert count == 4


def test_several_processes_say_the_same(tree):
    for number in range(40):
        (tree / f"more{number:02}.pkl").write_bytes(EVIL if number % 10 == 0 else SAFE)
    alone = scan_folder(tree, Policy(), Way(cached=False))
    together = scan_folder(tree, Policy(), Way(jobs=2, cached=False))
    assert timeless(together) == timeless(alone)


KILLER = """
import os, sys
from modelscan import processes, scanner
from modelscan.folder import Way, scan_folder
from modelscan.policy import Policy
real = processes.read_one
def dying(entry, policy):
    if entry.path.endswith("two.pkl"):
        os._exit(9)
    return real(entry, policy)
processes.read_one = dying
if __name__ == "__main__":
    report = scan_folder(sys.argv[1], Policy(), Way(jobs=2, cached=False))
    print([(os.path.basename(row.where.artifact), row.reason) for row in report.failures])
    print(sorted(os.path.basename(row.where.artifact) for row in report.findings))
"""


def test_a_process_that_dies_takes_only_its_file_along(tree, tmp_path):
    script = tmp_path / "killer.py"
    script.write_text(KILLER)
    done = subprocess.run([sys.executable, str(script), str(tree)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["[('two.pkl', 'the process that read it died')]", "['.hidden']"], done.stderr


def test_an_interrupted_scan_keeps_what_was_done(tree):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    merged = Merged(str(tree), Policy())
    with pytest.raises(KeyboardInterrupt):
        folder.gather(merged, [str(tree)], Way(progress=stop))
    assert len(merged.report().artifacts) == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_progress_is_told_once_a_file(tree):
    told = []
    scan_folder(tree, Policy(), Way(progress=lambda *row: told.append(row)))
    assert told == [(number, 5) for number in range(1, 6)]


def test_a_hash_that_was_approved_counts_no_longer(tree):
    policy = Policy(approved={hashlib.sha256(EVIL).hexdigest(): "ours"})
    report = modelscan.scan(tree, policy)
    assert report.verdict == "UNSAFE"
    assert not report.refused
    assert {row.approved for row in report.findings} == {"ours"}
    (tree / "other.pkl").write_bytes(EVIL + b"N.")
    assert modelscan.scan(tree, policy).refused


def test_a_report_comes_back_out_of_the_cache_as_it_was(tree):
    """A new field of a report has to be thought of in the cache."""
    assert {row.name for row in fields(Report)} == {
        *("source", "verdict", "refused", "artifacts", "imports", "findings", "skips", "parts", "cleared", "failures"),
        *("policy", "digest", "size", "sha256", "milliseconds", "versions"),
    }
    (tree / "broken.pkl").write_bytes(SAFE[:-1])
    for name in ("a.pkl", "b/two.pkl", "b/one.txt", "broken.pkl"):
        report = modelscan.scan(tree / name)
        back = cache.unpack(cache.pack(report))
        for row in ("artifacts", "imports", "findings", "skips", "parts", "cleared", "failures", "size", "verdict"):
            assert getattr(back, row) == getattr(report, row)
