"""A ledger wherever its contract must hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_places import PLACES, empty_place

from mcp_rag.ledger import Ledger


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_place(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as ledger:
        yield ledger


@pytest.fixture
def other(url: str, tmp_path: Path) -> Iterator[Ledger]:
    """A second, empty ledger of the same kind."""
    with empty_place(url.partition(":")[0], tmp_path / "other") as place, Ledger.open(place) as ledger:
        yield ledger
