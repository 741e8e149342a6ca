"""Functions that act and stand in no list of ours: what refuses them is that nobody has reviewed them.

They were found by tools/walk_gadgets.py in tools for developers, whose names have no business among the gadgets.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from keras_samples import archive, component, function, sequential
from live import Case, load_unguarded
from samples import call, global_, legacy_torch, proto, stack_global, text, zipped

import modelscan
from modelscan.rules.match import Rules

UNLISTED = """
babel.messages.extract: _parse_python_string extract extract_from_file
babel.messages.frontend: _init_catalog
build._ctx: run_subprocess
click._termui_impl: _pipepager _tempfilepager open_url
distlib.index: PackageIndex.run_command PackageIndex.sign_file
distlib.resources: finder finder_for_path
distlib.util: _get_external_data get_package_data get_project_data resolve unarchive
distlib.wheel: _load_dynamic
docutils.languages: LanguageImporter.import_from_packages
docutils.parsers: get_parser_class
docutils.readers: get_reader_class
docutils.utils.math.math2html: HybridSize.getsize
docutils.writers: get_writer_class
docutils.writers.odf_odt.prepstyles: prepstyle
hatchling.builders.utils: replace_file
hatchling.cli.dep.core: dependency_in_sync
hypothesis.extra.ghostwriter: _valid_syntax_repr
hypothesis.internal.conjecture.engine: _get_provider
hypothesis.internal.reflection: define_function_signature source_exec_as_module
mypy.build: add_catch_all_gitignore exclude_from_backups load_plugins_from_config
mypy.dmypy_os: kill
mypy.main: _python_executable_from_version
mypy.modulefinder: get_search_dirs
mypy.moduleinspect: get_package_properties worker
mypy.report: LineCountReporter.on_finish
mypy.stubgenc: generate_stub_for_c_module
mypy.stubtest: silent_import_module test_module
mypy.util: write_junit_xml
nbformat._imports: import_item
nodeenv: download_node_src install_npm
pre_commit.commands.hazmat: cd ignore_exit_code
pre_commit.commands.hook_impl: _rev_exists
pre_commit.file_lock: lock
pre_commit.output: write_line_b
pre_commit.staged_files_only: staged_files_only
pre_commit.store: _make_local_repo
pre_commit.util: cmd_output cmd_output_b
towncrier._git: remove_files
towncrier._project: _get_package get_version
virtualenv.app_data: make_app_data
virtualenv.app_data.cache_migration: _move_cache
virtualenv.seed.wheels.periodic_update: _request_pypi_json
virtualenv.util.path._sync: copy ensure_dir safe_delete
virtualenv.util.subprocess: run_cmd
virtualenv.util.zipapp: extract
"""
NAMES = [
    (line.partition(": ")[0], name) for line in UNLISTED.split("\n")[1:-1] for name in line.split(": ")[1].split(" ")
]

TAG = "CACHEDIR.TAG"


def npy(data: bytes) -> bytes:
    head = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def tarred(name: str, data: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archived:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archived.addfile(member, io.BytesIO(data))
    return target.getvalue()


def torch_zip(data: bytes) -> bytes:
    return zipped({"m/data.pkl": data, "m/version": b"3\n", "m/byteorder": b"little"})


def package(data: bytes) -> bytes:
    outside = b"mypy\nmypy.build\nhypothesis\nhypothesis.internal\nhypothesis.internal.reflection\n"
    parts = {"m/.data/version": b"6", "m/.data/extern_modules": outside, "m/.data/python_version": b"3.11"}
    return zipped({**parts, "m/model/model.pkl": data, "m/byteorder": b"little"})


WRAPPED = {
    "plain": lambda data: data,
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "array": npy,
    "arrays": lambda data: zipped({"a.npy": npy(data)}, zipfile.ZIP_DEFLATED),
    "torch": torch_zip,
    "torch's object": lambda data: legacy_torch(3, data),
    "torch's magic": lambda data: legacy_torch(0, data),
    "torch's keys": lambda data: legacy_torch(4, data),
    "package": package,
    "compiled": lambda data: zipped({"m/constants.pkl": b"\x80\x02).", "m/data.pkl": data, "m/code/a.py": b""}),
    "tar": lambda data: tarred("m.pkl", data),
    "tar.gz": lambda data: gzip.compress(tarred("m.pkl", data)),
    "zip": lambda data: zipped({"m.pkl": data}),
    "zip in zip": lambda data: zipped({"m.zip": zipped({"m.pkl": data})}, zipfile.ZIP_DEFLATED),
    "second": lambda data: b"\x80\x04N." + data,
}
LOADED_BY = {"plain": ("pickle", "joblib", "pandas"), "zlib": ("joblib",), "gzip": ("joblib",), "bz2": ("joblib",)}
LOADED_BY |= {"xz": ("joblib",), "lzma": ("joblib",), "array": ("numpy",), "arrays": ("npz",), "torch": ("torch",)}
LOADED_BY |= {"torch's object": ("torch",), "torch's magic": ("torch",), "package": ("package",)}
LOADED_BY |= {"tar": ("tar",), "second": ("pickles",)}
"""What makes the marker of a way to wrap a pickle, where one child can show it."""


def pickles(module: str, name: str, *arguments: bytes) -> dict[str, bytes]:
    by_name = f"c{module}\n{name}\n".encode()
    given = b"".join(arguments)
    return {
        "protocol 0": by_name + b"(" + given + b"tR.",
        "INST": b"(" + given + f"i{module}\n{name}\n".encode() + b".",
        "OBJ": b"(" + by_name + given + b"o.",
        "protocol 4": proto() + call(stack_global(module, name), *arguments) + b".",
        "discarded": proto() + call(global_(module, name), *arguments) + b"0N.",
        "held": proto() + b"}" + text("weights") + call(global_(module, name), *arguments) + b"s.",
    }


def test_there_are_sixty_and_no_rule_names_them():
    rules = Rules.load()
    matches = [rules.match(module, name) for module, name in NAMES]
    assert len(set(NAMES)) >= 60
    assert [found.name for found in matches if found.rule is not None or found.use is not None] == []


@pytest.mark.parametrize("way", WRAPPED)
def test_they_are_refused_by_default_whatever_they_stand_in(way):
    passed = []
    for module, name in NAMES:
        for spelled, data in pickles(module, name, text("x"), text("y")).items():
            if not modelscan.scan(WRAPPED[way](data)).refused:
                passed.append((module, name, spelled))
    assert passed == []


@pytest.mark.parametrize("way", ["activation", "layer"])
def test_they_are_refused_in_configurations_of_keras(way):
    made = {
        "activation": lambda module, name: component("Dense", {"units": 1, "activation": function(name, module)}),
        "layer": lambda module, name: component(name, {}, module),
    }[way]
    passed = [row for row in NAMES if not modelscan.scan(archive(sequential(made(*row)))).refused]
    assert passed == []


def acting(folder: Path) -> dict[str, tuple[str, str, bytes]]:
    """Samples that run wherever they are installed; each makes a file in a folder."""
    return {
        "mypy": ("mypy.build", "exclude_from_backups", text(str(folder))),
        "hypothesis": (
            "hypothesis.internal.reflection",
            "source_exec_as_module",
            text(f"open({str(folder / TAG)!r}, 'w')"),
        ),
    }


@pytest.mark.parametrize("package", ["mypy", "hypothesis"])
def test_a_sample_of_them_is_live(tmp_path, package):
    pytest.importorskip(package)
    cases, passed = [], []
    for way, loaders in LOADED_BY.items():
        for loader in loaders:
            folder = tmp_path / f"{way} {loader}"
            folder.mkdir()
            module, name, argument = acting(folder)[package]
            assert (module, name) in NAMES
            path = folder / "model.pkl"
            path.write_bytes(WRAPPED[way](pickles(module, name, argument)["protocol 4"]))
            cases.append(Case(f"{way} by {loader}", loader, path, folder / TAG))
            if not modelscan.scan(path).refused:
                passed.append(way)
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    assert passed == []
