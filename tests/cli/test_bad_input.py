"""What goes wrong with one input is one clear sentence, and the others are reported all the same."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import sys
from pathlib import Path

import pytest

from modelscan import folder, scanner

GOOD = pickle.dumps([1, 2])


@pytest.fixture
def models(tmp_path):
    for name in ("a.pkl", "b.pkl", "c.pkl"):
        (tmp_path / name).write_bytes(GOOD)
    return tmp_path


def told(done):
    found = json.loads(done.out)
    return {Path(row["source"]).name: row["description"] for row in found["errors"]}, found["summary"]["scanned"]


def test_a_file_that_vanishes_before_it_is_opened(run, models, monkeypatch):
    real = folder.scan_path

    def vanishing(path, *given, **how):
        if path.endswith("b.pkl"):
            Path(path).unlink()
        return real(path, *given, **how)

    monkeypatch.setattr(folder, "scan_path", vanishing)
    done = run("-p", models, "-r", "json")
    errors, scanned = told(done)
    assert (done.code, errors) == (2, {"b.pkl": "No such file or directory"})
    assert scanned["scanned_files"] == ["a.pkl", "c.pkl"]


@pytest.mark.parametrize("how", ["grows", "shrinks"])
def test_a_file_that_changes_while_it_is_read(run, models, monkeypatch, how):
    real = scanner.examine

    def changing(artifact, *given, **more):
        found = real(artifact, *given, **more)
        if artifact.name.endswith("b.pkl"):
            Path(artifact.name).write_bytes({"grows": GOOD + b"more", "shrinks": b""}[how])
        return found

    monkeypatch.setattr(scanner, "examine", changing)
    done = run("-p", models, "-r", "json")
    errors, scanned = told(done)
    assert (done.code, errors) == (2, {"b.pkl": "somebody wrote to it while it was read"})
    assert {"a.pkl", "c.pkl"} <= set(scanned["scanned_files"])


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no such sockets")
def test_what_is_no_file_is_called_by_its_name(run, models, monkeypatch):
    monkeypatch.chdir(models)  # the path of a socket may have a hundred letters
    os.mkfifo("pipe.pkl")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.pkl")
        done = run("-p", "a.pkl", "-p", "pipe.pkl", "-p", "socket.pkl", "-p", "/dev/zero", "-r", "json")
        alone = run("-p", "socket.pkl")
    errors, scanned = told(done)
    sorts = {"pipe.pkl": "a pipe", "socket.pkl": "a socket", "zero": "a device"}
    assert errors == {name: f"{sort}, not a regular file" for name, sort in sorts.items()}
    assert (done.code, scanned["total_scanned"]) == (2, 1)
    assert (alone.code, "No issues found" in alone.out) == (3, False)


class Failing(io.RawIOBase):
    def read(self, size=-1):
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("broken", [None, Failing()], ids=["closed", "failing"])
def test_standard_input_that_cannot_be_read(run, models, monkeypatch, broken):
    monkeypatch.setattr(sys, "stdin", broken and type("Stdin", (), {"buffer": broken}))
    done = run("-p", "-", "-p", models / "a.pkl", "-r", "json")
    errors, scanned = told(done)
    assert errors == {"<stdin>": "Input/output error" if broken else "standard input is closed"}
    assert (done.code, scanned["total_scanned"]) == (2, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_settings_that_nobody_will_ever_write(run, models):
    os.mkfifo(models / "settings.toml")
    done = run("-p", models / "a.pkl", "--settings-file", models / "settings.toml")
    assert (done.code, "a pipe, not a regular file" in done.err) == (2, True)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no such devices")
def test_settings_out_of_a_device(run, models):
    endless = run("-p", models / "a.pkl", "--settings-file", "/dev/zero")
    assert (endless.code, "larger than a settings file can be" in endless.err) == (2, True)
    assert run("-p", models / "a.pkl", "--settings-file", os.devnull).code == 0


def test_a_pipe_in_the_place_of_settings_in_the_working_folder_is_passed_over(run, models, monkeypatch):
    monkeypatch.chdir(models)
    for name in ("modelscan-settings.toml", "pyproject.toml"):
        if hasattr(os, "mkfifo"):
            os.mkfifo(name)
    assert run("-p", "a.pkl").code == 0
