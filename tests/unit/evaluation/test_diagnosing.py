"""Figures, intervals and comparisons by hand-made answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_rag.errors import InputError
from mcp_rag.evaluation.diagnosing import Report, compare, evaluate, interval, read_report
from mcp_rag.evaluation.labelled import read_labelled
from mcp_rag.records import Citation, Diagnosis, Span, Statement, Verdict

ROWS = [
    {"file": "known.log", "kind": "known", "key": 2, "accept": "(?i)alias", "fix_accept": "float"},
    {"file": "wrong.log", "kind": "known", "key": 1, "also": [[2, 2]], "accept": "disk", "fix_accept": "delete"},
    {"file": "own.log", "kind": "project", "key": 1},
    {"file": "fine.log", "kind": "clean"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for row in ROWS:
        (tmp_path / str(row["file"])).write_text('one\n\x1b[31mtwo\x1b[0m "x"\n')
    return tmp_path


def diagnosed(path: str) -> Diagnosis:
    name = Path(path).name
    if name == "fine.log":
        return Diagnosis(name, Verdict.CLEAN, 1.0)
    span, cited = (Span(2, 2, 1.0, "because"),), (Citation(2, 'two "x"'), Citation(1, "never said"))
    if name == "own.log":
        return Diagnosis(name, Verdict.UNKNOWN, 0.9, spans=span)
    said = Statement("An Alias was removed."), Statement("Write float.")
    return Diagnosis(name, Verdict.KNOWN, 0.9, spans=span, cause=said[0], fix=said[1], citations=cited)


def test_each_figure_counts_what_it_says(folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    report = evaluate("it", read_labelled(folder), diagnosed, lambda done, total: steps.append((done, total)))
    means = {figure: round(report.mean(figure), 3) for figure in report.values if figure != "seconds"}
    assert means == {
        "key line in first span": 0.667,
        "key line in 50 lines": 0.667,
        "right fix": 0.5,
        "wrong known": 0.25,
        "right cause when known": 0.5,
        "honest unknown": 1.0,
        "clean is clean": 1.0,
        "citations true": 0.5,
    }
    assert steps[-1] == (4, 4)


def test_an_interval_holds_its_mean_and_stays_the_same() -> None:
    values = [1.0] * 80 + [0.0] * 20
    low, high = interval(values)
    assert 0.70 < low < 0.8 < high < 0.90
    assert interval(values) == (low, high)
    assert interval([1.0]) == (1.0, 1.0)


def test_reports_are_stored_and_compared_log_by_log(tmp_path: Path) -> None:
    before = Report("a", {"right fix": {"1": 0.0, "2": 1.0, "gone": 1.0}, "old": {"1": 1.0}})
    (tmp_path / "a.json").write_text(json.dumps(before.to_json()))
    assert read_report(tmp_path / "a.json") == before
    now = Report("b", {"right fix": {"1": 1.0, "2": 1.0, "new": 0.0}})
    difference = compare(now, before)["right fix"]
    assert (difference.before, difference.change, difference.logs) == (0.5, 0.5, 2)
    assert difference.low <= 0.5 <= difference.high


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "mcp-rag-evaluation", "version": 99, "values": {}}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(InputError, match="no report"):
        read_report(tmp_path / "x")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "Line 1"),
        ('{"file": "known.log", "kind": "other"}', "its kind is one of"),
        ('{"file": "absent.log", "kind": "clean"}', "there is no log"),
        ('{"file": "known.log", "kind": "known", "key": 1}', "it has no 'fix_accept'"),
        ('{"file": "known.log", "kind": "known", "key": 1, "fix_accept": "("}', "Line 1"),
        ("", "is empty"),
    ],
)
def test_a_wrong_label_is_named(folder: Path, line: str, why: str) -> None:
    (folder / "gold.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=why):
        read_labelled(folder)
