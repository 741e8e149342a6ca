"""What `%modelscan` can do: one function and one row of `COMMANDS` for each sub-command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from IPython.core.error import UsageError

from modelscan import guard
from modelscan.guard.state import STATE
from modelscan.policy import WORDS, Policy
from modelscan.render.inert import inert
from modelscan.report import Report
from modelscan.rules.match import Rules
from modelscan.scanner import scan as scan_source
from modelscan_jupyter import arguments, views
from modelscan_jupyter.panel import Reports
from modelscan_jupyter.table import Table


@dataclass(frozen=True, slots=True)
class Call:
    """One use of the magic; `names` is what the user has defined."""

    words: tuple[str, ...]
    options: Mapping[str, str]
    names: Mapping[str, Any]

    def only(self, what: str) -> str:
        """The one word this command takes."""
        if len(self.words) != 1:
            raise UsageError(f"give one {what}")
        return self.words[0]


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` is what follows `%modelscan`; `options` take one value each."""

    run: Callable[[Call], object]
    usage: str
    about: str
    options: tuple[str, ...] = ()


def scan(call: Call) -> Report | Reports:
    policy = _policy(call.options.get("--policy", STATE.policy.word))
    if not call.words:
        raise UsageError("give a file or a folder to scan")
    paths = [arguments.path(word, call.names) for word in call.words]
    reports = Reports(scan_source(path, policy) for path in paths)
    return reports[0] if len(reports) == 1 else reports


def status(_: Call) -> Table:
    return views.status(guard.status())


def report(call: Call) -> Report:
    return _report(call.only("report number, as in %modelscan report 1"))


def allow(call: Call) -> None:
    """Of the first sub-commands only "once": kept decisions need a place to keep them."""
    number = call.options.get("--once")
    if number is None or call.words:
        raise UsageError("say which refusal: %modelscan allow --once N [--reason TEXT]")
    refused = _report(number)
    try:
        guard.allow_once(int(number), call.options.get("--reason", ""))
    except ValueError as error:
        raise UsageError(str(error)) from None
    print(f"Allowed once, in this process: {inert(refused.source)}. Run the cell again.")  # noqa: T201


def policy(call: Call) -> Table | None:
    if not call.words:
        return views.policy(STATE.policy)
    _switch_on(_policy(call.only("policy")))
    return None


def history(_: Call) -> Table:
    return views.history(guard.history())


def explain(call: Call) -> Table:
    """By its id, or by the code that stands behind what was not read."""
    known = {name: rule for rule in Rules.load().all() for name in (rule.id, rule.key)}
    word = call.only("rule, as in %modelscan explain MS-P101")
    return views.rule(known[word if word in known else _one_of(word.upper(), known, "rule")])


def switch(call: Call) -> Table | None:
    if not call.words:
        return views.status(guard.status())
    if _one_of(call.only("on or off"), ("on", "off"), "state") == "on":
        _switch_on(STATE.policy)
    else:
        guard.uninstall()
        print("modelscan guard OFF: nothing is scanned before it is loaded")  # noqa: T201
    return None


def explain_usage(_: Call) -> None:
    print(usage())  # noqa: T201


SCAN = Command(scan, "PATH… [--policy WORD]", "scan files or folders without loading them", ("--policy",))
COMMANDS: dict[str, Command] = {
    "status": Command(status, "status", "which loaders are guarded, and how"),
    "report": Command(report, "report N", "the report of refusal N again"),
    "allow": Command(allow, "allow --once N", "let the next load of that very file through", ("--once", "--reason")),
    "policy": Command(policy, "policy [WORD]", f"show the policy or change it: {', '.join(WORDS)}"),
    "history": Command(history, "history", "what this session loaded and refused"),
    "explain": Command(explain, "explain RULE", "what a rule is about and what to do"),
    "guard": Command(switch, "guard on|off", "switch the guard without unloading the extension"),
    "help": Command(explain_usage, "help", "this text"),
}

_PURPOSE = "Scan model files without loading them, and decide about refused ones."
_EXAMPLES = """\
    %modelscan model.pt                       its report; nothing is loaded
    %modelscan models/ --policy strict        every file of a folder
    %modelscan "my model.joblib" b.pkl        several, quoted where needed
    %modelscan $path                          the path in a variable
    report = %modelscan model.pt              report.verdict, report.findings
    %modelscan ./status                       a file named like a sub-command"""


def usage() -> str:
    """The text of `%modelscan?`."""
    rows = "\n".join(f"    %modelscan {row.usage:<24} {row.about}" for row in (SCAN, *COMMANDS.values()))
    return f"{_PURPOSE}\n\n{rows}\n\nExamples:\n\n{_EXAMPLES}\n"


def run(line: str, names: Mapping[str, Any]) -> object:
    """One line after `%modelscan`: the first word names the sub-command, anything else is a path to scan."""
    words = arguments.split(line) or ["help"]
    command = COMMANDS.get(words[0])
    given = arguments.parse(words if command is None else words[1:], (command or SCAN).options)
    return (command or SCAN).run(Call(given.positional, given.options, names))


def _policy(word: str) -> Policy:
    """The policy of this session under another word: its limits and approved names stay."""
    return replace(STATE.policy, word=_one_of(word, WORDS, "policy"))


def _switch_on(chosen: Policy) -> None:
    guard.install(chosen)
    print(f"modelscan guard on, policy {chosen.word}")  # noqa: T201


def _report(number: str) -> Report:
    try:
        return guard.report(int(number))
    except (ValueError, LookupError):
        raise UsageError(f"no report '{inert(number)}' in this session; see %modelscan history") from None


def _one_of(word: str, known: Any, what: str) -> str:
    if word not in known:
        hint = arguments.nearest(word, known) or (f": {', '.join(known)}" if len(known) < 9 else "")
        raise UsageError(f"unknown {what} '{inert(word)}'{hint}")
    return word
