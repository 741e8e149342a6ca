"""A Jupyter server of its own in a process group of its own, and pages that reach nothing but it.

One server shows JupyterLab 4 (`/lab`) and Notebook 7 (`/notebooks`). It sees nobody's configuration, runs a kernel of
this Python, and forgets everything with its folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PACKAGES = ("jupyterlab", "notebook", "playwright", "axe_playwright_python")
PATIENCE = 90_000
"""Milliseconds for anything that a page is waited for; what is there is seen at once."""
SETUP = """\
import pickle
%load_ext modelscan
def load(path):
    with open(path, "rb") as file:
        return pickle.load(file)"""
CELLS = [SETUP, "load('clean.pkl')", "model = load('poisoned.pkl')", "print('never reached')"]
SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "themes": {"theme": "JupyterLab Light"},
}


def chromium() -> str | None:
    """The browser of this system."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def missing() -> str:
    """Why pages cannot be looked at here, or nothing."""
    packages = [
        name for name in ("jupyterlab", "notebook", "playwright", "axe_playwright_python") if not find_spec(name)
    ]
    if packages:
        return f"not installed: {', '.join(packages)} (pip install -e .[test])"
    return "" if chromium() else "chromium is not installed (apt-get install chromium)"


class Server:
    """`root` holds the notebooks, `url` is where it answers."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "root", folder / "home"
        self.root.mkdir()
        self.settings = self.home / "lab-settings" / "@jupyterlab" / "apputils-extension"
        self.settings.mkdir(parents=True)
        for name, values in SETTINGS.items():
            self.set(name, values)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = (folder / "server.log").open("w", encoding="utf-8")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}"]
        options = (
            *("--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password="),
            *("--ServerApp.allow_root=True", "--ServerApp.disable_check_xsrf=True", "--LabApp.news_url="),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        )
        self.process = subprocess.Popen(
            [*command, *options, f"--ServerApp.root_dir={self.root}"],
            env=self._environment(),
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def set(self, name: str, values: dict[str, object]) -> None:
        """A setting of the front end; pages that are opened from now on have it."""
        (self.settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        import jupyterlab

        prefix = Path(jupyterlab.__file__).parents[4]  # where its files are, also for a Python that only borrows it
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MODELSCAN_HOME")
        return {
            **os.environ,
            **{name: str(self.home / name.lower()) for name in names},
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "lab-settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "JUPYTERLAB_DIR": str(prefix / "share" / "jupyter" / "lab"),
            "JUPYTER_PATH": str(prefix / "share" / "jupyter"),
            "JUPYTER_CONFIG_PATH": str(prefix / "etc" / "jupyter"),
        }

    def ask(self, path: str) -> object:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            return json.load(answer)

    def wait(self) -> None:
        for _ in range(600):
            try:
                self.ask("/api/status")
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"no server: {Path(self.log.name).read_text('utf-8')[-2000:]}")

    def wait_for_kernel(self, page, notebook: str) -> None:
        """Until a kernel is attached and idle: Run All before that asks which one is meant.

        The page does the waiting: while Python sleeps, none of its requests is let through.
        """
        for _ in range(600):
            rows = [row for row in self.ask("/api/sessions") if row["path"] == notebook]  # type: ignore[attr-defined]
            if rows and rows[0]["kernel"]["execution_state"] == "idle":
                return
            page.wait_for_timeout(100)
        raise RuntimeError(f"no kernel for {notebook}: {Path(self.log.name).read_text('utf-8')[-2000:]}")

    def stop(self) -> None:
        """With its kernels."""
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
        self.log.close()


@contextmanager
def serving(folder: Path):
    server = Server(folder)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@contextmanager
def browsing(server: Server, strangers: list[str], **options):
    """A function that makes pages. Whatever is asked of another machine is refused and noted in `strangers`."""
    from playwright.sync_api import sync_playwright

    def route(handler) -> None:
        address = handler.request.url
        if address.startswith((f"{server.url}/", "data:", "blob:")):
            handler.continue_()
        else:
            strangers.append(address)
            handler.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS), headless=True)

        def page(**more):
            context = browser.new_context(**{"viewport": {"width": 1300, "height": 2300}, **options, **more})
            made = context.new_page()
            made.set_default_timeout(PATIENCE)
            made.route("**/*", route)
            return made

        try:
            yield page
        finally:
            browser.close()


def write(server: Server, name: str, cells: list[str]) -> None:
    from nbformat import writes
    from nbformat.v4 import new_code_cell, new_notebook

    notebook = new_notebook(cells=[new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(cells)])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    (server.root / name).write_text(writes(notebook), encoding="utf-8")


def open_notebook(server: Server, page, name: str, *, lab: bool = True, kernel: bool = True) -> None:
    page.goto(f"{server.url}/lab/tree/{name}?reset" if lab else f"{server.url}/notebooks/{name}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    if not kernel:
        return
    server.wait_for_kernel(page, name)
    page.wait_for_selector(".jp-Dialog", state="detached")
    if lab:
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()


def run_all(page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
