"""Figures, intervals and comparisons by hand-made answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_rag.errors import ChatUnreachable, InputError
from mcp_rag.evaluation.diagnosing import changed_logs, evaluate
from mcp_rag.evaluation.judging import Judge
from mcp_rag.evaluation.labelled import Labelled, read_labelled, sampled
from mcp_rag.evaluation.reports import Report, compare, counterpart, interval, read_reports, to_json, write_reports
from mcp_rag.evaluation.voices import ALONE, alone, spoken_by
from mcp_rag.reasoning.chat import ChatModel, Reply
from mcp_rag.reasoning.scripted_chat import ScriptedChat
from mcp_rag.reasoning.wording import NOTHING_BEARS_IT
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


def quiet(done: int, total: int) -> None:
    """No progress."""


def test_each_figure_counts_what_it_says(folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    (report,) = evaluate(read_labelled(folder), diagnosed, [alone()], lambda done, total: steps.append((done, total)))
    means = {figure: round(report.mean(figure), 3) for figure in report.values if figure != "seconds"}
    assert report.name == ALONE
    assert means == {
        "key line in first span": 0.667,
        "key line in 50 lines": 0.667,
        "right fix": 0.5,
        "wrong known": 0.25,
        "right cause when known": 0.5,
        "cause named": 0.5,
        "honest unknown": 1.0,
        "clean is clean": 1.0,
        "citations true": 0.5,
    }
    assert steps[-1] == (4, 4)


def reply(*statements: tuple[str, list[int]]) -> str:
    cause, *fix = [{"text": text, "lines": lines, "issues": []} for text, lines in statements]
    return json.dumps({"cause": cause, "fix": fix, "commands": ["rm -rf /"], "cannot_tell": ""})


def test_a_model_is_scored_beside_none_by_what_it_said_and_took(folder: Path) -> None:
    said = [
        Reply(reply(("It is two.", [2]), ("It is nine.", [9])), "m", 100, 20),
        ChatUnreachable("down"),
        Reply("", "m"),
    ]
    chat = ScriptedChat(*said)
    asked: list[str] = []

    def word(plain: Diagnosis, heard: ChatModel) -> Diagnosis:
        asked.append(plain.source)
        try:
            heard.complete([])
        except ChatUnreachable:
            return plain
        # The worst that a voice can do: another fix, and another cause.
        return replace(plain, cause=Statement("Moonlight."), fix=Statement("Pray."), worded_by="m")

    rows = read_labelled(folder)
    first, second = evaluate(rows, diagnosed, [alone(), spoken_by("small", chat, word)], quiet)
    assert asked == ["known.log", "wrong.log", "own.log"], "nothing is asked about a clean log"
    values = second.values
    assert values["usable answer"] == {"known.log": 1, "wrong.log": 0, "own.log": 0}
    assert values["known and worded"] == {"known.log": 1, "wrong.log": 0}
    assert values["prompt tokens"]["known.log"] == 100
    assert values["answer tokens"]["known.log"] == 20
    assert values["commands invented"] == {"known.log": 1}
    assert values["statements unsupported"] == {"known.log": 1}, "no line of this diagnosis was given to cite"
    assert (first.mean("right fix"), second.mean("right fix")) == (0.5, 0)
    assert changed_logs(second, first) == (["known.log"], [])
    assert changed_logs(first, second) == ([], ["known.log"])


def test_who_interrupts_gets_the_figures_of_what_is_done(folder: Path) -> None:
    def interrupted(path: str) -> Diagnosis:
        if path.endswith(stop):
            raise KeyboardInterrupt
        return diagnosed(path)

    stop = "/own.log"
    (report,) = evaluate(read_labelled(folder), interrupted, [alone()], quiet)
    assert set(report.values["seconds"]) == {"known.log", "wrong.log"}
    stop = "/known.log"
    with pytest.raises(KeyboardInterrupt):
        evaluate(read_labelled(folder), interrupted, [alone()], quiet)


def test_what_was_stored_is_not_diagnosed_again(folder: Path, tmp_path: Path) -> None:
    rows, file = read_labelled(folder), tmp_path / "kept.json"

    def third_fails(log: str) -> Diagnosis:
        if log == str(rows[2].path):
            raise RuntimeError("killed")
        return diagnosed(log)

    with pytest.raises(RuntimeError):
        evaluate(rows, third_fails, [alone()], quiet, keep=lambda done: write_reports(file, done, "some"))
    stored = read_reports(file)
    assert set(stored[0].values["seconds"]) == {row.file for row in rows[:2]}

    again: list[str] = []
    steps: list[tuple[int, int]] = []

    def counted(log: str) -> Diagnosis:
        again.append(log)
        return diagnosed(log)

    (report,) = evaluate(rows, counted, [alone()], lambda *step: steps.append(step), earlier=stored)
    assert again == [str(row.path) for row in rows[2:]]
    assert steps[-1] == (len(rows), len(rows))
    (whole,) = evaluate(rows, diagnosed, [alone()], quiet)
    assert {figure: set(logs) for figure, logs in report.values.items()} == {
        figure: set(logs) for figure, logs in whole.values.items()
    }
    (fewer,) = evaluate(rows[:1], counted, [alone()], quiet, earlier=stored)
    assert set(fewer.values["seconds"]) == {rows[0].file}, "logs outside the sample do not count"


def test_a_model_that_was_not_scored_before_has_all_logs_diagnosed(folder: Path) -> None:
    rows = read_labelled(folder)
    stored = evaluate(rows, diagnosed, [alone()], quiet)
    both = [alone(), spoken_by("m", ScriptedChat(), lambda plain, chat: plain)]
    first, second = evaluate(rows, diagnosed, both, quiet, earlier=stored)
    assert set(first.values["seconds"]) == set(second.values["seconds"]) == {row.file for row in rows}


def test_what_a_model_reads_in_an_unknown_failure_may_name_its_cause(folder: Path) -> None:
    (folder / "gold.jsonl").write_text(json.dumps({**ROWS[2], "accept": "gremlin"}) + "\n")

    def read(plain: Diagnosis, heard: ChatModel) -> Diagnosis:
        return replace(plain, notes=(f"m reads in lines 2: a gremlin {NOTHING_BEARS_IT}", "no gremlin here"))

    plain, worded = evaluate(read_labelled(folder), diagnosed, [alone(), spoken_by("m", ScriptedChat(), read)], quiet)
    assert (plain.mean("cause named"), worded.mean("cause named")) == (0, 1)
    assert worded.mean("honest unknown") == 1


@pytest.mark.parametrize(("said", "judged"), [('{"same_cause": true}', 1.0), ('so: {"same_cause": false}', 0.0)])
def test_a_judge_says_yes_or_no_and_sees_what_is_labelled(folder: Path, said: str, judged: float) -> None:
    chat = ScriptedChat(said, said)
    (report,) = evaluate(read_labelled(folder), diagnosed, [alone()], quiet, Judge(chat))
    assert report.mean("cause named, judged") == judged
    assert set(report.values["cause named, judged"]) == {"known.log", "wrong.log"}
    asked = json.loads(chat.asked[0][1].content)
    assert asked == {"lines": ['two "x"'], "expressions": "(?i)alias", "answer": "An Alias was removed."}


@pytest.mark.parametrize("said", ["no JSON", '{"same_cause": "yes"}', "[1]", ChatUnreachable("down")])
def test_a_judge_that_does_not_judge_counts_for_nothing(said: str | ChatUnreachable) -> None:
    assert Judge(ScriptedChat(said)).same_cause(["line"], "x", "answer") is None


def test_a_sample_is_the_same_each_time_and_has_each_kind(tmp_path: Path) -> None:
    rows = [Labelled(f"{n}.log", tmp_path, "known" if n % 10 else "clean") for n in range(100)]
    taken = sampled(rows, 20)
    assert (len(taken), sum(row.kind == "clean" for row in taken)) == (20, 2)
    assert sampled(list(reversed(rows)), 20) == taken
    assert taken != sorted(taken, key=lambda row: row.file), "drawn order: the first half is a sample too"
    more = sampled([*rows, *(Labelled(f"new{n}.log", tmp_path, "known") for n in range(10))], 22)
    assert len({row.file for row in taken} & {row.file for row in more}) >= 15
    assert sampled(rows, 100) == sampled(rows, 500)
    assert sorted(row.file for row in sampled(rows, 100)) == sorted(row.file for row in rows)
    assert len(sampled(rows, 1)) == 1


def test_an_interval_holds_its_mean_and_stays_the_same() -> None:
    values = [1.0] * 80 + [0.0] * 20
    low, high = interval(values)
    assert 0.70 < low < 0.8 < high < 0.90
    assert interval(values) == (low, high)
    assert interval([1.0]) == (1.0, 1.0)


def test_reports_are_stored_and_compared_log_by_log(tmp_path: Path) -> None:
    before = Report("a", {"right fix": {"1": 0.0, "2": 1.0, "gone": 1.0}, "old": {"1": 1.0}})
    (tmp_path / "a.json").write_text(json.dumps(to_json([before, Report("c", {})], "2 of 9 logs")))
    assert read_reports(tmp_path / "a.json") == [before, Report("c", {})]
    now = Report("b", {"right fix": {"1": 1.0, "2": 1.0, "new": 0.0}})
    difference = compare(now, before)["right fix"]
    assert (difference.before, difference.change, difference.logs) == (0.5, 0.5, 2)
    assert difference.low <= 0.5 <= difference.high
    assert counterpart("b", [before]) == before
    assert counterpart("b", [before, Report("c", {})]) is None
    assert counterpart("a", [before, Report("c", {})]) == before


def test_a_report_of_the_first_version_is_still_read(tmp_path: Path) -> None:
    old = {"format": "mcp-rag-evaluation", "version": 1, "name": "a", "values": {"right fix": {"1": 1.0}}}
    (tmp_path / "a.json").write_text(json.dumps(old))
    assert read_reports(tmp_path / "a.json") == [Report("a", {"right fix": {"1": 1.0}})]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "mcp-rag-evaluation", "version": 99, "values": {}}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(InputError, match="no report"):
        read_reports(tmp_path / "x")


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
