"""The GitHub action and the GitLab template: their own shell steps, run as a runner runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ci_server import CiServer
from server_process import environment_for
from test_run_urls import github

ROOT = Path(__file__).parents[2]
NUMPY = 'Traceback (most recent call last):\n  File "shop.py", line 1, in go\n    np.float(3)\n'
NUMPY += "AttributeError: module 'numpy' has no attribute 'float'\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all of these tests: filling it is the expensive part."""
    return tmp_path_factory.mktemp("ci") / "home"


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A checkout in which a file failed, and mcp-rag on the path."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mcp-rag"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m mcp_rag "$@"\n')
    program.chmod(0o755)
    (tmp_path / "shop.py").write_text("np.float(3)\n")
    (tmp_path / "build.log").write_text(NUMPY + "::set-output name=verdict::clean\n")
    return tmp_path


def environment(home: Path, folder: Path, **more: str) -> dict[str, str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return environment_for(home) | {"PATH": path} | more


def action() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    return read


def steps_of(inputs: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """The action's steps: script, and environment with the inputs put in as the runner does."""
    told = action()
    given = {name: str(entry["default"]) for name, entry in told["inputs"].items()} | {"token": "t"} | inputs
    contexts = {f"inputs.{name}": value for name, value in given.items()} | {"github.action_path": str(ROOT)}

    def value(expression: str) -> str:
        words = [contexts[word.strip()] for word in expression.split("||")]
        return next((word for word in words if word), "")

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: value(found[1]), text)

    return [(step["run"], {name: filled(text) for name, text in step["env"].items()}) for step in told["runs"]["steps"]]


def run_action(
    home: Path, job: Path, server: str = "http://127.0.0.1:1", **inputs: str
) -> subprocess.CompletedProcess[str]:
    files = {name: str(job / name.lower()) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_PATH")}
    runner = files | {
        "GITHUB_SERVER_URL": server,
        "GITHUB_API_URL": f"{server}/api/v3",
        "GITHUB_REPOSITORY": "octo/shop",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "2",
        "RUNNER_TEMP": str(job),
    }
    for script, env in steps_of({name.replace("_", "-"): text for name, text in inputs.items()}):
        (job / "step.sh").write_text(script)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", job / "step.sh"],
            cwd=job,
            env=environment(home, job, **runner, **env),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_no_script_of_the_action_has_an_input_pasted_into_it() -> None:
    assert not [step["name"] for step in action()["runs"]["steps"] if "${{" in step["run"]]


def test_the_action_writes_summary_annotation_and_verdict(home: Path, job: Path) -> None:
    done = run_action(home, job, log="build.log")
    summary = (job / "github_step_summary").read_text()
    assert summary.startswith("## Known: ")
    assert (job / "github_output").read_text() == "verdict=known\n"
    lines = done.stdout.splitlines()
    stop = next(at for at, line in enumerate(lines) if line.startswith("::stop-commands::"))
    go = lines.index(f"::{lines[stop].removeprefix('::stop-commands::')}::")
    (annotation,) = [at for at, line in enumerate(lines) if line.startswith("::error ")]
    assert annotation > go > stop
    assert lines[annotation].startswith("::error file=shop.py,line=1,title=")
    assert not [line for line in lines[go:] if "set-output" in line]


def test_the_action_knows_that_the_job_failed(home: Path, job: Path) -> None:
    (job / "calm.log").write_text("one step\nanother step\n")
    run_action(home, job, log="calm.log", exited="1")
    assert (job / "github_output").read_text() == "verdict=unknown\n"


def test_the_action_tells_what_it_could_not_do_and_does_not_fail(home: Path, job: Path) -> None:
    done = run_action(home, job, log="gone.log", annotations="false")
    assert (job / "github_output").read_text() == "verdict=error\n"
    assert "::warning title=mcp-rag::" in done.stdout
    done = run_action(home, job)
    assert (
        "http://127.0.0.1:1/octo/shop/actions/runs/7/attempts/2" in done.stderr + done.stdout
        or "127.0.0.1" in done.stderr
    )


def test_the_action_fetches_its_own_runs_failed_job(home: Path, job: Path) -> None:
    with CiServer() as ci, CiServer() as storage:
        github(ci, storage)
        jobs = ci.routes["/api/v3/repos/octo/shop/actions/runs/7/jobs"]
        ci.routes["/api/v3/repos/octo/shop/actions/runs/7/attempts/2/jobs"] = jobs
        run_action(home, job, server=ci.url)
    assert (job / "github_output").read_text() == "verdict=known\n"
    assert (job / "github_step_summary").read_text().startswith("## Known: ")
    assert {asked.headers.get("authorization") for asked in ci.asked} == {"Bearer t"}


def test_a_log_whose_name_is_a_command_stays_a_name(home: Path, job: Path) -> None:
    name = "--share; $(touch pwned).log"
    (job / name).write_text("all is well\n")
    run_action(home, job, log=name)
    assert (job / "github_output").read_text() == "verdict=clean\n"
    assert not (job / "pwned").exists()


def after_script(home: Path, job: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    template = yaml.safe_load((ROOT / "integrations/gitlab/mcp-rag.gitlab-ci.yml").read_text())[".mcp-rag"]
    env = environment(home, job, **template["variables"], **variables)
    script = "\n".join(template["after_script"])
    return subprocess.run(["sh", "-e", "-c", script], cwd=job, env=env, capture_output=True, text=True, check=False)


def test_the_gitlab_template_diagnoses_a_failed_jobs_log(home: Path, job: Path) -> None:
    done = after_script(home, job, CI_JOB_STATUS="failed")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("KNOWN")
    assert (job / "mcp-rag.md").read_text().startswith("## Known: ")
    template = yaml.safe_load((ROOT / "integrations/gitlab/mcp-rag.gitlab-ci.yml").read_text())[".mcp-rag"]
    assert template["artifacts"]["paths"] == ["mcp-rag.md"]


def test_a_runner_of_gitlabs_files_runs_the_template(home: Path, job: Path) -> None:
    runner = shutil.which("gitlab-ci-local")
    if not runner:
        pytest.skip("optional: gitlab-ci-local (npm) is not installed")
    (job / "build.log").unlink()
    (job / "failed.txt").write_text(NUMPY)
    shutil.copy(ROOT / "integrations/gitlab/mcp-rag.gitlab-ci.yml", job)
    asked = {"extends": ".mcp-rag", "script": ["tee build.log < failed.txt", "exit 1"]}
    file = {"include": [{"local": "mcp-rag.gitlab-ci.yml"}], "test": asked, "fine": asked | {"script": ["true"]}}
    (job / ".gitlab-ci.yml").write_text(yaml.safe_dump(file))
    for command in ("init", "add --all", "-c user.name=n -c user.email=n@shop.example commit --message x"):
        subprocess.run(["git", *command.split()], cwd=job, check=True, capture_output=True)
    subprocess.run(["git", "remote", "add", "origin", "git@gitlab.example:octo/shop.git"], cwd=job, check=True)
    command = [runner, "--force-shell-executor", "--variable", f"MCP_RAG_HOME={home}", "test", "fine"]
    done = subprocess.run(command, cwd=job, env=environment(home, job), capture_output=True, text=True, check=False)
    assert " PASS  fine" in done.stdout
    assert " FAIL  test" in done.stdout
    assert "KNOWN" in done.stdout
    (kept,) = job.glob(".gitlab-ci-local/artifacts/*/mcp-rag.md")
    assert (kept.parent.name, kept.read_text().startswith("## Known: ")) == ("test", True)


def test_the_gitlab_template_leaves_other_jobs_alone_and_says_what_it_lacks(home: Path, job: Path) -> None:
    assert after_script(home, job, CI_JOB_STATUS="success").stdout == ""
    (job / "build.log").unlink()
    assert "neither build.log nor GITLAB_TOKEN" in after_script(home, job, CI_JOB_STATUS="failed").stdout
    url = "http://127.0.0.1:1/octo/shop/-/jobs/7"
    told = after_script(home, job, CI_JOB_STATUS="failed", GITLAB_TOKEN="t", CI_JOB_URL=url)
    assert (told.returncode, "could not be diagnosed" in told.stdout) == (0, True)


def test_the_pre_commit_hook_runs_a_command_that_exists(home: Path, job: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    known = job / ".mcp-rag" / "known"
    known.mkdir(parents=True)
    (known / "an-issue.md").write_text("no front matter\n")
    done = subprocess.run(
        hook["entry"].split(), cwd=job, env=environment(home, job), capture_output=True, text=True, check=False
    )
    assert done.returncode == 12, done.stdout + done.stderr
    assert re.search(hook["files"], ".mcp-rag/known/an-issue.md")
