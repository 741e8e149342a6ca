"""Worker processes that start afresh."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from modelscan.guard import workers

PROGRAM = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor

def evil(marker):
    return b"\\x80\\x04cos\\nmkdir\\n(X" + len(marker).to_bytes(4, "little") + marker.encode() + b"tR."

def load(marker):
    import pickle
    try:
        pickle.Unpickler(__import__("io").BytesIO(evil(marker))).load()
    except Exception as error:
        return type(error).__name__
    return os.path.exists(marker)

def begin(number):
    globals()["begun"] = number

def begun(number):
    return globals().get("begun"), divmod(number, 2)

if __name__ == "__main__":
    from modelscan import guard
    folder, on = sys.argv[1], sys.argv[2] == "on"
    guard.install(workers=on)
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool:
            print(method, pool.apply(load, (os.path.join(folder, f"{method}-{on}"),)))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=begin, initargs=(7,)) as pool:
        print("executor", pool.submit(begun, 5).result())
    try:
        import joblib
    except ImportError:
        sys.exit()
    with joblib.parallel_config("loky", n_jobs=2):
        print("loky", joblib.Parallel()([joblib.delayed(load)(os.path.join(folder, f"loky-{on}"))] * 1))
    from joblib.externals.loky import ProcessPoolExecutor as Loky
    with Loky(1, initializer=begin, initargs=(7,)) as pool:
        print("initializer", pool.submit(begun, 5).result())
    guard.uninstall()
    print("env", os.environ.get("MODELSCAN_WORKERS"), multiprocessing.spawn.get_command_line.__module__)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    (folder / "program.py").write_text(PROGRAM, "utf-8")
    started = {
        mode: subprocess.Popen(
            [sys.executable, folder / "program.py", folder, mode],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mode in ("on", "off")
    }
    found = {}
    for mode, process in started.items():
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        found[mode] = dict(line.split(" ", 1) for line in output.splitlines())
    return found


def test_a_spawned_worker_is_live_without_the_option(results):
    assert {results["off"].get(name) for name in ("spawn", "forkserver")} <= {"True", None}
    assert results["off"].get("fork") in ("UnsafeModelError", None)


def test_every_worker_is_guarded_with_it(results):
    for name in ("fork", "spawn", "forkserver"):
        assert results["on"].get(name) in ("UnsafeModelError", None), name


def test_workers_of_loky(results):
    if "loky" not in results["on"]:
        pytest.skip("joblib is not installed")
    assert (results["off"]["loky"], results["on"]["loky"]) == ("[True]", "['UnsafeModelError']")


def test_pools_work_as_ever(results):
    assert results["on"]["executor"] == results["off"]["executor"] == "(7, (2, 1))"
    assert results["on"].get("initializer") == results["off"].get("initializer")


def test_nothing_is_left(results):
    assert results["on"].get("env") == results["off"].get("env")


def test_a_word_out_of_the_environment(monkeypatch):
    begun = []
    monkeypatch.setattr(workers, "begin", begun.append)
    for word in ("", "strict", "nonsense"):
        monkeypatch.setenv(workers.VARIABLE, word)
        workers.begin_from_environment()
    assert begun == ["strict"]


def test_a_worker_that_cannot_be_guarded_says_so_and_goes_on(capsys):
    workers.begin("nonsense")
    assert "not guarded: policy 'nonsense'" in capsys.readouterr().err


def test_a_worker_without_this_package_says_so_and_goes_on():
    line = workers._STATEMENT.format(word="standard") + "print('went on')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == "went on\n"
    assert done.stderr == "modelscan: this worker is not guarded\n"
    assert '"' not in line.replace("print('went on')", "")
