"""Which of a log's failing spans may be the one that a known issue explains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_rag import assistant, librarian
from mcp_rag.logs.sources import MemorySource
from mcp_rag.records import Incident, KnownIssue, OutcomeKind, Span, Verdict
from mcp_rag.settings import Settings
from mcp_rag.wiring import House, open_house

KNOWN = "PoolTimeout: no connection within 30 s"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("causes") / "home"
    with open_house(Settings(home=home, starter=False)) as opened:
        issue = KnownIssue("pool", "own", "The pool is empty", symptoms=(KNOWN,), cause="Too few.", fix="Raise it.")
        opened.ledger.issues.put(issue)
        yield opened


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [((3.4, 0.8), Verdict.KNOWN), ((7.7, 1.2), Verdict.UNKNOWN), ((3.4, 3.2, 3.1), Verdict.UNKNOWN)],
    ids=["the cause of a cascade", "far behind", "in the third place"],
)
def test_a_known_issue_speaks_for_the_first_failure_or_what_may_be_its_cause(
    house: House, monkeypatch: pytest.MonkeyPatch, scores: tuple[float, ...], verdict: Verdict
) -> None:
    texts = ["ERROR: checkout: totals differ"] * (len(scores) - 1) + [f"ERROR: {KNOWN}"]
    spans = [Span(1 + 41 * at, 1 + 41 * at, score, "block", key=1 + 41 * at) for at, score in enumerate(scores)]
    log = "".join(f"{text}\n" + "walked by\n" * 40 for text in texts)
    monkeypatch.setattr(assistant, "weigh_failures", lambda *_: (spans, 1.0))
    found = house.assistant.diagnose(MemorySource("ci.log", log.encode()))
    assert found.verdict is verdict
    assert isinstance(found.incident, Incident)
    assert found.incident.span is spans[-1 if verdict is Verdict.KNOWN else 0]


@pytest.mark.parametrize(
    ("between", "verdict"),
    [(0, Verdict.KNOWN), (assistant.LOOKED_AT_BEFORE, Verdict.UNKNOWN)],
    ids=["right before", "further up"],
)
def test_the_symptom_may_stand_in_a_line_beside_the_failure(house: House, between: int, verdict: Verdict) -> None:
    log = f"worker 4\n{KNOWN}\n" + "walked by\n" * between + "ERROR: checkout: worker 4 gave up\n" + "walked by\n" * 40
    found = house.assistant.diagnose(MemorySource("ci.log", log.encode()), exited=1)
    assert found.verdict is verdict
    assert found.incident is not None
    assert found.incident.span.key == (2 if verdict is Verdict.KNOWN else 3 + between)


def test_what_was_turned_down_for_the_failure_is_not_brought_back_by_a_line_beside_it(house: House) -> None:
    log = f"{KNOWN}\nERROR: {KNOWN}\n" + "walked by\n" * 40
    found = house.assistant.diagnose(MemorySource("ci.log", log.encode()), exited=1)
    assert found.verdict is Verdict.KNOWN
    house.assistant.remember([found])
    librarian.record_outcome(house.ledger, "last", OutcomeKind.REJECTED)
    assert house.assistant.diagnose(MemorySource("ci.log", log.encode()), exited=1).verdict is Verdict.UNKNOWN
