"""One call of a guarded loader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelscan.guard.scope import Scope, run
from modelscan.guard.target import Target
from modelscan.records import dataclass

Loader = Callable[..., Any]
MISSING = object()


@dataclass(frozen=True, slots=True)
class Call:
    """`loader` is the real one."""

    target: Target
    loader: Loader
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def source(self) -> Any:
        """MISSING where the loader was called without one."""
        position = self.target.position
        return self.args[position] if len(self.args) > position else self.kwargs.get(self.target.keyword, MISSING)

    def straight(self) -> Any:
        """The real loader, as it was called."""
        return self.loader(*self.args, **self.kwargs)

    def of(self, given: Any) -> Call:
        """The same call with `given` as its source."""
        args, kwargs, position = self.args, self.kwargs, self.target.position
        if len(args) > position:
            args = (*args[:position], given, *args[position + 1 :])
        else:
            kwargs = {**kwargs, self.target.keyword: given}
        return Call(self.target, self.loader, args, kwargs)

    def within(self, scope: Scope) -> Any:
        return run(scope, self.loader, self.args, self.kwargs)
