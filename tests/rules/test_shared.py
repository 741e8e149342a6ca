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
    "an option of numpy": (
        call(global_("numpy", "_CopyMode"), b"K\x02") + state(_value_=b"K\x00") + b"b",
        "numpy._CopyMode.IF_NEEDED.value == 0",
    ),
}


def test_what_a_file_would_change_for_everybody_is_refused():
    lines = ["import http, logging, pickle, uuid, numpy"]
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
