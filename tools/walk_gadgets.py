"""Which functions hand an argument to something that runs code, starts programs, writes files or loads pickles?

    PYTHONPATH=core python tools/walk_gadgets.py [--all] FOLDER ...        folders of packages or of the standard library

Sources are parsed, nothing is imported. A function is a finding when an argument of its own reaches a sink, by itself
or through another function of the same module. Printed are those that rules/gadgets.toml does not deny yet, or with
--all those that it lists by name as well, by sink, each with the argument and what it reaches. That is the line to
review: the source is read before the name is added, and the line stands behind it as its reason. What turns out to be no
gadget gets its line, with the reason, in tools/walked.txt and is not printed any more.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from modelscan.rules.match import Rules

SINKS = {
    "runs code": "exec eval compile builtins.exec builtins.eval",
    "starts a program": "os.system os.popen os.execv os.execve os.spawnv subprocess.run subprocess.call subprocess.Popen"
    " subprocess.check_call subprocess.check_output subprocess.getoutput subprocess.getstatusoutput Popen check_output",
    "imports": "__import__ importlib.import_module import_module importlib.util.spec_from_file_location",
    "loads a pickle": "pickle.load pickle.loads cPickle.load cPickle.loads dill.load joblib.load torch.load marshal.loads",
    "loads native code": "ctypes.CDLL CDLL cdll.LoadLibrary ctypes.cdll.LoadLibrary torch.ops.load_library",
    "deletes": "shutil.rmtree os.remove os.unlink os.rmdir shutil.move os.rename os.replace",
    "writes": "os.makedirs os.mkdir shutil.copy shutil.copyfile open io.open codecs.open",
    "network": "urlopen urllib.request.urlopen requests.get requests.post urlretrieve urllib.request.urlretrieve socket.create_connection",
}
WIDTH = 40
"""Characters of an argument that are printed."""
WALKED = Path(__file__).with_name("walked.txt")
"""Findings that were read and are no gadgets."""
SINK_OF = {name: harm for harm, names in SINKS.items() for name in names.split()}


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{part.name}", part) for part in node.body if isinstance(part, ast.FunctionDef))


def reaches(function: ast.FunctionDef, known: dict[str, str]) -> tuple[str, str] | None:
    """The harm of the first sink that gets something made of an argument, and in words which gets what."""
    spec = function.args
    tainted = {arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg) if arg}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _names(node.value) & tainted:
            tainted |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            harm = SINK_OF.get(called) or known.get(called) or known.get(called.removeprefix("self."))
            if harm == "writes" and called.endswith("open") and not _writes(node):
                continue
            given = [arg for arg in node.args[:2] if _names(arg) & tainted]
            if harm and given:
                return harm, f"`{_brief(given[0])}` reaches {called}()"
    return None


def _brief(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _names(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def _writes(call: ast.Call) -> bool:
    modes = [
        arg.value
        for arg in [*call.args[1:2], *(key.value for key in call.keywords if key.arg == "mode")]
        if isinstance(arg, ast.Constant)
    ]
    return any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes)


def walked() -> set[str]:
    """Their names."""
    lines = WALKED.read_text("utf-8").splitlines()
    return {line.partition("  # ")[0] for line in lines if not line.startswith("#")}


def main(folders: list[str]) -> int:
    rules, every, harmless = Rules.load(), "--all" in folders, walked()
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for folder in map(Path, [folder for folder in folders if folder != "--all"]):
        base = folder.parent if (folder / "__init__.py").exists() else folder
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            if any(
                part in ("test", "tests", "site-packages", "testing")
                or part.startswith("test_")
                or part.endswith("_test")
                for part in parts
            ):
                continue
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            try:
                tree = ast.parse(path.read_text("utf-8", "replace"))
            except (SyntaxError, ValueError):
                continue
            known: dict[str, str] = {}
            words: dict[str, str] = {}
            for _ in range(2):
                for name, function in functions(tree):
                    harm = reaches(function, known)
                    if harm:
                        known[name] = known[name.rpartition(".")[2]] = harm[0]
                        words.setdefault(name, harm[1])
            for name, said in words.items():
                if every or (rules.match(module, name).rule is None and f"{module}.{name}" not in harmless):
                    found[known[name]][f"{module}.{name}"] = said
    for harm, names in sorted(found.items()):
        print(f"# {harm}: {len(names)}")
        print("\n".join(f"{name}  # {words}" for name, words in sorted(names.items())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
