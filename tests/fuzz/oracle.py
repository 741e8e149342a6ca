"""The real unpicklers with inert stubs, run in a child by any Python from 3.8 on (see `blocks.py` for what it answers).

    python -I oracle.py [--flush] < cases

A case is a line: how to read it, how many pickles of it, and its bytes in hex. The answer is a line of JSON: every name
that one unpickler or another asked for, and whether it was called or written into. With --flush each name is written
when it is asked for, so that nothing is lost of a case that ends the process.

Bytes, files and streams are read differently by C (frames, what it takes in advance), and pickle.py differs from C, so
each case is loaded in several ways, pickle after pickle.
"""

import codecs
import contextlib
import copyreg
import io
import json
import pickle
import sys
import tempfile
import types
import warnings
from pathlib import Path

MEMORY = 384 << 20
CPU = 4.0
"""Seconds of one case."""
EXTENSIONS = {1: ("extension", "one"), 2: ("extension", "two"), 7: ("extension", "seven")}


class Names:
    """What has been asked for in a case, and what was done to it."""

    def __init__(self):
        self.seen = {}
        self.flush = False
        self.pickles = 1
        """So many of them behind each other are loaded."""

    def add(self, module, name, acted=False):
        key = (module, name)
        known = self.seen.get(key)
        if known is None or (acted and not known):
            self.seen[key] = acted
            if self.flush:
                print(json.dumps([module, name, acted]), flush=True)


NAMES = Names()


class Taking:
    """A method that does nothing, and tells where it is taken from a class: then an imported object is written into."""

    def __get__(self, instance, owner):
        if instance is None:
            owner.told()
        return take


def take(*args, **kwargs):
    return None


class Meta(type):
    def __setitem__(cls, key, value):
        cls.told()

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub


class Stub(metaclass=Meta):
    """Takes whatever a pickle does to an object, and does nothing."""

    name = None

    def __new__(cls, *args, **kwargs):
        cls.told()
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    @classmethod
    def told(cls):
        if cls.name is not None:
            NAMES.add(*cls.name, acted=True)

    def __call__(self, *args, **kwargs):
        return Stub()

    def __setitem__(self, key, value):
        pass

    __setstate__ = append = extend = add = Taking()


def stub(module, name):
    NAMES.add(module, name)
    return Meta("Named", (Stub,), {"name": (module, name)})


class Stream:
    """Has no `peek`, as the records of a torch archive."""

    def __init__(self, data):
        file = io.BytesIO(data)
        self.read, self.readline = file.read, file.readline


class Inert:
    """Loads by `base`, and gives it stubs."""

    def find_class(self, module, name):
        return stub(module, name)

    def persistent_load(self, pid):
        return Stub()

    def get_extension(self, code):  # pickle.py keeps what an extension was, for all unpicklers
        copyreg._extension_cache.clear()
        return super().get_extension(code)


class Compiled(Inert, pickle.Unpickler):
    get_extension = None


class Written(Inert, pickle._Unpickler):
    pass


def load(cls, file):
    with contextlib.suppress(Exception, RecursionError):
        for _ in range(NAMES.pickles):
            copyreg._extension_cache.clear()
            cls(file, encoding="latin1").load()


def of_stream(data):
    load(Compiled, io.BytesIO(data))
    load(Compiled, Stream(data))


def of_python(data):
    load(Written, io.BytesIO(data))


class File:
    """A real file on a disk, its buffer small or large: what the unpickler takes in advance ends with the buffer."""

    def __init__(self, folder):
        self.path = Path(folder, "case.pkl")
        self.file = self.path.open("wb", buffering=0)

    def __call__(self, data):
        self.file.truncate(0)
        self.file.seek(0)
        self.file.write(data)
        for buffering in (-1, 2 + len(data) % 61):
            with self.path.open("rb", buffering=buffering) as file:
                load(Compiled, file)


class Module(types.ModuleType):
    __path__ = ()
    asked = None
    """Names as the stream spells them; protocols before 3 have them translated when they are looked up."""

    def __getattr__(self, name):
        told, Module.asked = Module.asked, None  # Python itself may look for something later
        return Meta("Named", (Stub,), {"name": told})


class Finder:
    """Any module there is or is not, made of stubs."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        return SPEC(name, Finder)

    @staticmethod
    def create_module(spec):
        return Module(spec.name)

    @staticmethod
    def exec_module(module):
        pass


SPEC = type(__spec__) if __spec__ else type(io.__spec__)


class Memory:
    """`pickle.loads`: it takes no subclass, so for the while of a load there are no other modules than stubs."""

    def __init__(self):
        self.on = False
        sys.addaudithook(self.heard)
        for codec in ("latin-1", "utf-8", "ascii", "raw-unicode-escape", "unicode-escape"):
            codecs.lookup(codec)

    def heard(self, event, args):
        if event != "pickle.find_class" or not self.on:
            return
        NAMES.add(*args)
        Module.asked = args
        if any(part.startswith("__") for part in args[1].split(".")):
            raise LookupError("not to be had of a stub")

    def __call__(self, data):
        modules, path = dict(sys.modules), sys.meta_path[:]
        copyreg._extension_cache.clear()
        loads, suppress = pickle.loads, contextlib.suppress(Exception, RecursionError)
        try:
            sys.modules.clear()
            sys.meta_path[:] = [Finder]
            self.on = True
            with suppress:
                loads(data, encoding="latin1")
        finally:
            self.on = False
            sys.meta_path[:] = path
            sys.modules.clear()
            sys.modules.update(modules)


class Joblib:
    """joblib's own reading, which takes arrays out of the stream between the opcodes."""

    def __init__(self):
        import numpy
        from joblib import numpy_pickle

        numpy_pickle.pickle = types.SimpleNamespace(load=self.nested)  # how it reads an array of objects

        real = {
            ("joblib.numpy_pickle", "NumpyArrayWrapper"): numpy_pickle.NumpyArrayWrapper,
            ("numpy", "dtype"): numpy.dtype,
            ("numpy", "ndarray"): numpy.ndarray,
        }

        class Unpickler(Inert, numpy_pickle.NumpyUnpickler):
            def find_class(self, module, name):
                NAMES.add(module, name)
                return real.get((module, name)) or stub(module, name)

        self.cls = Unpickler

    @staticmethod
    def nested(file, **options):
        return Compiled(file, encoding="latin1").load()

    def __call__(self, data):
        file = io.BytesIO(data)
        with contextlib.suppress(Exception, RecursionError):
            copyreg._extension_cache.clear()
            self.cls("case.pkl", file, True).load()


def readers(folder):
    """How each letter in front of a case wants it read."""
    found = {"b": of_stream, "f": File(folder), "p": of_python, "m": Memory()}
    with contextlib.suppress(ImportError):
        found["j"] = Joblib()
    return found


def limit():
    """Where the system has such limits; elsewhere a bomb costs the child, which is started anew."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def clock():
    """Ends the process when a case has taken too long."""
    try:
        from signal import ITIMER_PROF, setitimer

        return lambda: setitimer(ITIMER_PROF, CPU)
    except ImportError:
        return lambda: None


def main():
    NAMES.flush = "--flush" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        ways = readers(folder)
        limit()
        start = clock()
        sys.setrecursionlimit(2000)
        warnings.simplefilter("ignore")
        for code, (module, name) in EXTENSIONS.items():
            copyreg.add_extension(module, name, code)
        for line in sys.stdin:
            start()
            how, pickles, case = line.split(" ")
            NAMES.seen.clear()
            NAMES.pickles = int(pickles)
            for way in how:
                if way in ways:
                    ways[way](bytes.fromhex(case))
            if not NAMES.flush:
                print(json.dumps([[*key, acted] for key, acted in NAMES.seen.items()]), flush=True)


if __name__ == "__main__":
    main()
