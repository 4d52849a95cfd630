"""``mcp-rag run`` remembers what a command ran in: a real package is upgraded between a passing and a failing run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

GOOD = "def total(values):\n    return sum(values)\n"
BAD = 'def total(values):\n    raise TypeError("total() takes a mapping since 2.0")\n'
APP = "import demolib\n\nprint(demolib.total([1, 2]))\n"


class Project:
    """A repository with a script, and a virtual environment with the package that it uses."""

    def __init__(self, place: Path) -> None:
        self.folder, self.home, self._wheels = place / "repo", place / "home", place / "wheels"
        self.folder.mkdir()
        self._wheels.mkdir()
        self.python = place / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "venv"], check=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "MCP_RAG_HOME": str(self.home),
            "MCP_RAG_STARTER": "off",
        }
        self.git("init", "-q")
        self.write("app.py", APP)
        self.git("add", ".")
        self.commit("Add the app")

    def install(self, version: str, code: str) -> None:
        """Install ``demo-lib``, packed as a wheel, with pip."""
        wheel, info = self._wheels / f"demo_lib-{version}-py3-none-any.whl", f"demo_lib-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr("demolib/__init__.py", code)
            file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: demo-lib\nVersion: {version}\n")
            file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            names = [*file.namelist(), f"{info}/RECORD"]
            file.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", "--no-index", "--no-compile", str(wheel)], check=True)
        for kept in (self.python.parents[1]).rglob("demolib/__pycache__"):
            raise AssertionError(f"{kept} would hide the new code")

    def git(self, *arguments: str) -> None:
        own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *own, *arguments], cwd=self.folder, check=True, env=self.environment)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def commit(self, subject: str) -> None:
        self.git("commit", "-qam", subject)

    def run(self, *flags: str, script: str = "app.py", **variables: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "mcp_rag", "run", *flags, "--", str(self.python), "-B", script]
        return self.call(call, **variables)

    def call(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("run"))
    made.install("1.26.0", GOOD)
    first = made.run("--json", OMP_NUM_THREADS="2")
    assert (first.returncode, first.stdout, first.stderr) == (0, "3\n", "")
    return made


def test_the_upgraded_package_is_named_and_offered_as_the_fix_when_it_passes_again(project: Project) -> None:
    project.install("2.4.0", BAD)
    project.write("app.py", APP.replace("2", "5"))
    project.commit("Sum more")
    project.write("notes.txt", "unrelated\n")
    secret = "hf_" + "abcdefghij" * 4

    failed = project.run(OMP_NUM_THREADS="4", HF_TOKEN=secret)
    assert failed.returncode == 1
    assert "▶ demo-lib 1.26.0 → 2.4.0 (installed)  (a frame is in it: __init__.py:2)" in failed.stderr
    assert "▶ app.py changed (" in failed.stderr
    assert "Sum more)  (a frame names line 3)" in failed.stderr
    assert "· notes.txt changed (not committed)" in failed.stderr
    assert "· OMP_NUM_THREADS “2” → “4”" in failed.stderr
    assert secret not in "".join(path.read_text() for path in project.home.glob("runs/*"))

    told = json.loads(project.run("--json", OMP_NUM_THREADS="4").stderr.splitlines()[-1])
    changes = {change["name"]: change for change in told["changes"]["list"]}
    assert (changes["demo-lib"]["before"], changes["demo-lib"]["after"]) == ("1.26.0", "2.4.0")
    assert [name for name, change in changes.items() if change["suspect"]] == ["demo-lib", "app.py"]
    assert changes["commit"]["detail"] == "Sum more"

    project.install("1.26.0", GOOD)
    passed = project.run("--json", OMP_NUM_THREADS="4")
    assert (passed.returncode, passed.stdout) == (0, "6\n")
    offer = json.loads(passed.stderr)["passed_again"]
    assert offer["incident"] == told["incident"]
    assert [change["name"] for change in offer["changes"]["list"]] == ["demo-lib"]
    assert offer["fix"] == "Install demo-lib 1.26.0 in place of 2.4.0 in venv."

    # Nothing was confirmed by it: a person does that, and then the next failure of the kind is known.
    program = [sys.executable, "-m", "mcp_rag"]
    listed = project.call([*program, "incidents", "--json"])
    assert json.loads(listed.stdout)["fixed_by"] is None
    assert project.call([*program, *offer["confirm"][1:]]).returncode == 0
    project.install("2.4.0", BAD)
    again = project.run(OMP_NUM_THREADS="4")
    assert "KNOWN" in again.stderr
    assert "Install demo-lib 1.26.0 in place of 2.4.0" in again.stderr


def test_a_command_that_passed_says_nothing_and_one_that_never_passed_has_no_changes(project: Project) -> None:
    project.write("flaky.py", "import os, sys\nsys.exit('broken: no luck' if os.environ.get('LUCK') is None else 0)\n")
    failed = project.run(script="flaky.py")
    assert failed.returncode == 1
    assert "changed" not in failed.stderr
    passed = project.run(script="flaky.py", LUCK="1")
    assert "nothing that is looked at changed in between: it may fail again" in passed.stderr
    assert project.run(script="flaky.py", LUCK="1").stderr == ""


def test_a_home_that_cannot_be_written_does_not_change_the_exit_code(project: Project) -> None:
    project.write("three.py", "raise SystemExit(3)\n")
    failed = project.run("--home", "/proc/nowhere", script="three.py")
    assert failed.returncode == 3
    assert "mcp-rag: " in failed.stderr
    passed = project.call([sys.executable, "-m", "mcp_rag", "run", "--home", "/proc/nowhere", "--", "true"])
    assert passed.returncode == 0
