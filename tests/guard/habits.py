"""What programs do with loaders besides calling them once in their main thread."""

from __future__ import annotations

import contextvars
import copy
import functools
import gc
import inspect
import io
import os
import pickle
import pickletools
import subprocess
import sys
import threading
import types
import typing
import unittest.mock

from guard.running import main
from guard.values import DAY, Config


class Storage(pickle.Unpickler):
    """As many libraries have one."""

    def persistent_load(self, pid):
        return ["stored", pid]

    def find_class(self, module, name):
        return {"Old": Config}.get(name) or super().find_class(module, name)


class PureStorage(pickle._Unpickler):
    def persistent_load(self, pid):
        return ["stored", pid]


class Dumps(pickle.Pickler):
    def persistent_id(self, value):
        return "one" if value is DAY else None


def dumped(value) -> io.BytesIO:
    file = io.BytesIO()
    Dumps(file).dump(value)
    file.seek(0)
    return file


def case_unpicklers_of_ones_own(folder, marker):
    return [repr(kind(dumped([Config("a", DAY)])).load()) for kind in (Storage, PureStorage)]


def case_unpicklers_as_classes(folder, marker):
    file = io.BytesIO(pickle.dumps(DAY))
    one = pickle.Unpickler(file, fix_imports=True, encoding="bytes", errors="strict", buffers=None)
    return [
        isinstance(one, pickle.Unpickler),
        isinstance(Storage(file), pickle.Unpickler),
        issubclass(Storage, pickle.Unpickler),
        [base.__name__ for base in Storage.__mro__],
        repr(one.load()),
        sorted(name for name in dir(pickle.Unpickler) if not name.startswith("__")),
    ]


def case_several_objects_of_one_unpickler(folder, marker):
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    for value in ([1], DAY, Config("a", DAY)):
        pickler.dump(value)
    file.seek(0)
    one = pickle.Unpickler(file)
    return [repr(one.load()) for _ in range(3)] + [file.tell()]


def case_functions_about_loaders(folder, marker):
    """What decorators, type checkers, documentation and mocks ask a function."""

    @functools.wraps(pickle.loads)
    def wrapped(*args, **kwargs):
        return pickle.loads(*args, **kwargs)

    cached = functools.lru_cache(pickle.loads)
    partial = functools.partial(pickle.loads, encoding="bytes")
    with unittest.mock.patch.object(pickle, "loads", return_value=3) as mock:
        mocked = pickle.loads(b"x"), mock.call_count
    spec = unittest.mock.create_autospec(pickle.loads)
    spec(b"x", encoding="bytes")
    return [
        str(inspect.signature(wrapped)),
        wrapped.__name__,
        wrapped.__doc__ == pickle.loads.__doc__,
        repr(wrapped(pickle.dumps(DAY))),
        repr(cached(pickle.dumps(DAY))),
        str(inspect.signature(partial)),
        repr(partial(pickle.dumps(DAY))),
        mocked,
        callable(pickle.loads),
        inspect.isroutine(pickle.loads),
        inspect.getdoc(pickle.load).splitlines()[0],
        inspect.getmodule(pickle.loads).__name__,
        pickle.loads.__qualname__,
        pickle.loads.__text_signature__,
        str(pickle.load),
        hash(pickle.load) == hash(pickle.load),
        pickle.load == pickle.load,
        pickle.load in {pickle.load: 1},
        repr(typing.get_type_hints(pickle.loads)),
        bool(pickle.loads),
    ]


def case_methods_that_are_loaders(folder, marker):
    class Reader:
        loads = pickle.loads
        load = staticmethod(pickle.load)

        @classmethod
        def read(cls, data):
            return cls.loads(data)

    data = pickle.dumps(DAY)
    return [
        repr(found)
        for found in (Reader.loads(data), Reader().loads(data), Reader.load(io.BytesIO(data)), Reader.read(data))
    ]


def case_arguments_of_every_kind(folder, marker):
    data = pickle.dumps({b"a": "b"}, 0)
    return [
        repr(pickle.loads(data, fix_imports=False, encoding="latin1", errors="replace", buffers=())),
        repr(pickle.load(io.BytesIO(data), encoding="bytes", buffers=None)),
        repr(pickle.loads(pickletools.optimize(data))),
        repr(pickle.loads(memoryview(data + b"more")[: len(data)])),
    ]


def case_copies_in_a_load(folder, marker):
    data = pickle.dumps([Copies(Config("a", DAY)), Config("b", DAY)])
    found = pickle.loads(data)
    return [repr(found[0].kept), found[0].kept is found[0].other, gc.isenabled()]


class Copies:
    """Copies what it is made of while it is unpickled, as scikit-learn and pandas do."""

    def __init__(self, kept):
        self.kept = kept

    def __setstate__(self, state):
        self.kept = copy.deepcopy(state["kept"])
        self.other = copy.copy(self.kept)


class LoadsAgain:
    """Unpickles its own parts."""

    def __getstate__(self):
        return pickle.dumps([Config("a", DAY)])

    def __setstate__(self, data):
        self.found = [pickle.loads(data), pickle.load(io.BytesIO(data)), pickle.loads(data)]


def case_loads_in_a_load(folder, marker):
    return repr(pickle.loads(pickle.dumps(LoadsAgain())).found)


def case_loads_in_contexts(folder, marker):
    data = pickle.dumps(Config("a", DAY))
    return [repr(context.run(pickle.loads, data)) for context in (contextvars.copy_context(), contextvars.Context())]


def case_loads_in_a_forked_child(folder, marker):
    there, here = os.pipe()
    child = os.fork()
    if not child:
        found = [repr(pickle.loads(pickle.dumps(Config("a", DAY)))), gc.isenabled()]
        os.write(here, repr(found).encode())
        os._exit(0)
    os.close(here)
    with os.fdopen(there, "rb") as file:
        text = file.read().decode()
    os.waitpid(child, 0)
    return text


def case_loads_of_many_threads(folder, marker):
    found, data = [], pickle.dumps([Config("a", DAY)] * 10)
    threads = [threading.Thread(target=lambda: found.append(repr(pickle.loads(data)))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [len(found), len({*found})]


PROGRAM = """
import sys
sys.path[:0] = {path!r}
{guard}
import atexit, pickle, threading, weakref, datetime
data = pickle.dumps([datetime.date(2020, 1, 2)] * 3)
def load(name):
    print(name, pickle.loads(data), flush=True)
class Ends:
    def __del__(self, load=load):
        load("del")
kept = Ends()
sys.kept = Ends()
atexit.register(load, "exit")
weakref.finalize(kept, load, "finalize")
threading.Timer(0.2, load, ["timer"]).start()
"""


def case_loads_at_the_end_of_a_program(folder, marker):
    guarded = "modelscan.guard" in sys.modules and sys.modules["modelscan.guard"].status().active
    code = PROGRAM.format(path=sys.path, guard="import modelscan; modelscan.guard.install()" if guarded else "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [done.stdout, done.stderr]


def case_names_that_libraries_share(folder, marker):
    """A module of the user's that is called like a library."""
    away = folder / "away"
    away.mkdir()
    (away / "catboost").mkdir()
    (away / "catboost" / "__init__.py").write_text("def load(path): return 'mine'\n", "utf-8")
    (away / "catboost" / "core.py").write_text("class CatBoost:\n    load_model = 3\n", "utf-8")
    (away / "mlx.py").write_text("", "utf-8")
    sys.path.insert(0, str(away))
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "catboost"}
    try:
        import catboost
        import catboost.core

        return [catboost.load("x"), catboost.core.CatBoost.load_model, catboost.core.__spec__.loader.__class__.__name__]
    finally:
        sys.path.remove(str(away))
        for name in [name for name in sys.modules if name.partition(".")[0] == "catboost"]:
            del sys.modules[name]
        sys.modules.update(kept)


def heavy_torch_functions(folder, marker):
    import torch

    @functools.wraps(torch.load)
    def wrapped(*args, **kwargs):
        return torch.load(*args, **kwargs)

    return [
        str(inspect.signature(wrapped)),
        wrapped.__module__,
        inspect.getsource(torch.load)[:80],
        inspect.getsourcefile(torch.load).endswith("serialization.py"),
        inspect.isfunction(torch.load),
        isinstance(torch.load, types.FunctionType),
        torch.load.__code__.co_name,
        torch.load.__kwdefaults__ == {"weights_only": None, "mmap": None},
        torch.load.__defaults__,
    ]


main(globals())
