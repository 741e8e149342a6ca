"""A file that is mapped is not cut off meanwhile, where the system can keep others from it."""

from __future__ import annotations

import mmap
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import closing

import pytest

import modelscan
from modelscan.source import artifact, lease
from modelscan.source.artifact import IN_MEMORY, Artifact

SIZE = IN_MEMORY + 1_000


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.pkl"
    path.write_bytes(pickle.dumps(b"x" * SIZE))
    return path


@pytest.fixture
def leased(large):
    with large.open("rb") as file:
        if sys.platform != "linux" or not lease.take(file.fileno()):
            pytest.skip("this system, or this file system, has no leases")
        lease.give_back(file.fileno())
    return large


def cut_off(path):
    return subprocess.Popen([sys.executable, "-c", f"import os; os.truncate({str(path)!r}, 0)"])


def test_who_would_cut_it_off_waits(leased):
    with closing(Artifact.open(leased)) as opened:
        data, start, end = opened.view()
        other = cut_off(leased)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1)
        assert data[start:end].count(b"x") == SIZE
        opened.let_go()
        assert other.wait(60) == 0
    assert leased.stat().st_size == 0


def test_it_is_written_to_again_after_a_scan(leased):
    assert modelscan.scan(leased).verdict == "SAFE"
    with leased.open("r+b") as file:
        assert lease.take(file.fileno()) is False
        file.truncate(0)


def test_the_loader_may_write_to_what_the_guard_has_scanned(leased, monkeypatch):
    """As `mmap_mode="r+"` does: it would wait for itself."""
    from modelscan.guard.sources import File
    from modelscan.policy import Policy

    source = File(leased)
    with closing(source):
        source.examine(Policy())
        leased.open("r+b", buffering=0).close()
        assert not source.changed()


def test_a_file_that_somebody_writes_to_is_read_and_not_mapped(leased):
    with leased.open("r+b"), closing(Artifact.open(leased)) as opened:
        assert not opened.hold()
        assert isinstance(opened.view()[0], bytes)


def test_without_leases_only_huge_files_are_mapped(large, monkeypatch):
    monkeypatch.setattr(lease, "take", lambda descriptor: False)
    with closing(Artifact.open(large)) as opened:
        assert isinstance(opened.view()[0], bytes)
        monkeypatch.setattr(artifact, "MAPPED_ANYWAY", IN_MEMORY)
        assert isinstance(opened.view()[0], mmap.mmap)


def test_a_temporary_file_of_ours_is_mapped():
    with tempfile.TemporaryFile() as file:
        file.write(bytes(SIZE))
        with closing(Artifact.of_file("member", file)) as opened:
            assert isinstance(opened.view()[0], mmap.mmap)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_meanwhile_does_not_keep_the_lease(leased):
    opened = Artifact.open(leased)
    opened.view()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    opened.close()
    leased.open("r+b").close()
    child.communicate(b"")
