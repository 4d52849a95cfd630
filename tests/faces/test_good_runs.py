"""Budgets in tokens, and comparing with runs that passed, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "\n".join(f"2026-01-01 10:00:{n:02} INFO step {n} done" for n in range(40))
SCARY = "\nWARNING: connection to cache failed: refused, going on without\nERROR: telemetry could not be sent\n"
FAILED = GOOD.replace("10:00", "11:30") + SCARY + "ValueError: bad shape (3, 4) for block 17\nexit code 1\n"


def call(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from mcp_rag.faces.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "MCP_RAG_HOME": str(home), "MCP_RAG_STARTER": "off"},
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "good.log").write_text(GOOD)
    (tmp_path / "noisy.log").write_text(GOOD + SCARY)
    (tmp_path / "failed.log").write_text(FAILED)
    return tmp_path


def lines_shown(row: dict[str, list[dict[str, int]]]) -> set[int]:
    return {number for span in row["spans"] for number in range(span["first"], span["last"] + 1)}


def test_a_budget_of_tokens_keeps_the_cause(logs: Path) -> None:
    whole = json.loads(call(logs / "home", "extract", "--json", str(logs / "failed.log")).stdout)
    small = json.loads(call(logs / "home", "extract", "--json", "--tokens", "20", str(logs / "failed.log")).stdout)
    texts = FAILED.split("\n")
    assert sum(len(texts[number - 1]) // 4 + 1 for number in lines_shown(small)) <= 20
    assert small["spans"][0]["first"] <= whole["spans"][0]["last"]
    assert len(lines_shown(small)) < len(lines_shown(whole))
    assert (
        len(
            lines_shown(
                json.loads(call(logs / "home", "extract", "--json", "--tokens", "1", str(logs / "failed.log")).stdout)
            )
        )
        == 1
    )


def test_what_a_passing_run_has_too_is_not_the_failure(logs: Path) -> None:
    home = logs / "home"
    told = call(home, "diagnose", "--json", "--good", str(logs / "noisy.log"), str(logs / "failed.log"))
    shown = lines_shown(json.loads(told.stdout))
    texts = FAILED.split("\n")
    assert any("bad shape" in texts[number - 1] for number in shown)
    assert not any("telemetry" in texts[number - 1] for number in shown)


def test_a_job_remembers_its_last_good_run(logs: Path) -> None:
    home = logs / "home"
    clean = json.loads(call(home, "diagnose", "--json", "--job", "nightly", str(logs / "good.log")).stdout)
    assert clean["verdict"] == "clean"
    (row,) = map(json.loads, call(home, "jobs", "--json").stdout.splitlines())
    assert (row["job"], row["shapes"]) == ("nightly", 1)
    failed = json.loads(call(home, "diagnose", "--json", "--job", "nightly", str(logs / "failed.log")).stdout)
    assert failed["verdict"] == "unknown"
    assert not any("step" in FAILED.split("\n")[number - 1] for number in lines_shown(failed))
    assert call(home, "jobs", "--forget", "nightly").returncode == 0
    assert call(home, "jobs", "--forget", "nightly").returncode == 4
    assert call(home, "jobs", "--json").stdout == ""


def test_a_job_needs_a_name(logs: Path) -> None:
    told = call(logs / "home", "diagnose", "--job", " ", str(logs / "good.log"))
    assert told.returncode == 2
    assert "can't be empty" in told.stderr
