"""What a library calls while it gives an object its state, or behind the unpickler, and a file would replace."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

import numpy as np
import pytest
from samples import call, global_, proto, text

import modelscan
from modelscan.pickles.meaning import MEANINGS
from modelscan.rules.match import Rules

TOUCH = global_("unheard_of", "touch")
"""A function that nobody reviewed: a file may name it, and nothing may call it."""
MODULE = """
import os

import numpy


def touch(*args, **options):
    if not os.path.exists("marker"):
        os.mkdir("marker")
    return ""


class Thing:
    def __new__(cls, **options):
        touch()
        return object.__new__(cls)

    from_arrays = touch
"""


def state(**attributes: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in attributes.items()) + b"u"


def instance(module: str, name: str, **attributes: bytes) -> bytes:
    return global_(module, name) + b")\x81" + state(**attributes) + b"b"


def record(**attributes: bytes) -> bytes:
    return call(global_("argparse", "Namespace")) + state(**attributes) + b"b"


EMPTY = dict.fromkeys(("_modules", "_parameters", "_buffers"), b"}")
SHOWN = {
    "a layer": instance("torch.nn.modules.linear", "Linear", **EMPTY, extra_repr=TOUCH),
    "a record": record(_get_kwargs=TOUCH, _get_args=TOUCH),
}


def estimator(version: bytes, key: bytes = text("_sklearn_version"), before: bytes = b"") -> bytes:
    settings = b"".join(text(f"setting_{number}") + b"K\x01" for number in range(20))
    cls = global_("sklearn.linear_model._base", "LinearRegression")
    return before + cls + b")\x81}(" + settings + key + version + b"ub"


def loaded(tmp_path, data: bytes, loader: str = "pickle") -> bool:
    """Does loading it make the marker?"""
    (tmp_path / "unheard_of.py").write_text(MODULE)
    (tmp_path / "m.pkl").write_bytes(data)
    code = f"import {loader}, warnings\nwarnings.simplefilter('ignore')\n"
    code += "joblib.load('m.pkl')" if loader == "joblib" else "pickle.load(open('m.pkl', 'rb'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    made = (tmp_path / "marker").exists()
    if made:
        (tmp_path / "marker").rmdir()
    assert done.returncode >= 0, done.stderr
    return made


@pytest.mark.parametrize("name", SHOWN)
def test_the_version_of_an_estimator_is_a_text(tmp_path, name):
    """scikit-learn puts it into a warning where it is not its own."""
    pytest.importorskip("sklearn")
    memo = SHOWN[name] + b"q\x090"
    ways = {
        "as it is": estimator(SHOWN[name]),
        "by the memo": estimator(b"h\x09", before=memo),
        "a key of the memo": estimator(SHOWN[name], b"h\x08", text("_sklearn_version") + b"q\x080"),
        "an escaped key": estimator(SHOWN[name], b"V\\u005fsklearn_version\n"),
        "in a list": estimator(b"](" + SHOWN[name] + b"e"),
    }
    for way, data in ways.items():
        assert loaded(tmp_path, proto() + data + b"."), way
        report = modelscan.scan(proto() + data + b".")
        assert report.refused, way
        assert report.findings[0].rule == "MS-S070", way


def test_a_state_that_is_filled_before_its_estimator_is_named(tmp_path):
    shown = SHOWN["a record"]
    before = b"}(" + text("_sklearn_version") + shown + b"uq\x070"
    data = proto() + before + global_("sklearn.linear_model._base", "LinearRegression") + b")\x81h\x07b."
    assert loaded(tmp_path, data)
    assert modelscan.scan(data).findings[0].rule == "MS-S070"


def test_a_state_that_is_another_mapping(tmp_path):
    mapping = call(global_("collections", "OrderedDict")) + b"(" + text("_sklearn_version") + SHOWN["a record"] + b"u"
    data = proto() + global_("sklearn.linear_model._base", "LinearRegression") + b")\x81" + mapping + b"b."
    assert loaded(tmp_path, data)
    assert modelscan.scan(data).findings[0].rule == "MS-S070"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_estimators_in_estimators_are_data(protocol):
    pytest.importorskip("sklearn")
    from sklearn.ensemble import RandomForestClassifier, VotingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    points = np.random.default_rng(0).random((30, 2))
    forest = RandomForestClassifier(n_estimators=20)
    model = VotingClassifier([("a", make_pipeline(StandardScaler(), forest)), ("b", forest)])
    model.fit(points, np.arange(30) % 2)
    assert modelscan.scan(pickle.dumps([model, {np.str_("a"): [forest]}], protocol)).verdict == "SAFE"


def test_an_index_is_made_of_reviewed_classes_only(tmp_path):
    """`_new_Index(cls, d)` is `cls.__new__(cls, **d)`: no more than an instance of that class."""
    pytest.importorskip("pandas")
    thing, made = global_("unheard_of", "Thing"), state(dtype=b"N")
    index = global_("pandas.core.indexes.base", "_new_Index")
    known = global_("sklearn.unheard_of", "Thing")
    assert loaded(tmp_path, proto() + call(index, thing, made) + b".")
    of_library = modelscan.scan(proto() + call(index, known, made) + b".")
    assert (of_library.refused, of_library.findings[0].rule) == (True, "MS-U003")
    by_opcode = modelscan.scan(proto() + thing + b")" + made + b"\x92.")
    by_function = modelscan.scan(proto() + call(index, thing, made) + b".")
    assert [finding.rule for finding in by_opcode.findings] == [finding.rule for finding in by_function.findings]


def test_intervals_are_of_pandas(tmp_path):
    pytest.importorskip("pandas")
    function = global_("pandas.core.indexes.interval", "_new_IntervalIndex")
    data = proto() + call(function, global_("unheard_of", "Thing"), state(left=b"N")) + b"."
    assert loaded(tmp_path, data)
    assert modelscan.scan(data).refused


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_indexes_are_data(protocol):
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2026-01-01", periods=3, tz="Europe/Berlin")
    values = [days, pandas.Index(["a", "b"]), pandas.interval_range(0, 3), pandas.timedelta_range("1h", periods=3)]
    values += [
        pandas.period_range("2026", periods=3, freq="D"),
        days[0],
        pandas.NaT,
        pandas.NA,
        pandas.Timedelta("1h"),
        pandas.Period("2026", "Y"),
    ]
    assert modelscan.scan(pickle.dumps(values, protocol)).verdict == "SAFE"


EIGHT = call(global_("numpy", "dtype"), text("f8"), b"\x89", b"\x88")
ARRAY = {
    "subclass": global_("numpy", "ndarray"),
    "shape": b"K\x01\x85",
    "order": text("C"),
    "dtype": EIGHT,
    "allow_mmap": b"\x89",
}


@pytest.mark.parametrize("method", ["read", "read_array", "safe_get_numpy_array_alignment_bytes"])
def test_a_wrapper_of_joblib_keeps_its_own_methods(tmp_path, method):
    """joblib calls `wrapper.read(unpickler)` for each."""
    wrapper = instance("joblib.numpy_pickle", "NumpyArrayWrapper", **ARRAY, **{method: TOUCH})
    data = proto() + wrapper + bytes(8) + b"."
    assert loaded(tmp_path, data, "joblib")
    assert modelscan.scan(data).refused
    ordinary = instance("joblib.numpy_pickle", "NumpyArrayWrapper", **ARRAY)
    assert modelscan.scan(proto() + ordinary + bytes(8) + b".").verdict == "SAFE"


def test_a_wrapper_that_names_a_file_keeps_its_own_methods(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(1))
    fields = {"filename": text("a.npy"), "subclass": global_("numpy", "ndarray"), "allow_mmap": b"\x89"}
    data = proto() + instance("joblib.numpy_pickle_compat", "NDArrayWrapper", **fields, read=TOUCH) + b"."
    assert loaded(tmp_path, data, "joblib")
    assert modelscan.scan(tmp_path / "m.pkl").refused
    plain = proto() + instance("joblib.numpy_pickle_compat", "NDArrayWrapper", **fields) + b"."
    (tmp_path / "m.pkl").write_bytes(plain)
    assert modelscan.scan(tmp_path / "m.pkl").verdict == "SAFE"


def test_a_font_is_opened_by_no_state():
    """`FreeTypeFont.__setstate__` opens the file that its state names."""
    path = b"](" + text("/evil.ttf") + b"K\x0aK\x00" + text("") + b"K\x00e"
    data = proto() + global_("PIL.ImageFont", "FreeTypeFont") + b")\x81" + path + b"b."
    assert modelscan.scan(data).refused
    fonts = pytest.importorskip("PIL.ImageFont")
    with pytest.raises(OSError, match="cannot open resource"):
        fonts.FreeTypeFont.__new__(fonts.FreeTypeFont).__setstate__(["/evil.ttf", 10, 0, "", 0])


def test_types_of_numpy_take_no_state():
    """By these names they escape what is looked at in the state of a `numpy.dtype`."""
    fields = call(global_("numpy", "dtype"), text("O"), b"\x89", b"\x88")
    hidden = (
        b"(K\x03" + text("|") + b"N(" + text("a") + b"t}(" + text("a") + b"(" + fields + b"K\x00tuK\x08K\x01K\x00tb"
    )
    data = proto() + call(global_("numpy.dtypes", "BytesDType"), b"K\x08") + hidden + b"."
    dtype = pickle.loads(data)
    assert (dtype.hasobject, dtype["a"].hasobject) == (False, True)
    assert modelscan.scan(data).refused


def spellings(rules, module, name):
    """Other modules and names that come down to this one: moved ones, those of Python 2, and attributes of packages."""
    dotted = rules.canonical(module, name)
    moved, aliases = rules._aliases
    homes = {module, dotted.rpartition(".")[0]}
    for old, new in (*moved.items(), *IMPORT_MAPPING.items()):
        yield from ((old + home[len(new) :], name) for home in homes if f"{home}.".startswith(f"{new}."))
    yield from ((old.rpartition(".")[0], old.rpartition(".")[2]) for old, new in aliases.items() if new == dotted)
    yield from (old for old, new in NAME_MAPPING.items() if rules.canonical(*new) == dotted)
    parts = module.split(".")
    yield from ((".".join(parts[:at]), ".".join([*parts[at:], name])) for at in range(1, len(parts)))


def test_a_function_is_read_by_every_name_that_it_is_trusted_by():
    """What a call of it comes down to is looked up as the file spells it."""
    rules, count = Rules.load(), 0
    for spelled in MEANINGS:
        for module, name in spellings(rules, *spelled.split(":")):
            found = rules.match(module, name)
            called = found.use is not None and found.use not in ("name", "construct")
            count += 1
            assert not called or f"{module}:{name}" in MEANINGS, (module, name, spelled)
    assert count > 100
