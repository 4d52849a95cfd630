"""Searches against labels: the figures are those that can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mcp_rag.errors import InputError
from mcp_rag.evaluation.retrieving import LabelledQuery, ablations, evaluate, read_queries, taken_out
from mcp_rag.knowledge.ranking import WEIGHTS, Ranking
from mcp_rag.records import Evidence, KnownIssue

QUERIES = [
    LabelledQuery("1", "a", frozenset({"A"})),
    LabelledQuery("2", "b", frozenset({"B"})),
    LabelledQuery("3", "c", frozenset({"C"})),
    LabelledQuery("4", "d", frozenset()),
]
FOUND = {"a": ("A", 0.9), "b": ("X", 0.55), "c": ("C", 0.75), "d": ("Y", 0.25)}


def search(texts: Sequence[str], rankings: Sequence[Ranking]) -> list[list[list[Evidence]]]:
    def answer(text: str) -> list[Evidence]:
        first, confidence = FOUND[text]
        ids = [first, "B", "Z"]
        return [
            Evidence(KnownIssue(id, "s", id), 1.0, confidence if not place else 0.1, not place and confidence > 0.7)
            for place, id in enumerate(ids)
        ]

    return [[answer(text) for text in texts] for _ in rankings]


def test_figures_are_those_counted_by_hand() -> None:
    report = evaluate(QUERIES, frozenset("ABCXYZ"), search)
    figures = report.figures
    assert (report.queries, report.answerable) == (4, 3)
    assert figures["R@1"] == pytest.approx(2 / 3)
    assert figures["R@5"] == 1.0
    assert figures["MRR@10"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert figures["AUC"] == 1.0
    assert figures["right@75"] == pytest.approx(2 / 3)
    assert figures["precision"] == 1.0
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["honest none"] == 1.0
    assert figures["calibration error"] == pytest.approx((0.1 + 0.55 + 0.25 + 0.25) / 4)
    assert report.reliability == ((0.25, 0.0, 1), (0.55, 0.0, 1), (0.75, 1.0, 1), (0.9, 1.0, 1))
    assert report.precision_recall[-1] == (pytest.approx(2 / 3), 0.5)


def test_an_answer_that_is_not_in_the_base_makes_its_query_one_without_an_answer() -> None:
    assert evaluate(QUERIES, frozenset("AX"), search).answerable == 1


def test_every_part_of_the_ranking_is_left_out_once() -> None:
    report = evaluate(QUERIES, frozenset("ABCXYZ"), search, with_ablation=True)
    assert len(report.ablation) == len(list(ablations()))
    for view, channel in WEIGHTS:
        assert {f"without the {view}", f"without {channel}"} <= set(report.ablation)


def test_half_of_the_answers_are_taken_out_and_always_the_same() -> None:
    queries = [LabelledQuery(str(n), "t", frozenset({f"E{n}"})) for n in range(200)]
    gone = taken_out(queries)
    assert 70 < len(gone) < 130
    assert gone == taken_out(queries[::-1])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{broken", "Line 2"),
        ('{"id": 1, "text": "t"}', "no 'gold'"),
        ('{"id": 1, "text": "t", "gold": "A"}', "list of ids"),
        ("[1]", "Line 2"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, why: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"id": "1", "text": "t", "gold": ["A"]}\n' + row + "\n")
    with pytest.raises(InputError, match=why):
        read_queries(file)
    file.write_text("\n")
    with pytest.raises(InputError, match="empty"):
        read_queries(file)


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra pictures is not installed")
    from mcp_rag.evaluation.pictures import draw

    report = evaluate(QUERIES, frozenset("ABCXYZ"), search, with_ablation=True)
    drawn = {path.name: path.read_text() for path in draw(report, tmp_path / "new")}
    assert set(drawn) == {"reliability.svg", "precision-recall.svg", "ablation.svg"}
    assert all(text.lstrip().startswith("<?xml") for text in drawn.values())
