"""What CI systems are given, run as they would run it as far as that goes here; and the pages about it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from samples import call, global_, text

from modelscan.settings import read_approvals

yaml = pytest.importorskip("yaml")

PAGE = "docs/how-to/ci.md"
ROOT = Path(__file__).parents[2]
EVIL = call(global_("os", "system"), text("x")) + b"."
SAFE = b"\x80\x04N."
OTHERS = {
    "others of ours/unknown.pkl": call(global_("no_such_library", "run"), text("x")) + b".",
    "partly/good.pkl": SAFE,
    "partly/cut.pkl": SAFE[:-1],
    "words.txt": b"words",
}

posix = pytest.mark.skipif(os.name != "posix" or not shutil.which("bash"), reason="needs bash")


@pytest.fixture
def shell(tmp_path):
    """`shell(script, variables)` in a folder with a good and an evil model, with `modelscan` on the path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "modelscan").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m modelscan "$@"\n')
    (tools / "modelscan").chmod(0o755)
    work = tmp_path / "work"
    (work / "models").mkdir(parents=True)
    (work / "models" / "good.pkl").write_bytes(SAFE)
    (work / "models" / "evil.pkl").write_bytes(EVIL)

    def run(script, **variables):
        environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", **variables}
        return subprocess.run(
            ["bash", "-c", script], cwd=work, env=environment, capture_output=True, text=True, check=False
        )

    run.work = work
    return run


def action():
    return yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


def scan_step():
    return next(step for step in action()["runs"]["steps"] if step.get("id") == "scan")


def variables_of(**given):
    """The variables of the step, its inputs filled in as GitHub does."""
    inputs = {name: row["default"] for name, row in action()["inputs"].items()} | given
    fill = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")
    return {name: fill.sub(lambda found: inputs[found[1]], value) for name, value in scan_step()["env"].items()}


@posix
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"path": "models"}, 1),
        ({"path": "models/good.pkl", "format": "json", "output": "out.json"}, 0),
        ({"path": "partly"}, 2),
        ({"path": "words.txt"}, 3),
        ({"path": "gone"}, 4),
        ({"path": "others of ours", "output": "our report.sarif"}, 1),
        ({"path": "others of ours", "fail-on": "CRITICAL"}, 0),
        ({"path": "models", "policy": "no-such-policy"}, 4),
        ({"path": "models", "fail-on": "LOW", "arguments": "--show-skipped --no-cache"}, 1),
        ({"path": "$(touch ran)", "arguments": "$(touch ran) `touch ran`; touch ran"}, 4),
    ],
)
def test_the_action_scans_and_says_how_it_ended(shell, tmp_path, given, code):
    for name, data in OTHERS.items():
        (shell.work / name).parent.mkdir(exist_ok=True)
        (shell.work / name).write_bytes(data)
    said = tmp_path / "outputs"
    done = shell(scan_step()["run"], GITHUB_OUTPUT=str(said), **variables_of(**given))
    assert done.returncode == code, done.stderr
    report = given.get("output", "modelscan.sarif")
    assert said.read_text().splitlines() == [f"exit-code={code}", f"report={report}"]
    assert (shell.work / report).exists() == (code != 4)
    assert not (shell.work / "ran").exists()


def test_the_action_takes_inputs_as_variables_only():
    for step in action()["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    documented = (ROOT / "docs/how-to/ci.md").read_text("utf-8")
    for name, row in action()["inputs"].items():
        default = f"`{row['default']}`" if row["default"] else ""
        assert f"| `{name}` | {default}" in documented


HOOKS = ROOT / ".pre-commit-hooks.yaml"
CONFIG = """
repos:
  - repo: local
    hooks:
      - id: {id}
        name: {name}
        entry: {entry}
        language: system
        files: '{files}'
        require_serial: true
        args: [{args}]
"""


@posix
@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_the_hook_runs_under_pre_commit(shell):
    pytest.importorskip("pre_commit")
    runner = f'"{sys.executable}" -m pre_commit'
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    config = shell.work / ".pre-commit-config.yaml"
    config.write_text(CONFIG.format(**hook, args=""))
    (shell.work / "notes.txt").write_text("words")
    made = shell(f'git init -q . && git add -A && {runner} validate-manifest "{HOOKS}" && {runner} validate-config')
    assert made.returncode == 0, made.stdout + made.stderr
    home = {"PRE_COMMIT_HOME": str(shell.work / ".." / "hooks"), "PRE_COMMIT_COLOR": "never"}
    found = shell(f"{runner} run --all-files", **home)
    assert found.returncode == 1
    assert "exit code: 1" in found.stdout
    assert "os.system" in found.stdout
    digest = "[[approved]]\nsha256 = '{}'\nreason = 'on purpose'\n".format(
        shell("sha256sum models/evil.pkl").stdout.split()[0]
    )
    (shell.work / "policy.toml").write_text(digest)
    config.write_text(CONFIG.format(**hook, args="--policy, policy.toml"))
    passed = shell(f"git add -A && {runner} run --all-files", **home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout


@posix
@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_pre_commit_installs_and_runs_the_hook_of_this_repository(shell, tmp_path):
    """Its own runner, from a revision of this repository, in an environment that it makes. Needs a package index."""
    pytest.importorskip("pre_commit")
    wanted = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--timeout", "10", "--retries", "0"]
    if subprocess.run([*wanted, "-d", str(tmp_path / "got"), "click"], capture_output=True, check=False).returncode:
        pytest.skip("no package index can be reached from here")
    source = tmp_path / "source"
    made = shell(
        f'mkdir "{source}" && cd "{ROOT}" && cp -r core modelscan_jupyter pyproject.toml README.md LICENSE NOTICE '
        f'.pre-commit-hooks.yaml "{source}" && cd "{source}" && git init -q && git add -A && '
        "git -c user.name=a -c user.email=a@b commit -qm a && git rev-parse HEAD"
    )
    assert made.returncode == 0, made.stderr
    config = {"repos": [{"repo": str(source), "rev": made.stdout.strip(), "hooks": [{"id": "modelscan"}]}]}
    (shell.work / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PRE_COMMIT_COLOR": "never"}
    done = shell(f'git init -q . && git add -A && "{sys.executable}" -m pre_commit run --all-files', **home)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "os.system" in done.stdout
    passed = shell(f'git rm -q --cached models/evil.pkl && "{sys.executable}" -m pre_commit run --all-files', **home)
    assert passed.returncode == 0, passed.stdout + passed.stderr


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


@posix
def test_the_gitlab_job(shell):
    (job,) = [found["modelscan"] for found in map(yaml.safe_load, blocks(PAGE, "yaml")) if "modelscan" in found]
    (shell.work / "modelscan-policy.toml").write_text("")
    install, scan = job["script"]
    assert install == "pip install modelscan-jupyter"
    assert shell(scan).returncode == 1
    assert (shell.work / job["artifacts"]["paths"][0]).exists()


@posix
def test_the_hook_of_the_page_exists():
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    used = [row for block in blocks(PAGE, "yaml") for row in yaml.safe_load(block).get("repos", ())]
    local, ours = (repo["hooks"][0] for repo in used)
    assert {key: local[key] for key in hook if key != "description"} == {
        key: value for key, value in hook.items() if key != "description"
    }
    assert ours["id"] == hook["id"]
    assert local["additional_dependencies"] == ["modelscan-jupyter"]


def test_the_policy_file_of_the_page_can_be_used(tmp_path):
    (block,) = blocks("docs/how-to/approve.md", "toml")
    (tmp_path / "p.toml").write_text(block)
    assert [row.kind for row in read_approvals(tmp_path / "p.toml")] == ["name", "sha256"]


@pytest.mark.parametrize("page", ["docs/how-to/ci.md", "docs/reference/cli.md", "docs/reference/exit-codes.md"])
def test_the_table_of_exit_codes_is_the_one_of_the_help(run, page):
    listed = re.findall(r"^\| ([0-4]) \|", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert listed == re.findall(r"^ +([0-4])  ", run("--help").out, re.MULTILINE) == list("43210")


def test_the_readme_and_the_reference_are_what_the_program_says(run):
    flags = re.findall(r"^  .*(--[a-z-]+)", run("scan", "--help").out, re.MULTILINE)
    assert len(flags) > 10
    page = (ROOT / "README.md").read_text("utf-8")
    assert not {flag for flag in flags if not re.search(rf"^\| `[^|]*{flag}\b", page, re.MULTILINE)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_commands.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
