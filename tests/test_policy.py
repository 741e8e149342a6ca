"""What facts mean: the table of severities, verdicts and refusals."""

from __future__ import annotations

import collections
import functools
import pickle
import random

import pytest
from samples import call, global_, proto, stack_global, text

import modelscan
from modelscan.errors import SettingsError
from modelscan.policy import Policy
from modelscan.report import Severity
from modelscan.rules.lookalike import lookalike
from modelscan.rules.match import Rules
from modelscan.rules.rule import Use

X = text("x")


def worst(data: bytes):
    report = modelscan.scan(data + b".")
    return report.findings[0].severity.name if report.findings else None


GRADES = {
    "a denied callable": (call(global_("posix", "system"), X), "CRITICAL"),
    "its Python 2 spelling": (call(global_("__builtin__", "eval"), X), "CRITICAL"),
    "merely naming it": (global_("subprocess", "Popen"), "CRITICAL"),
    "below a denied module": (global_("asyncio.unix_events", "_UnixSubprocessTransport"), "CRITICAL"),
    "through another module": (proto() + stack_global("pathlib", "os.system"), "CRITICAL"),
    "through a private alias": (proto() + stack_global("random", "_os.system"), "CRITICAL"),
    "through special attributes": (proto() + stack_global("numpy", "size.__class__.__base__"), "CRITICAL"),
    "through getattr": (call(global_("builtins", "getattr"), global_("os", "path"), text("os")), "CRITICAL"),
    "getattr on what a call returns": (call(global_("builtins", "getattr"), call(global_("a", "b")), X), "CRITICAL"),
    "a file write": (global_("os", "remove"), "HIGH"),
    "an extension code": (b"\x82\x01", "HIGH"),
    "writing into a module": (global_("numpy", "size") + b"}b", "CRITICAL"),
    "nesting that no pickler reaches": (b"N" + b"\x85" * 20_000, "HIGH"),
    "the same with lists": (b"]" * 20_000 + b"a" * 19_999, "HIGH"),
    "an unreviewed call": (call(global_("lib.code", "make"), X), "MEDIUM"),
    "an unreviewed INST": (b"(ilib.net\nmake\n", "MEDIUM"),
    "a call of what a call returned": (call(call(global_("collections", "OrderedDict"))), "MEDIUM"),
    "a persistent id": (b"P1\n", "MEDIUM"),
    "a look-alike": (global_("skIearn.tree", "Tree"), "MEDIUM"),
    "an acting module": (global_("antigravity", "x"), "MEDIUM"),
    "an unreviewed name": (global_("lib.net", "Net"), "LOW"),
    "an unreviewed class": (global_("lib.net", "Net") + b")\x81}b", "LOW"),
    "an unreviewed class the old way": (
        call(global_("copy_reg", "_reconstructor"), global_("lib.net", "Net"), global_("__builtin__", "object"), b"N"),
        "LOW",
    ),
    "a trusted class": (call(global_("collections", "OrderedDict")), None),
    "a trusted callable with a trusted argument": (
        call(global_("collections", "defaultdict"), global_("builtins", "list")),
        None,
    ),
    "a trusted callable with an unreviewed argument": (
        call(global_("collections", "defaultdict"), global_("lib", "factory")),
        "MEDIUM",
    ),
    "a trusted callable with a denied argument": (
        call(global_("functools", "partial"), global_("os", "system"), X),
        "CRITICAL",
    ),
    "a mapping with keys of its own": (  # OrderedDict calls the `keys` of whatever has some
        call(
            global_("collections", "OrderedDict"),
            global_("types", "SimpleNamespace") + b")\x81}" + text("keys") + global_("lib", "f") + b"sb",
        ),
        "MEDIUM",
    ),
    "the same with a bound method": (
        call(
            global_("collections", "OrderedDict"),
            global_("types", "SimpleNamespace")
            + b")\x81}"
            + text("keys")
            + call(global_("builtins", "getattr"), global_("lib", "Cls") + b")\x81", text("run"))
            + b"sb",
        ),
        "MEDIUM",
    ),
    "a bound method of an unreviewed class": (
        call(global_("builtins", "getattr"), global_("lib", "Cls") + b")\x81", text("run")),
        "LOW",
    ),
    "a call of a bound method": (
        call(call(global_("builtins", "getattr"), global_("collections", "OrderedDict") + b")\x81", text("popitem"))),
        "MEDIUM",
    ),
    "getattr handed to a trusted function": (
        call(global_("collections", "OrderedDict"), global_("builtins", "getattr")),
        "CRITICAL",
    ),
    "the type of None": (call(global_("builtins", "type"), b"N"), None),
    "making a class": (call(global_("builtins", "type"), X, b")", b"}"), "MEDIUM"),
    "a name like a module's": (global_("numpy", "trace") + b"0N", "LOW"),
    "a denied argument that arrives later": (
        proto() + stack_global("functools", "partial") + b"]\x94\x85R0h\x00" + global_("os", "system") + b"a",
        "CRITICAL",
    ),
    "an unreviewed argument that arrives later": (
        proto() + stack_global("collections", "defaultdict") + b"]\x94\x85R0h\x00" + global_("lib", "f") + b"a",
        "MEDIUM",
    ),
}


@pytest.mark.parametrize(("data", "grade"), GRADES.values(), ids=GRADES)
def test_severity_follows_what_is_done(data, grade):
    assert worst(data) == grade


TABLE = {
    "SAFE": (pickle.dumps([1]), {"strict": False, "standard": False, "warn": False, "off": False}),
    "UNVERIFIED": (global_("lib", "N") + b".", {"strict": True, "standard": False, "warn": False, "off": False}),
    "UNSAFE": (call(global_("lib", "f")) + b".", {"strict": True, "standard": True, "warn": False, "off": False}),
    "INCONCLUSIVE": (b"\x89HDF\r\n\x1a\n", {"strict": True, "standard": True, "warn": False, "off": False}),
}


@pytest.mark.parametrize("verdict", TABLE)
@pytest.mark.parametrize("policy", ["strict", "standard", "warn", "off"])
def test_what_is_refused(verdict, policy):
    data, refused = TABLE[verdict]
    report = modelscan.scan(data, policy)
    assert (report.verdict, report.refused) == (verdict, refused[policy])


def test_a_pickle_that_only_breaks_is_refused_by_strict_alone():
    data = pickle.dumps(list(range(3000)))[:-50]
    assert modelscan.scan(data).verdict == "INCONCLUSIVE"
    assert not modelscan.scan(data).refused
    assert modelscan.scan(data, "strict").refused


def test_an_unknown_policy_says_what_is_known():
    with pytest.raises(SettingsError, match="strict, standard, warn, off"):
        modelscan.scan(b"N.", "lax")


def test_an_approved_name_is_trusted():
    data = call(global_("lib", "make")) + b"."
    assert modelscan.scan(data, Policy().with_allowed(["lib.make"])).verdict == "SAFE"


def test_a_critical_name_cannot_be_approved():
    with pytest.raises(ValueError, match=r"os\.system cannot be allowed"):
        Policy().with_allowed(["os.system"])
    with pytest.raises(ValueError, match="CRITICAL"), modelscan.allow(name="builtins.eval", reason="no"):
        pass


@pytest.mark.parametrize("arguments", [{}, {"sha256": "x"}, {"sha256": "0" * 64, "name": "a.b"}])
def test_allow_says_what_it_takes(arguments):
    with pytest.raises(ValueError, match=r"sha256|name"), modelscan.allow(**arguments, reason="r"):
        pass


PLAIN = [
    collections.OrderedDict(a=1),
    collections.defaultdict(list, a=[1]),
    collections.Counter("abc"),
    functools.partial(int, base=2),
    {1, 2},
    frozenset({3}),
    complex(1, 2),
    range(3),
    slice(1, 2),
    bytearray(b"x"),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_is_safe_in_every_protocol(value, protocol):
    report = modelscan.scan(pickle.dumps(value, protocol))
    assert (report.verdict, report.findings) == ("SAFE", ())


@pytest.mark.parametrize(
    ("module", "name", "canonical"),
    [
        ("posix", "system", "os.system"),
        ("nt", "system", "os.system"),
        ("__builtin__", "reduce", "functools.reduce"),
        ("cPickle", "loads", "pickle.loads"),
        ("numpy.core.multiarray", "_reconstruct", "numpy._core.multiarray._reconstruct"),
        ("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper", "joblib.numpy_pickle.NumpyArrayWrapper"),
    ],
)
def test_names_have_one_spelling(module, name, canonical):
    assert Rules.load().canonical(module, name) == canonical


def test_a_trusted_name_below_a_denied_one_stays_trusted():
    assert Rules.load().match("logging", "getLogger").use is Use.CALL
    assert Rules.load().match("logging", "getLoggerx").rule is not None


@pytest.mark.parametrize("name", ["numpyy", "skIearn", "nunpy", "pandsa", "sk1earn", "torhc"])
def test_lookalikes_are_seen(name):
    assert lookalike(name, {"numpy", "sklearn", "pandas", "torch"})


@pytest.mark.parametrize("name", ["numpy", "torchvision", "sklearnex", "lib", "mypackage", "os"])
def test_other_names_are_no_lookalikes(name):
    assert lookalike(name, {"numpy", "sklearn", "pandas", "torch"}) is None


def test_lookalikes_are_those_at_one_edit_from_any_known_name():
    """Held against every known name, one by one."""
    from modelscan.rules import lookalike as rule

    known = Policy().rules.packages
    word = random.Random(0)
    for name in sorted(known):
        at, letter = word.randrange(len(name)), word.choice("abcxyz01")
        swapped = name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :]
        edits = [
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            swapped,
        ]
        for edited in (*edits, name + letter * 2, name[2:]):
            plain = edited.translate(rule._CONFUSED).lower()
            near = [other for other in sorted(known) if len(other) >= rule.SHORTEST and rule._near(plain, other)]
            expected = near[0] if near and edited not in known and len(edited) >= rule.SHORTEST - 1 else None
            assert lookalike(edited, known) == expected


def test_the_worst_comes_first():
    data = global_("lib", "A") + b"0" + call(global_("os", "system"), X) + b"."
    severities = [finding.severity for finding in modelscan.scan(data).findings]
    assert severities == sorted(severities, reverse=True)
    assert severities[0] is Severity.CRITICAL
