"""Compiled code that takes parts of a state, or an argument, without looking: shorter than that, it reads no object."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from samples import call, global_, proto, text

import modelscan

TREE = global_("sklearn.neighbors._kd_tree", "KDTree")
DISTANCE = global_("sklearn.metrics._dist_metrics", "EuclideanDistance64")
NEW = global_("sklearn.metrics._dist_metrics", "newObj")
OLD = global_("sklearn.neighbors.kd_tree", "newObj")


def nothing(count: int) -> bytes:
    """A tuple of so many None."""
    return b"(" + b"N" * count + b"t"


SHORT = {
    "list": TREE + b")\x81]b",
    "empty": TREE + b")\x81)b",
    "none": TREE + b")\x81Nb",
    "dict": TREE + b")\x81}b",
    "one less": TREE + b")\x81" + nothing(12) + b"b",
    "by a function for shorter ones": call(NEW, TREE) + nothing(3) + b"b",
    "by an old name": call(OLD, global_("sklearn.neighbors.kd_tree", "KDTree")) + nothing(2) + b"b",
    "by copyreg": call(global_("copyreg", "__newobj__"), TREE) + nothing(2) + b"b",
    "behind many": b"](" + (TREE + b")\x81" + nothing(13) + b"b") * 200 + TREE + b")\x81" + nothing(12) + b"be",
    "a distance": DISTANCE + b")\x81" + nothing(2) + b"b",
    "a part of a computation": global_("sklearn.metrics._pairwise_distances_reduction._datasets_pair", "DatasetsPair64")
    + b")\x81)b",
    "a builder": call(
        global_("sklearn.tree._tree", "__pyx_unpickle_TreeBuilder"),
        global_("sklearn.tree._tree", "TreeBuilder"),
        b"J\x7f\xfb\x62\x06",
        b")",
    ),
    "a part of a fit": global_("sklearn.ensemble._hist_gradient_boosting.histogram", "HistogramBuilder") + b")\x81)b",
    "a part of a tree": global_("sklearn.tree._partitioner", "DensePartitioner") + b")\x81" + nothing(1) + b"b",
    "a part of clusters": global_("sklearn.cluster._hierarchical_fast", "UnionFind") + b")\x81)b",
    "a sentinel": global_("sklearn.utils._vector_sentinel", "StdVectorSentinelIntP") + b")\x81)b",
    "a part of smoothing": global_("statsmodels.tsa.holtwinters._exponential_smoothers", "HoltWintersArgs")
    + b")\x81)b",
    "a smoother of nothing": call(
        global_("statsmodels.tsa.statespace._simulation_smoother", "dSimulationSmoother"), b"N"
    ),
    "a moment of too few parts": global_("pandas._libs.tslibs.base", "ABCTimestamp")
    + b"(K\x01K\x01K\x01K\x01K\x01t\x81",
    "a number of a text": global_("ml_dtypes", "bfloat16") + b"(" + text("x") + b"t\x81",
}


@pytest.mark.parametrize("name", SHORT)
def test_what_is_read_unchecked_is_refused(name):
    assert modelscan.scan(proto() + SHORT[name] + b".").verdict == "UNSAFE"


@pytest.mark.skipif(sys.platform == "win32", reason="how a process ends is told by a signal")
def test_a_state_that_is_too_short_ends_the_process():
    pytest.importorskip("sklearn")
    code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    for name in ("list", "a part of a fit", "a part of a tree", "a sentinel", "a moment of too few parts"):
        ends = name in ("list", "a moment of too few parts")  # the others take what they find there for an object
        done = subprocess.run(
            [sys.executable, "-c", code], input=proto() + SHORT[name] + b".", capture_output=True, check=False
        )
        assert done.returncode < 0 or (done.returncode and not ends), (name, done.stderr)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_trees_and_distances_of_models_are_data(protocol):
    neighbors = pytest.importorskip("sklearn.neighbors")
    points = np.random.default_rng(0).random((30, 2))
    trees = [neighbors.KDTree(points), neighbors.BallTree(points, metric="minkowski", p=3)] * 20
    fitted = [
        neighbors.KNeighborsClassifier(algorithm=kind).fit(points, np.arange(30) % 2)
        for kind in ("kd_tree", "ball_tree")
    ]
    assert modelscan.scan(pickle.dumps([trees, fitted], protocol)).verdict == "SAFE"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numbers_of_few_bits_are_data(protocol):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = [np.ones(3, ml_dtypes.bfloat16), ml_dtypes.bfloat16(1), np.dtype(ml_dtypes.int4), ml_dtypes.float8_e5m2]
    assert modelscan.scan(pickle.dumps(values, protocol)).verdict == "SAFE"
