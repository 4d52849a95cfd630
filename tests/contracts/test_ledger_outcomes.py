"""What people said of a fix; held by SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledger_samples import FINGERPRINT, NOON, incident, issue

from mcp_rag.errors import NotFound
from mcp_rag.ledger import Ledger, Saying
from mcp_rag.records import (
    OutcomeKind,
    Standing,
    Verdict,
)


class TestOutcomes:
    def test_an_outcome_counts_at_once_and_is_told(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"))
        revision = ledger.issues.revision()
        seen = ledger.incidents.record(incident(), "-", Verdict.KNOWN, "notes/1", at=NOON)
        ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/1", None, at=NOON)
        ledger.outcomes.add(seen.incident_id, OutcomeKind.REJECTED, "notes/2", None, at=NOON + timedelta(1))
        assert ledger.issues.get("notes/1").standing == Standing(1, 0)
        assert ledger.issues.revision() == revision
        history = ledger.incidents.history(FINGERPRINT)
        assert history is not None
        assert history.fixed_by == "Title of 1"
        ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/1", "pip install x", at=NOON + timedelta(2))
        stored = ledger.incidents.last()
        assert stored.history.fixed_by == "pip install x"
        assert [o.kind for o in stored.outcomes] == [OutcomeKind.CONFIRMED, OutcomeKind.REJECTED, OutcomeKind.CONFIRMED]
        assert ledger.outcomes.for_incident(seen.incident_id) == stored.outcomes
        assert ledger.outcomes.verdicts(FINGERPRINT) == {"notes/1": 2, "notes/2": -1}
        assert next(ledger.outcomes.pairs()) == (FINGERPRINT, "notes/1", OutcomeKind.CONFIRMED)

    def test_an_outcome_of_nothing_is_not_found(self, ledger: Ledger) -> None:
        with pytest.raises(NotFound):
            ledger.outcomes.add("00000000", OutcomeKind.CONFIRMED, "notes/1", None)

    def test_standing_outlives_the_document(self, ledger: Ledger) -> None:
        ledger.issues.replace_document("notes", "a", "d1", [issue("1", standing=Standing(5, 0))])
        seen = ledger.incidents.record(incident(), "-", Verdict.KNOWN, "notes/1")
        ledger.outcomes.add(seen.incident_id, OutcomeKind.REJECTED, "notes/1", None)
        ledger.issues.replace_document("notes", "a", "d2", [issue("1", fix="new")])
        assert ledger.issues.get("notes/1").standing == Standing(5, 1)
        ledger.issues.put(ledger.issues.get("notes/1"))
        assert ledger.issues.get("notes/1").standing == Standing(5, 1)

    def test_what_was_said_of_an_issue_names_the_failure_it_was_said_of(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"))
        seen = ledger.incidents.record(incident(message="broken \x00 pipe"), "-", Verdict.KNOWN, "notes/1")
        ledger.outcomes.add(seen.incident_id, OutcomeKind.REJECTED, "notes/1", None, NOON)
        ledger.outcomes.add(seen.incident_id, OutcomeKind.CONFIRMED, "notes/2", "x", NOON)
        (said,) = ledger.outcomes.sayings(["notes/1", "notes/1", "notes/9"])
        assert said == Saying("notes/1", OutcomeKind.REJECTED, FINGERPRINT, "broken \ufffd pipe", NOON)
        assert ledger.outcomes.sayings([]) == []

    def test_an_origin_in_words_is_kept_and_moved(self, ledger: Ledger) -> None:
        ledger.issues.put(issue("1"), NOON, "incident 1, confirmed by hand")
        assert ledger.issues.origin("notes/1").document == "incident 1, confirmed by hand"
        ledger.issues.put(issue("1", cause="later"), NOON, "incident 2, confirmed by hand")
        assert ledger.issues.origin("notes/1").document == "incident 2, confirmed by hand"
        assert ledger.issues.remove(["notes/1"]) == 1
