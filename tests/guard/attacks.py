"""Loads that run code: each makes its marker when nobody guards the process."""

from __future__ import annotations

import copyreg
import gzip
import io
import multiprocessing
import os
import pickle
import shelve
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from os import mkdir as borrowed
from pathlib import Path
from pickle import load as early_load
from pickle import loads as early_loads

import samples
from guard.running import main
from guard.values import gzip_pipe

GUARDED = len(sys.argv) > 2 and sys.argv[2] != "bare"


def evil(marker) -> bytes:
    return samples.proto() + samples.payload(marker) + b"."


def written(folder, data: bytes, name: str = "model.pkl"):
    path = folder / name
    path.write_bytes(data)
    return path


def touch(path) -> None:
    """On nobody's list."""
    Path(path).mkdir()


def case_pickle_load(folder, marker):
    with written(folder, evil(marker)).open("rb") as file:
        pickle.load(file)


def case_pickle_load_by_keyword(folder, marker):
    pickle.load(file=io.BytesIO(evil(marker)))


def case_pickle_load_from_memory(folder, marker):
    pickle.load(io.BytesIO(evil(marker)))


def case_pickle_load_behind_a_large_object(folder, marker):
    file = io.BytesIO(
        samples.proto() + b"(X" + (300_000).to_bytes(4, "little") + bytes(300_000) + evil(marker)[2:-1] + b"t."
    )
    pickle.load(file)


def case_pickle_load_gzip_object(folder, marker):
    with gzip.open(written(folder, gzip.compress(evil(marker)))) as file:
        pickle.load(file)


def case_pickle_loads(folder, marker):
    pickle.loads(evil(marker))


def case_pickle_loads_bytearray(folder, marker):
    pickle.loads(bytearray(evil(marker)))


def case_pickle_loads_memoryview(folder, marker):
    pickle.loads(memoryview(evil(marker)))


def case_name_bound_before(folder, marker):
    early_loads(evil(marker))


def case_load_bound_before(folder, marker):
    early_load(io.BytesIO(evil(marker)))


def case_name_bound_after(folder, marker):
    from pickle import loads

    loads(evil(marker))


def case_c_module(folder, marker):
    import _pickle

    _pickle.loads(evil(marker))


def case_unpickler(folder, marker):
    pickle.Unpickler(io.BytesIO(evil(marker))).load()


def case_unpickler_subclass(folder, marker):
    class Own(pickle.Unpickler):
        def find_class(self, module, name):
            return super().find_class(module, name)

    Own(io.BytesIO(evil(marker))).load()


def case_python_unpickler(folder, marker):
    pickle._loads(evil(marker))


def case_partial_bound_before(folder, marker):
    _PARTIAL[0](evil(marker))


_PARTIAL = [pickle.loads]  # a list is out of the sweep's reach: only the audit hook sees this one


def case_pandas(folder, marker):
    import pandas

    pandas.read_pickle(written(folder, evil(marker)))


def case_pandas_gzip(folder, marker):
    import pandas

    pandas.read_pickle(written(folder, gzip.compress(evil(marker)), "model.pkl.gz"))


def case_pandas_file_object(folder, marker):
    import pandas

    pandas.read_pickle(io.BytesIO(evil(marker)))


def case_pandas_url(folder, marker):
    import pandas

    pandas.read_pickle(written(folder, evil(marker)).as_uri())


def object_array(marker) -> bytes:
    import numpy

    target = io.BytesIO()
    numpy.lib.format.write_array_header_1_0(target, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return target.getvalue() + evil(marker)


def case_numpy(folder, marker):
    import numpy

    numpy.load(written(folder, object_array(marker), "a.npy"), allow_pickle=True)


def case_numpy_positional(folder, marker):
    import numpy

    numpy.load(io.BytesIO(object_array(marker)), None, True)


def case_numpy_gzip_pipe(folder, marker):
    import numpy

    with gzip_pipe(object_array(marker)) as file:
        numpy.load(file, allow_pickle=True)


def case_numpy_gzip_pipe_of_a_pickle(folder, marker):
    import numpy

    with gzip_pipe(evil(marker)) as file:
        numpy.load(file, allow_pickle=True)


def case_npz_member_read_later(folder, marker):
    import numpy

    path = written(folder, samples.zipped({"a.npy": object_array(marker)}), "a.npz")
    with numpy.load(path, allow_pickle=True) as archive:
        archive["a"]


def case_npz_past_the_wrapper(folder, marker):
    """NpzFile itself is not guarded: what reads the member is."""
    import numpy

    path = written(folder, samples.zipped({"a.npy": object_array(marker)}), "a.npz")
    with numpy.lib.npyio.NpzFile(path.open("rb"), own_fid=True, allow_pickle=True) as archive:
        archive["a"]


def case_joblib(folder, marker):
    import joblib

    joblib.load(written(folder, evil(marker)))


def case_joblib_gzip(folder, marker):
    import joblib

    joblib.load(written(folder, gzip.compress(evil(marker)), "model.pkl.gz"))


def case_joblib_mmap(folder, marker):
    import joblib

    joblib.load(str(written(folder, evil(marker))), mmap_mode="r")


def case_joblib_file_object(folder, marker):
    import joblib

    with written(folder, evil(marker)).open("rb") as file:
        joblib.load(file)


def case_joblib_pipe(folder, marker):
    import joblib

    with piped(evil(marker)) as file:
        joblib.load(file)


def case_dill_loads(folder, marker):
    import dill

    dill.loads(evil(marker))


def case_dill_load(folder, marker):
    import dill

    dill.load(io.BytesIO(evil(marker)))


def case_cloudpickle(folder, marker):
    import cloudpickle

    cloudpickle.load(io.BytesIO(evil(marker)))


def case_cloudpickle_loads(folder, marker):
    import cloudpickle

    cloudpickle.loads(evil(marker))


def case_shelve(folder, marker):
    with shelve.open(str(folder / "shelf")) as shelf:
        shelf.dict[b"key"] = evil(marker)
        shelf["key"]


def case_extension_code(folder, marker):
    copyreg._extension_cache[0x77] = os.mkdir
    copyreg._inverted_registry[0x77] = ("os", "mkdir")
    pickle.loads(samples.proto() + samples.call(b"\x82\x77", samples.text(str(marker))) + b".")


def case_dotted_name(folder, marker):
    callee = samples.stack_global("shutil", "os.mkdir")
    pickle.loads(samples.proto() + samples.call(callee, samples.text(str(marker))) + b".")


def case_getattr_chain(folder, marker):
    module = samples.call(samples.global_("builtins", "__import__"), samples.text("os"))
    callee = samples.call(samples.global_("builtins", "getattr"), module, samples.text("mkdir"))
    pickle.loads(samples.proto() + samples.call(callee, samples.text(str(marker))) + b".")


def case_getattr_chain_past_the_wrapper(folder, marker):
    module = samples.call(samples.global_("importlib", "import_module"), samples.text("os"))
    callee = samples.call(samples.global_("builtins", "getattr"), module, samples.text("mkdir"))
    data = samples.proto() + samples.call(callee, samples.text(str(marker))) + b"."
    pickle.Unpickler(io.BytesIO(data)).load()


def case_names_of_python_2(folder, marker):
    code = f"__import__('os').mkdir({str(marker)!r})"
    pickle.loads(samples.proto(2) + samples.call(samples.global_("__builtin__", "eval"), samples.text(code)) + b".")


chosen: list[str] = []


def case_dill_main(folder, marker):
    """dill hands out the variables of the program under a name of its own."""
    import dill

    names = samples.global_("__builtin__", "__main__")
    dill.loads(samples.proto() + names + samples.text("chosen") + b"]" + samples.text(str(marker)) + b"as.")
    for path in chosen:
        Path(path).mkdir()


def case_inst(folder, marker):
    pickle.loads(b"(" + samples.text(str(marker)) + b"ios\nmkdir\n.")


def case_object_opcode(folder, marker):
    pickle.loads(samples.proto() + b"(" + samples.global_("os", "mkdir") + samples.text(str(marker)) + b"o.")


def case_unreviewed_call(folder, marker):
    """A function that this very script borrowed from somewhere else is not its own."""
    callee = samples.global_("__main__", "borrowed")
    pickle.loads(samples.proto() + samples.call(callee, samples.text(str(marker))) + b".")
    assert borrowed is os.mkdir


class Victim:
    """A class that is already here and that a payload changes."""

    run = staticmethod(print)


def case_write_into_a_class(folder, marker):
    state = b"N}" + samples.text("run") + samples.global_("os", "mkdir") + b"s\x86"
    pickle.loads(samples.proto() + samples.global_("__main__", "Victim") + state + b"b.")
    Victim.run(marker)


def case_module_beside_the_model(folder, marker):
    (folder / "beside_the_model.py").write_text(f"import os\nos.mkdir({str(marker)!r})\nclass Thing: pass\n", "utf-8")
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        pickle.loads(samples.proto() + samples.global_("beside_the_model", "Thing") + b")\x81.")
    finally:
        os.chdir(folder.parent)
        sys.path.remove(str(folder))


class Starter:
    """A class of the user's own whose state starts a program."""

    def __setstate__(self, state):
        os.system(f'mkdir "{state}"')


def case_program_in_setstate(folder, marker):
    thing = samples.global_("__main__", "Starter") + b")\x81" + samples.text(str(marker)) + b"b."
    pickle.loads(samples.proto() + thing)


class Opener:
    """A class of the user's own that unpickles a part of its state, and makes the best of it."""

    def __setstate__(self, state):
        try:
            pickle.loads(state)
        except Exception:
            self.broken = True


def case_inner_load_in_setstate(folder, marker):
    state = b"B" + len(evil(marker)).to_bytes(4, "little") + evil(marker)
    pickle.loads(samples.proto() + samples.global_("__main__", "Opener") + b")\x81" + state + b"b.")


def case_inner_load_that_numpy_wraps(folder, marker):
    import numpy

    state = b"B" + len(evil(marker)).to_bytes(4, "little") + evil(marker)
    data = samples.proto() + samples.global_("__main__", "Loader") + b")\x81" + state + b"b."
    numpy.load(io.BytesIO(data), allow_pickle=True)


class Loader:
    def __setstate__(self, state):
        pickle.loads(state)


watched: dict[str, tuple[list[int], bytes | Path]] = {}


def _swap(event, args):
    """Puts other bytes, or another file, in a file's place just before it is opened for the last time."""
    if event == "open" and isinstance(args[0], str | os.PathLike) and args[1] and "r" in str(args[1]):
        times, data = watched.get(os.fspath(args[0]), ([], b""))
        if times:
            times[0] -= 1
            if times[0] == 0:
                del watched[os.fspath(args[0])]
                put = data.replace if isinstance(data, Path) else Path(args[0]).write_bytes
                writer = threading.Thread(target=put, args=(args[0] if isinstance(data, Path) else data,))  # not us
                writer.start()
                writer.join()


sys.addaudithook(_swap)


def swapped(folder, marker):
    """A harmless file that asks for a function on nobody's list when it is opened by the loader."""
    path = written(folder, pickle.dumps([1, 2, 3]))
    callee = samples.global_("__main__", "touch")
    data = samples.proto() + samples.call(callee, samples.text(str(marker))) + b"."
    watched[str(path)] = [2 if GUARDED else 1], data
    return path


def case_swapped_between_scan_and_load(folder, marker):
    import joblib

    joblib.load(str(swapped(folder, marker)))


def case_replaced_between_scan_and_load(folder, marker):
    """By another file under the same name, which Windows lets nobody do to a file that is open."""
    import joblib

    if os.name == "nt":
        return pickle.loads(evil(marker))
    path = swapped(folder, marker)
    times, data = watched[str(path)]
    watched[str(path)] = times, written(folder, data, "other.pkl")
    return joblib.load(path)


def case_named_pipe(folder, marker):
    """Nothing that could be read twice: its loader may resolve nothing."""
    import joblib

    if not hasattr(os, "mkfifo"):
        return pickle.loads(evil(marker))
    path = folder / "pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(evil(marker),), daemon=True).start()
    return joblib.load(path)


def case_library_that_swallows(folder, marker):
    lenient = types.ModuleType("lenient")

    def load(path):
        try:
            with Path(path).open("rb") as file:
                return pickle.Unpickler(file).load()
        except Exception:
            return None

    lenient.load = load
    if GUARDED:
        from modelscan.guard import patch
        from modelscan.guard.target import Takes, Target

        patch.wrap(lenient, Target("lenient.load", "lenient", "load", Takes.PLACE, "path"))
    lenient.load(str(swapped(folder, marker)))


def case_thread_pool(folder, marker):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pickle.loads, evil(marker)).result()


def case_thread_pool_past_the_wrapper(folder, marker):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_PARTIAL[0], evil(marker)).result()


def case_thread(folder, marker):
    failed = []

    def work():
        try:
            pickle.loads(evil(marker))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def case_fork_worker(folder, marker):
    if "fork" not in multiprocessing.get_all_start_methods():
        return pickle.loads(evil(marker))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(pickle.loads, (evil(marker),))


def piped(data: bytes):
    end, start = os.pipe()
    with os.fdopen(start, "wb") as file:
        file.write(data)
    return os.fdopen(end, "rb")


def case_pipe(folder, marker):
    with piped(evil(marker)) as file:
        pickle.load(file)


def case_map(folder, marker):
    list(map(pickle.loads, [evil(marker)]))


def case_second_pickle_in_a_file(folder, marker):
    with written(folder, pickle.dumps("first") + evil(marker)).open("rb") as file:
        assert pickle.load(file) == "first"
        pickle.load(file)


main(globals())
