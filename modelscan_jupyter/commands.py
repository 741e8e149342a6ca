"""What `%modelscan` can do: one function and one row of `COMMANDS` for each sub-command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from modelscan import guard
from modelscan.guard.state import STATE
from modelscan.policy import WORDS
from modelscan.records import dataclass, field
from modelscan.render.inert import inert
from modelscan.report import Report
from modelscan.rules.match import Rules
from modelscan_jupyter import arguments
from modelscan_jupyter.arguments import Takes
from modelscan_jupyter.table import Table

if TYPE_CHECKING:
    from modelscan_jupyter.magics import ModelScan
    from modelscan_jupyter.panel import Reports


@dataclass(frozen=True, slots=True)
class Call:
    """One use of the magic. `face` is the magic's own object: settings, cells, the shell."""

    words: tuple[str, ...]
    options: Mapping[str, str]
    face: ModelScan

    @property
    def names(self) -> Mapping[str, Any]:
        """What the user has defined."""
        return self.face.shell.user_ns  # type: ignore[no-any-return]

    def only(self, what: str) -> str:
        """The one word this command takes."""
        if len(self.words) != 1:
            raise UsageError(f"give one {what}")
        return self.words[0]

    def report(self, number: str) -> Report:
        """The report of a guarded load."""
        try:
            return guard.report(int(number))
        except (ValueError, LookupError):
            raise UsageError(f"no report '{inert(number)}' in this session; see %modelscan history") from None


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` is what follows `%modelscan`."""

    run: Callable[[Call], object]
    usage: str
    about: str
    options: Mapping[str, Takes] = field(default_factory=dict)


def scan(call: Call) -> Report | Reports | None:
    from modelscan_jupyter import scans

    return scans.scan(call)


def status(call: Call) -> Table:
    from modelscan_jupyter import views

    return views.status(guard.status(), call.face.options)


def loaders(_: Call) -> Table:
    from modelscan_jupyter import views

    return views.loaders(guard.status())


def report(call: Call) -> Report | None:
    from modelscan_jupyter import exports

    numbers = [str(event.number) for event in guard.history()[-1:]]
    number = call.words[0] if len(call.words) == 1 else None if call.words else next(iter(numbers), None)
    if number is None:
        raise UsageError("give one report number, as in %modelscan report 1; see %modelscan history")
    return exports.kept(call, call.report(number))


def allow(call: Call) -> Table | None:
    from modelscan_jupyter import approving

    return approving.allow(call)


def diff(call: Call) -> Table:
    from modelscan_jupyter import scans, views

    if len(call.words) != 2:
        raise UsageError("give two files, as in %modelscan diff old.pt new.pt")
    before, after = (scans.one(call, word) for word in call.words)
    return views.difference(before, after)


def policy(call: Call) -> Table | None:
    from modelscan_jupyter import views

    if not call.words:
        return views.policy(STATE.policy, call.face.options)
    call.face.ask("policy", one_of(call.only("policy"), WORDS, "policy"))
    _switch_on(call)
    return None


def history(call: Call) -> Table:
    from modelscan_jupyter import exports, views

    most = _count(call.options.get("-n", str(views.ROWS)))
    if "--all" in call.options:
        shown = views.kept_history(guard.kept_history(most))
    else:
        shown = views.history(guard.history(), call.face.cells.of, most)
    exports.table(call, shown)
    return shown


def explain(call: Call) -> Table:
    """By its id, or by the code that stands behind what was not read."""
    from modelscan_jupyter import views

    known = {name: rule for rule in Rules.load().all() for name in (rule.id, rule.key)}
    word = call.only("rule, as in %modelscan explain MS-P101")
    return views.rule(known[word if word in known else one_of(word.upper(), known, "rule")])


def switch(call: Call) -> Table | None:
    if not call.words:
        return status(call)
    word = one_of(call.only("on, off or loaders"), ("on", "off", "loaders"), "state")
    if word == "loaders":
        return loaders(call)
    if word == "on":
        _switch_on(call)
    else:
        guard.uninstall()
        print("modelscan guard OFF: nothing is scanned before it is loaded")  # noqa: T201
    return None


def explain_usage(_: Call) -> None:
    print(usage())  # noqa: T201


SAVES = {"--json": Takes.VALUE, "--sarif": Takes.VALUE, "--html": Takes.VALUE, "--md": Takes.VALUE}
"""Options that write a report into a file."""
_FILES = "[--json|--html|--md|--sarif FILE]"

SCAN = Command(
    scan,
    "PATH… [--policy WORD|FILE] [--min-severity LEVEL] [--strict] [--json|… FILE]",
    "scan files, folders, notebooks or a cached org/model, loading nothing\n"
    "        --strict raises what is refused; --quiet prints a line each\n"
    "        folders: [--jobs N] [--cache|--no-cache] [--follow|--no-follow] (links that lead elsewhere)\n"
    "        notebooks: [--annotate] writes the verdict into their metadata",
    {
        "--jobs": Takes.VALUE,
        "--cache": Takes.NOTHING,
        "--no-cache": Takes.NOTHING,
        "--follow": Takes.NOTHING,
        "--no-follow": Takes.NOTHING,
        "--annotate": Takes.NOTHING,
        "--policy": Takes.VALUE,
        "--min-severity": Takes.VALUE,
        "--strict": Takes.NOTHING,
        "--quiet": Takes.NOTHING,
        **SAVES,
    },
)
COMMANDS: dict[str, Command] = {
    "status": Command(status, "status", "what is guarded, by which settings"),
    "report": Command(report, f"report [N] {_FILES}", "the report of load N again, or into a file", SAVES),
    "allow": Command(
        allow,
        "allow --once N | --sha256 N | --name NAME, with --reason TEXT | --list | --revoke X",
        "let a refused file or an unreviewed class be loaded",
        {
            "--once": Takes.MAYBE,
            "--sha256": Takes.MAYBE,
            "--name": Takes.VALUE,
            "--reason": Takes.VALUE,
            "--list": Takes.NOTHING,
            "--revoke": Takes.VALUE,
        },
    ),
    "policy": Command(policy, "policy [WORD]", f"settings and their origin, or another policy: {', '.join(WORDS)}"),
    "history": Command(
        history,
        "history [-n COUNT] [--all] [--json|--html|--md FILE]",
        "what was loaded, refused and allowed, and in which cell; --all: decisions of all sessions",
        {
            "-n": Takes.VALUE,
            "--all": Takes.NOTHING,
            **{name: takes for name, takes in SAVES.items() if name != "--sarif"},
        },
    ),
    "explain": Command(explain, "explain RULE", "what a rule is about and what to do"),
    "diff": Command(diff, "diff OLD NEW", "which names two files ask for, and what changed"),
    "loaders": Command(loaders, "loaders", "every loader that is guarded, and what it reads from"),
    "guard": Command(switch, "guard on|off|loaders", "switch the guard without unloading the extension"),
    "help": Command(explain_usage, "help", "this text"),
}
CELL = {"--dry": Takes.NOTHING}

_PURPOSE = "Scan model files without loading them, and decide about refused ones."
_EXAMPLES = """\
    %modelscan model.pt                       its report; nothing is loaded
    %modelscan models/ --policy strict        every file of a folder
    %modelscan "my model.joblib" b.pkl        several, quoted where needed
    %modelscan $path                          the path in a variable
    report = %modelscan model.pt              report.verdict, report.findings
    %modelscan hf-cache                       everything in the Hugging Face cache
    %modelscan model.pt --html report.html    into a file as well
    %modelscan allow 3 --reason "our own CI made it"
    %modelscan ./status                       a file named like a sub-command
    %config ModelScan                         what can be set, with c.ModelScan too"""
_CELL = "    %%modelscan [--dry]\n        run this cell under the strict policy and list its loads; --dry runs nothing"


def usage() -> str:
    """The text of `%modelscan?`."""
    rows = "\n".join(f"    %modelscan {row.usage}\n        {row.about}" for row in (SCAN, *COMMANDS.values()))
    return f"{_PURPOSE}\n\n{rows}\n{_CELL}\n\nExamples:\n\n{_EXAMPLES}\n"


def run(line: str, face: ModelScan) -> object:
    """One line after `%modelscan`: the first word names the sub-command, anything else is a path to scan."""
    words = arguments.split(line.rstrip().removesuffix(";")) or ["help"]
    command = COMMANDS.get(words[0])
    given = arguments.parse(words if command is None else words[1:], (command or SCAN).options)
    return (command or SCAN).run(Call(given.positional, given.options, face))


def run_cell(line: str, cell: str, face: ModelScan) -> object:
    """`%%modelscan`."""
    from modelscan_jupyter import rehearsal

    given = arguments.parse(arguments.split(line), CELL)
    if given.positional:
        raise UsageError("%%modelscan takes no path: its cell holds the code")
    return rehearsal.dry(cell, face) if "--dry" in given.options else rehearsal.strict(cell, face)


def one_of(word: str, known: Any, what: str) -> str:
    """`word`, or a UsageError that names the nearest known ones."""
    if word not in known:
        hint = arguments.nearest(word, known) or (f": {', '.join(known)}" if len(known) < 9 else "")
        raise UsageError(f"unknown {what} '{inert(word)}'{hint}")
    return word


def _switch_on(call: Call) -> None:
    guard.install(STATE.policy if STATE.active else call.face.options.policy())
    print(f"modelscan guard on, policy {STATE.policy.word}")  # noqa: T201


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise UsageError(f"-n needs a number of rows, not '{inert(text)}'")
    return int(text)
