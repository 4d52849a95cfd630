"""A confirmed fix answers the next log of the same failure, wherever it strikes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from confirmed_pairs import LITTLE, OTHER, SAME
from outcome_bench import Bench

from mcp_rag import librarian
from mcp_rag.records import KnownIssue, OutcomeKind, Verdict

ISSUE = KnownIssue("gate", "notes", "The gate is closed at night", cause="It closes at ten.", fix="Open it.")


@pytest.fixture(scope="module", params=["fix", "issue"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One ledger in which the fix of every first log is confirmed, in a person's words or by a known issue."""
    made = Bench(tmp_path_factory.mktemp(request.param))
    with made.ledger:
        for name, (_, again) in SAME.items():
            assert made.diagnose(again).verdict is Verdict.UNKNOWN, name
        for name, (first, _) in (SAME | OTHER | LITTLE).items():
            issue = replace(ISSUE, id=name.replace(" ", "-"), fix=f"Fix of {name}.")
            made.ledger.issues.put(issue)
            by_words = request.param == "fix"
            made.confirm(first, issue.fix if by_words else None, None if by_words else issue.key)
        yield made


@pytest.mark.parametrize("name", SAME)
def test_a_confirmed_fix_answers_the_same_failure_in_another_place(bench: Bench, name: str) -> None:
    found = bench.diagnose(SAME[name][1])
    assert (found.verdict, found.fix and found.fix.text) == (Verdict.KNOWN, f"Fix of {name}.")
    if found.incident and found.incident.frames:
        assert any("the same message, in another place" in reason for reason in found.evidence[0].reasons)
        assert 0.85 < found.confidence < 0.95


@pytest.mark.parametrize("name", OTHER)
def test_a_confirmed_fix_answers_no_other_failure(bench: Bench, name: str) -> None:
    assert bench.diagnose(OTHER[name][0]).verdict is Verdict.KNOWN
    assert bench.diagnose(OTHER[name][1]).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("name", LITTLE)
def test_few_words_without_a_place_are_answered_with_a_doubt(bench: Bench, name: str) -> None:
    found = bench.diagnose(LITTLE[name][1])
    assert (found.verdict, found.confidence) == (Verdict.KNOWN, 0.7)
    assert "these few words" in found.evidence[0].reasons[0]


def test_a_rejection_in_the_other_place_takes_the_answer_back(bench: Bench) -> None:
    again = SAME["node, an url"][1]
    bench.diagnose(again)
    librarian.record_outcome(bench.ledger, "last", OutcomeKind.REJECTED)
    assert bench.diagnose(again).verdict is Verdict.UNKNOWN
