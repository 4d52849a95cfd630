"""Logs of a folder put together through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_rag.errors import InputError
from mcp_rag.settings import Settings
from mcp_rag.triage import logs_under, look_at

TRACE = """Traceback (most recent call last):
  File "/srv/{place}/train.py", line {line}, in main
    run()
  File "/srv/{place}/model.py", line {line}, in run
    raise {error}
{error}
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    (folder / "monday").mkdir(parents=True)
    shape = "ValueError: bad shape ({}, 4)"
    for number, place in enumerate(("app", "venv")):
        text = f"start {number}\n" * (number + 1) + TRACE.format(
            place=place, line=number + 7, error=shape.format(number)
        )
        (folder / "monday" / f"{number}.log").write_text(text)
    (folder / "other.log").write_text(TRACE.format(place="app", line=3, error="KeyError: 'vocab'"))
    (folder / "passed.log").write_text("all is well\n")
    (folder / "picture.log").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    (folder / ".hidden").write_text("never read")
    return folder


def call(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", "group", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "MCP_RAG_HOME": str(home), "MCP_RAG_STARTER": "off"},
    )


def test_a_folder_is_grouped_and_a_decision_sticks(logs: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    rows = [json.loads(line) for line in call(home, "--json", str(logs)).stdout.splitlines()]
    groups = [row for row in rows if "group" in row]
    assert [(row["count"], row["error_type"]) for row in groups] == [(2, "ValueError"), (1, "KeyError")]
    assert [Path(m["source"]).name for m in groups[0]["members"]] == ["0.log", "1.log"]
    assert [(Path(r["source"]).name, r.get("clean", False)) for r in rows[2:]] == [
        ("passed.log", True),
        ("picture.log", False),
    ]
    ids = [row["group"] for row in groups]
    merged = call(home, str(logs), "--merge", ids[0][:10], ids[1])
    assert "   3 logs" in merged.stdout
    assert "merged by a person" in merged.stdout
    assert "nothing failed in 1 log" in merged.stderr
    assert "\n\n" not in merged.stderr
    assert not merged.stderr.startswith("\n")
    again = call(home, str(logs))
    assert "   3 logs" in again.stdout
    parted = call(home, "--json", str(logs), "--split", *ids)
    assert [row.get("count") for row in map(json.loads, parted.stdout.splitlines())][:2] == [2, 1]


def test_names_that_fit_nothing_change_nothing(logs: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert call(home, str(logs), "--merge", "ffffffffff", "0").returncode == 4
    ids = [
        row["group"] for row in map(json.loads, call(home, "--json", str(logs)).stdout.splitlines()) if "group" in row
    ]
    same = call(home, str(logs), "--split", ids[0], ids[0])
    assert same.returncode == 3
    assert "nothing in these logs tells the failures apart" in same.stderr
    assert call(home, str(logs / "nowhere")).returncode == 3
    assert call(home, str(logs / "picture.log")).returncode == 3


def test_an_empty_folder_and_standard_input_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is one log"):
        logs_under("-")
    with pytest.raises(InputError, match="holds no file"):
        logs_under(str(tmp_path))


def test_more_processes_give_the_same_answers(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = logs_under(str(logs))
    alone = look_at(names, Settings())
    monkeypatch.setattr("mcp_rag.triage.WORTH_A_PROCESS_BYTES", 1)
    steps: list[tuple[int, int]] = []
    assert look_at(names, Settings(), lambda done, total: steps.append((done, total))) == alone
    assert steps[-1] == (len(names), len(names))
