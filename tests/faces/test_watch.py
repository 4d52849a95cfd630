"""A log watched by the real command while it is written, rotated and truncated."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
PROGRAM = """
import signal
from mcp_rag.faces.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in what it starts in the background
main()
"""
TRACE = """Traceback (most recent call last):
  File "/srv/app/jobs.py", line {line}, in run
    return load(path)
{error}
"""


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "watch", "--json", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, "MCP_RAG_HOME": str(home)},
        start_new_session=True,
    )


@pytest.fixture
def running() -> Iterator[Callable[[subprocess.Popen[str]], subprocess.Popen[str]]]:
    """Ends what a failed test leaves running."""
    with contextlib.ExitStack() as opened:

        def keep(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
            opened.enter_context(process)
            opened.callback(process.kill)
            return process

        yield keep


def write(log: Path, text: str, mode: str = "a") -> None:
    with log.open(mode) as stream:
        stream.write(text)


def next_row(watching: subprocess.Popen[str]) -> dict[str, Any]:
    assert watching.stdout is not None
    row: dict[str, Any] = json.loads(watching.stdout.readline())
    return row


def test_each_new_failure_is_told_once_through_rotation_and_truncation(
    tmp_path: Path, running: Callable[[subprocess.Popen[str]], subprocess.Popen[str]]
) -> None:
    log = tmp_path / "service.log"
    numpy = TRACE.format(line=7, error="AttributeError: module 'numpy' has no attribute 'float'.")
    own = TRACE.format(line=9, error="LedgerMismatch: invoice 17 does not balance")
    log.write_text("ready\n" + numpy)
    watching = running(start(tmp_path / "home", str(log), "--pause", "0.3", "--from-start"))
    first = next_row(watching)
    assert (first["event"], first["verdict"], first["failure"]["line"]) == ("incident", "known", 5)
    write(log, "retrying\n" + numpy.replace("line 7", "line 8") + "working\n" + own)
    second = next_row(watching)
    assert (second["verdict"], second["failure"]["error_type"]) == ("unknown", "LedgerMismatch")
    assert second["failure"]["line"] == 15
    log.rename(tmp_path / "service.log.1")
    write(log, "anew\n" + own.replace("17", "18") + "OSError: [Errno 28] No space left on device: '/var/x'\n", "w")
    rotated = next_row(watching)
    assert rotated == {"event": "note", "note": f"{log} was rotated; lines are counted anew"}
    write(log, "", "w")
    write(log, "KeyError: 'tenant'\n" + TRACE.format(line=3, error="ZeroDivisionError: division by zero"))
    rows = [next_row(watching)]
    while rows[-1].get("failure", {}).get("error_type") != "ZeroDivisionError":
        rows.append(next_row(watching))
    assert {"event": "note", "note": f"{log} was truncated; lines are counted anew"} in rows
    watching.send_signal(signal.SIGINT)
    out, errors = watching.communicate(timeout=30)
    end = json.loads(out.splitlines()[-1])
    assert (end["event"], watching.returncode) == ("end", 130), errors
    assert end["repeats"] >= 1


def test_standard_input_is_followed_to_its_end(tmp_path: Path) -> None:
    watching = start(tmp_path / "home", "-")
    out, _ = watching.communicate("fine\nerror: linker `cc` not found\nlast word", timeout=60)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["event"] for row in rows] == ["incident", "end"]
    assert (rows[0]["failure"]["line"], rows[1]["lines"], watching.returncode) == (2, 3, 0)


def test_a_quiet_log_ends_the_watch_when_asked(tmp_path: Path) -> None:
    (tmp_path / "quiet.log").write_text("fine\n")
    out, _ = start(tmp_path / "home", str(tmp_path / "quiet.log"), "--until-quiet", "0.3").communicate(timeout=60)
    assert json.loads(out) == {"event": "end", "lines": 0, "incidents": 0, "repeats": 0}


def test_a_log_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    watching = start(tmp_path / "home", str(tmp_path / "nowhere.log"))
    _, errors = watching.communicate(timeout=60)
    assert watching.returncode == 3
    assert "there is no such file" in errors
