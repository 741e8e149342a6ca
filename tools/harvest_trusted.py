"""Which names do ordinary model files use that rules/trusted.toml does not know yet?

Run by hand by maintainers, in an environment that has the libraries:

    PYTHONPATH=core python tools/harvest_trusted.py

A zoo of real objects is built and written with pickle (every protocol), joblib and torch.save (both formats). The
files are read back by our own machine, never loaded. Every name that is used more freely than trusted.toml allows is
printed with how it was used and by which object. A printed name is a question, not an answer: read what it does with
arguments of an attacker's choosing before it is added.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import io
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine
from modelscan.rules.match import Rules, Use

RULES = Rules.load()
RANK = {None: 0, Use.CONSTRUCT: 1, Use.NESTED: 2, Use.CALL_TRUSTED: 2, Use.CALL: 3}
NEEDED = {Kind.IMPORT: 1, Kind.ATTRIBUTE: 1, Kind.CONSTRUCT: 1, Kind.STATE: 1, Kind.CALL: 2, Kind.MUTATE: 9}

MODULES = """argparse array collections datetime decimal fractions functools inspect ipaddress itertools logging pathlib
random re types uuid zoneinfo numpy pandas scipy.interpolate scipy.sparse scipy.spatial scipy.special scipy.stats
sklearn.datasets sklearn.ensemble sklearn.feature_selection sklearn.metrics sklearn.model_selection sklearn.neighbors
sklearn.svm sklearn.tree sklearn.utils torch torch.nn.utils.parametrizations torch.utils.data"""

EXPRESSIONS = """
collections.OrderedDict(a=1), collections.Counter("ab"), collections.deque([1]), {1}, frozenset({2}), bytearray(b"a")
collections.defaultdict(list), collections.defaultdict(functools.partial(collections.Counter)), collections.ChainMap({})
collections.UserDict(a=1), collections.UserList([1]), collections.UserString("a"), inspect.signature(inspect.getmro)
datetime.datetime.now(datetime.timezone.utc), datetime.date.today(), datetime.time(1), zoneinfo.ZoneInfo("UTC")
decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1j, range(3), slice(1), b"a", 2**80, array.array("d", [1.0])
types.SimpleNamespace(a=1), argparse.Namespace(b=2), uuid.uuid4(), ValueError("x"), OSError(2, "x"), itertools.count(1)
pathlib.Path("a/b"), pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("b"), re.compile("a", re.I), random.Random(1)
ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_interface("10.0.0.1/8"), logging.getLogger("z")
[numpy.zeros(3, dtype=kind) for kind in "?bhilqBHILQefdgFDGSUVOMm"], [numpy.zeros(1, kind)[0] for kind in "?bhilqBHILQefdgFDGMm"]
numpy.asfortranarray(numpy.eye(3)), numpy.eye(3)[::2], numpy.array([{1}, None], dtype=object), numpy.void(b"abc")
numpy.zeros(2, dtype=[("a", "i4"), ("b", "U3")]), numpy.zeros(2, dtype=[("a", "i4")])[0], numpy.rec.array([(1, 2.0)])
numpy.dtypes.StringDType(), numpy.array(["a"], dtype=numpy.dtypes.StringDType()), numpy.char.array(["a"])
numpy.ma.array([1, 2], mask=[0, 1]), numpy.ma.masked, numpy.ma.array([(1,)], dtype=[("a", int)])
numpy.matrix([[1]]), numpy.poly1d([1, 2]), numpy.float32, numpy.dtype("f4"), numpy.polynomial.Polynomial([1, 2])
[getattr(numpy.random, name)(1) for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "RandomState", "SeedSequence")]
numpy.random.default_rng(1), numpy.log1p, numpy.mean, scipy.special.expit, numpy.datetime64("2020")
[getattr(scipy.sparse, f"{f}_{k}")(numpy.eye(3)) for f in "bsr coo csc csr dia dok lil".split() for k in ("matrix", "array")]
scipy.interpolate.CubicSpline(X, X**2), scipy.interpolate.UnivariateSpline(X, X), scipy.interpolate.BSpline(X, X[:4], 3)
scipy.interpolate.interp1d(X, X), scipy.interpolate.PchipInterpolator(X, X), scipy.interpolate.Akima1DInterpolator(X, X)
scipy.interpolate.RegularGridInterpolator((X,), X), scipy.interpolate.RBFInterpolator(X[:, None], X), scipy.stats.gaussian_kde(X)
scipy.spatial.KDTree(X[:, None]), scipy.spatial.cKDTree(X[:, None]), scipy.spatial.transform.Rotation.identity()
[pandas.Series([1, 0], dtype=kind) for kind in "int8 float64 bool object str Int64 Float32 boolean category string int64[pyarrow]".split()]
[pandas.Series([1, None], dtype=kind) for kind in ("Int8", "Float64", "datetime64[ns, Europe/Berlin]", "timedelta64[ns]", "Sparse[float]")]
[pandas.Series(["a", None], dtype=pandas.StringDtype(storage)) for storage in ("python", "pyarrow")]
pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [{1}, 2]}).describe(), pandas.DataFrame({"a": [1], "b": ["x"]}).set_index(["a", "b"])
pandas.period_range("2020", periods=3, freq="M"), pandas.interval_range(0, 3), pandas.date_range("2020", periods=3, tz="UTC")
pandas.RangeIndex(3), pandas.MultiIndex.from_product([[1], ["a"]]), pandas.Index([1, "a"]), pandas.timedelta_range("1D", periods=2)
pandas.CategoricalIndex(["a"]), pandas.DataFrame({"p": pandas.period_range("2020", periods=2)}), pandas.arrays.SparseArray([0, 0, 1])
pandas.array([1, 2], dtype="int64"), pandas.array(["a"], dtype="category"), pandas.Series([0.5, None]).array
pandas.Timestamp("2020", tz="UTC"), pandas.Timedelta(1), pandas.Period("2020"), pandas.Interval(0, 1), pandas.NaT, pandas.NA
[getattr(pandas.offsets, name)() for name in "Day Hour MonthEnd BusinessDay Week QuarterEnd DateOffset Easter CustomBusinessDay".split()]
pandas.offsets.DateOffset(months=1), pandas.Grouper(key="i"), pandas.IndexSlice, pandas.SparseDtype(float)
[sklearn.metrics.get_scorer(name) for name in sklearn.metrics.get_scorer_names()]
[sklearn.tree.DecisionTreeRegressor(criterion=name) for name in ("squared_error", "absolute_error", "poisson")]
[sklearn.ensemble.HistGradientBoostingRegressor(loss=name).fit(E, X + 1) for name in ("poisson", "gamma", "absolute_error")]
[sklearn.neighbors.BallTree(E, metric=name) for name in ("euclidean", "manhattan", "chebyshev", "hamming", "canberra", "jaccard")]
sklearn.feature_selection.f_classif, sklearn.feature_selection.chi2, sklearn.datasets.make_blobs(4), sklearn.utils.Bunch(a=1)
sklearn.model_selection.GridSearchCV(sklearn.svm.SVC(), {"C": [1, 2]}, cv=sklearn.model_selection.StratifiedKFold(2)).fit(E, X > 3)
[torch.zeros(2).to(getattr(torch, k)) for k in "float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 float8_e4m3fn".split()]
torch.nn.Parameter(torch.ones(2)), torch.nn.Buffer(torch.ones(2)), torch.Size([1]), torch.device("cpu"), torch.ones(2, device="meta")
torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.strided, torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]), torch.ones(2).untyped_storage(), torch.ones(2).storage()
torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2)), torch.nn.utils.weight_norm(torch.nn.Linear(2, 2))
torch.utils.data.TensorDataset(torch.ones(2)), torch.amp.GradScaler("cpu"), torch.nn.functional.relu, torch.tanh, torch.float32
"""  # noqa: E501


def expressions() -> Iterator[tuple[str, Any]]:
    import numpy as np

    names: dict[str, Any] = {"X": np.arange(8.0), "E": np.eye(8)}
    for name in MODULES.split():
        exec(f"import {name}", names)
    for line in EXPRESSIONS.strip().splitlines():
        yield line, attempt(lambda line=line: eval(line, names))  # a package may be missing


def estimators() -> Iterator[tuple[str, Any]]:
    import numpy as np
    from sklearn.utils import all_estimators
    from sklearn.utils._test_common.instance_generator import _construct_instances

    rng = np.random.RandomState(0)
    x, texts = np.abs(rng.normal(size=(40, 4))) + 0.1, np.array(["a red fox", "a dog", "red dog", "the cat"] * 10)
    classes, numbers = np.arange(40) % 2, x[:, 0] * 2 + 1
    lessons = [(x, classes), (x, numbers), (x, np.eye(2, dtype=int)[classes]), (texts, classes), (numbers, numbers)]
    for name, cls in all_estimators():
        for estimator in attempt(lambda cls=cls: list(_construct_instances(cls)), []):
            yield name, estimator
            for lesson in lessons:
                if attempt(lambda lesson=lesson, estimator=estimator: estimator.fit(*lesson)) is not None:
                    yield f"{name}, fitted", estimator
                    break
    for module in ("sklearn.model_selection", "sklearn.gaussian_process.kernels"):
        for name, cls in inspect.getmembers(importlib.import_module(module), inspect.isclass):
            yield name, attempt(cls)


def layers() -> Iterator[tuple[str, Any]]:
    import torch

    shapes = [(), (4,), (4, 4), (4, 2), (2, 4, 2), (4, 2, 2), (torch.ones(4, 4),)]
    for name, cls in inspect.getmembers(torch.nn, inspect.isclass):
        if issubclass(cls, torch.nn.Module):
            made = (attempt(lambda cls=cls, shape=shape: cls(*shape)) for shape in shapes)
            yield name, next((layer for layer in made if layer is not None), None)
    weight = torch.nn.Parameter(torch.ones(2, 2))
    weight.grad = torch.ones(2, 2)
    for name, cls in inspect.getmembers(torch.optim, inspect.isclass):
        optimizer = attempt(lambda cls=cls: cls([weight], lr=0.1))
        attempt(lambda optimizer=optimizer: optimizer.step())
        yield name, optimizer
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    for name, cls in inspect.getmembers(torch.optim.lr_scheduler, inspect.isclass):
        tries = (attempt(lambda cls=cls, given=given: cls(optimizer, *given)) for given in ([], [1], [0.1, 9]))
        if not name.startswith("_"):
            yield name, next((schedule for schedule in tries if schedule is not None), None)


def attempt(make: Any, otherwise: Any = None) -> Any:
    """What `make` makes; libraries refuse in many ways, and what they refuse is no animal of ours."""
    try:
        return make()
    except Exception:
        return otherwise


def written(value: Any) -> Iterator[bytes]:
    """`value` in every way it is written to files; the ways that refuse it are left out."""
    import joblib
    import torch

    yield from filter(None, (attempt(lambda protocol=protocol: pickle.dumps(value, protocol)) for protocol in range(6)))
    legacy = functools.partial(torch.save, _use_new_zipfile_serialization=False)
    for save in (joblib.dump, torch.save, legacy):
        file = io.BytesIO()
        if attempt(lambda save=save, file=file: save(value, file) or True):
            yield zipfile.ZipFile(file).read("archive/data.pkl") if zipfile.is_zipfile(file) else file.getvalue()


def facts(data: bytes) -> Iterator[tuple[str, str, Kind]]:
    """Module, name and use of every name in a file with several pickles in a row (legacy torch)."""
    ledger = Ledger(data, len(data), "zoo", Limits(), "")
    start = 0
    while data[start : start + 1] == b"\x80" or start == 0:
        walk = Machine(data, start, len(data), ledger, Limits(), read_arrays=True).run()
        start = walk.end if walk.broken is None else len(data)
    for row in ledger.evidence():
        if row.kind in (Kind.IMPORT, Kind.ATTRIBUTE):
            yield row.detail["module"], row.detail["name"], row.kind
        elif row.kind in NEEDED and row.detail["callee"]:  # legacy torch also builds objects out of persistent ids
            module, _, name = row.detail["callee"].partition(":")
            yield module, name, row.kind


def main() -> int:
    warnings.simplefilter("ignore")
    freest: dict[str, tuple[int, Kind, str]] = {}
    animals = 0
    for room in (expressions, estimators, layers):
        for animal, value in room():
            animals += value is not None
            for module, name, kind in (fact for data in written(value) for fact in facts(data)):
                known = RULES.match(module, name)
                allowed = freest[known.name][0] if known.name in freest else RANK[known.use]
                if NEEDED[kind] > allowed:
                    freest[known.name] = (NEEDED[kind], kind, f"{known.use or 'not listed'}; seen in {animal}")
    for dotted, (_, kind, note) in sorted(freest.items()):
        print(f"{dotted}: {kind.lower()}, but {note}")
    print(f"{animals} objects, {len(freest)} names used more freely than trusted.toml allows")
    return 1 if freest else 0


if __name__ == "__main__":
    raise SystemExit(main())
