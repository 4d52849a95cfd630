"""Real logs, made by running what failed, against what is right for each (gold.jsonl; README.md tells how).

The floors are what the product promises on logs that it has never seen; each single answer may get better or worse with
new knowledge, but a wrong *known* must stay rare.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mcp_rag.logs.sources import FileSource
from mcp_rag.records import Diagnosis, Verdict
from mcp_rag.settings import Settings
from mcp_rag.wiring import open_house

FOLDER = Path(__file__).parent
ROWS: list[dict[str, Any]] = [json.loads(line) for line in (FOLDER / "gold.jsonl").read_text().splitlines()]
SEED = ("numpy-np-float", "py-ssize-t-clean", "vllm-aimv2-already-used", "torch-compile-no-cxx")


@pytest.fixture(scope="module")
def diagnoses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Diagnosis]:
    """Every log's diagnosis in one fresh home, with the known issues that ship alone."""
    home = tmp_path_factory.mktemp("golden") / "home"
    with open_house(Settings(home=home)) as house:
        return {row["file"]: house.assistant.diagnose(FileSource(str(FOLDER / row["file"]))) for row in ROWS}


@cache
def of_kind(kind: str) -> tuple[dict[str, Any], ...]:
    return tuple(row for row in ROWS if row["kind"] == kind and not row.get("borderline"))


def is_right(row: dict[str, Any], diagnosis: Diagnosis) -> bool:
    return bool(diagnosis.fix and re.search(row["fix_accept"], diagnosis.fix.text))


def test_there_are_enough_logs_of_each_kind() -> None:
    assert len(ROWS) >= 80
    assert len(of_kind("project")) >= 12 and len(of_kind("clean")) >= 6


@pytest.mark.parametrize("name", SEED)
def test_the_first_known_issues_are_diagnosed_right(diagnoses: dict[str, Diagnosis], name: str) -> None:
    row = next(row for row in ROWS if row["file"] == f"logs/{name}.log")
    diagnosis = diagnoses[row["file"]]
    assert diagnosis.verdict is Verdict.KNOWN
    assert is_right(row, diagnosis)
    assert diagnosis.cause is not None and re.search(row["accept"], diagnosis.cause.text)


def test_the_key_line_is_among_the_first_fifty_shown(diagnoses: dict[str, Diagnosis]) -> None:
    failing = [row for row in ROWS if row["kind"] != "clean"]
    hits = [row for row in failing if _wanted(row) & set(_first_lines(diagnoses[row["file"]], 50))]
    assert len(hits) >= 0.92 * len(failing)


def _wanted(row: dict[str, Any]) -> set[int]:
    return {row["key"]} | {line for first, last in row.get("also") or [] for line in range(first, last + 1)}


def _first_lines(diagnosis: Diagnosis, count: int) -> list[int]:
    return [line for span in diagnosis.spans for line in range(span.first, span.last + 1)][:count]


def test_most_known_failures_get_the_right_fix(diagnoses: dict[str, Diagnosis]) -> None:
    right = [row for row in of_kind("known") if is_right(row, diagnoses[row["file"]])]
    assert len(right) >= 0.6 * len(of_kind("known"))


def test_a_wrong_known_is_rare(diagnoses: dict[str, Diagnosis]) -> None:
    said = [row for row in ROWS if diagnoses[row["file"]].verdict is Verdict.KNOWN]
    wrong = [row["file"] for row in said if row["kind"] != "known" or not is_right(row, diagnoses[row["file"]])]
    assert len(wrong) <= 0.05 * len(ROWS), wrong


def test_what_only_its_project_can_know_is_unknown(diagnoses: dict[str, Diagnosis]) -> None:
    honest = [row for row in of_kind("project") if diagnoses[row["file"]].verdict is Verdict.UNKNOWN]
    assert len(honest) >= 0.9 * len(of_kind("project"))


def test_passing_runs_are_clean_however_scary(diagnoses: dict[str, Diagnosis]) -> None:
    assert [row["file"] for row in of_kind("clean") if diagnoses[row["file"]].verdict is not Verdict.CLEAN] == []


def test_every_citation_is_of_its_line(diagnoses: dict[str, Diagnosis]) -> None:
    for row in ROWS:
        lines = (FOLDER / row["file"]).read_bytes().decode("utf-8", "replace").split("\n")
        for citation in diagnoses[row["file"]].citations:
            said = citation.quote.split("<redacted")[0].strip()
            raw = lines[citation.line - 1]
            plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", raw)
            assert said in plain or said in raw.encode().decode("unicode_escape", "replace"), (row["file"], citation)
