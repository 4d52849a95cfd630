"""A recorded command behaves as if it were run alone."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

HARNESS = """
import sys
from mcp_rag.faces.cli.running import run_recorded
with open(sys.argv[1], "wb") as record:
    code = run_recorded(sys.argv[2:], record)
sys.exit(code)
"""


def recorded(record: Path, *command: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    call = [sys.executable, "-c", HARNESS, str(record), *command]
    return subprocess.run(call, capture_output=True, check=False, timeout=60, **more)  # type: ignore[call-overload]


def test_streams_stay_apart_and_both_are_recorded(tmp_path: Path) -> None:
    done = recorded(tmp_path / "r", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert sorted((tmp_path / "r").read_bytes().split()) == [b"err", b"out"]


def test_standard_input_is_the_commands_own(tmp_path: Path) -> None:
    done = recorded(tmp_path / "r", "cat", input=b"hello")
    assert done.stdout == b"hello"


def test_large_output_arrives_whole(tmp_path: Path) -> None:
    done = recorded(tmp_path / "r", sys.executable, "-c", "print('x' * 3_000_000)")
    assert len(done.stdout) == 3_000_001
    assert (tmp_path / "r").stat().st_size == 3_000_001


def test_a_signal_that_ends_the_command_is_its_exit_code(tmp_path: Path) -> None:
    assert recorded(tmp_path / "r", "sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize(("command", "code"), [("no-such-command-anywhere", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_start_has_the_shells_code(tmp_path: Path, command: str, code: int) -> None:
    done = recorded(tmp_path / "r", command)
    assert done.returncode == code
    assert command.encode() in done.stderr


def test_a_daemon_left_behind_does_not_hold_the_call(tmp_path: Path) -> None:
    """The daemon outlives the call's own time limit: waiting for it would end in TimeoutExpired."""
    done = recorded(tmp_path / "r", "sh", "-c", "sleep 600 & echo $!; exit 1")
    assert done.returncode == 1
    os.kill(int(done.stdout), signal.SIGKILL)


def test_a_signal_sent_to_us_reaches_the_command(tmp_path: Path) -> None:
    script = "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    call = [sys.executable, "-c", HARNESS, str(tmp_path / "r"), "sh", "-c", script]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == b"caught\n"
        assert running.wait(30) == 7


def test_a_terminal_stays_a_terminal(tmp_path: Path) -> None:
    """Under a real pseudo-terminal: colours, size and Ctrl-C are the command's."""
    script = "test -t 0 && test -t 1 && test -t 2 && stty size && echo ready && sleep 30"
    pid, terminal = pty.fork()
    if pid == 0:
        termios.tcsetwinsize(0, (33, 77))
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell ignores it in what it starts in the background
        os.execv(sys.executable, [sys.executable, "-c", HARNESS, str(tmp_path / "r"), "sh", "-c", script])
    assert b"33 77" in _read_until(terminal, b"ready")
    os.write(terminal, b"\x03")
    _read_until(terminal, b"\0never")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGINT
    os.close(terminal)
    assert b"ready\n" in (tmp_path / "r").read_bytes()


def _read_until(terminal: int, mark: bytes) -> bytes:
    seen = b""
    while mark not in seen and select.select([terminal], [], [], 20)[0]:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
    return seen
