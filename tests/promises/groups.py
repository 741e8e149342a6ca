"""The trusted names, in their groups."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

KNOWN_CRASHES = Path(__file__).parent / "crashes.toml"


@dataclass(frozen=True)
class Row:
    """One trusted name: the object `of` in `module`."""

    package: str
    group: str
    module: str
    of: str
    use: str

    @property
    def name(self) -> str:
        return f"{self.module}.{self.of}"


def rows(packages: list[str] | None = None) -> Iterator[Row]:
    for file in sorted((files("modelscan.rules") / "trusted").iterdir(), key=lambda file: file.name.lower()):
        package = file.name.removesuffix(".toml")
        if packages and package not in packages:
            continue
        for key, group in tomllib.loads(file.read_text("utf-8")).items():
            for line in group["names"].splitlines():
                module, _, names = line.partition(": ")
                for of in names.split(" "):
                    yield Row(package, key, module, of, group["use"])


def installed(package: str) -> str | None:
    """Its version, "" where nobody says, None where it is not here."""
    if package == "python":
        return platform.python_version()
    if find_spec(package) is None:
        return None
    dists = metadata.packages_distributions().get(package, [])
    return metadata.version(dists[0]) if dists else ""


def known_crashes() -> dict[str, str]:
    """Names that may end the process, and why that is accepted."""
    table = tomllib.loads(KNOWN_CRASHES.read_text("utf-8")) if KNOWN_CRASHES.exists() else {}
    return {name: group["reason"] for group in table.values() for name in group["names"].split()}
