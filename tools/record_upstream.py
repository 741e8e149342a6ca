"""Runs modelscan 0.8.8 over tests/contract/corpus.py and writes down what it finds: tests/data/upstream.json.

    python tools/record_upstream.py PYTHON

PYTHON is one of an environment with `modelscan==0.8.8`, `h5py` and a numpy before 2.3; with TensorFlow it reads .keras
too. No test needs it: the file it writes is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "tests" / "data" / "upstream.json"
ASK = """
import json, logging, sys
from pathlib import Path
from modelscan._version import __version__
from modelscan.modelscan import ModelScan
logging.disable(logging.CRITICAL)
found = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    scan = ModelScan()
    results = scan.scan(folder)
    summary = results["summary"]
    found[folder.name] = {
        "issues": sorted([row[key] for key in ("module", "operator", "severity", "source", "scanner")]
                         for row in results["issues"]),
        "scanned": sorted(summary["scanned"].get("scanned_files", [])),
        "skipped": sorted([row["category"], row["source"]] for row in summary["skipped"]["skipped_files"]),
        "errors": sorted([row["category"], row.get("source", "")] for row in results["errors"]),
    }
print(json.dumps({"version": __version__, "found": found}))
"""


def main() -> int:
    sys.path.insert(0, str(ROOT / "tests"))
    from contract.corpus import files

    samples = files()
    with tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(samples.values()):
            for name, data in sample.items():
                path = Path(folder, f"{number:04}", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        asked = [sys.argv[1], "-c", ASK, folder]
        done = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    found = {key: done["found"][f"{number:04}"] for number, key in enumerate(samples)}
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in found.items())
    TARGET.write_text(f'{{"version": {json.dumps(done["version"])}, "found": {{\n{rows}\n}}}}\n', encoding="utf-8")
    print(f"{len(found)} samples, {sum(len(row['issues']) for row in found.values())} issues")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
