"""What people install: sdist and wheel, in an environment that has our dependencies and nothing of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SMOKE = """
import importlib.util, pathlib, sys
import modelscan, modelscan_jupyter
from IPython.core.interactiveshell import InteractiveShell

assert pathlib.Path(modelscan.__file__).is_relative_to(sys.prefix), modelscan.__file__
stray = [name for name in ("core", "docs", "notebooks", "benchmarks", "tools") if importlib.util.find_spec(name)]
assert not stray, stray
assert modelscan.scan(b"cposix\\nsystem\\n(Vls\\ntR.").verdict == "UNSAFE"
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "modelscan")
assert shell.run_line_magic("modelscan", "status") is not None
shell.run_line_magic("unload_ext", "modelscan")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from it and not from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """A virtual environment with the wheel; what it depends on is borrowed from this one, by path."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(built[1])], check=True, capture_output=True)
    ours = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    borrowed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    Path(ours.stdout.strip(), "borrowed.pth").write_text("\n".join(borrowed), "utf-8")
    return python, scripts


def run(environment, *words, **options):
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(environment[0]), *words], capture_output=True, text=True, check=False, env=clean, **options
    )


def test_the_wheel_holds_both_packages_and_their_data(built):
    names = set(zipfile.ZipFile(built[1]).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"modelscan", "modelscan_jupyter"}
    for folder, package in (("core/modelscan", "modelscan"), ("modelscan_jupyter", "modelscan_jupyter")):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        assert {f"{package}/{path.relative_to(ROOT / folder).as_posix()}" for path in files} <= names
    assert "modelscan/py.typed" in names
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_the_sdist_can_be_tested(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "Makefile",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "NOTICE",
        "tests/conftest.py",
        "docs/index.md",
    } <= names


def test_it_works_where_it_is_installed(environment, tmp_path):
    done = run(environment, "-c", SMOKE, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_is_installed(environment, tmp_path):
    (tmp_path / "bad.pkl").write_bytes(b"cposix\nsystem\n(Vls\ntR.")
    script = next(path for path in environment[1].iterdir() if path.stem == "modelscan")
    done = subprocess.run([str(script), "-p", "bad.pkl"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "os.system('ls')" in done.stdout
