"""Opinions about facts: each fact of a scan, held against the rules (the table of docs/explanation/verdicts.md)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence, Set

from modelscan.carried import Carried, split
from modelscan.evidence import Evidence, Kind, file_of
from modelscan.patterns import later
from modelscan.policy import KERAS, TENSORFLOW
from modelscan.records import replace
from modelscan.report import Finding, Severity
from modelscan.rules.match import Match, Rule
from modelscan.rules.rule import Use

GUESSES = frozenset(
    {"unreviewed-name", "unreviewed-class", "unreviewed-call", "untrusted-argument", "indirect-call"}
    | {"unresolved-global", "persistent-id", "lookalike", "local-module", "frame-straddle"}
    | {"untrusted-state", "untrusted-fill", "filled-late", "computed-arguments"}
)
"""Rules that a misread stream sets off by chance; they say nothing about facts marked "doubtful"."""
COMPILED = later(
    r"computed-arguments|__torch__\..+|torch\.jit\._pickle\.(build_(int|double|bool|tensor)list|build_tensor_from_id|restore_type_tag)"
)
"""What torch.jit.load resolves inside a TorchScript archive, without importing anything."""
IMPORTERS = {"dill": "dill._dill:_import_module", "cloudpickle": "cloudpickle.cloudpickle:_builtin_type"}
"""What turns a text into a module or type, by how the fact says it was reached."""
DICT = "builtins.dict"


class Judge(Carried):
    """One pass over the facts of one scan."""

    @functools.cached_property
    def _guesses(self) -> set[str]:
        return {self.rules.structure[key].id for key in GUESSES}

    def judge(self, evidence: Sequence[Evidence]) -> Iterator[Finding]:
        constructed = {fact.subject for fact in evidence if fact.kind is Kind.CONSTRUCT}
        self._lookups = {fact.detail["callee"] for fact in evidence if fact.kind is Kind.CALL and self._waits(fact)}
        cells: list[Evidence] = []
        worst: dict[str, Severity] = {}
        for fact in evidence:
            if fact.kind in (Kind.SOURCE, Kind.OUTPUT):
                cells.append(fact)
                continue
            doubtful = fact.detail.get("doubtful", False)
            for finding in self.about(fact, constructed):
                if not (doubtful and finding.rule in self._guesses):
                    file = file_of(fact.where.artifact)
                    worst[file] = max(finding.severity, worst.get(file, Severity.LOW))
                    yield finding
        if cells and self.session is None:  # no loader of models runs a notebook's cells
            unread = {file_of(fact.where.artifact) for fact in evidence if fact.kind in (Kind.UNREADABLE, Kind.BROKEN)}
            for fact in cells:
                yield from self._cell(fact, worst, unread)

    def about(self, fact: Evidence, constructed: Set[str]) -> Iterator[Finding]:
        """Opinions about one fact of a file that makes instances of the classes `constructed`."""
        if fact.detail.get("loader") == "torchscript" and COMPILED.fullmatch(fact.subject):
            return  # torch's own unpickler, which imports and calls nothing of Python's
        match fact.kind:
            case Kind.IMPORT if fact.subject in constructed:
                yield from self._named(fact, quiet=True)
            case Kind.IMPORT:
                yield from self._named(fact)
            case Kind.ATTRIBUTE:
                yield from self._reached(fact)
            case Kind.CALL:
                yield from self._loaders(fact)
                yield from self._called(fact, constructed)
            case Kind.CONSTRUCT:
                yield from self._loaders(fact)
                yield from self._constructed(fact)
            case Kind.STATE:
                yield from self._loaders(fact)
                yield from self._stated(fact, constructed)
            case Kind.FILL:
                yield from self._filled(fact, constructed)
            case Kind.MUTATE:
                yield self._finding(self._structure("writes-into-import"), fact)
            case Kind.EXTENSION:
                yield self._finding(self._structure("extension"), fact, f"copyreg extension {fact.subject}")
            case Kind.PERSISTENT if not (fact.detail["loader"] and fact.detail["shape"] != "unknown"):
                yield self._finding(self._structure("persistent-id"), fact, "persistent id")
            case Kind.COMPONENT:
                yield from self._component(fact)
            case Kind.OPERATOR:
                yield from self._operator(fact)
            case Kind.CODE:
                yield self._finding(self._structure("python-code"), fact)
            case Kind.REFERENCE if "by" in fact.detail:
                yield self._finding(self._structure(fact.detail["by"]), fact)
            case Kind.ANOMALY:
                rule = self._structure(fact.subject)
                yield self._finding(rule, fact, str(fact.detail.get("expression") or rule.title.lower()))

    def _named(self, fact: Evidence, quiet: bool = False) -> Iterator[Finding]:
        """`quiet`: another row speaks of this name when it is merely unreviewed."""
        module, name = fact.detail["module"], fact.detail["name"]
        found = self._match(module, name)
        if found.rule is not None:
            if not found.rule.on_call:
                yield self._finding(found.rule, fact, found.name)
            return
        if self.session is not None and self.session.is_nearby(module):
            # Also for a trusted or approved name: what is imported would not be what was reviewed.
            yield self._finding(self._structure("local-module"), fact, found.name)
        elif found.use is not None:
            return
        elif self._is_lookalike(module.partition(".")[0]):
            yield self._finding(self._structure("lookalike"), fact, found.name)
        elif not (quiet or fact.detail.get("unlikely") or self._is_own(module, name)):
            yield self._finding(self._structure("unreviewed-name"), fact, found.name)

    def _reached(self, fact: Evidence) -> Iterator[Finding]:
        """What dill and cloudpickle import by a text has to be of a package that somebody reviewed."""
        module, name, opcode = fact.detail["module"], fact.detail["name"], fact.detail["opcode"]
        yield from self._named(fact, quiet=True)
        listed = self._match(module, name.replace("().", ".")) if "()." in name else None
        if listed is not None and listed.rule is not None and not (listed.rule.on_call or listed.rule.on_state):
            yield self._finding(listed.rule, fact, listed.name)  # a property runs when an instance is asked for it
        if opcode in IMPORTERS and not self._is_own(module, name):
            found, known = self._match(module, name), module.partition(".")[0] in self.rules.packages
            if found.rule is None and found.use is None and not (known and module != "types"):
                yield self._finding(
                    self._match(*split(IMPORTERS[opcode])).rule or self._structure("unreviewed-call"), fact
                )

    def _called(self, fact: Evidence, constructed: Set[str]) -> Iterator[Finding]:
        module, name = split(fact.detail["callee"])
        found = self._match(module, name)
        if found.rule is not None:
            if not (found.rule.on_call and self._waits(fact)):
                yield self._finding(found.rule, fact, found.name)
        elif fact.detail["indirect"] or not module:
            yield self._finding(self._structure("indirect-call"), fact, found.name if module else fact.subject)
        elif self._is_bomb(fact, found) and not self._is_own(module, name):
            yield self._finding(self._structure("giant-argument"), fact, found.name)
        elif found.use in (Use.CALL_TRUSTED, Use.HOLD):
            yield from self._arguments(fact, found, fact.detail["arguments"])
            if found.name == DICT:
                yield from self._asked(fact, found)
                yield from self._callable(fact, fact.detail["handed"])
        elif found.use is Use.NESTED:
            if not fact.detail.get("nested"):
                yield self._finding(self._structure("nested-load"), fact, found.name)
        elif found.single and fact.detail["size"] > 1:
            yield self._finding(self._structure("unreviewed-call"), fact, found.name)
        elif found.use is Use.CALL or (found.use is Use.CALL_EMPTY and fact.detail["expression"].endswith("()")):
            carried = [spelled for spelled in fact.detail["carried"] if not self._is_data(spelled, constructed)]
            yield from self._arguments(fact, found, [*carried, *self._denied(fact)])
            yield from self._asked(fact, found)
            yield from self._replacing(fact, found, "untrusted-argument", constructed)
        elif not self._is_enum(module, name):
            rule = self._structure("unreviewed-call")
            own = self._is_own(module, name)
            yield self._finding(replace(rule, severity=Severity.LOW) if own else rule, fact, found.name)

    def _constructed(self, fact: Evidence) -> Iterator[Finding]:
        module, name = split(fact.detail["callee"])
        found = self._match(module, name)
        if found.rule is not None:
            if not found.rule.on_state:
                yield self._finding(found.rule, fact, found.name)
        elif fact.detail["indirect"] or not module:
            yield self._finding(self._structure("indirect-call"), fact, found.name if module else fact.subject)
        elif self._is_bomb(fact, found) and not self._is_own(module, name):
            yield self._finding(self._structure("giant-argument"), fact, found.name)
        elif found.use in (Use.CALL_TRUSTED, Use.HOLD):
            yield from self._arguments(fact, found, fact.detail["arguments"])
        elif found.use in (None, Use.NAME) and not self._is_own(module, name):
            called = fact.detail["called"] and self.rules.knows(found.name)
            yield self._finding(self._structure("unreviewed-call" if called else "unreviewed-class"), fact, found.name)
        elif found.bare and fact.detail["called"]:
            yield self._finding(self._structure("unreviewed-call"), fact, found.name)
        elif found.use is not None:
            yield from self._functions(fact, "untrusted-argument")
            if found.use is Use.CALL:
                yield from self._asked(fact, found)  # `tuple.__new__(tuple, loader)` is `tuple(loader)`

    def _component(self, fact: Evidence) -> Iterator[Finding]:
        """An object of a Keras configuration. Names that a pickle may not use are no better here."""
        detail = fact.detail
        module, name = detail["module"], detail["name"]
        found = self.rules.components.match(module, name, detail["registered"], function=detail["function"])
        named = self._match(module, name) if module and module != "tensorflow" else found
        nearby = module and self.session is not None and self.session.is_nearby(module)
        rule = worse(worse(found.rule, named.rule), self._structure("local-module") if nearby else None)
        denied = self._by_settings(KERAS, name.rpartition(".")[2], rule)
        rule = denied or rule
        if rule is None:
            return
        spared = denied is None and (named.name in self.policy.allowed or self._is_own(module, name))
        if rule.severity is Severity.CRITICAL or nearby or not spared:
            yield self._finding(rule, fact, found.name)

    def _operator(self, fact: Evidence) -> Iterator[Finding]:
        rule = self.rules.operators.match(fact.subject)
        if fact.detail.get("custom"):
            rule = self._structure("tf-custom") if not self.rules.operators.is_known(fact.subject) else None
        rule = self._by_settings(TENSORFLOW, fact.subject, rule) or rule
        if rule is not None:
            yield self._finding(rule, fact)

    def _by_settings(self, framework: str, name: str, rule: Rule | None) -> Rule | None:
        """What the settings say of a name without a module, where that is worse than `rule`."""
        severity = self.policy.denied.get(f"{framework}:{name}")
        if severity is None or (rule is not None and (rule.severity or Severity.MEDIUM) >= severity):
            return None
        return replace(self._structure("denied-by-settings"), severity=severity)

    def _stated(self, fact: Evidence, constructed: Set[str]) -> Iterator[Finding]:
        module, name = split(fact.detail["callee"])
        found = self._match(module, name)
        if fact.detail["opcode"] == "getattr":
            if found.use is not None or (self.rules.knows(found.name) and not self._is_own(module, name)):
                handed = [spelled for spelled in fact.detail["handed"] if not self._is_method(spelled, fact)]
                asked = replace(fact, detail={**fact.detail, "handed": handed})
                yield from self._functions(asked, "untrusted-argument", constructed)
        elif found.rule is not None:
            if not _runs_ordinary(found.rule, fact):
                yield self._finding(found.rule, fact, found.name)
            elif found.rule.calls:
                yield from self._replacing(fact, replace(found, calls=True), "untrusted-state", constructed)
        elif found.use is not None and self._is_bomb(fact, found):
            yield self._finding(self._structure("giant-argument"), fact, found.name)
        elif found.use in (Use.CALL_TRUSTED, Use.HOLD):
            yield from self._arguments(fact, found, fact.detail["arguments"])
        elif not found.state or (found.length and fact.detail["size"] < found.length):
            yield self._finding(self._structure("untrusted-state"), fact, found.name)
        elif functions := list(self._functions(fact, "untrusted-state", constructed)):
            yield from functions
        elif found.calls:
            yield from self._replacing(fact, found, "untrusted-state", constructed)
        elif found.use is None and not self._is_own(module, name):
            yield from self._unreviewed_state(fact, found, constructed)

    def _unreviewed_state(self, fact: Evidence, found: Match, constructed: Set[str]) -> Iterator[Finding]:
        """A mapping whose items are its attributes: the unpickler would find its `__setstate__` among them.

        A class of a known library may call what it is given with its state; a function of another package that nobody
        has reviewed either is no setting of that library.
        """
        package, built = found.name.partition(".")[0], fact.detail["opcode"] == "BUILD"
        if built and not self.rules.knows(found.name):
            return
        for spelled in fact.detail["arguments"]:
            if spelled.replace(":", ".") in constructed:
                continue
            held = self._match(*split(spelled))
            unread = held.use is None or (held.use is Use.CONSTRUCT and spelled in fact.detail["plain"])
            foreign = unread and held.name.partition(".")[0] != package
            if foreign if built else held.use in (None, Use.NAME, Use.HOLD):
                yield self._finding(self._structure("untrusted-state"), fact, held.name)
                return

    def _filled(self, fact: Evidence, constructed: Set[str]) -> Iterator[Finding]:
        found = self._match(*split(fact.detail["callee"]))
        if "arguments" in fact.detail:
            yield from self._loaders(fact)
            yield from self._replacing(fact, found, "untrusted-state", constructed)
        elif found.rule is None and found.use is not None and not found.items:
            yield self._finding(self._structure("untrusted-fill"), fact, found.name)

    def _cell(self, fact: Evidence, worst: Mapping[str, Severity], unread: set[str]) -> Iterator[Finding]:
        """A line or output of a notebook. `worst` is what was found in the files beside it, `unread` those not read.

        A file that was read and found harmless excuses the call that loads it; the others decide how bad that is.
        """
        rule, operator = self._structure(fact.subject), str(fact.detail["operator"])
        files = fact.detail["references"]
        found = max((worst[file] for file in files if file in worst), default=None)
        if found is not None and found > Severity.LOW:
            yield self._finding(replace(self._structure("loader-refused"), severity=found), fact, operator)
        elif files and found is None and fact.detail["sure"] and not unread.intersection(files):
            return
        elif fact.detail.get("host") in rule.hosts:
            if rule.instead:
                yield self._finding(self._structure(rule.instead), fact, operator)
        elif rule.severity is not None:
            yield self._finding(rule, fact, operator)


def worse(one: Rule | None, other: Rule | None) -> Rule | None:
    """Of two rules the more severe one, the first of equals."""
    rules = [rule for rule in (one, other) if rule is not None]
    return max(rules, key=lambda rule: rule.severity or Severity.MEDIUM, default=None)


def _runs_ordinary(rule: Rule, fact: Evidence) -> bool:
    """Is what the state makes its class run scanned in turn, or text of the kind that the library itself writes?"""
    if not rule.on_state or fact.detail["opcode"] != "BUILD":
        return False
    if not rule.ordinary:
        return bool(fact.detail.get("nested"))
    sources = fact.detail.get("sources")
    return sources is not None and all(re.fullmatch(rule.ordinary, text) for text in sources)


def could_be_imported(dotted: str) -> bool:
    return all(part.isidentifier() for part in dotted.split("."))
