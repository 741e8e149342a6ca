"""Runs scripts such as data scientists write, and saves what they make in every way that it is saved.

    python tools/zoo/write_scripts.py OUT SCRIPTS.py ...

Runs by itself (Python 3.6 and newer, no part of modelscan), so that every environment can be asked. Each generator
of a file is one script, it gives the objects that such a script would save; a function that takes `folder` writes
files of its own there. Files: OUT/FILE/SCRIPT.number.way, and OUT/FILE/SCRIPT/... for what a script wrote itself.
What is not installed, and what a library cannot save, is named and left out.
"""

import importlib
import inspect
import io
import os
import pathlib
import pickle
import random
import signal
import subprocess
import sys
import warnings

SECONDS = 400
HERE = "--here"
"""Asks for one file of scripts in this very process."""
STARTED = "started"
"""Names the scripts that were begun, while a file of scripts is being run."""
COMPRESSIONS = ("zlib", "gzip", "bz2", "xz", "lzma")


class TooSlow(BaseException):
    pass


def stop(*_):
    raise TooSlow


def main(out, files):
    if files[0] == HERE:
        write_here(pathlib.Path(out), pathlib.Path(files[1]))
        return
    for file in files:
        write(out, file)


def write(out, file):
    """Runs the scripts of a file. Compiled libraries crash on what dill asks of them: that ends one script only."""
    started = pathlib.Path(out) / pathlib.Path(file).stem / STARTED
    begun, code = [], None
    while code != 0 and (code is None or names_in(started) != begun):
        begun = names_in(started)
        code = subprocess.call([sys.executable, __file__, out, HERE, file])
        if code != 0:
            print("crashed:", file, *names_in(started)[-1:], code, file=sys.stderr)
    print(file, code, flush=True)
    if started.exists():
        started.unlink()


def write_here(out, file):
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, stop)
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        module = importlib.import_module(file.stem)
    except ImportError as error:
        print("not installed:", file.stem, error, file=sys.stderr)
        return
    own = out / file.stem
    own.mkdir(parents=True, exist_ok=True)
    begun = names_in(own / STARTED)
    for script in scripts(module):
        if script.__name__ not in begun:
            with (own / STARTED).open("a") as log:
                log.write(script.__name__ + "\n")
            run(script, own)


def names_in(path):
    return path.read_text().split() if path.exists() else []


def scripts(module):
    for function in list(vars(module).values()):
        own = inspect.isfunction(function) and function.__module__ == module.__name__
        if own and (inspect.isgeneratorfunction(function) or "folder" in inspect.signature(function).parameters):
            yield function


def run(script, out):
    own = out / script.__name__
    own.mkdir(parents=True, exist_ok=True)
    random.seed(0)
    signal.alarm(SECONDS)
    try:
        values = script(own) if "folder" in inspect.signature(script).parameters else script()
        for number, value in enumerate(values or ()):
            save(value, number, out, script.__name__)
    except (Exception, SystemExit, TooSlow) as error:
        print("left out:", script.__name__, type(error).__name__, str(error)[:150].replace("\n", " "), file=sys.stderr)
    finally:
        signal.alarm(0)
    if not any(own.iterdir()):
        own.rmdir()


def save(value, number, out, name):
    refused = []
    for way, dump in ways(value, number):
        try:
            data = dump()
        except Exception as error:
            refused.append("{}: {}".format(way, str(error)[:80]))
        else:
            (out / "{}.{:02}.{}".format(name, number, way)).write_bytes(data)
    if refused:
        print("cannot be saved:", name, number, type(value).__name__, *refused[:1], file=sys.stderr)


def ways(value, number):
    """Pairs of a file ending and what makes the bytes of `value`."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield "p{}.pkl".format(protocol), lambda protocol=protocol: pickle.dumps(value, protocol)
    for library in map(optional, ("dill", "cloudpickle")):
        if library is not None:
            yield library.__name__ + ".pkl", lambda library=library: library.dumps(value)
    joblib = optional("joblib")
    if joblib is not None:
        compression = COMPRESSIONS[number % len(COMPRESSIONS)]
        yield "joblib", lambda: into(joblib.dump, value)
        yield compression + ".joblib", lambda: into(joblib.dump, value, compress=(compression, 3))
    torch = sys.modules.get("torch")
    if torch is not None:
        yield "pt", lambda: into(torch.save, value)
        yield "legacy.pt", lambda: into(torch.save, value, _use_new_zipfile_serialization=False)


def optional(library):
    try:
        return importlib.import_module(library)
    except ImportError:
        return None


def into(dump, value, **settings):
    file = io.BytesIO()
    dump(value, file, **settings)
    return file.getvalue()


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    main(sys.argv[1], sys.argv[2:])
