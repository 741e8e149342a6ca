"""A kernel of its own, watched by its messages: what is shown while a scan goes on, what an interrupt leaves, and what
becomes of a refusal where errors are captured, shown elsewhere, or raised beside the cell.
"""

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


REFUSED = "refused to load 'a.pkl': 1 HIGH (os.mkdir)"


@pytest.fixture(scope="module")
def loads(kernel):
    kernel("""\
import asyncio, threading
from concurrent.futures import ThreadPoolExecutor
import ipywidgets
from IPython.utils.capture import capture_output
def load():
    with open("models/a.pkl", "rb") as file:
        return pickle.load(file)
async def later():
    return load()
widget = ipywidgets.Output()""")
    return kernel


@pytest.mark.parametrize(
    "code",
    [
        "%%capture kept\nload()",
        "with capture_output() as kept:\n    load()",
        "with widget:\n    load()",
        "%%time\nload()",
        "await later()",
        "await asyncio.gather(later(), later())",
        "await asyncio.to_thread(load)",
        "with ThreadPoolExecutor(1) as pool:\n    pool.submit(load).result()",
        "import contextlib, io\nwith contextlib.redirect_stderr(io.StringIO()):\n    load()",
        "get_ipython().run_cell('load()')",
    ],
)
def test_a_refusal_is_the_error_of_its_cell_whatever_is_made_of_errors(code, loads, folder):
    done = loads(code)
    assert (done.status, done.error) == ("error", ("UnsafeModelError", REFUSED))
    assert done.traceback[0] == f"UnsafeModelError: {REFUSED}"
    assert "%modelscan report" in done.traceback[2]
    assert not (folder / "marker").exists()


def test_captured_output_holds_the_panel(loads):
    assert loads("%%capture kept\nload()").panels == []
    said = loads("print([row.data['text/plain'].split()[:3] for row in kept.outputs][0])").said
    assert said == "['REFUSED', '-', 'models/a.pkl']\n"


def test_who_deals_with_a_refusal_goes_on(loads):
    done = loads("try:\n    load()\nexcept Exception as error:\n    print(error)\nprint('after')")
    assert (done.status, done.said) == ("ok", f"{REFUSED}\nafter\n")
    done = loads("(await asyncio.gather(later(), return_exceptions=True))[0].number > 0")
    assert (done.status, done.panels[-1]) == ("ok", "True")
    assert loads("%%capture\n1 / 0").status == "ok"  # what IPython makes of other errors is left as it is


def test_a_thread_or_task_of_its_own_cannot_stop_the_cell_but_is_told_and_loads_nothing(loads, folder):
    for code in (
        "thread = threading.Thread(target=load)\nthread.start()\nthread.join()\nprint('after')",
        "task = asyncio.create_task(later())\nawait asyncio.sleep(0.3)\nprint('after')",
    ):
        done = loads(code)
        assert done.status == "ok"
        assert done.panels[0].startswith("REFUSED - models/a.pkl")
        assert done.said.endswith("after\n")
    assert loads("type(task.exception()).__name__").panels == ["'UnsafeModelError'"]
    assert loads("1").status == "ok"  # and it does not stop the next one
    assert not (folder / "marker").exists()
