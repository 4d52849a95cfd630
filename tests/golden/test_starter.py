"""The known issues that ship: each answers its own symptoms first, and none fires on a log in which nothing failed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.knowledge.patterns import CERTAIN_CHARACTERS, SymptomMatch, compile_symptom
from mcp_rag.records import Excerpt, KnownIssue

FOLDER = Path(__file__).parent
ISSUES: list[KnownIssue] = [
    parse_issue_file(file.read_text(encoding="utf-8"), "starter", file.name)
    for file in sorted((resources.files("mcp_rag.knowledge") / "starter").iterdir(), key=lambda file: file.name)
]


def matches(lines: list[Excerpt]) -> Iterator[tuple[KnownIssue, SymptomMatch]]:
    for issue in ISSUES:
        found = [m for s in issue.symptoms if (m := compile_symptom(s).match(lines))]
        if found and max(m.specificity for m in found) >= CERTAIN_CHARACTERS:
            yield issue, max(found, key=lambda match: match.weight)


@pytest.mark.parametrize("issue", ISSUES, ids=lambda issue: issue.id)
def test_an_issue_answers_its_own_symptoms(issue: KnownIssue) -> None:
    plain = [symptom for symptom in issue.symptoms if not symptom.startswith(("re:", "all:"))]
    for symptom in plain:
        text = re.sub(r"\{\w+(?::\w+)?\}", "x1y", symptom)
        own = compile_symptom(symptom).match([Excerpt(1, text)])
        assert own is not None, symptom
        heavier = [other.id for other, found in matches([Excerpt(1, text)]) if found.weight > own.weight]
        assert set(heavier) <= {issue.id}, symptom


def test_titles_are_not_doubled() -> None:
    titles = [issue.title.lower() for issue in ISSUES]
    assert sorted(titles) == sorted(set(titles))


def test_no_issue_fires_on_a_log_in_which_nothing_failed() -> None:
    rows = [json.loads(line) for line in (FOLDER / "gold.jsonl").read_text().splitlines()]
    for row in (row for row in rows if row["kind"] == "clean"):
        text = (FOLDER / row["file"]).read_text(encoding="utf-8", errors="replace")
        lines = [Excerpt(number, line) for number, line in enumerate(text.split("\n"), 1)]
        assert [issue.id for issue, _ in matches(lines)] == [], row["file"]
