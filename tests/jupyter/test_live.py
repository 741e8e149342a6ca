"""A kernel of its own, watched by its messages: what is shown while a scan goes on, and what an interrupt leaves."""

from __future__ import annotations

import os
import pickle
import time
from types import SimpleNamespace

import pytest
from samples import Payload

UNIT = b"cbuiltins\nset\n]\x85R0"
"""An empty set, made and dropped; a scan of so many takes seconds."""
SLOW = b"\x80\x04" + UNIT * 10_000 + b"N."
LOAD = """\
with open("slow.pkl", "rb") as file:
    loaded = pickle.load(file)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two files to look at and hundreds of safe ones; a file that takes long, with a payload at its end."""
    folder = tmp_path_factory.mktemp("live")
    models = folder / "models"
    models.mkdir()
    for name in ("a.pkl", "zzz.pkl"):
        (models / name).write_bytes(pickle.dumps(Payload(folder / "marker")))
    (models / "b.pkl").write_bytes(pickle.dumps(list(range(999)))[:-50])
    (models / "c0.pkl").write_bytes(SLOW)
    for number in range(1, 400):
        os.link(models / "c0.pkl", models / f"c{number}.pkl")
    payload = pickle.dumps(Payload(folder / "marker"))
    (folder / "slow.pkl").write_bytes(b"\x80\x04" + UNIT * 1_000_000 + payload[2:])
    (folder / "quick.pkl").write_bytes(SLOW[:2000] + b"N.")
    return folder


@pytest.fixture(scope="module")
def kernel(folder):
    """Runs a cell; its messages with their times. `stop` says, message by message, when to interrupt."""
    from jupyter_client.manager import start_new_kernel

    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        manager, client = start_new_kernel(
            kernel_name="python3", cwd=str(folder), extra_arguments=["--IPKernelApp.log_level=ERROR"]
        )

    def run(code, stop=lambda shown: False):
        rows, stopped = [], False

        def hear(message):
            nonlocal stopped
            rows.append(
                SimpleNamespace(kind=message["msg_type"], at=time.monotonic(), **_parts(message["content"])),
            )
            if not stopped and stop([row for row in rows if row.display]):
                stopped = True
                manager.interrupt_kernel()

        reply = client.execute_interactive(code, timeout=120, output_hook=hear)["content"]
        return SimpleNamespace(
            status=reply["status"],
            error=(reply.get("ename"), reply.get("evalue")),
            shown=[row for row in rows if row.display],
            panels=[row.text for row in rows if row.text and not row.display],
            said="".join(row.said for row in rows),
            traceback=reply.get("traceback", []),
        )

    try:
        assert run("import pickle\n%load_ext modelscan").status == "ok"
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _parts(content):
    return {
        "display": content.get("transient", {}).get("display_id", ""),
        "text": content.get("data", {}).get("text/plain", ""),
        "html": content.get("data", {}).get("text/html", ""),
        "said": content.get("text", ""),
    }


def test_a_folder_fills_a_table_while_it_is_scanned_and_stops_when_asked(kernel, folder):
    done = kernel("%modelscan models --no-cache", stop=lambda shown: len(shown) == 5)
    first, *more, last = done.shown
    assert first.kind == "display_data"
    assert {row.kind for row in (*more, last)} == {"update_display_data"}
    assert len({row.display for row in done.shown}) == 1
    assert (last.text, last.html) == ("", "")

    heading, *rows = first.text.splitlines()
    assert heading.startswith("modelscan  models  [")
    assert "1 UNSAFE, 1 INCONCLUSIVE" in heading
    assert "of 403 files" in heading
    assert [row.split()[:2] for row in rows] == [["UNSAFE", "a.pkl"], ["INCONCLUSIVE", "b.pkl"]]
    assert "os.mkdir(" in rows[0]
    for word in ("<progress", "1 UNSAFE", "a.pkl", "os.mkdir("):
        assert word in first.html
    assert len({row.text for row in more}) > 1

    assert done.status == "error"
    assert done.error[0] == "ScanInterrupted"
    assert done.traceback == [f"KeyboardInterrupt: {done.error[1]}"]
    assert "the scan of 'models' was stopped by the user after " in done.error[1]
    [panel] = done.panels
    assert panel.startswith("REFUSED - models")
    for word in ("the rest was not scanned", "(interrupted)", "a.pkl", "os.mkdir"):
        assert word in panel
    assert "zzz.pkl" not in panel


def test_it_moves_ten_times_a_second_at_most(kernel, folder):
    done = kernel("%modelscan models --no-cache", stop=lambda shown: len(shown) == 12)
    times = [row.at for row in done.shown[:-1]]
    assert times[-1] - times[0] > 0.08 * (len(times) - 1)


def test_a_short_scan_shows_no_progress(kernel):
    assert kernel("report = %modelscan quick.pkl").shown == []


def test_an_interrupted_load_did_not_happen(kernel, folder):
    done = kernel(LOAD, stop=lambda shown: len(shown) == 2)
    assert "slow.pkl" in done.shown[0].text
    assert done.shown[-1].text == ""
    assert done.error[0] == "KeyboardInterrupt"
    assert not (folder / "marker").exists()
    said = kernel("print('loaded' in dir())\n%modelscan history -n 1").said
    assert said.startswith("False\n")
    [history] = kernel("%modelscan history -n 1").panels
    for word in ("pickle.load", "slow.pkl", "INCONCLUSIVE", "refused"):
        assert word in history


def test_the_file_would_have_acted(folder):
    """In a kernel of nobody: the payload behind all that is live."""
    with (folder / "slow.pkl").open("rb") as file:
        pickle.load(file)
    (folder / "marker").rmdir()
