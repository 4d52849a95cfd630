"""`why`, in real shells on a terminal: bash, zsh and fish, and in a real tmux."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from server_process import environment_for

SHELLS = ("bash", "zsh", "fish")
PROMPT = "READY> "
PATIENCE_SECONDS = 20.0
START = {
    "bash": ["bash", "--noprofile", "--rcfile", "RC", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "--no-config", "-i", "-C", "source RC"],
}


def needed(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A program in the place of mcp-rag: it says how it was called, and runs what it is to run."""
    program = tmp_path / "bin dir" / "mcp-rag"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\nprintf '[%s]' \"CALLED $*\"\n"
        'if [ "$1" = run ]; then shift 2; "$@"; code=$?; printf "<ran %s>" "$code"; exit $code; fi\n'
        "sed 's/^/ | /'\n"
    )
    program.chmod(0o755)
    return program


def script(shell: str, program: Path) -> str:
    from mcp_rag.faces.cli.shell_init import script_for

    return script_for(shell, str(program))


class Shell:
    """An interactive shell on a pseudo-terminal."""

    def __init__(self, shell: str, folder: Path, program: Path) -> None:
        needed(shell)
        twice = script(shell, program) * 2
        prompt = {
            "bash": f"PS1='{PROMPT}'\nHISTFILE={folder}/history\nHISTCONTROL=ignoreboth\nalias failing='false'\n",
            "zsh": f"PROMPT='{PROMPT}'\nHISTSIZE=100\nunsetopt zle prompt_cr prompt_sp\nalias failing='false'\n",
            "fish": f"function fish_prompt; printf '{PROMPT}'; end\nfunction fish_greeting; end\nalias failing=false\n",
        }[shell]
        rc = folder / (".zshrc" if shell == "zsh" else "rc")
        rc.write_text(prompt + twice)
        self._command = [part.replace("RC", str(rc)) for part in START[shell]]
        self._environment = environment_for(folder / "home") | {
            "ZDOTDIR": str(folder),
            "HOME": str(folder),
            "TERM": "dumb",
            "TMUX": "",
            "PAGER": "cat",
        }

    def __enter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *self._command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self._environment,
        )
        os.close(theirs)
        try:
            self._until_prompt()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def says(self, line: str, until: str = PROMPT) -> str:
        """What is shown after a line was typed, up to the next prompt."""
        os.write(self._ours, line.encode() + b"\n")
        return self._until_prompt(until)

    def _until_prompt(self, until: str = PROMPT) -> str:
        shown, end = "", time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if select.select([self._ours], [], [], 0.2)[0]:
                shown += os.read(self._ours, 65536).decode("utf-8", "replace")
            elif re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r", "", shown).rstrip("\n").endswith(until):
                return shown
        raise AssertionError(f"no prompt: {shown!r}")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path, recorder: Path) -> Iterator[Shell]:
    with Shell(request.param, tmp_path, recorder) as running:
        yield running


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_is_well_formed(name: str, tmp_path: Path, recorder: Path) -> None:
    (tmp_path / "why").write_text(script(name, recorder))
    subprocess.run([needed(name), "-n", tmp_path / "why"], check=True)


def test_why_asks_before_it_runs_the_failed_command_again(shell: Shell) -> None:
    assert "no command has failed" in shell.says("why")
    shell.says("sh -c 'echo out; exit 3'")
    asked = shell.says("why", until="[y/N] ")
    assert "why: sh -c 'echo out; exit 3'  (exit code 3)" in asked
    assert "CALLED" not in shell.says("n")
    shell.says("why", until="[y/N] ")
    assert "<ran 3>" in shell.says("y")


def test_why_r_runs_it_again_and_its_code_is_the_commands(shell: Shell) -> None:
    shell.says("sh -c 'exit 5'")
    shell.says("true")
    assert "<ran 5>" in shell.says("why -r")
    assert "code=5" in shell.says("echo code=$status$?" if "fish" not in shell._command[0] else "echo code=$status")


def test_aliases_and_functions_are_run_as_they_are(shell: Shell) -> None:
    shell.says("failing")
    assert "<ran 1>" in shell.says("why -r")


def test_why_with_a_command_is_run(shell: Shell) -> None:
    assert "<ran 4>" in shell.says("why sh -c 'exit 4'")
    assert "run the last failed command again" in shell.says("why --help")


def test_exit_codes_and_history_stay_the_users(shell: Shell) -> None:
    fish = "fish" in shell._command[0]
    shell.says("sh -c 'exit 9'")
    assert "seen=9" in shell.says("echo seen=$status" if fish else "echo seen=$?")
    shown = shell.says("history" if fish else "fc -l 1")
    assert shown.count("sh -c 'exit 9'") == 1
    assert "__mcp_rag" not in shown


def test_a_line_that_bash_keeps_out_of_its_history_is_not_taken_for_another(tmp_path: Path, recorder: Path) -> None:
    with Shell("bash", tmp_path, recorder) as shell:
        shell.says("echo harmless")
        shell.says(" false")
        assert "no command has failed" in shell.says("why")


def test_no_process_is_started_for_a_command_that_went_well(tmp_path: Path, recorder: Path) -> None:
    with Shell("bash", tmp_path, recorder) as shell:
        first = int(re.findall(r"pid=(\d+)", shell.says("sh -c 'echo pid=$$'"))[-1])
        for _ in range(5):
            shell.says(":")
        last = int(re.findall(r"pid=(\d+)", shell.says("sh -c 'echo pid=$$'"))[-1])
        forks = shell.says("declare -f __mcp_rag_prompt")
        assert forks.count("$(") == 2, "one behind a failed command, one at the first prompt"
        assert last > first


@pytest.mark.parametrize("name", SHELLS)
def test_in_tmux_what_the_pane_shows_is_explained(name: str, tmp_path: Path, recorder: Path) -> None:
    tmux = [needed("tmux"), "-L", f"mcp-rag-{os.getpid()}-{name}", "-f", "/dev/null"]
    inside = Shell(name, tmp_path, recorder)
    environment = {n: v for n, v in inside._environment.items() if n != "TMUX"} | {"TERM": "xterm", "LC_ALL": "C.UTF-8"}
    command = [*tmux, "new-session", "-d", "-x", "100", "-y", "30", *inside._command]

    def pane() -> str:
        return subprocess.run(
            [*tmux, "capture-pane", "-p", "-S", "-"], capture_output=True, text=True, check=True
        ).stdout

    def typed(line: str, until: str) -> str:
        subprocess.run([*tmux, "send-keys", "-l", line], check=True)
        subprocess.run([*tmux, "send-keys", "Enter"], check=True)
        return waited(until)

    def waited(until: str) -> str:
        end = time.monotonic() + PATIENCE_SECONDS
        while until not in (shown := pane()) or not shown.rstrip().endswith(PROMPT.strip()):
            assert time.monotonic() < end, shown
            time.sleep(0.1)
        return shown

    subprocess.run(command, env=environment, check=True)
    try:
        waited(PROMPT.strip())
        typed("echo before", "before\n")
        typed("sh -c 'echo one; echo two; exit 3'", "\ntwo")
        shown = typed("why", "| two")
        told = shown.partition("[CALLED diagnose --exited 3 -]")[2]
        assert [line.strip() for line in told.splitlines()[:2]] == ["| one", "| two"]
        assert "before" not in told
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def test_the_command_prints_the_script(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcp_rag", "shell-init"]
    done = subprocess.run([*command, "bash"], capture_output=True, text=True, check=True)
    assert "why()" in done.stdout
    assert "@" not in re.sub(r"\$@|\[@\]|\*@|@P|@\"", "", done.stdout).replace('"$@"', "")
    wrong = subprocess.run([*command, "csh"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, "'csh' is not one of" in wrong.stderr) == (2, True)
