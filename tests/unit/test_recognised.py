"""A pasted line that no grammar calls a failure is still recognised when it is a known issue's symptom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_rag import assistant
from mcp_rag.logs.outcome import THRESHOLD
from mcp_rag.logs.sources import MemorySource
from mcp_rag.records import Diagnosis, KnownIssue, Span, Verdict
from mcp_rag.settings import Settings
from mcp_rag.wiring import House, open_house

SYMPTOM = "badge of another house presented at the gate"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("recognised") / "home"
    with open_house(Settings(home=home, starter=False)) as opened:
        opened.ledger.issues.put(
            KnownIssue(
                "gate-foreign-badge",
                "own",
                "The gate refuses a foreign badge",
                symptoms=(SYMPTOM,),
                fix="Ask the desk.",
            )
        )
        yield opened


def diagnosed(house: House, text: str) -> Diagnosis:
    return house.assistant.diagnose(MemorySource("pasted", text.encode()))


def test_a_line_that_only_a_known_issue_explains_is_no_clean_log(house: House) -> None:
    found = diagnosed(house, f"$ open\n\n{SYMPTOM}\nbye\n")
    assert found.verdict is Verdict.KNOWN
    assert found.evidence[0].issue.id == "gate-foreign-badge"
    assert found.incident is not None
    assert found.incident.span.key == 3


def test_words_of_success_in_the_message_itself_are_no_good_end(house: House) -> None:
    assert diagnosed(house, f"badges are created at noon: {SYMPTOM}\n").verdict is Verdict.KNOWN


@pytest.mark.parametrize(
    "text",
    [
        f"{SYMPTOM}, tried again\n=== 3 passed in 0.1s ===\n",
        f"{SYMPTOM}\nJob succeeded\n",
        "walked by\n" * 200 + SYMPTOM,
        "nothing of the kind\n",
        f"id │ what was seen\n 1 │ {SYMPTOM}\n 2 │ a horse\n",
    ],
    ids=["passed", "succeeded", "long", "other", "row of a table"],
)
def test_a_log_that_ended_well_is_long_or_says_nothing_known_stays_clean(house: House, text: str) -> None:
    assert diagnosed(house, text).verdict is Verdict.CLEAN


@pytest.mark.parametrize(("chance", "is_told"), [(0.01, False), (0.1, False), (0.2, True), (0.5, True), (0.9, False)])
def test_a_doubt_whether_the_run_failed_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch, chance: float, is_told: bool
) -> None:
    spans = [Span(1, 1, 1.0, "block", key=1)] if chance >= THRESHOLD else []
    monkeypatch.setattr(assistant, "weigh_failures", lambda *_: (spans, chance))
    found = diagnosed(house, "the horse is late\n" * 40)
    assert any("exited" in note for note in found.notes) is is_told
    if not spans:
        assert found.confidence == pytest.approx(1.0 - chance)


def test_of_a_log_whose_exit_code_is_known_nothing_is_doubtful(house: House) -> None:
    found = house.assistant.diagnose(MemorySource("ci.log", b"ERROR: the horse is late\n"), exited=0)
    assert (found.verdict, found.confidence) == (Verdict.CLEAN, 1.0)
