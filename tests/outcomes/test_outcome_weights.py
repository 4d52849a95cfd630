"""The shipped weights, on the logs that they were learned from: no change of a grammar or a feature undoes them unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_rag.logs.blocks import survey
from mcp_rag.logs.cleaning import Cleaner
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.outcome import THRESHOLD, chance
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import FileSource

FOLDER = Path(__file__).parent


@pytest.mark.parametrize(
    ("name", "clean", "found"),
    [
        ("tools", 0.91, 0.8),
        ("ninth", 0.97, 0.97),
        ("neighbours", 0.77, 0.82),
        ("tenth", 1.0, 0.98),
        ("short", 1.0, 0.94),
        ("twelfth", 0.94, 0.97),
        ("thirteenth", 0.95, 0.95),
        ("fourteenth", 0.93, 0.98),
        ("fifteenth", 0.92, 1.0),
        ("sixteenth", 1.0, 0.97),
        ("seventeenth", 0.97, 0.84),
        ("eighteenth", 0.9, 0.96),
        ("nineteenth", 0.97, 0.97),
        ("twentieth", 0.92, 0.97),
        ("twentyfirst", 0.96, 0.98),
        ("twentysecond", 0.85, 0.96),
        ("twentythird", 0.96, 0.98),
        ("twentyfourth", 0.96, 0.98),
        ("recovered", 0.65, 0.7),
    ],
)
def test_runs_that_passed_are_clean_and_those_that_failed_are_not(name: str, clean: float, found: float) -> None:
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row in map(json.loads, (FOLDER / name / "gold.jsonl").read_text("utf-8").splitlines()):
        data = (FOLDER / name / row["file"]).read_bytes()
        texts = Cleaner.for_log(data).clean_block(data)
        has_failed = row["kind"] != "clean"
        right[has_failed].append((chance(survey(texts), texts) >= THRESHOLD) is has_failed)
    assert sum(right[False]) >= clean * len(right[False])
    assert sum(right[True]) >= found * len(right[True])


@pytest.mark.parametrize(
    "name", sorted(folder.name for folder in FOLDER.iterdir() if (folder / "gold.jsonl").is_file())
)
def test_where_the_exit_code_is_known_none_is_taken_for_the_other(name: str) -> None:
    wrong = []
    for row in map(json.loads, (FOLDER / name / "gold.jsonl").read_text("utf-8").splitlines()):
        has_failed = row["kind"] != "clean"
        source = FileSource(FOLDER / name / row["file"])
        if (
            bool(find_failures(read_log(source, max_bytes=10**7, max_ratio=100, exited=int(has_failed))))
            is not has_failed
        ):
            wrong.append(row["file"])
    assert wrong == []
