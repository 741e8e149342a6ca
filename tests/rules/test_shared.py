"""Objects that everybody in a process has, such as loggers and members of enumerations, are given nothing by a file."""

from __future__ import annotations

import enum
import importlib
import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest
from samples import call, global_, proto, text

import modelscan
from modelscan.rules.match import Rules


def state(**attributes):
    return b"}(" + b"".join(text(key) + value for key, value in attributes.items()) + b"u"


LOGGER = call(global_("logging", "getLogger"), text("modelscan"))
SHARED = {
    "a logger is silenced": (LOGGER + state(disabled=b"\x88") + b"b", "logging.getLogger('modelscan').disabled"),
    "a logger loses its handlers": (
        call(global_("logging", "getLogger")) + state(handlers=text("none")) + b"b",
        "logging.getLogger().handlers == 'none'",
    ),
    "a status has another number": (
        call(global_("http", "HTTPStatus"), b"M\x94\x01") + state(_value_=b"K\xc8") + b"b",
        "http.HTTPStatus.NOT_FOUND.value == 200",
    ),
    "by attributes that skip the dictionary": (
        call(global_("uuid", "SafeUUID"), b"K\x00") + b"(N" + state(_value_=b"K\x07") + b"tb",
        "uuid.SafeUUID.safe.value == 7",
    ),
    "made anew": (
        global_("http", "HTTPStatus") + b"M\x94\x01\x85\x81" + state(phrase=text("fine")) + b"b",
        "http.HTTPStatus.NOT_FOUND.phrase == 'fine'",
    ),
    "a zone of dateutil": (
        call(global_("dateutil.tz.tz", "tzutc")) + state(utcoffset=text("none")) + b"b",
        "dateutil.tz.tzutc().__dict__.get('utcoffset') == 'none'",
    ),
    "an offset of dateutil": (
        call(global_("dateutil.tz.tz", "tzoffset"), b"N", b"M\x10\x0e") + state(_offset=text("none")) + b"b",
        "dateutil.tz.tzoffset(None, 3600)._offset == 'none'",
    ),
    "no value": (
        global_("numpy._globals", "_NoValueType") + b")\x81" + state(said=b"K\x01") + b"b",
        "getattr(numpy._NoValue, 'said', 0) == 1",
    ),
    "the missing moment": (
        call(global_("pandas._libs.tslibs.nattype", "_nat_unpickle"), b"N") + state(strftime=text("none")) + b"b",
        "pandas.NaT.strftime == 'none'",
    ),
    "the missing period": (
        call(global_("pandas._libs.tslibs.period", "Period"), text("NaT")) + state(to_period=text("none")) + b"b",
        "getattr(pandas.NaT, 'to_period', '') == 'none'",
    ),
    "an option of numpy": (
        call(global_("numpy", "_CopyMode"), b"K\x02") + state(_value_=b"K\x00") + b"b",
        "numpy._CopyMode.IF_NEEDED.value == 0",
    ),
}


def test_what_a_file_would_change_for_everybody_is_refused():
    lines = ["import http, logging, pickle, uuid, numpy, pandas, dateutil.tz"]
    for data, holds in SHARED.values():
        lines += [f"assert not ({holds})", f"pickle.loads({proto() + data + b'.'!r})", f"assert {holds}, {holds!r}"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
    for name, (data, _) in SHARED.items():
        report = modelscan.scan(proto() + data + b".")
        assert report.refused, name
        assert report.findings[0].rule == "MS-U009", name


@pytest.mark.parametrize("data", [LOGGER, call(global_("http", "HTTPStatus"), b"K\xc8")])
def test_looking_one_up_is_nothing(data):
    assert modelscan.scan(proto() + data + b".").verdict == "SAFE"


def test_the_masked_value_stays_what_it_is():
    """The load ends in an error, behind what it has done."""
    eight = call(global_("numpy", "dtype"), text("f8"), b"\x89", b"\x88")
    shape = b"(K\x01(K\x03t" + eight + b"\x89B\x18\0\0\0" + bytes(24) + b"B\x03\0\0\0" + bytes(3) + b"Nt"
    data = proto() + call(global_("numpy.ma.core", "MaskedConstant")) + shape + b"b."
    lines = ["import contextlib, pickle, numpy.ma", "with contextlib.suppress(AttributeError):"]
    lines += [f"    pickle.loads({data!r})", "assert numpy.ma.masked.shape == (3,)"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)
    assert modelscan.scan(data).findings[0].rule == "MS-U009"


def test_a_chain_of_mappings_writes_into_no_imported_one(tmp_path):
    """`encodings._cache` says what `codecs.encode` calls, so that an entry of it is a call."""
    marker = tmp_path / "marker"
    names = {
        "plain": proto() + global_("collections", "ChainMap"),
        "of Python 2": proto(2) + global_("UserDict", "ChainMap"),
        "dotted": proto() + text("typing") + text("collections.ChainMap") + b"\x93",
    }
    touch, cache = global_("unheard_of", "touch"), global_("encodings", "_cache")
    encoded = call(global_("_codecs", "encode"), text(str(marker)), text("koi8-u"))
    child = (
        "import pathlib, pickle, sys, types\nunheard_of = types.ModuleType('unheard_of')\n"
        "unheard_of.touch = lambda path, errors='': (pathlib.Path(path).mkdir(), 1)\n"
        "sys.modules['unheard_of'] = unheard_of\npickle.loads(sys.stdin.buffer.read())"
    )
    ways = {"one": cache, "one in another": call(global_("collections", "ChainMap"), cache)}
    for name, chain in names.items():
        for way, inner in ways.items():
            filled = chain + b"(" + inner + b"tR(" + text("koi8_u") + b"(" + touch * 4 + b"tu0"
            data = filled + encoded + b"."
            subprocess.run([sys.executable, "-c", child], input=data, check=True)
            assert marker.exists(), (name, way)
            marker.rmdir()
            report = modelscan.scan(data)
            assert report.refused, (name, way)
            assert "MS-S001" in [finding.rule for finding in report.findings] or name == "dotted", (name, way)


def test_a_chain_of_mappings_of_the_file_is_data():
    chain = call(global_("collections", "ChainMap"), b"}", b"}")
    assert modelscan.scan(proto() + chain + text("a") + b"K\x01s.").verdict == "SAFE"


def test_a_long_chain_is_not_followed_for_ever():
    chain = b"}"
    for _ in range(200):
        chain = call(global_("collections", "ChainMap"), chain)
    assert modelscan.scan(proto() + chain + text("a") + b"K\x01s.").refused


def test_no_choice_takes_a_state():
    """The groups of enumerations are called so; those of the standard library are looked at themselves."""
    found = 0
    for file in (files("modelscan.rules") / "trusted").iterdir():
        for key, group in tomllib.loads(file.read_text("utf-8")).items():
            if key.endswith(("-choices", "-enums")):
                found += 1
                assert group.get("state") is False, (file.name, key)
    assert found > 40
    for group in tomllib.loads((files("modelscan.rules") / "trusted" / "python.toml").read_text("utf-8")).values():
        for line in group["names"].splitlines():
            module, _, names = line.partition(": ")
            for name in names.split(" ") if module in sys.stdlib_module_names and group["use"] != "name" else ():
                value = getattr(importlib.import_module(module), name.partition(".")[0], None)
                if isinstance(value, enum.EnumMeta) and value.__members__:
                    assert Rules.load().match(module, name).state is False, (module, name)
