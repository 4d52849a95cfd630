"""What language models took, summed up by model and time: held by SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_places import PLACES, empty_place

from mcp_rag.ledger import Ledger
from mcp_rag.records import Usage

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(params=PLACES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with empty_place(request.param, tmp_path) as url, Ledger.open(url) as opened:
        yield opened


def test_calls_are_summed_up_by_model_and_since_a_moment(ledger: Ledger) -> None:
    assert ledger.usage.spent() == []
    ledger.usage.record(Usage("small", 10, 5, 1.0), NOON)
    ledger.usage.record(Usage("small", seconds=0.5, failed=True), NOON)
    ledger.usage.record(Usage("large", 100, 50, 2.0, estimated=True), NOON - timedelta(days=2))
    large, small = ledger.usage.spent()
    assert (large.model, large.calls, large.failed, large.estimated) == ("large", 1, 0, True)
    assert (small.prompt_tokens, small.completion_tokens, small.seconds) == (10, 5, 1.5)
    assert (small.calls, small.failed, small.estimated) == (2, 1, False)
    assert [one.model for one in ledger.usage.spent(NOON - timedelta(days=1))] == ["small"]
    assert [one.model for one in ledger.usage.spent(NOON)] == ["small"], "the moment itself counts"
    assert ledger.usage.spent(NOON + timedelta(seconds=1)) == []


def test_a_moment_is_the_same_in_every_zone(ledger: Ledger) -> None:
    from datetime import timezone

    ledger.usage.record(Usage("m", 1, 1, 1.0), NOON.astimezone(timezone(timedelta(hours=9))))
    assert len(ledger.usage.spent(NOON)) == 1
    assert ledger.usage.spent(NOON + timedelta(hours=1)) == []


def test_sums_are_large_and_names_are_anything(ledger: Ledger) -> None:
    name = "org/模型:7b\x00 'q'"
    for _ in range(3):
        ledger.usage.record(Usage(name, 2_000_000_000, 2_000_000_000, 1e6), NOON)
    (spent,) = ledger.usage.spent()
    assert spent.prompt_tokens == 6_000_000_000
    assert "模型" in spent.model


def test_calls_of_many_threads_are_all_counted_and_heard_of(ledger: Ledger) -> None:
    heard: list[Usage] = []
    ledger.usage.on_record = heard.append
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ledger.usage.record(Usage("m", n, 1, 0.1)), range(40)))
    (spent,) = ledger.usage.spent()
    assert (spent.calls, spent.prompt_tokens, spent.completion_tokens) == (40, sum(range(40)), 40)
    assert len(heard) == 40
