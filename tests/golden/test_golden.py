"""Real logs, made by running what failed, against what is right for each (gold.jsonl; README.md tells how).

The floors are what the product promises on logs that it has never seen; each single answer may get better or worse with
new knowledge, but a wrong *known* must stay rare. `mcp-rag evaluate diagnosis tests/golden` prints the figures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_rag.evaluation.diagnosing import evaluate
from mcp_rag.evaluation.labelled import read_labelled
from mcp_rag.evaluation.reports import Report
from mcp_rag.evaluation.voices import alone
from mcp_rag.logs.sources import FileSource
from mcp_rag.settings import Settings
from mcp_rag.wiring import open_house

FOLDER = Path(__file__).parent
ROWS = read_labelled(FOLDER)
SEED = ("numpy-np-float", "py-ssize-t-clean", "vllm-aimv2-already-used", "torch-compile-no-cxx")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Every log's figures in one fresh home, with the known issues that ship alone."""
    home = tmp_path_factory.mktemp("golden") / "home"
    with open_house(Settings(home=home)) as house:
        diagnose = house.assistant.diagnose
        (report,) = evaluate(ROWS, lambda log: diagnose(FileSource(log)), [alone()], lambda done, total: None)
        return report


def test_there_are_enough_logs_of_each_kind() -> None:
    kinds = [row.kind for row in ROWS if not row.borderline]
    assert len(ROWS) >= 80
    assert kinds.count("project") >= 12 and kinds.count("clean") >= 6


@pytest.mark.parametrize("name", SEED)
def test_the_first_known_issues_are_diagnosed_right(report: Report, name: str) -> None:
    for figure in ("right fix", "right cause when known"):
        assert report.values[figure][f"logs/{name}.log"] == 1


@pytest.mark.parametrize(
    ("figure", "floor"),
    [
        ("key line in 50 lines", 0.92),
        ("right fix", 0.6),
        ("honest unknown", 0.9),
        ("clean is clean", 1.0),
        ("citations true", 1.0),
    ],
)
def test_the_answers_are_as_good_as_is_promised(report: Report, figure: str, floor: float) -> None:
    assert report.mean(figure) >= floor, [log for log, value in report.values[figure].items() if value < 1]


def test_a_wrong_known_is_rare(report: Report) -> None:
    wrong = report.values["wrong known"]
    assert report.mean("wrong known") <= 0.05, [log for log, value in wrong.items() if value]
