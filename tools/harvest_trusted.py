"""What do we say about ordinary objects of the libraries people use, and which of their names do we not know yet?

Run by hand by maintainers, on the folders that tools/zoo/animals.py wrote in any environment:

    PYTHONPATH=core python tools/harvest_trusted.py FOLDER ...

Every file is scanned, none is loaded. For each library the tool tells how many files are SAFE, UNVERIFIED and
refused; then it prints the names behind what is not SAFE, with their worst finding, how often they were met and
where. A printed name is a question, not an answer: read what it does with arguments of an attacker's choosing, and
let tools/walk_classes.py show what runs when it is built, before it is added to rules/trusted.toml.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

import modelscan

VERDICTS = ("SAFE", "UNVERIFIED", "refused", "files")


def main(folders: list[str]) -> int:
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    where: dict[str, str] = {}
    for path in sorted(file for folder in folders for file in Path(folder).rglob("*.*") if file.is_file()):
        report = modelscan.scan(path)
        row = tally[path.parent.name]
        row["files"] += 1
        row["refused" if report.refused else report.verdict.value] += 1
        for finding in report.findings:
            names[f"{finding.operator} ({finding.severity.name} {finding.rule})"][path.parent.name] += 1
            where.setdefault(finding.operator, f"{path.parent.parent.name}/{path.parent.name}/{path.name}")
        for failure in report.failures:
            names[f"failure {failure.code}: {failure.reason[:60]}"][path.parent.name] += 1
    _print(tally, names, where)
    return 0


def _print(tally: dict[str, Counter[str]], names: dict[str, Counter[str]], where: dict[str, str]) -> None:
    for shown, counts in sorted(names.items()):
        print(shown, dict(counts.most_common(3)), where.get(shown.split(" ")[0], ""))
    print(f"{'library':22}" + "".join(f"{word:>12}" for word in VERDICTS))
    for library, row in sorted(tally.items()):
        print(f"{library:22}" + "".join(f"{row[word]:>12,}" for word in VERDICTS))
    total = sum(tally.values(), Counter())
    print(f"{'all':22}" + "".join(f"{total[word]:>12,}" for word in VERDICTS))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
