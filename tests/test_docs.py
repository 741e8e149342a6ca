"""What can be used is described, links lead somewhere, and what a page tells people to run does run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import click
import pytest

import modelscan
from modelscan import guard
from modelscan.cli import cli
from modelscan.rules.match import Rules
from modelscan.schema import OURS, THEIRS
from modelscan_jupyter.commands import CELL, COMMANDS, SCAN
from modelscan_jupyter.extension import banner

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "changes").glob("*.md")])
BUILT = re.compile(r"_build|build/")
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```i?python\n(.*?)^```", re.DOTALL | re.MULTILINE)
CONFIGURATION = re.compile(r"^c( =|\.)", re.MULTILINE)
RUN = (
    "README.md",
    "docs/reference/python.md",
    "docs/how-to/workers.md",
    "docs/how-to/write-a-format.md",
    "docs/tutorial/*.md",
)
"""Pages whose Python is run, in order, in one shell."""


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def commands_of(command: click.Command, path: str = "modelscan") -> dict[str, click.Command]:
    """Every command below this one, by what is typed."""
    found = {path: command}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found |= commands_of(command.get_command(context, name), f"{path} {name}")
    return found


def options_of(command: click.Command) -> set[str]:
    own = chain.from_iterable([*one.opts, *one.secondary_opts] for one in command.params)
    return {flag for flag in own if flag.startswith("-")}


def test_every_command_and_flag_is_described():
    page = text_of("reference/cli.md")
    found = commands_of(cli)
    assert len(found) > 10
    assert len({flag for command in found.values() for flag in options_of(command)}) > 20
    for path, command in found.items():
        section = re.search(rf"^## {path}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        assert section is not None, path
        assert not {flag for flag in options_of(command) if not re.search(rf"(?<![\w-]){flag}(?![\w-])", section[1])}, (
            path
        )


def test_every_magic_is_described():
    page = text_of("reference/magics.md")
    words = {f"%modelscan {name}" for name in COMMANDS}
    flags = {flag for command in (SCAN, *COMMANDS.values()) for flag in command.options} | set(CELL)
    assert not {word for word in words | flags if not re.search(rf"{word}(?![\w-])", page)}


def test_every_setting_is_described():
    page = text_of("reference/settings.md")
    keys = (".".join("NAME" if part == "*" else part for part in field.keys) for field in (*OURS, *THEIRS))
    assert not {key for key in keys if f"`{key}`" not in page}


def test_every_rule_is_described():
    page = text_of("reference/rules.md")
    assert not {rule.id for rule in Rules.load().all() if rule.id not in page}


def test_every_public_name_is_described():
    """In front, and of the guard; each with a directive that takes its docstring."""
    page = text_of("reference/python.md")
    described = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", page, re.MULTILINE))
    assert not {name for name in guard.__all__ if f"modelscan.guard.{name}" not in described}
    assert not {name for name in modelscan.__all__ if not any(row.endswith(f".{name}") for row in described)}
    assert not {name for name in modelscan.__all__ if not re.search(rf"modelscan\.([a-z]+\.)?{name}\b", page)}


def test_the_tutorial_shows_what_the_guard_says():
    assert banner().splitlines()[0] in text_of("tutorial/first-notebook.md")


def test_the_readme_lists_every_format_of_modelscan():
    """The rows of its table of supported libraries, by what saves them."""
    table = re.search(r"^\| library \|.*?(?=\n\n)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    theirs = ("torch.save", "torch.load", "tf.saved_model.save", 'save_format="h5"', ".keras")
    dumps = ("pickle.dump", "dill.dump", "joblib.dump", "cloudpickle.dump")
    assert table is not None
    assert not [name for name in (*theirs, *dumps) if name not in table[0]]
    assert all(row.split("|")[4].strip().startswith(("yes", "not yet")) for row in table[0].splitlines()[2:])


def test_the_readme_has_the_figures_of_the_comparison():
    page, rows = text_of("explanation/comparison.md"), (ROOT / "README.md").read_text("utf-8")
    for said, title in (
        ("found, of 28", "attacks found, of 28"),
        ("clean, of 16", "ordinary models said to be clean, of 16"),
    ):
        figures = re.findall(r"\d+", re.search(rf"^\| \*\*{said}\*\* \|(.*)$", page, re.MULTILINE)[1])
        assert f"| {title} | {' | '.join(figures)} |" in rows


def test_every_page_is_in_the_table_of_contents():
    listed = set(re.findall(r"^([a-z-]+/[a-z-]+)$", text_of("index.md"), re.MULTILINE))
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")}
    assert {page for page in pages if "/" in page} == listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = {first or second for first, second in LINK.findall(text)}
    local = [target.partition("#") for target in targets if "://" not in target and not target.startswith("mailto:")]
    places = [(page.parent / path if path else page, anchor) for path, _, anchor in local]
    assert not [place for place, _ in places if not place.exists()]
    assert not [anchor for place, anchor in places if anchor and anchor not in anchors(place)]


def anchors(page: Path) -> set[str]:
    """What a heading is called in an address, by GitHub and by MyST."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


WORLD = """
import json, os, pickle, sys
from IPython.core.interactiveshell import InteractiveShell
from modelscan.errors import UnsafeModelError

class Payload:
    def __reduce__(self):
        return os.mkdir, ("marker",)

for name, value in (("model.pkl", {"weights": [1, 2]}), ("bad.pkl", Payload()), ("stranger.pkl", Payload())):
    with open(name, "wb") as file:
        pickle.dump(value, file)
snapshot = os.path.join("hub", "models--org--name", "snapshots", "0123abcd")
os.makedirs(snapshot)
os.mkdir("models")
for folder in ("models", snapshot):
    with open(os.path.join(folder, "model.pkl"), "wb") as file:
        pickle.dump([1, 2], file)
import joblib, numpy
joblib.dump({"weights": numpy.arange(3)}, "model.joblib")
try:
    import torch
except ImportError:
    pass
else:
    torch.save({"weights": torch.arange(3)}, "model.pt")

shell = InteractiveShell.instance()
shell.run_cell("import joblib")
if "torch" in sys.modules:
    shell.run_cell("import torch")
for number, block in enumerate(json.loads(sys.stdin.read())):
    result = shell.run_cell(block)
    error = result.error_before_exec or result.error_in_exec
    if not (isinstance(error, UnsafeModelError) if "# refused" in block else error is None):
        print("block", number, "failed:", block, type(error), error, file=sys.stderr)
        sys.exit(1)
assert not os.path.exists("marker")
"""


def blocks(pattern: str) -> list[list[str]]:
    found = [BLOCK.findall(page.read_text("utf-8")) for page in sorted(ROOT.glob(pattern))]
    return [[block for block in page if not CONFIGURATION.search(block)] for page in found]


@pytest.mark.parametrize("pattern", RUN)
def test_the_code_in_the_pages_runs(pattern, tmp_path):
    pytest.importorskip("torch", reason="the pages load torch models")
    pages = [page for page in blocks(pattern) if page]
    assert pages, f"{pattern} has no Python"
    for number, page in enumerate(pages):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", WORLD],
            input=json.dumps(page),
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "HF_HUB_CACHE": str(folder / "hub")},
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_a_reader_from_the_page_reads(tmp_path):
    (block,) = BLOCK.findall(text_of("how-to/write-a-format.md"))
    module: dict[str, object] = {"__name__": "tiny"}
    exec(compile(block, "tiny.py", "exec"), module)
    (tmp_path / "model.tiny").write_bytes(b"TINY\1" + (2).to_bytes(4, "little") + b"{}" + b"cposix\nsystem\n(Vls\ntR.")
    from modelscan.formats import Context
    from modelscan.limits import Budget, Limits
    from modelscan.source.artifact import Artifact

    artifact = Artifact.open(tmp_path / "model.tiny")
    context = Context(Limits(), Budget(1 << 20))
    assert module["claims"](artifact, context)
    (part,) = module["read"](artifact, context)
    assert part.name.endswith("!model.pkl")
    assert modelscan.scan(part.read(0, part.size)).verdict == "UNSAFE"
    artifact.close()


def test_ci_runs_what_check_runs():
    made = re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    (check,) = re.findall(r"^check: ([\w ]+) ##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert made == check.split()
