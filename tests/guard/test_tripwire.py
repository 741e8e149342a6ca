"""What an object does while it sets its own state: reading is fine, acting is not."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import dataclasses
import hashlib
import io
import logging
import logging.handlers
import marshal
import os
import pickle
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import types
import typing
import zipfile
from pathlib import Path

import numpy
import pytest
import samples

import modelscan
from modelscan.errors import UnsafeModelError

DOINGS: dict[str, typing.Callable[[Path], object]] = {}


class Doer:
    """A class of the user's own that does as the file says."""

    def __setstate__(self, state):
        self.result = DOINGS[state[0]](Path(state[1]))


class Swallower:
    def __setstate__(self, state):
        try:
            DOINGS[state[0]](Path(state[1]))
        except Exception:
            self.quiet = True


def load(doing, path, name="Doer"):
    state = b"(" + samples.text(doing.__name__) + samples.text(str(path)) + b"t"
    data = samples.proto() + samples.global_(__name__, name) + b")\x81" + state + b"b."
    DOINGS[doing.__name__] = doing
    return data


def write(path):
    path.write_text("x")


def append(path):
    with path.open("a"):
        pass


def low_level(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))


def make_folder(path):
    path.mkdir()


def copy(path):
    shutil.copy(__file__, path)


def link(path):
    path.symlink_to(__file__)


def hard_link(path):
    (path.parent / "victim").touch()
    os.link(path.parent / "victim", path)


def take_away(path):
    (path.parent / "victim").unlink()
    return path.mkdir()


def move(path):
    (path.parent / "victim").rename(path)


def change_mode(path):
    (path.parent / "victim").chmod(0o777)
    path.mkdir()


def cut(path):
    os.truncate(path.parent / "victim", 0)
    path.mkdir()


def execute(path):
    exec(f"import os; os.mkdir({str(path)!r})")


def evaluate(path):
    eval(f"__import__('os').mkdir({str(path)!r})")


def unmarshal(path):
    code = marshal.loads(marshal.dumps(compile(f"import os; os.mkdir({str(path)!r})", "x", "exec")))
    types.FunctionType(code, {})()


def make_function(path):
    types.FunctionType(make_folder.__code__, {})(path)


def replace_code(path):
    make_folder.__code__.replace(co_name="x")
    path.mkdir()


def start(path):
    subprocess.run([sys.executable, "-c", f"import os; os.mkdir({str(path)!r})"], check=True)


def fork(path):
    if os.fork() == 0:
        path.mkdir()
        os._exit(0)
    os.wait()


def call(path):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        path.mkdir()


def send(path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"secret", ("127.0.0.1", 9))
    path.mkdir()


def look_up(path):
    socket.getaddrinfo("localhost", 80)
    path.mkdir()


def unpack(path):
    """As a library does that keeps an archive in its state; where to is the file's choice."""
    with zipfile.ZipFile(io.BytesIO(samples.zipped({path.name: b"x"}))) as archive:
        archive.extractall(path.parent)


def temporary_folder(path):
    with tempfile.TemporaryDirectory(dir=path.parent):
        path.mkdir()


def empty_by_map(path):
    numpy.memmap(path, mode="w+", shape=(1,))


def write_a_log(path):
    handler = logging.FileHandler(path)
    handler.emit(logging.makeLogRecord({"msg": "x"}))
    handler.close()
    (path.parent / "more").mkdir()


def type_that_calls(path):
    typing.get_type_hints(types.SimpleNamespace(__annotations__={"a": f"__import__('os').mkdir({str(path)!r}) or int"}))


def named_tuple_then_write(path):
    collections.namedtuple("Pair", "a b")(1, 2)
    path.write_text("x")


def distribution_with_a_text_of_its_own(path):
    _distribution(lambda text: f"import os\nos.mkdir({str(path)!r})\n{text}")


def dill_with_a_text_of_its_own(path):
    pytest.importorskip("dill")._dill._eval_repr(f"__import__('os').mkdir({str(path)!r})")


def dill_with_a_type_of_its_own(path):
    shown = f"<method 'strip' of '__import__(\"os\").mkdir(\"{path}\") or str' objects>"
    pytest.importorskip("dill")._dill._getattr(str, "strip", shown)


def dill_with_a_name_of_its_own(path):
    name = f'strip"] and __import__("os").mkdir("{path}") or {{0:0}}["'
    with contextlib.suppress(Exception):  # no method has that name
        pytest.importorskip("dill")._dill._getattr(str, name, "<method 'strip' of 'str' objects>")


def formula_with_code(path):
    with contextlib.suppress(Exception):  # no formula comes of it
        _formula(f"b ~ a + __import__('os').mkdir({str(path)!r})")


def _formula(text):
    """Data of statsmodels evaluate the formula of their state whenever they are given one."""
    pandas, data = pytest.importorskip("pandas"), pytest.importorskip("statsmodels.base.data")
    pytest.importorskip("patsy")
    frame = pandas.DataFrame({"a": [1.0, 2, 4, 3], "b": [2.0, 3, 5, 5]})
    made = object.__new__(data.PandasData)
    made.__setstate__({"frame": frame, "formula": text, "restore_model_spec": True})
    return made.formula


def _distribution(change):
    """A distribution of scipy runs a text of its state whenever it is given one."""
    from scipy import stats

    state = stats.norm.__getstate__()
    made = object.__new__(type(stats.norm))
    made.__setstate__({**state, "_parse_arg_template": change(state["_parse_arg_template"])})
    return made.name


def write_by_handler(path):
    """A handler of signals that is called by the file is a function like any other."""
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        on_signal(path, None)
    finally:
        signal.signal(signal.SIGINT, before)


def on_signal(number, frame):
    Path(number if isinstance(number, Path) else WRITTEN[0]).write_text("interrupted")


WRITTEN: list[Path] = []


ACTS = (
    write_by_handler,
    *(distribution_with_a_text_of_its_own, formula_with_code),
    *(dill_with_a_text_of_its_own, dill_with_a_type_of_its_own, dill_with_a_name_of_its_own),
    *(unpack, temporary_folder, empty_by_map, write_a_log, type_that_calls, named_tuple_then_write),
    *(write, append, low_level, make_folder, copy, link, hard_link, take_away, move, change_mode, cut),
    *(execute, evaluate, unmarshal, make_function, replace_code, start, fork, call, send, look_up),
)
POSIX = {fork, link, hard_link}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a stopped call leaves its socket
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
@pytest.mark.parametrize("name", ["Doer", "Swallower"])
def test_an_act_is_stopped(guard, act, name, marker, tmp_path):
    if act in POSIX and os.name != "posix":
        pytest.skip("needs a POSIX system")
    (tmp_path / "victim").write_text("precious")
    data = load(act, marker, name)
    with pytest.raises(UnsafeModelError) as caught:
        pickle.loads(data)
    assert not marker.exists()
    assert (tmp_path / "victim").read_text() == "precious"
    assert caught.value.report.findings[0].rule in ("MS-S041", "MS-S044")
    guard.uninstall()
    pickle.loads(data)
    assert marker.exists() or act is fork, "not live without the guard"


def test_it_is_stopped_also_where_the_shape_is_known(guard, marker):
    pickle.loads(load(look, marker))
    with pytest.raises(UnsafeModelError):
        pickle.loads(load(make_folder, marker))
    assert not marker.exists()


def look(path):
    return Path(__file__).read_bytes()[:3] + bytes(path.exists())


def named_tuple(path):
    return collections.namedtuple("Pair", "a b")(1, 2)


def data_class(path):
    return repr(dataclasses.make_dataclass("Pair", ["a", "b"])(1, 2))


def forward_reference(path):
    return typing.get_type_hints(types.SimpleNamespace(__annotations__={"a": "int"}))


def distribution(path):
    return _distribution(str)


def dill_showing_what_python_shows(path):
    dill = pytest.importorskip("dill")._dill
    return dill._eval_repr("Ellipsis"), dill._eval_repr("range(1, 9, 2)"), _strip(dill)("b ")


def _strip(dill):
    return dill._getattr(str, "strip", "<method 'strip' of 'str' objects>")


def formula(path):
    return _formula("b ~ np.log(a)")


def decorated_by_networkx(path):
    """Which makes the code of such a function when it is called for the first time."""
    decorators = pytest.importorskip("networkx.utils.decorators")
    return decorators.argmap(str, 0)(lambda number: number)(7)


def to_nowhere(path):
    with open(os.devnull, "w") as file:  # noqa: PTH123
        file.write("x")


def import_something(path):
    sys.modules.pop("this_one_compiles", None)
    return __import__("this_one_compiles").made


def open_native(path):
    ctypes.CDLL(None)


def database(path):
    sqlite3.connect(":memory:").close()


HARMLESS = (
    *(look, named_tuple, data_class, forward_reference, distribution, decorated_by_networkx),
    *(dill_showing_what_python_shows, formula),
    *(to_nowhere, import_something, open_native, database),
)


@pytest.mark.parametrize("doing", HARMLESS, ids=lambda doing: doing.__name__)
def test_ordinary_doings_are_let_be(guard, doing, marker, tmp_path, monkeypatch):
    (tmp_path / "this_one_compiles.py").write_text("exec('made = 1')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    if doing is open_native and os.name != "posix":
        pytest.skip("needs a POSIX system")
    assert pickle.loads(load(doing, marker)).result == doing(marker)


def interrupted(path):
    WRITTEN[:] = [path]
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_a_signal_does_meanwhile_is_no_act_of_the_load(guard, marker):
    pickle.loads(load(interrupted, marker))
    assert marker.read_text() == "interrupted"


def test_a_log_that_is_full_is_begun_anew(guard, tmp_path, marker):
    handler = logging.handlers.RotatingFileHandler(tmp_path / "log", maxBytes=10, backupCount=1)
    HELD[:] = [handler]
    try:
        pickle.loads(load(write_long_messages, marker))
    finally:
        handler.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]


def write_long_messages(path):
    for number in range(3):
        HELD[0].emit(logging.makeLogRecord({"msg": f"a message of more than ten letters, {number}"}))


def test_what_is_let_be_is_in_the_history(guard, marker):
    pickle.loads(load(named_tuple, marker))
    assert guard.history()[-1].noted[-1].startswith("exec")
    pickle.loads(load(look, marker))
    assert guard.history()[-1].noted == () or guard.history()[-1].noted[-1].startswith("exec")


class Leftover:
    def __init__(self, path):
        self.path = path

    def __del__(self):
        self.path.unlink()


def drop(path):
    HELD.clear()


HELD: list[object] = []


def test_what_ends_by_chance_during_a_load_ends_as_ever(guard, tmp_path, marker):
    (tmp_path / "old").touch()
    folder = tempfile.TemporaryDirectory()
    HELD[:] = [Leftover(tmp_path / "old"), folder]
    name = folder.name
    del folder
    with pytest.warns(ResourceWarning):
        pickle.loads(load(drop, marker))
    assert not (tmp_path / "old").exists()
    assert not Path(name).exists()


def count_and_act(path):
    RUNS.append(path)
    path.mkdir()


RUNS: list[Path] = []


@pytest.mark.parametrize("way", ["bytes", "file", "path"])
def test_what_is_approved_runs_once(guard, marker, tmp_path, way):
    import joblib

    RUNS.clear()
    data, path = load(count_and_act, marker), tmp_path / "m.pkl"
    path.write_bytes(data)
    with modelscan.allow(sha256=hashlib.sha256(data).hexdigest(), reason="it is meant to"), path.open("rb") as file:
        {"bytes": lambda: pickle.loads(data), "file": lambda: pickle.load(file), "path": lambda: joblib.load(path)}[
            way
        ]()
    assert marker.exists()
    assert len(RUNS) == 1
    event = guard.history()[-1]
    assert (event.decision, event.report.sha256) == ("allowed", hashlib.sha256(data).hexdigest())
    assert event.report.findings[0].rule == "MS-S044"


class Leaver:
    """Of the user's own: turns what stopped it into the end of the program."""

    def __setstate__(self, state):
        try:
            DOINGS[state[0]](Path(state[1]))
        except Exception:
            sys.exit()


def test_the_end_of_the_program_is_no_way_past_a_refusal(guard, marker):
    with pytest.raises(UnsafeModelError):
        pickle.loads(load(make_folder, marker, "Leaver"))


def test_a_file_object_that_is_approved_is_loaded_from_where_it_stood(guard, marker, tmp_path):
    data = load(make_folder, marker)
    path = tmp_path / "m.pkl"
    path.write_bytes(b"head" + data + pickle.dumps("next"))
    with path.open("rb") as file:
        file.seek(4)
        with pytest.raises(UnsafeModelError) as caught:
            pickle.load(file)
        guard.allow_once(caught.value.number, "it is meant to")
        file.seek(4)
        pickle.load(file)
        assert marker.exists()
        assert pickle.load(file) == "next"
    assert guard.kept_history()[-1].decision == "allowed"


def test_warn_lets_it_be(guard, marker):
    guard.install("warn")
    pickle.loads(load(make_folder, marker))
    assert marker.exists()


def test_a_map_for_writing_is_not_an_act(guard, tmp_path):
    import joblib

    numpy.save(tmp_path / "a.npy", numpy.arange(5))
    joblib.dump(numpy.arange(5.0), tmp_path / "a.joblib")
    for array in (
        numpy.load(tmp_path / "a.npy", mmap_mode="r+", allow_pickle=True),
        joblib.load(tmp_path / "a.joblib", mmap_mode="r+"),
    ):
        array[0] = 7
    assert numpy.load(tmp_path / "a.npy")[0] == 7


class Remote(io.BytesIO):
    """A file object that fetches its bytes when it is read."""

    def read(self, size=-1):
        socket.getaddrinfo("localhost", 80)
        return super().read(size)


def test_an_object_may_fetch_its_own_bytes(guard):
    import joblib

    file = io.BytesIO()
    joblib.dump({"a": numpy.arange(3)}, file)
    assert joblib.load(Remote(file.getvalue()))["a"][2] == 2
    assert pickle.load(Remote(pickle.dumps([1]))) == [1]


def test_a_scan_inside_of_a_load_may_use_temporary_files(guard, marker, tmp_path):
    import joblib

    joblib.dump({"a": numpy.arange(300_000)}, tmp_path / "inner.joblib.gz", compress=3)

    def inner(path):
        return joblib.load(tmp_path / "inner.joblib.gz")["a"][2]

    assert pickle.loads(load(inner, marker)).result == 2
