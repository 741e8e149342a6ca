"""How many ordinary files, and how many ordinary things, are refused?

Run by hand by maintainers, on the folders that tools/zoo/write_scripts.py wrote in any environment:

    PYTHONPATH=core python tools/held_out.py FOLDER ...

Every file is scanned, none is loaded. A thing is one object that a script saved, in all the ways that it was saved:
it counts as refused as soon as one of its files is. A thing is its author's own when one of its files names something
of the script or of `__main__`; what a scan may say of those is bound by docs/explanation/verdicts.md, so they are
counted apart. Prints what was refused and why, then the figures.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import modelscan

THING = re.compile(r"\w+\.\d\d(?=\.)")
"""A script and the number of its object, as write_scripts.py names files."""
BY_VALUE = ("dill.pkl", "cloudpickle.pkl")
"""Written by what may keep functions as their code."""
NOT_MODELS = (".csv", ".yaml", ".txt", ".md", ".json", ".dat", ".index", ".data-00000-of-00001", ".pbtxt", "checkpoint")


def main(folders: list[str]) -> int:
    things: dict[str, list[tuple[Path, modelscan.Report]]] = defaultdict(list)
    own: set[str] = set()
    for folder in folders:
        for path in sorted(file for file in Path(folder).rglob("*") if file.is_file()):
            if path.name.endswith(NOT_MODELS):
                continue
            report = modelscan.scan(path)
            found = THING.match(path.name)
            thing = f"{path.parent}/{found[0] if found else path.name}"
            things[thing].append((path, report))
            scripts = {"__main__", *path.relative_to(folder).parts[:-1]}
            if any(name.partition(".")[0] in scripts for name in report.imports):
                own.add(thing)
    for mine in (False, True):
        some = {thing: reports for thing, reports in things.items() if (thing in own) is mine}
        print("== with names of the author" if mine else "== of libraries alone")
        _causes([pair for reports in some.values() for pair in reports])
        _figures(some)
    print("== all")
    _figures(things)
    return 0


def _causes(reports: list[tuple[Path, modelscan.Report]]) -> None:
    causes: dict[str, Counter[str]] = defaultdict(Counter)
    for path, report in reports:
        if not report.refused:
            continue
        said = {f"{f.severity.name} {f.operator}" for f in report.findings if f.severity >= modelscan.Severity.MEDIUM}
        said |= {f"{failure.code}: {failure.reason[:60]}" for failure in report.failures}
        causes["; ".join(sorted(said)[:4])][f"{path.parent.name}/{path.name.split('.')[0]}"] += 1
    for words, where in sorted(causes.items()):
        print(f"{sum(where.values()):5}  {words}  {dict(where.most_common(3))}")


def _figures(things: dict[str, list[tuple[Path, modelscan.Report]]]) -> None:
    files = [(path, _word(report)) for reports in things.values() for path, report in reports]
    kinds = [_worst({_word(report) for _, report in reports}) for reports in things.values()]
    for what, words in (
        ("files", [word for _, word in files]),
        ("without dill and cloudpickle", [word for path, word in files if not path.name.endswith(BY_VALUE)]),
        ("things", kinds),
    ):
        tally, total = Counter(words), len(words)
        print(f"{what}: {total:,}, refused {tally['refused']:,} ({tally['refused'] / max(total, 1):.2%}),", dict(tally))


def _word(report: modelscan.Report) -> str:
    return "refused" if report.refused else report.verdict.value


def _worst(words: set[str]) -> str:
    return "refused" if "refused" in words else "UNVERIFIED" if words != {"SAFE"} else "SAFE"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
