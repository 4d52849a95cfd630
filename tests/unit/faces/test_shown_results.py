"""What is shown of ranked entries: order and confidence say the same."""

from __future__ import annotations

from mcp_rag.faces.serialisation import as_ranked, results_to_json
from mcp_rag.records import Evidence, KnownIssue


def ranked(*confidences: float) -> list[Evidence]:
    return [
        Evidence(KnownIssue(str(n), "notes", "title"), score=-n, confidence=sure, match=n == 0)
        for n, sure in enumerate(confidences)
    ]


def test_no_entry_seems_surer_than_one_before_it() -> None:
    given = ranked(0.5, 0.7, 0.2, 0.4)
    shown = as_ranked(given)
    assert [one.confidence for one in shown] == [0.5, 0.5, 0.2, 0.2]
    assert [one.issue.id for one in shown] == ["0", "1", "2", "3"], "the order is the ranking's"
    assert as_ranked(ranked(0.9, 0.3)) == ranked(0.9, 0.3)
    assert as_ranked([]) == []
    told = results_to_json("1", given)
    assert (told["match"], told["confidence"]) == (True, 0.5)
    assert [one["confidence"] for one in told["results"]] == [0.5, 0.5, 0.2, 0.2]
