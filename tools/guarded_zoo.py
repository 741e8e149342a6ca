"""Are ordinary models loaded under the guard as they are without it, and what do they do while they are loaded?

Every file is loaded, so this is for the folders that tools/zoo/animals.py and tools/zoo/write_scripts.py wrote in this
very environment; `make zoo` runs it over them:

    python tools/guarded_zoo.py FOLDER ... [--every N] [--path FOLDER] [--session]

By the end of a file's name, the library that wrote it loads it, under the standard policy, with set binding and the
tripwire as they are by default. What does not come of it is loaded without the guard as well. Counted are

- refusals of what a scan refuses already (tools/held_out.py is about those),
- stops: files that a scan lets pass, and whose load the names that were seen or the tripwire then stopped,
- differences: another error than without the guard, or an error instead of a model,

and acts that the tripwire only wrote down. A stop or a difference makes the exit status 1.

With `--session`, the modules of the folders in `--path` are imported first, as in the session that defines what the
files name, and the loads of files that name something of them are counted apart: that is what their author meets.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import pickle
import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import modelscan
from modelscan import guard
from modelscan.errors import UnsafeModelError
from modelscan.guard.events import HISTORY

Load = Callable[[Path], Any]


def _unpickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)  # looked up now: it is guarded by then


def _unpickle_bytes(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


def _joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _joblib_mapped(path: Path) -> Any:
    import joblib

    return joblib.load(path, mmap_mode="r")


def _torch(path: Path) -> Any:
    import torch

    return torch.load(path, weights_only=False)


def _torch_mapped(path: Path) -> Any:
    """As a zip archive may be read; the objects of the older formats are read whole."""
    import torch

    return torch.load(path, weights_only=False, mmap=path.read_bytes()[:2] == b"PK")


def _dill(path: Path) -> Any:
    import dill

    return dill.loads(path.read_bytes())


def _pandas(path: Path) -> Any:
    import pandas

    return pandas.read_pickle(path)


def _numpy(path: Path) -> Any:
    import numpy

    found = numpy.load(path, allow_pickle=True)
    return [found[name] for name in found] if hasattr(found, "files") else found


def _keras(path: Path) -> Any:
    import keras

    return keras.models.load_model(path)


def _skops(path: Path) -> Any:
    import skops.io

    return skops.io.load(path)


def _onnx(path: Path) -> Any:
    import onnx

    return onnx.load(path)


PACKED = ("", "zlib.", "gzip.", "bz2.", "lzma.", "xz.", "lz4.")
WAYS: dict[str, tuple[Load, ...]] = {
    **{f"p{protocol}": ((_unpickle, _unpickle_bytes)[protocol % 2],) for protocol in range(6)},
    **{f"p{protocol}.pkl": ((_unpickle, _unpickle_bytes)[protocol % 2],) for protocol in range(6)},
    **dict.fromkeys(("pkl", "pickle", "cloudpickle", "sav"), (_unpickle,)),
    **dict.fromkeys((f"{packed}joblib" for packed in PACKED[1:]), (_joblib,)),
    **dict.fromkeys(("joblib3", *(f"joblib-{packed[:-1]}" for packed in PACKED[1:])), (_joblib,)),
    **dict.fromkeys(("joblib", "joblib0"), (_joblib, _joblib_mapped)),
    **dict.fromkeys(("pt", "pth"), (_torch, _torch_mapped)),
    **dict.fromkeys(("legacy-pt", "legacy.pt"), (_torch,)),
    **dict.fromkeys(("npy", "npz"), (_numpy,)),
    **dict.fromkeys(("dill", "dill.pkl"), (_dill,)),
    **dict.fromkeys(("read_pickle", "pkl.gz", "pkl.bz2", "pkl.xz", "pkl.zip", "pkl.tar"), (_pandas,)),
    **dict.fromkeys(("keras", "h5"), (_keras,)),
    "skops": (_skops,),
    "onnx": (_onnx,),
}
"""By the end of a file's name, its last two parts before the last one alone."""


def ways(path: Path) -> tuple[Load, ...]:
    both = "".join(path.suffixes[-2:])[1:]
    return WAYS.get(both) or WAYS.get(path.suffix[1:], ())


def files(folders: list[str], every: int) -> Iterator[Path]:
    found = sorted(path for folder in folders for path in Path(folder).rglob("*") if path.is_file() and ways(path))
    yield from found[::every]


class Zoo:
    """What came of the loads so far. The guard is in place but for the loads that are tried without it."""

    def __init__(self, own: frozenset[str] = frozenset()) -> None:
        self.counts: Counter[str] = Counter()
        self.acts: Counter[str] = Counter()
        self.own = own
        """Modules of the author of the files, which are imported."""

    def load(self, path: Path, load: Load) -> None:
        begun = HISTORY.number()
        error = _error(load, path)
        told = [event for event in guard.history() if event.number > begun]
        reports = [error.report] if isinstance(error, UnsafeModelError) else [event.report for event in told]
        if any(name.partition(".")[0] in self.own for report in reports for name in report.imports):
            self.counts["of the author, refused" if isinstance(error, UnsafeModelError) else "of the author, not"] += 1
        if error is None:
            self.counts["loaded"] += 1
            noted = [note for event in told for note in event.noted]
            self.acts.update(note.split(" ")[0] for note in dict.fromkeys(noted))
            return
        guard.uninstall()
        bare = _error(load, path)
        guard.install()
        if bare is not None:
            same = _words(error) == _words(bare) or isinstance(error, UnsafeModelError)
            self.counts["load neither way" if same else "different"] += 1
            if same:
                return
        elif isinstance(error, UnsafeModelError) and modelscan.scan(path).refused:
            self.counts["refused by a scan already"] += 1
            return
        else:
            self.counts["stopped" if isinstance(error, UnsafeModelError) else "different"] += 1
        print(f"{path.parent.name}/{path.name}, {load.__name__}: {_words(error)}, without the guard {_words(bare)}")
        sys.stdout.flush()


def _error(load: Load, path: Path) -> BaseException | None:
    try:
        load(path)
    except (Exception, SystemExit) as error:
        return error
    return None


def _words(error: BaseException | None) -> str:
    return "it loads" if error is None else re.sub("0x[0-9a-f]+", "0x", f"{type(error).__name__}: {error}"[:300])


def session(folders: list[str]) -> frozenset[str]:
    """The modules of these folders whose libraries are installed, imported."""
    own = {"__main__"}
    for file in sorted(file for folder in folders for file in Path(folder).glob("*.py")):
        with contextlib.suppress(ImportError):
            importlib.import_module(file.stem)
            own.add(file.stem)
    return frozenset(own)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="only every Nth file")
    parser.add_argument("--path", action="append", default=[], help="a folder of modules that the files name")
    parser.add_argument("--session", action="store_true", help="import these modules first")
    options = parser.parse_args()
    sys.path[:0] = [str(Path(folder).absolute()) for folder in options.path]
    warnings.simplefilter("ignore")
    zoo = Zoo(session(options.path) if options.session else frozenset())
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELSCAN_HOME"] = home
        guard.install()
        for path in files(options.folders, options.every):
            for load in ways(path):
                zoo.load(path, load)
        guard.uninstall()
    print(*(f"written down: {what} {count:,}" for what, count in zoo.acts.most_common()), sep="\n")
    print(*(f"{what}: {count:,}" for what, count in zoo.counts.most_common()), sep="\n")
    return 1 if zoo.counts["stopped"] or zoo.counts["different"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
