"""Calls that come down to plain data: what ordinary files write passes, what an attack makes of it does not."""

from __future__ import annotations

import enum
import functools
import http
import os
import pickle
import re
import signal
import sys
import typing
import zlib

import pytest
from keras_samples import archive, component, lambda_layer, sequential
from live import Case, load_unguarded
from samples import call, global_, proto, text

import modelscan
from modelscan.pickles.forms import SUBSCRIPTED
from modelscan.rules.match import Rules

ORDINARY = [
    *(typing.List[int], typing.Optional[str], typing.Dict[str, typing.List[float]]),  # noqa: UP006, UP045
    *(typing.Callable[[int], str], typing.Tuple[int, ...], typing.Union[int, str, None]),  # noqa: UP006, UP007
    typing.Literal["a", 1],
    *(list[int], dict[str, float], tuple[int, ...]),
    *(iter([1, 2]), iter((1,)), iter(range(3)), iter({"a": 1}), iter("ab"), iter(bytearray(b"a")), reversed([1, 2])),
    *(enumerate(["a"]), zip([1], "b", strict=False), enumerate(iter([1]))),
    *("abc".upper, " ".join, [1].count, {"a": 1}.get, {1}.issubset, b"a".split),
    *(re.compile(r"\w+").findall, re.compile("a", re.I).sub, functools.partial(re.compile("a").sub, "b")),
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", ORDINARY, ids=repr)
def test_what_ordinary_files_write_is_safe(value, protocol):
    report = modelscan.scan(pickle.dumps(value, protocol))
    assert (report.verdict, report.findings) == ("SAFE", ())


class Kind(enum.Enum):
    A = 1


class Parts(enum.Flag):
    X = 1
    Y = 2


class Word(enum.StrEnum):
    Q = "q"


TRUSTED = [http.HTTPStatus.OK, re.I | re.M, signal.SIGTERM]
COLOR = global_("re", "RegexFlag")
SPELLED = {
    "by value, 3.8 to 3.10 and 3.12 on": call(COLOR, b"K\2"),
    "by name, 3.11.0": call(global_("builtins", "getattr"), COLOR, text("IGNORECASE")),
    "flags together, 3.11.0": call(
        global_("_operator", "or_"),
        call(global_("builtins", "getattr"), COLOR, text("IGNORECASE")),
        call(global_("builtins", "getattr"), COLOR, text("MULTILINE")),
    ),
    "flags by value and rest": call(global_("_operator", "or_"), call(COLOR, b"K\2"), b"K\x08"),
    "as a name of the module, 3.8 to 3.10": global_("signal", "SIGTERM"),
    "by name, of a class in a module that is denied": call(
        global_("builtins", "getattr"), global_("http", "HTTPStatus"), text("OK")
    ),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("member", TRUSTED, ids=repr)
def test_members_of_reviewed_enumerations_are_safe(member, protocol):
    assert modelscan.scan(pickle.dumps([member], protocol)).verdict == "SAFE"


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_every_spelling_of_a_member_is_safe(spelled):
    data = proto() + spelled + b"."
    assert pickle.loads(data) in TRUSTED or isinstance(pickle.loads(data), re.RegexFlag)
    assert modelscan.scan(data).verdict == "SAFE"


def test_members_of_other_enumerations_are_calls_or_names():
    """By value, a class of the file's choosing is called; by name, an attribute of it is named."""
    called = pickle.dumps([Kind.A, Parts.X | Parts.Y, Word.Q], 4)
    assert {row.severity.name for row in modelscan.scan(called).findings} == {"MEDIUM"}
    named = proto() + call(global_("builtins", "getattr"), global_("shop.models", "Color"), text("RED")) + b"."
    assert not modelscan.scan(named).refused


def test_no_form_takes_a_state():
    """A state would be handed on to the type."""
    for name in SUBSCRIPTED:
        found = Rules.load().match("typing", name)
        assert (found.use, found.state, found.items) == ("construct", False, False)


def attacks(marker):
    """Each makes the marker when it is loaded."""
    folder, mkdir = text(str(marker)), global_("os", "mkdir")
    maker = call(global_("functools", "partial"), mkdir, folder)
    counter = global_("collections", "Counter")
    form = call(global_("_operator", "getitem"), global_("typing", "List"), global_("builtins", "int"))
    given = b"}" + text("__origin__") + counter + b"s}" + text("update") + mkdir + b"s\x86b"
    yield "a form with a state", form + given + b"0" + call(counter, folder)
    yield "iter with a function", call(global_("builtins", "list"), call(global_("builtins", "iter"), maker, b"N"))
    method = call(global_("types", "MethodType"), mkdir, folder)
    yield "a bound function", call(method)
    keys = global_("types", "SimpleNamespace") + b")\x81}" + text("keys") + method + b"sb"
    yield "a bound function as keys", call(global_("collections", "OrderedDict"), keys)
    items = call(global_("builtins", "zip"), call(global_("builtins", "map"), mkdir, b"]" + folder + b"a"))
    yield "a lazy call in a zip", call(global_("builtins", "list"), items)


def test_attacks_on_the_forms_are_refused(tmp_path):
    cases = []
    for number, name in enumerate(dict(attacks(tmp_path))):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(proto() + dict(attacks(marker))[name] + b".")
        cases.append(Case(name, "pickle", path, marker))
        assert modelscan.scan(path).refused, name
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said


def bound(function: bytes) -> bytes:
    """A method of a trusted kind that carries a function."""
    return call(global_("types", "MethodType"), function, b"K\1")


@pytest.mark.parametrize(
    "data",
    [
        call(global_("builtins", "iter"), global_("types", "SimpleNamespace") + b")\x81"),
        call(global_("builtins", "reversed"), global_("builtins", "object") + b")\x81"),
        call(global_("builtins", "getattr"), text("{0.a}"), text("__class__")),
        call(call(global_("builtins", "getattr"), text("{0.a}"), text("format")), b"K\1"),
        call(global_("builtins", "getattr"), call(global_("re", "_compile"), text("a"), b"K\0"), text("__class__")),
        call(global_("builtins", "getattr"), call(global_("re", "compile"), text("a")), text("sub")),
        call(
            call(global_("builtins", "getattr"), call(global_("re", "_compile"), text("a"), b"K\0"), text("sub")), b"N"
        ),
        call(global_("types", "MethodType"), text("x"), text("y")),
        call(global_("types", "MethodType"), text("x")),
        bound(global_("os", "system")),
        call(global_("_operator", "getitem"), global_("typing", "sys"), text("modules")),
        call(global_("_operator", "getitem"), global_("typing", "List"), text("__import__('os')")),
        call(global_("_operator", "getitem"), b"}", text("a")),
        call(global_("types", "GenericAlias"), global_("builtins", "list"), b")") + b"}b",
        call(global_("types", "GenericAlias"), global_("builtins", "list"), b")") + b"K\1a",
        call(global_("socket", "AddressFamily"), b"K\2") + b"}b",
        call(global_("dateutil.tz.tz", "tzfile"), text("/etc/passwd")),
        call(global_("jax._src.array", "_reconstruct_array"), global_("builtins", "dict"), b")", b")", b"}"),
        call(global_("torch._C", "Generator")) + b"}b",
    ],
)
def test_other_arguments_count_as_calls(data):
    assert modelscan.scan(proto() + data + b".").refused


def in_memory(content: bytes) -> bytes:
    given = b"(B" + len(content).to_bytes(4, "little") + content + b"K\0Nt"
    return global_("_io", "BytesIO") + b")\x81" + given + b"b"


def unpickled(file: bytes) -> bytes:
    model = global_("keras.src.models.sequential", "Sequential")
    return proto() + call(call(global_("builtins", "getattr"), model, text("_unpickle_model")), file) + b"."


def test_a_pickled_keras_model_is_read_like_its_file():
    plain, acting = archive(sequential(component("Flatten"))), archive(sequential(lambda_layer()))
    assert modelscan.scan(plain).verdict == "SAFE"
    assert modelscan.scan(unpickled(in_memory(plain))).verdict == "SAFE"
    assert modelscan.scan(acting).verdict == "UNSAFE"
    assert modelscan.scan(unpickled(in_memory(acting))).verdict == "UNSAFE"


@pytest.mark.parametrize(
    "file",
    [
        text("model.keras"),
        global_("_io", "BytesIO") + b")\x81",
        in_memory(b"x") + b"(B\1\0\0\0yK\0Ntb",
        call(global_("io", "open"), text("model.keras")),
        call(global_("_io", "BytesIO"), call(global_("zlib", "decompress"), b"C\x0b" + zlib.compress(b"abc"))),
    ],
)
def test_other_files_of_keras_are_refused(file):
    assert modelscan.scan(unpickled(file)).refused


def test_dill_evaluates_ranges_and_constants_only():
    made = global_("dill._dill", "_eval_repr")
    for plain in ("range(0, 9, -2)", "Ellipsis", "NotImplemented"):
        assert modelscan.scan(proto() + call(made, text(plain)) + b".").verdict == "SAFE"
    for other in (
        "range(0, 9).__class__",
        "range(0, f())",
        "print(1)",
        "range(1, 2)\n+f()",
        "range(" + "1" * 90 + ", 2)",
    ):
        assert modelscan.scan(proto() + call(made, text(other)) + b".").refused


def test_what_the_system_answers_is_data():
    for value in (os.stat_result(range(10)), os.terminal_size((80, 24))):
        for protocol in range(6):
            assert modelscan.scan(pickle.dumps(value, protocol)).verdict == "SAFE"


def test_an_array_of_objects_of_ones_own_may_stand_in_a_table():
    pandas = pytest.importorskip("pandas")

    class Sample:
        pass

    Sample.__qualname__ = Sample.__name__ = "Sample"
    sys.modules[__name__].Sample = Sample
    for protocol in range(6):
        report = modelscan.scan(pickle.dumps(pandas.DataFrame({"a": [Sample(), Sample()]}), protocol))
        assert {row.severity.name for row in report.findings} == {"LOW"}
    carried = global_("argparse", "Namespace") + b")\x81}" + text("keys") + global_("project.jobs", "Job") + b"sb"
    asked = call(global_("collections", "OrderedDict"), carried)
    assert modelscan.scan(proto() + asked + b".").refused
    made = global_("mpmath", "Job") + b")\x810"
    assert modelscan.scan(proto() + made + asked.replace(b"project.jobs", b"mpmath") + b".").refused
