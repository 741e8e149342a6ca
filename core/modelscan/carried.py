"""What the rules say of a name, and of names that a value carries to where they may be called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from modelscan.evidence import Evidence
from modelscan.records import replace
from modelscan.report import Finding, Severity
from modelscan.rules.match import Match, Rule
from modelscan.rules.rule import Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from modelscan.policy import Policy

    class Session(Protocol):
        """What the process that is about to load knows and a plain scan does not."""

        def is_own(self, module: str, name: str) -> bool:
            """Is this a class or function that the user's own code, already imported, defines?"""

        def is_enum(self, module: str, name: str) -> bool:
            """Is this an Enum class that is already imported, whose members are data?"""

        def is_nearby(self, module: str) -> bool:
            """Would importing this module run a file of the current folder or of the model's own?"""


PARTIAL = "functools.partial"


class Names:
    """What the rules, the policy and the session say of a name."""

    def __init__(self, policy: Policy, session: Session | None) -> None:
        self.policy, self.rules, self.session = policy, policy.rules, session

    def _match(self, module: str, name: str) -> Match:
        found = self.rules.match(module, name)
        if self.policy.denied and (severity := self._denied_by_hand(module, name)):
            if found.rule is None or (found.rule.severity or Severity.LOW) < severity:
                return Match(found.name, rule=replace(self._structure("denied-by-settings"), severity=severity))
            return found
        critical = found.rule is not None and found.rule.severity is Severity.CRITICAL
        if found.name in self.policy.allowed and not critical:
            return Match(found.name, use=Use.CALL, items=True, passive=True)
        return found

    def _denied_by_hand(self, module: str, name: str) -> Severity | None:
        """By any spelling, and through attributes of what is denied."""
        denied, parts = self.policy.denied, f"{module}.{name}".split(".")
        spelled = [".".join(parts[:size]) for size in range(1, len(parts) + 1)]
        spelled += [f"{module}.*", self.rules.canonical(module, name)]
        spelled.append(spelled[-1].rpartition(".")[0] + ".*")
        return max((denied[row] for row in spelled if row in denied), default=None)

    def _structure(self, key: str) -> Rule:
        return self.rules.structure[key]

    def _is_lookalike(self, package: str) -> bool:
        from modelscan.rules.lookalike import lookalike

        return lookalike(package, self.rules.packages) is not None

    def _is_own(self, module: str, name: str) -> bool:
        return self.session is not None and self.session.is_own(module, name)

    def _is_enum(self, module: str, name: str) -> bool:
        return self.session is not None and self.session.is_enum(module, name)

    def _finding(self, rule: Rule, fact: Evidence, operator: str = "") -> Finding:
        severity = rule.severity or Severity.MEDIUM
        return Finding(rule.id, severity, operator or fact.subject, fact.where, rule.why, rule.fix, fact)


class Carried(Names):
    """What an object carries may be called by what it is given to, or by the object itself."""

    _lookups: Set[str] = frozenset()
    """Makers of objects that look something up once they are called, as "module:name"."""

    def _loaders(self, fact: Evidence) -> Iterator[Finding]:
        """What loads the bytes that it is called with is handed on, or kept: then nobody has scanned these."""
        for spelled in fact.detail["plain"]:
            found = self._match(*split(spelled))
            if found.use is Use.NESTED:
                yield self._finding(self._structure("nested-load"), fact, found.name)

    def _arguments(self, fact: Evidence, callee: Match, names: Iterable[str]) -> Iterator[Finding]:
        """A trusted function that may call what it is given: each of these names must be trusted.

        Where any argument will do, those count that an object carries: a function that takes any mapping calls the
        `keys` of whatever has some (`OrderedDict(SimpleNamespace(keys=f))` runs `f`).
        """
        for spelled in names:
            module, name = split(spelled)
            found = self._match(module, name)
            if found.rule is not None:
                # A partial calls it no sooner than itself is called, and then its name is among the arguments.
                if not (callee.name == PARTIAL and spelled in self._lookups and found.rule.on_call):
                    yield self._finding(found.rule, fact, found.name)
            elif found.use is None and not self.rules.trusts_owner(module, name) and not self._is_own(module, name):
                yield self._finding(self._structure("untrusted-argument"), fact, found.name)
        if callee.use is not Use.HOLD:
            yield from self._callable(fact, fact.detail["handed" if callee.items else "carried"])

    def _callable(self, fact: Evidence, names: Sequence[str]) -> Iterator[Finding]:
        """Functions that an object carries, for a callee that may fetch and call them by attribute.

        `str(layer)` runs the layer's `extra_repr`. Containers look at what they are given, not at what is in it.
        """
        matches = [self._match(*split(spelled)) for spelled in names]
        held = any(found.use is Use.HOLD for found in matches)
        for spelled, found in zip(names, matches, strict=True):
            # A class that is kept may be called, and what its `__init__` does nobody has read.
            called = held or (found.use is not None and spelled in fact.detail["values"])
            if found.use is Use.NAME or (called and found.use in (None, Use.CONSTRUCT)):
                yield self._finding(self._structure("untrusted-argument"), fact, found.name)

    def _asked(self, fact: Evidence, callee: Match) -> Iterator[Finding]:
        """Objects that a trusted function may iterate, convert or compare, which runs methods of their classes.

        `list(loader)` starts the loader's workers. A class is reviewed for being made, unless its group says more.
        A list or a set of objects keeps them, hashed at most, as opcodes that fill one do.
        """
        for spelled in fact.detail["given" if callee.keeps else "among"]:
            found = self._match(*split(spelled))
            if found.use not in (Use.CALL, Use.CALL_EMPTY) and not found.passive:
                yield self._finding(self._structure("untrusted-argument"), fact, found.name)

    def _functions(self, fact: Evidence, key: str, made: Set[str] = frozenset()) -> Iterator[Finding]:
        """Functions that an object carries where data belongs: asked for its items, it would run them.

        Classes that the file has instances of, `made`, are carried as these.
        """
        for spelled in fact.detail["handed"]:
            found = self._match(*split(spelled))
            data = found.use is None and found.rule is None and spelled.replace(":", ".") in made
            data = data or self._is_enum(*split(spelled))  # of the session, where calling it finds a member
            kept = found.use is Use.CONSTRUCT and spelled in fact.detail["values"]
            if (found.use in (None, Use.NAME) and not data) or kept or found.name == PARTIAL:
                yield self._finding(self._structure(key), fact, found.name)

    def _replacing(self, fact: Evidence, found: Match, key: str, constructed: Set[str]) -> Iterator[Finding]:
        """Functions that could take the place of methods which the object calls while it is made, stated or filled."""
        for spelled in fact.detail["arguments"] if found.calls else ():
            held = self._match(*split(spelled))
            data = spelled.replace(":", ".") in constructed or self._is_enum(*split(spelled))
            made = found.calls == "functions" and data
            kept = held.use is Use.CONSTRUCT and spelled in fact.detail["plain"]
            if (held.use in (None, Use.NAME) and not made) or kept or held.name == PARTIAL:
                yield self._finding(self._structure(key), fact, found.name)

    def _is_bomb(self, fact: Evidence, callee: Match) -> bool:
        """Is it given an iterator without end, or the like, that it may go through?

        A list or a set that has one among its items keeps it, and a partial goes through nothing.
        """
        held = fact.detail.get("giant")
        return held is not None and callee.name != PARTIAL and (held == "given" or not callee.keeps)

    def _waits(self, fact: Evidence) -> bool:
        """Does the call make an `operator.itemgetter` or the like that stays in an object's state, for harmless names?

        What calls it while loading, or is given it, is judged by the names of its arguments.
        """
        if not fact.detail.get("kept"):
            return False
        return not any(self.rules.acts(name) for name in fact.detail["looks"])

    def _denied(self, fact: Evidence) -> Iterator[str]:
        """Arguments that are denied when they are handed on; naming them alone may be nothing (`builtins.getattr`)."""
        return (spelled for spelled in fact.detail["arguments"] if self._match(*split(spelled)).rule is not None)

    def _is_data(self, spelled: str, constructed: Set[str]) -> bool:
        """Is it a class of nobody's library that the file has instances of? An array of objects carries these."""
        found = self._match(*split(spelled))
        made = spelled.replace(":", ".") in constructed
        return made and found.use is None and found.rule is None and not self.rules.knows(found.name)

    def _is_method(self, spelled: str, fact: Evidence) -> bool:
        """Is it what an instance of that class, or of a trusted one, has under a name that does not act?"""
        module, name = split(spelled)
        cls, of_instance, attribute = name.partition("().")
        if not of_instance or self.rules.acts(attribute):
            return False
        return f"{module}:{cls}" == fact.detail["callee"] or self._match(module, cls).use is not None


def split(spelled: str) -> tuple[str, str]:
    module, _, name = spelled.partition(":")
    return module, name
