"""What a few functions of the standard library mean when a pickle calls them: facts about Python, not opinions.

`getattr(Cls, "NAME")` reaches that attribute; `copyreg._reconstructor(cls, object, None)` makes an instance without
running its `__init__` (CPython Lib/copyreg.py). One row of `MEANINGS` a function; a row answers None when the
arguments are not the plain case, and the call then stands as a call.
"""

from __future__ import annotations

import builtins
import functools
import re
from collections.abc import Callable

from modelscan.patterns import later
from modelscan.pickles import caches, forms, leaves, shown
from modelscan.pickles.forms import BUILTINS, KERAS_LOADER, PLAIN_BASES
from modelscan.pickles.meant import (
    Attribute,
    Construction,
    Delegation,
    Lookup,
    Meaning,
    Nested,
    Reading,
    Replacement,
)
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEW_OF = (
    *("sklearn.metrics._dist_metrics", "sklearn.neighbors._dist_metrics", "sklearn.neighbors.dist_metrics"),
    *("sklearn.neighbors._ball_tree", "sklearn.neighbors.ball_tree", "sklearn.neighbors._kd_tree"),
    *("sklearn.neighbors.kd_tree", "hdbscan.dist_metrics"),
)
"""Modules with a function `newObj` (sklearn/neighbors/_binary_tree.pxi.tp)."""
MAKER = ".__new__"
PATTERNS = "re:_compile"
"""Makes a `re.Pattern`, or fails."""
SINGLETONS = {"Ellipsis": "EllipsisType", "NotImplemented": "NotImplementedType"}


def reading(callee: Any) -> Callable[[leaves.Buffer, int, int, Any], Meaning | None] | None:
    """How to read a call of `callee` at an offset with some arguments, None where it is just a call."""
    if isinstance(callee, Made):
        if _is_batcher(callee):
            return functools.partial(_of, forms.batch)
        return functools.partial(_of, functools.partial(_partial, callee)) if _is_partial(callee.callee) else None
    if not isinstance(callee, Global):
        return None
    read = MEANINGS.get(callee.spelled)
    if read is None and callee.name.endswith(MAKER):
        read = functools.partial(_made_by, callee)
    return functools.partial(_of, read) if read is not None else None


def hanging(callee: Any, args: Any, found: Meaning | None) -> int | None:
    """Offset of the text that an ordinary call of one of `SHAPED` hangs on, -1 if on none; None for all other calls."""
    if found is not None or not isinstance(callee, Global) or callee.spelled not in SHAPED:
        return None
    if callee.spelled in KEEPERS:
        return -1
    codec = args.head[1:2] if isinstance(args, Group) else []
    return codec[0] if codec and type(codec[0]) is int else None


def _of(read: Reading, data: leaves.Buffer, end: int, at: int, args: Any) -> Meaning | None:
    items = args.whole() if isinstance(args, Group) and args.kind == "tuple" else None
    return read(data, end, at, items) if items is not None else None


def _getattr(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """Of a class, or of an instance: `Cls().method` is how bound methods are pickled."""
    owner = items[0] if len(items) in (2, 3) else None
    name = leaves.string(data, items[1], end) if owner is not None else None
    if not name:
        return None
    if type(owner) is int or isinstance(owner, Group):
        return _of_plain(data, end, at, owner, name)
    if isinstance(owner, Global):
        if owner.origin == "dill":  # a module, as far as the file tells
            return Attribute(Global(owner.dotted.rstrip("."), name, at, "getattr"))
        if name == KERAS_LOADER[1].rpartition(".")[2] and owner.module.startswith("keras."):
            return Attribute(Global(*KERAS_LOADER, at, "getattr"))  # inherited by all that it has
        return Attribute(Global(owner.module, f"{owner.name}.{name}", at, "getattr"))
    if forms.encoded(data, end, owner) is not None:
        return Attribute(Global("builtins", f"bytes.{name}", at, "getattr"))
    if isinstance(owner, Made) and isinstance(owner.callee, Global) and owner.callee.spelled == PATTERNS:
        return Attribute(Global("re", f"Pattern.{name}", at, "getattr"))
    if isinstance(owner, Made) and isinstance(owner.callee, Global) and owner.callee.module in BUILTINS:
        return Attribute(Global("builtins", f"{owner.callee.name}.{name}", at, "getattr"))
    if isinstance(owner, Made) and owner.kind == "instance" and isinstance(owner.callee, Global):
        return Attribute(Global(owner.callee.module, f"{owner.callee.name}().{name}", at, "getattr"))
    return None


def _of_plain(data: leaves.Buffer, end: int, at: int, owner: Any, name: str) -> Meaning | None:
    """The method of a constant: `"abc".upper` is pickled as getattr("abc", "upper")."""
    kind = owner.kind if isinstance(owner, Group) else type(leaves.decode(data, owner, end)).__name__
    if kind not in PLAIN_BASES or not hasattr(getattr(builtins, kind, None), name):
        return None
    return Attribute(Global("builtins", f"{kind}.{name}", at, "getattr"))


def _type(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`type(None)` and the like; with three arguments it would make a class."""
    given = items[0] if len(items) == 1 else None
    if isinstance(given, Global) and given.module in BUILTINS and given.name in SINGLETONS:
        return Attribute(Global("types", SINGLETONS[given.name], at, "type"))
    if type(given) is not int or leaves.decode(data, given, end) is not None:
        return None
    return Attribute(Global("types", "NoneType", at, "type"))


def _reconstructor(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    if len(items) != 3 or not isinstance(items[1], Global):
        return None
    base = items[1]
    if base.module not in BUILTINS or base.name not in PLAIN_BASES:
        return None
    if isinstance(items[2], Made) and not _is_of(items[2], items[0]):
        return Delegation(base, Group("tuple", [items[2]]))
    return Construction(items[0], Group("tuple", [items[2]]))


def _is_of(value: Made, cls: Any) -> bool:
    """Is it an instance of that class? Some turn into text or a number as what they are."""
    return isinstance(cls, Global) and value.root is not None and value.root.spelled == cls.spelled


def _newobj(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    return Construction(items[0], Group("tuple", items[1:]), "NEWOBJ") if items else None


def _made_by(maker: Global, data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`Cls.__new__(Cls, *args)`, which protocols 2 and 3 write for a class that is made with keywords.

    Of another class it stands as a call: what `__new__` would do with that nobody has read.
    """
    cls = items[0] if items else None
    if not isinstance(cls, Global) or cls.spelled + MAKER != maker.spelled:
        return None
    return Construction(cls, Group("tuple", items[1:]), "NEWOBJ")


def _new_of(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """`newObj(cls)` of scikit-learn's compiled modules is `cls.__new__(cls)`."""
    return Construction(items[0], Group("tuple")) if len(items) == 1 else None


def _newobj_ex(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    if len(items) != 3:
        return None
    asked = next((item for item in items[1:] if type(item) is not Group), None)
    return Construction(items[0], Group("tuple", items[1:]) if asked is None else asked, "NEWOBJ_EX")


def _loads(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    if not items:
        return None
    if type(items[0]) is int:
        value = leaves.decode(data, items[0], end)
        return Nested(items[0]) if isinstance(value, bytes | bytearray | leaves.Undecoded) else None
    text = forms.encoded(data, end, items[0])
    return None if text is None else Nested(text, latin1=True)


def nested(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Nested | None:
    found = _loads(data, end, at, items)
    return found if isinstance(found, Nested) else None


def _is_batcher(made: Made) -> bool:
    return isinstance(made.callee, Global) and made.callee.dotted == forms.BATCHER and made.held is None


def _is_partial(callee: Any) -> bool:
    return isinstance(callee, Global) and callee.module in ("functools", "_functools") and callee.name == "partial"


def _partial(made: Made, data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """Calling what functools.partial(function, ...) made: pandas 1.3 writes the blocks of a table so."""
    state = made.held[-1] if made.held else None
    held = state.whole() if isinstance(state, Group) and state.kind == "tuple" else None
    if made.kind != "result" or held is None or len(held) < 3 or len(made.held or ()) != 1:
        return None
    bound = held[1].whole() if isinstance(held[1], Group) else None
    if bound is None or not isinstance(held[2], Group):
        return None
    return Replacement(held[0], Group("tuple", [*bound, *items, held[2]]))


def _ufunc(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """numpy.core._ufunc_reconstruct(module, name) is that name of that module."""
    texts = [leaves.string(data, item, end) for item in items]
    return Attribute(Global(str(texts[0]), str(texts[1]), at, "ufunc")) if len(texts) == 2 and all(texts) else None


def _dill_import(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """A module, or the attribute of one that a dotted text names."""
    text = leaves.string(data, items[0], end) if items else None
    if not text:
        return None
    module, _, name = text.rpartition(".")
    return Attribute(Global(module, name, at, "dill") if module else Global(text, "", at, "dill"))


def _rebuild(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """torch._tensor._rebuild_from_type_v2(func, type, args, state) is func(*args) as a tensor of that type."""
    return Delegation(items[0], items[2]) if len(items) == 4 else None


def _bit_generator(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """numpy calls the class it is given; from text it picks one of its own."""
    return Delegation(items[0], Group("tuple")) if items and type(items[0]) is not int else None


def _generator(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    return Delegation(items[1], Group("tuple", items[:1])) if len(items) > 1 else None


def _dill_array(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """dill._dill._create_array(function, args, state) rebuilds a numpy array and gives it its state."""
    function = items[0] if items else None
    if isinstance(function, Global) and re.fullmatch(r"numpy\._?core\.\w+\._reconstruct", function.dotted):
        return Replacement(function, items[1], items[2] if len(items) > 2 else None)
    return None


def _dill_type(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    name = leaves.string(data, items[0], end) if len(items) == 1 else None
    module, of = RENAMED.get(name or "", (TYPES.get(name or ""), name))
    return Attribute(Global(module, str(of), at, "getattr")) if module else None


def _dill_getattr(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """dill._dill._getattr(str, "strip", "<method 'strip' of 'str' objects>") takes the class out of the last text.

    It evaluates that and the name, so only what Python itself writes for methods of compiled types is read so.
    """
    owner = items[0] if len(items) == 3 else None
    if not isinstance(owner, Global):
        return None
    name, text = (leaves.string(data, item, end) or "" for item in items[1:])
    if shown.owner(name, text) != (owner.name if owner.module in BUILTINS else owner.dotted):
        return None
    return Attribute(Global(owner.module, f"{owner.name}.{name}", at, "getattr"))


def _cloudpickle_type(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    name = leaves.string(data, items[0], end) if len(items) == 1 else None
    return Attribute(Global("types", name, at, "cloudpickle")) if name else None


def _named_tuple(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """dill looks for the class by its module and name, and makes a tuple class of that name if it is not there."""
    texts = [leaves.string(data, items[place], end) for place in (0, 2)] if len(items) in (3, 4) else [None]
    return Attribute(Global(texts[1], texts[0], at, "getattr")) if all(texts) else None  # type: ignore[arg-type]


def _attributes(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    names = [leaves.string(data, item, end) or "" for item in items]
    return Lookup(tuple(names), True) if names and all(map(_is_attribute, names)) else None


def _method(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """operator.methodcaller(name, *arguments, **keywords)."""
    name = leaves.string(data, items[0], end) if items else None
    given = [_constant(data, end, item) for item in items]
    return Lookup((name,), True) if name and name.isidentifier() and _is_attribute(name) and all(given) else None


def _item(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    kinds = [_constant(data, end, item) for item in items]
    return Lookup((), str in kinds) if kinds and all(kinds) else None


def _is_attribute(name: str) -> bool:
    return len(name) <= LONGEST_KEY and all(
        part.isidentifier() and not part.startswith("__") for part in name.split(".")
    )


def _constant(data: leaves.Buffer, end: int, value: Any, depth: int = 3) -> type | None:
    """`str` or `int` for a constant that has a text in it or none, None for what is no plain constant."""
    if type(value) is int:
        found = leaves.decode(data, value, end)
        if isinstance(found, str):
            return str if len(found) <= LONGEST_KEY and not found.startswith("__") else None
        return None if isinstance(found, leaves.Undecoded) else int
    if isinstance(value, Made) and isinstance(value.callee, Global) and value.held is None:
        value = value.args if value.callee.module in BUILTINS and value.callee.name == "slice" else None
    items = value.whole() if isinstance(value, Group) and value.kind in ("tuple", "dict") and depth else None
    kinds = None if items is None else [_constant(data, end, item, depth - 1) for item in items]
    if kinds is None or not all(kinds):
        return None
    return str if str in kinds else int


def _encode(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """A codec that is no encoding of text stands for what it is: looked up by a name that the file chooses."""
    if len(items) < 2:
        return None
    name = leaves.string(data, items[1], end)
    if name is not None and len(name) <= LONGEST_KEY and ENCODING.fullmatch(name):
        return None
    return Replacement(Global("codecs", "lookup", at, "encode"), Group("tuple", [items[1]]))


def _keep(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """What is kept for being called later is a function; a text in its place is a call of nobody knows what."""
    named = items and leaves.string(data, items[0], end) is not None
    return Delegation(items[0], Group("tuple", items[1:])) if named else None


def _default(data: leaves.Buffer, end: int, at: int, items: list[Any]) -> Meaning | None:
    """collections.defaultdict(factory, mapping) is filled as a dict is."""
    if len(items) > 1:
        return Delegation(Global("builtins", "dict", at, "defaultdict"), Group("tuple", items[1:]))
    return _keep(data, end, at, items)


def is_mapping(made: Made) -> bool:
    """Is it a mapping of Python's own with items only, no attributes and nothing to call for a missing key?"""
    callee = made.callee
    return not made.built and isinstance(callee, Global) and callee.spelled in MAPPINGS


def beneath(target: Any) -> Any:
    """The mapping that items of this one are put into: a ChainMap writes to its first, which may be an imported one."""
    if type(target) is not Made or target.root is None or target.root.name.rpartition(".")[2] != CHAIN:
        return None
    maps = target.args.head if type(target.args) is Group else []
    return maps[0] if maps and type(maps[0]) is not int else None


def key_of(cls: Global | None) -> str | None:
    """The entry of its state that instances of this class run: source text, or a pickle in bytes."""
    if cls is None or not is_run(cls.module):
        return None
    return next((key for module, key in RUN.items() if f"{cls.module}.".startswith(module)), None)


@functools.lru_cache(256)
def is_run(module: str) -> bool:
    """Does the module have classes that run an entry of their state?"""
    return f"{module}.".startswith(_RUN_MODULES)


RUN = {
    "scipy.stats.": "_parse_arg_template",  # rv_generic._attach_argparser_methods: exec
    "skorch.": "__cuda_dependent_attributes__",  # net.NeuralNet.__setstate__: an unpickler
    "statsmodels.base.data.": "formula",  # ModelData.__setstate__: patsy evaluates it
}
RUN_KEYS = frozenset({*RUN.values(), caches.KEY})
_RUN_MODULES = tuple(RUN)
LONGEST_KEY = 100
"""Characters of an attribute or key that is looked up: what `describe` shows in full, so that no two look alike."""
ENCODING = later(
    r"ascii|us[-_]ascii|646|(latin|iso[-_]?latin|l)[-_ ]?\d+|(iso[-_]?)?8859([-_]\d+)?|(cp|windows|ibm)[-_]?\d+"
    r"|u8|utf|utf[-_ ]?(7|8([-_]sig)?|(16|32)([-_ ]?[bl]e)?)|(raw[-_])?unicode[-_]escape|mac[-_]?roman|koi8[-_]?[rtu]"
    r"|big5([-_]?hkscs)?|euc[-_]?(jp|kr|jis_2004)|gb(k|2312|18030)|s(hift)?[-_]?jis|iso[-_]?2022[-_]?(jp|kr)",
    re.IGNORECASE,
)
"""Names of encodings of text, which Python's own folder of codecs has."""
_OF_PYTHON_2 = ("UserDict", "UserList", "UserString")
"""Modules that the unpickler takes for `collections` in files of Python 2."""
ENCODERS = ("codecs:encode", "_codecs:encode")
"""Text in, bytes out: how protocols 0 to 2 write bytes."""
DEFAULTS = tuple(f"{module}:defaultdict" for module in ("collections", "_collections", *_OF_PYTHON_2))
KEEPERS = ("functools:partial", "_functools:partial", *DEFAULTS)
CHAIN = "ChainMap"
MAPPINGS = frozenset({"collections:OrderedDict", "builtins:dict", "__builtin__:dict", "collections:Counter"})
"""Mappings whose items are no attributes."""
SHAPED = frozenset({*ENCODERS, *KEEPERS})
"""Meanings that hang on the kind of an argument or on an encoding, and on no other text."""
TYPES = {
    **{name: "builtins" for name, value in vars(builtins).items() if isinstance(value, type)},
    **dict.fromkeys(("EllipsisType", "MethodType", "NoneType", "NotImplementedType"), "types"),
    "ndarray": "numpy",
}
RENAMED = {
    "AttrGetterType": ("operator", "attrgetter"),
    "ItemGetterType": ("operator", "itemgetter"),
    "PartialType": ("functools", "partial"),
}
"""Types that dill names by a word of its own (dill._dill._typemap), as far as their place is known."""


MEANINGS: dict[str, Reading] = {
    "builtins:getattr": _getattr,
    "__builtin__:getattr": _getattr,
    "builtins:type": _type,
    "__builtin__:type": _type,
    "copyreg:_reconstructor": _reconstructor,
    "copy_reg:_reconstructor": _reconstructor,
    "copyreg:__newobj__": _newobj,
    "copy_reg:__newobj__": _newobj,
    "copyreg:__newobj_ex__": _newobj_ex,
    "copy_reg:__newobj_ex__": _newobj_ex,
    **dict.fromkeys(("operator:attrgetter", "_operator:attrgetter"), _attributes),
    **dict.fromkeys(("operator:itemgetter", "_operator:itemgetter"), _item),
    **dict.fromkeys(("operator:methodcaller", "_operator:methodcaller"), _method),
    **dict.fromkeys(ENCODERS, _encode),
    **dict.fromkeys(KEEPERS, _keep),
    **dict.fromkeys(DEFAULTS, _default),
    **dict.fromkeys((f"{module}:newObj" for module in NEW_OF), _new_of),
    "torch._tensor:_rebuild_from_type": _rebuild,
    "torch._tensor:_rebuild_from_type_v2": _rebuild,
    "torch.tensor:_rebuild_from_type": _rebuild,
    "torch.tensor:_rebuild_from_type_v2": _rebuild,
    "numpy._core:_ufunc_reconstruct": _ufunc,
    "numpy.core:_ufunc_reconstruct": _ufunc,
    "numpy.random._pickle:__bit_generator_ctor": _bit_generator,
    "numpy.random._pickle:__generator_ctor": _generator,
    "numpy.random._pickle:__randomstate_ctor": _generator,
    "dill._dill:_create_array": _dill_array,
    "dill.dill:_create_array": _dill_array,
    "dill._dill:_create_namedtuple": _named_tuple,
    "dill._dill:_get_attr": _getattr,
    "dill._dill:_getattr": _dill_getattr,
    "dill._dill:_import_module": _dill_import,
    "dill._dill:_load_type": _dill_type,
    "dill.dill:_load_type": _dill_type,
    "cloudpickle.cloudpickle:_builtin_type": _cloudpickle_type,
    **forms.MEANINGS,
    "torch.storage:_load_from_bytes": _loads,
    "pickle:loads": _loads,
    "_pickle:loads": _loads,
    "cPickle:loads": _loads,
    "dill:loads": _loads,
    "dill._dill:loads": _loads,
    "cloudpickle:loads": _loads,
}
