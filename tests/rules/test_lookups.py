"""`operator.itemgetter`, `attrgetter` and `methodcaller` kept in a model, and what makes of them an attack."""

from __future__ import annotations

import collections
import functools
import operator
import pickle

import pytest
from live import Case, load_unguarded
from samples import call, global_, proto, stack_global, text

import modelscan
from modelscan.guard import shapes
from modelscan.policy import Policy

preprocessing = pytest.importorskip("sklearn.preprocessing")

KEPT = [
    operator.itemgetter(1),
    operator.itemgetter("petal length (cm)", slice(1, 2), (0, 1)),
    operator.attrgetter("values", "index.size"),
    operator.methodcaller("lower"),
    operator.methodcaller("astype", "float32", copy=False),
    functools.partial(sorted, key=operator.itemgetter("a")),
]


class Callback:
    """A class of the user's, as of a training loop."""


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kept", KEPT, ids=str)
def test_a_model_may_keep_one(kept, protocol):
    assert modelscan.scan(pickle.dumps(preprocessing.FunctionTransformer(kept), protocol)).verdict == "SAFE"
    callback = Callback()
    callback.monitor = {"metrics": [kept]}
    report = modelscan.scan(pickle.dumps(callback, protocol))
    assert {row.severity.name for row in report.findings} == {"LOW"}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kept", KEPT, ids=str)
def test_a_container_may_keep_one(kept, protocol):
    for value in ({"key": kept}, [1, (kept,)], collections.OrderedDict(a=kept), collections.deque([kept])):
        assert modelscan.scan(pickle.dumps(value, protocol)).verdict == "SAFE"


def test_one_for_places_alone_is_data():
    assert modelscan.scan(pickle.dumps([operator.itemgetter(1, 2)])).verdict == "SAFE"


@pytest.mark.parametrize(
    "kept",
    [
        operator.attrgetter("__class__"),
        operator.attrgetter("a.__globals__.b"),
        operator.attrgetter("linecache.os.system"),
        operator.itemgetter("__builtins__"),
        operator.itemgetter((1, "__builtins__")),
        operator.methodcaller("__reduce_ex__", 2),
        operator.methodcaller("eval", "1"),
        operator.methodcaller("to_pickle", "model.pkl"),
        operator.methodcaller("lower", print),
        operator.methodcaller("m", key=print),
    ],
    ids=str,
)
@pytest.mark.parametrize("protocol", range(6))
def test_names_that_lead_further_are_refused(kept, protocol):
    assert modelscan.scan(pickle.dumps(preprocessing.FunctionTransformer(kept), protocol)).refused


def test_each_of_many_is_looked_at():
    many = [operator.attrgetter(f"a{number}") for number in range(40)]
    assert modelscan.scan(pickle.dumps(preprocessing.FunctionTransformer(kw_args={"f": many}))).verdict == "SAFE"
    many.append(operator.attrgetter("__class__"))
    assert modelscan.scan(pickle.dumps(preprocessing.FunctionTransformer(kw_args={"f": many}))).refused


def made(kind: str, *args: str) -> bytes:
    return call(global_("operator", kind), *map(text, args))


def attacks(marker):
    """Each makes the marker when it is loaded."""
    folder = call(global_("pathlib", "Path"), text(str(marker)))
    maker = made("methodcaller", "mkdir")
    pair = proto() + global_("collections", "OrderedDict") + b")R" + text("k") + maker + b"sq\0"
    held = global_("types", "SimpleNamespace") + b")\x81}" + text("f") + maker + b"q\1sb0"
    yield "called at once", proto() + call(maker, folder)
    yield "called by OBJ", proto() + b"(" + maker + folder + b"o"
    yield (
        "called by STACK_GLOBAL's",
        proto() + call(call(stack_global("operator", "methodcaller"), text("mkdir")), folder),
    )
    yield "made by NEWOBJ", proto() + call(global_("operator", "methodcaller") + text("mkdir") + b"\x85\x81", folder)
    yield (
        "made by copyreg",
        proto()
        + call(call(global_("copyreg", "__newobj__"), global_("operator", "methodcaller"), text("mkdir")), folder),
    )
    yield "held, then called", proto() + held + call(b"h\1", folder)
    yield "an item, then called", pair + b"0" + call(maker, folder)
    yield "in a partial", proto() + call(call(global_("functools", "partial"), maker, folder))
    yield (
        "a name in a partial",
        proto()
        + call(call(call(global_("functools", "partial"), global_("operator", "methodcaller"), text("mkdir"))), folder),
    )
    yield (
        "through map",
        proto() + call(global_("builtins", "list"), call(global_("builtins", "map"), maker, b"]" + folder + b"a")),
    )
    yield "a sort key", proto() + call(global_("heapq", "nsmallest"), b"K\1", b"]" + folder + b"a", maker)
    yield (
        "a keys method",
        proto()
        + call(
            global_("collections", "OrderedDict"),
            global_("types", "SimpleNamespace")
            + b")\x81}"
            + text("keys")
            + call(global_("functools", "partial"), maker, folder)
            + b"sb",
        ),
    )


def test_what_calls_one_is_refused(tmp_path):
    cases, refused = [], []
    for number, (name, data) in enumerate(attacks(tmp_path)):
        del data
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(dict(attacks(marker))[name] + b".")
        cases.append(Case(name, "pickle", path, marker))
        refused.append(modelscan.scan(path).refused)
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    assert all(refused), [case.name for case, one in zip(cases, refused, strict=True) if not one]


@pytest.mark.parametrize(
    "data",
    [
        call(global_("collections", "defaultdict"), made("attrgetter", "a")),
        call(global_("builtins", "dict"), b"]" + made("attrgetter", "a") + b"a"),
        call(
            global_("collections", "OrderedDict"),
            global_("types", "SimpleNamespace") + b")\x81}" + text("keys") + made("attrgetter", "a") + b"sb",
        ),
        made("attrgetter", "touch marker"),
        made("methodcaller", "lower"),
        b"(S'lower'\nioperator\nmethodcaller\n",
        made("methodcaller", "lower") + b"0N",
        made("attrgetter", "a") + b"}b",
        call(global_("operator", "attrgetter"), call(global_("builtins", "str"), b"K\1")),
    ],
)
def test_handed_on_or_of_no_use_is_refused(data):
    assert modelscan.scan(proto() + data + b".").refused


def test_its_shape_is_not_remembered():
    policy = Policy()
    data = pickle.dumps({"a": operator.itemgetter(1)})
    pairs = shapes.shape(data)
    assert pairs is not None
    shapes.remember(data, policy, None, frozenset(pairs[1]))  # type: ignore[arg-type]
    assert shapes.names(data, policy) is None


@pytest.mark.parametrize(
    "codec", ["zlib", "bz2_codec", "hex", "rot13", "uu", "base64", "quopri", "my.codec", "undefined"]
)
def test_codecs_that_unwrap_are_refused(codec):
    report = modelscan.scan(proto() + call(global_("_codecs", "encode"), text("x"), text(codec)) + b".")
    assert [row.rule for row in report.findings] == ["MS-P307"]


@pytest.mark.parametrize("codec", ["latin1", "latin-1", "utf-8", "ASCII", "iso-8859-1", "utf_16_le", "cp1252", "UTF8"])
def test_encodings_of_text_are_ordinary(codec):
    data = proto() + call(global_("_codecs", "encode"), text("x"), text(codec)) + b"."
    assert pickle.loads(data)
    assert modelscan.scan(data).verdict == "SAFE"


def test_a_codec_belongs_to_the_shape():
    for opcode in (b"X", b"T"):  # BINUNICODE, BINSTRING
        texts = [
            proto(2) + call(global_("_codecs", "encode"), text("x"), opcode + (6).to_bytes(4, "little") + codec) + b"."
            for codec in (b"latin1", b"latin2", b"base64")
        ]
        one, alike, other = map(shapes.shape, texts)
        assert one == alike != other
