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
"""Says what is being done, while a file of scripts is being run."""
BEGUN, SAVED, DONE, CRASHED = "begun ", "saved as ", "done ", "crashed "
LEFT_OUT = set()
"""Scripts that were run to their end, scripts that crashed, and ways of saving an object that did."""
LOG = {}
COMPRESSIONS = ("zlib", "gzip", "bz2", "xz", "lzma")


class TooSlow(BaseException):
    pass


def stop(*_):
    raise TooSlow


def main(out, files):
    if files[0] == HERE:
        write_here(pathlib.Path(out), pathlib.Path(files[1]))
        return
    codes = [write(out, file) for file in files]
    sys.exit(any(codes))


def write(out, file):
    """0 when all scripts of a file were run. Compiled libraries crash on what dill and old protocols ask: that ends
    one way of saving one object, and the script is run again without it.
    """
    log = pathlib.Path(out) / pathlib.Path(file).stem / STARTED
    code = subprocess.call([sys.executable, __file__, out, HERE, file])
    while code != 0 and lines_of(log):
        last = lines_of(log)[-1]
        print("crashed:", file, last, code, file=sys.stderr, flush=True)
        if last.startswith(CRASHED):
            break
        with log.open("a") as lines:
            lines.write(CRASHED + last.rpartition(" ")[2] + "\n")
        code = subprocess.call([sys.executable, __file__, out, HERE, file])
    if log.exists():
        log.unlink()
    print(file, code, flush=True)
    return code


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
    log = own / STARTED
    lines = lines_of(log)
    LEFT_OUT.update(line.rpartition(" ")[2] for line in lines if line.startswith((DONE, CRASHED)))
    with log.open("a") as LOG["file"]:
        for script in scripts(module):
            if script.__name__ not in LEFT_OUT:
                tell(BEGUN + script.__name__)
                run(script, own)
                tell(DONE + script.__name__)


def tell(line):
    LOG["file"].write(line + "\n")
    LOG["file"].flush()


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


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
        file = "{}.{:02}.{}".format(name, number, way)
        if file in LEFT_OUT:
            continue
        tell(SAVED + file)
        try:
            data = dump()
        except Exception as error:
            refused.append("{}: {}".format(way, str(error)[:80]))
        else:
            (out / file).write_bytes(data)
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
