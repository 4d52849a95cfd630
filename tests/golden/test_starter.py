"""The known issues that ship: each answers its own symptoms first, and none fires on a log in which nothing failed."""

from __future__ import annotations

import json
from pathlib import Path

from mcp_rag import librarian
from mcp_rag.knowledge.issue_file import strikes_of_file
from mcp_rag.linting import lint
from mcp_rag.records import Excerpt

FOLDER = Path(__file__).parent


def test_the_shipped_issues_have_no_fault() -> None:
    rows = [json.loads(line) for line in (FOLDER / "gold.jsonl").read_text().splitlines()]
    clean = [FOLDER / row["file"] for row in rows if row["kind"] == "clean"]
    passing = [
        (log.name, [Excerpt(n, line) for n, line in enumerate(log.read_text(errors="replace").split("\n"), 1)])
        for log in clean
    ]
    assert len(passing) > 5
    assert list(lint(librarian.starter_files(), passing)) == []


def test_enough_of_them_say_when_they_strike() -> None:
    assert sum(bool(strikes_of_file(text, name)) for _, name, text in librarian.starter_files()) >= 20
