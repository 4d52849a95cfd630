"""What language models took, summed up by model and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mcp_rag.ledger import Ledger
from mcp_rag.records import Usage

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_calls_are_summed_up_by_model_and_since_a_moment(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        assert ledger.usage.spent() == []
        ledger.usage.record(Usage("small", 10, 5, 1.0), NOON)
        ledger.usage.record(Usage("small", seconds=0.5, failed=True), NOON)
        ledger.usage.record(Usage("large", 100, 50, 2.0, estimated=True), NOON - timedelta(days=2))
        large, small = ledger.usage.spent()
        assert (large.model, large.calls, large.failed, large.estimated) == ("large", 1, 0, True)
        assert (small.prompt_tokens, small.completion_tokens, small.seconds) == (10, 5, 1.5)
        assert (small.calls, small.failed, small.estimated) == (2, 1, False)
        assert [one.model for one in ledger.usage.spent(NOON - timedelta(days=1))] == ["small"]
