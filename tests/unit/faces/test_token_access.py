"""Whose a token is, and whose a session: revoked and expired ones open nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcp_rag.errors import SettingsError
from mcp_rag.faces.serving.access import Access, digest_of, proxies_in
from mcp_rag.faces.serving.sessions import Sessions
from mcp_rag.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


def test_an_expired_or_revoked_token_opens_nothing_by_header_or_session(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    for name, until in (("old", now - timedelta(seconds=1)), ("new", now + timedelta(hours=1)), ("gone", None)):
        ledger.tokens.add(digest_of(name), name, "default", ["read"], until)
    ledger.tokens.revoke("gone")
    access, sessions = Access(tokens=ledger.tokens), Sessions(ledger)
    for name, opens in (("old", False), ("new", True), ("gone", False), ("never", False)):
        handle = sessions.handle_in(sessions.begin(name))
        assert handle is not None
        by_session, by_token = access.caller_of_session(handle, sessions.handle), access.caller(name)
        assert (by_session, by_token is not None) == (by_token, opens), name
        assert access.remembered(handle) == (True, by_token)
        assert name not in sessions.begin(name)
        assert digest_of(name) not in handle


def test_a_live_token_is_remembered_no_longer_than_it_lives(ledger: Ledger) -> None:
    ledger.tokens.add(digest_of("brief"), "brief", "default", ["read"], datetime.now(UTC) + timedelta(microseconds=1))
    access = Access(tokens=ledger.tokens)
    access.caller("brief")
    assert access.caller("brief") is None


def test_a_session_is_known_to_every_server_of_a_ledger_and_to_no_other(ledger: Ledger, tmp_path: Path) -> None:
    cookie = Sessions(ledger).begin("token")
    assert Sessions(ledger).handle_in(cookie) == Sessions(ledger).handle(digest_of("token"))
    with Ledger.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert Sessions(other).handle_in(cookie) is None
    assert Sessions(ledger).handle_in(cookie[:-1]) is None
    assert Sessions(ledger).handle_in("token") is None


def test_proxies_are_addresses_and_networks() -> None:
    assert proxies_in("10.0.0.7, 10.1.0.0/16,") == ("10.0.0.7", "10.1.0.0/16")
    for wrong in ("proxy.example", "*", "10.0.0.1/8"):
        with pytest.raises(SettingsError, match="serve_proxies"):
            proxies_in(wrong)
