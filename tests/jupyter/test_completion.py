"""What the completer proposes on lines of the magic, and only there."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest


@pytest.fixture
def complete(loaded, shell, tmp_path):
    for name in ("model.pt", "notes.txt", ".hidden.pt", "two words.pt"):
        Path(tmp_path, name).touch()
    Path(tmp_path, "models").mkdir()
    Path(tmp_path, "models", "inner.joblib").touch()

    def names(line):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the provisional completion API of IPython says that it is one
            return [row.text for row in shell.Completer.completions(line, len(line))]

    return names


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%modelscan sta", ["status"]),
        ("%modelscan mod", ["model.pt", "models/"]),
        ("%modelscan models/", ["models/inner.joblib"]),
        ("%modelscan .", [".hidden.pt"]),
        ("x = %modelscan model", ["model.pt", "models/"]),
        ("%modelscan model.pt --pol", ["--policy"]),
        ("%modelscan model.pt --policy st", ["standard", "strict"]),
        ("%modelscan policy w", ["warn"]),
        ("%modelscan guard o", ["off", "on"]),
        ("%modelscan explain MS-P10", ["MS-P101", "MS-P102", "MS-P103", "MS-P104"]),
        ("%modelscan allow --re", ["--reason", "--revoke"]),
        ("%modelscan diff model.pt mod", ["model.pt", "models/"]),
        ("%%modelscan --", ["--dry"]),
    ],
)
def test_proposals(line, expected, complete):
    assert [name for name in complete(line) if not name.startswith("MS-P10") or name in expected] == expected


def test_no_python_names_and_every_command(complete):
    names = complete("%modelscan ")
    assert {"status", "guard", "allow", "policy", "history", "report", "explain", "diff", "loaders", "help"} <= set(
        names
    )
    assert not {"and", "if", "print", "abs"} & set(names)


def test_refusals_are_proposed_by_number(complete, loaded):
    loaded("import pickle\ntry: pickle.loads(b'cos\\nsystem\\n.')\nexcept Exception as error: n = str(error.number)")
    number = loaded("n")[0]
    assert number in complete("%modelscan report ")
    assert number in complete("%modelscan allow --once ")


def test_other_lines_are_left_alone(complete, loaded):
    assert "print" in complete("pri")
    assert "status" not in complete("%modelscanner sta")
    loaded("%unload_ext modelscan")
    assert complete("%modelscan sta") == []
