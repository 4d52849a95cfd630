"""Instruction data through the command line: what a team confirmed comes out as training examples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LOG = 'Traceback (most recent call last):\n  File "b.py", line 3, in run\nLedgerError: invoice 17 does not balance\n'


def call(home: Path, *arguments: str, starter: str = "off") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "MCP_RAG_HOME": str(home), "MCP_RAG_STARTER": starter},
    )


def test_a_confirmed_fix_becomes_training_data(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "failed.log").write_text(LOG)
    nothing = call(home, "sft", "export", "--source", "confirmed")
    assert nothing.returncode == 3
    assert "nothing to export" in nothing.stderr
    call(home, "diagnose", str(tmp_path / "failed.log"))
    call(home, "confirm", "last", "--fix", "Round once, at the end.")
    told = call(home, "sft", "export", "--source", "confirmed")
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert any("invoice 17" in row["messages"][1]["content"] for row in rows)
    assert all(row["messages"][0]["role"] == "system" for row in rows)
    assert any("Round once" in row["messages"][2]["content"] for row in rows)
    assert "examples:" in told.stderr


def test_a_folder_holds_both_halves_and_says_what_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    told = call(
        tmp_path / "home", "sft", "export", "--format", "alpaca", "--folder", str(folder), "--json", starter="on"
    )
    row = json.loads(told.stdout)
    about = json.loads((folder / "manifest.json").read_text())
    lines = {half: (folder / f"{half}.jsonl").read_text().splitlines() for half in ("train", "test")}
    assert {half: len(some) for half, some in lines.items()} == about["examples"] == row["halves"]
    assert min(about["examples"].values()) > 20
    assert set(json.loads(lines["test"][0])) == {"instruction", "input", "output"}
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "test.jsonl", "train.jsonl"]
