"""How many ordinary files, and how many ordinary things, are refused?

Run by hand by maintainers, on the folders that tools/zoo/write_scripts.py wrote in any environment:

    PYTHONPATH=core python tools/held_out.py FOLDER ...

Every file is scanned, none is loaded. A thing is one object that a script saved, in all the ways that it was saved:
it counts as refused as soon as one of its files is. Prints the figures, then what was refused and why.
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
    files: Counter[str] = Counter()
    common: Counter[str] = Counter()
    things: dict[str, set[str]] = defaultdict(set)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(file for folder in folders for file in Path(folder).rglob("*") if file.is_file()):
        if path.name.endswith(NOT_MODELS):
            continue
        report = modelscan.scan(path)
        word = "refused" if report.refused else report.verdict.value
        files[word] += 1
        if not path.name.endswith(BY_VALUE):
            common[word] += 1
        thing = THING.match(path.name)
        things[f"{path.parent}/{thing[0] if thing else path.name}"].add(word)
        if word == "refused":
            said = {
                f"{f.severity.name} {f.operator}" for f in report.findings if f.severity >= modelscan.Severity.MEDIUM
            }
            said |= {f"{failure.code}: {failure.reason[:60]}" for failure in report.failures}
            words["; ".join(sorted(said)[:4])][f"{path.parent.name}/{path.name.split('.')[0]}"] += 1
    for said, where in sorted(words.items()):
        print(f"{sum(where.values()):5}  {said}  {dict(where.most_common(3))}")
    kinds = Counter(
        "refused" if "refused" in said else "UNVERIFIED" if said != {"SAFE"} else "SAFE" for said in things.values()
    )
    for what, tally in (("files", files), ("without dill and cloudpickle", common), ("things", kinds)):
        total = sum(tally.values())
        print(f"{what}: {total:,}, refused {tally['refused']:,} ({tally['refused'] / max(total, 1):.2%}),", dict(tally))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
