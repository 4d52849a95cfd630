"""``learn`` under SIGKILL and beside another ``learn``: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

DOCUMENTS, ENTRIES = 20, 12


Contents = tuple[list[str], dict[str, object]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents whose entries are all different."""
    folder = tmp_path_factory.mktemp("library")
    for n in range(DOCUMENTS):
        rows = ({"id": f"{n}-{m}", "text": f"volume {n} reports fault {m} in sector {n * m}"} for m in range(ENTRIES))
        (folder / f"{n:02}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def command(home: Path, *arguments: object) -> tuple[list[str], dict[str, str]]:
    environment = os.environ | {"MCP_RAG_HOME": str(home), "MCP_RAG_STARTER": "off"}
    return [sys.executable, "-m", "mcp_rag", *map(str, arguments)], environment


def run(home: Path, *arguments: object) -> str:
    call, environment = command(home, *arguments)
    return subprocess.run(call, env=environment, capture_output=True, check=True, timeout=300, text=True).stdout


def contents(home: Path) -> Contents:
    """The known issues without the times at which they were learned, and what the index says of itself."""
    kept = []
    for line in run(home, "knowledge", "export").splitlines()[1:]:
        row = json.loads(line)
        kept.append(json.dumps(row.get("issue", row), sort_keys=True) if "issue" in row else row.get("id", ""))
    stats = json.loads(run(home, "knowledge", "stats", "--json"))
    return sorted(map(str, kept)), {name: stats[name] for name in ("entries", "indexed")}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, library: Path) -> Contents:
    """What a learn that nobody disturbed leaves."""
    home = tmp_path_factory.mktemp("clean")
    run(home, "learn", library)
    left = contents(home)
    assert left[1] == {"entries": DOCUMENTS * ENTRIES, "indexed": DOCUMENTS * ENTRIES}
    return left


def test_a_killed_learn_can_be_run_again(tmp_path: Path, library: Path, clean: Contents) -> None:
    call, environment = command(tmp_path / "killed", "learn", library)
    chance = random.Random(7)
    for _ in range(4):
        with subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as learning:
            time.sleep(chance.uniform(0.5, 3))
            learning.kill()
    run(tmp_path / "killed", "learn", library)
    assert contents(tmp_path / "killed") == clean


def test_two_learns_at_once_are_as_one(tmp_path: Path, library: Path, clean: Contents) -> None:
    call, environment = command(tmp_path / "two", "learn", library)
    both = [subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for learning in both:
        _, complaint = learning.communicate(timeout=300)
        assert learning.returncode == 0, complaint.decode()
    assert contents(tmp_path / "two") == clean
