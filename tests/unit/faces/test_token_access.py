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
        cookie = sessions.begin(name)
        session = sessions.named_in(cookie)
        assert session is not None
        opened = sessions.opened_by(session)
        assert opened is not None
        assert opened[0] == digest_of(name)
        by_session, by_token = access.caller_of(*opened), access.caller(name)
        assert (by_session, by_token is not None) == (by_token, opens), name
        assert access.remembered(name) == (True, by_token)
        assert name not in cookie
        assert digest_of(name) not in cookie


def test_a_revoked_token_ends_its_sessions_at_once(ledger: Ledger) -> None:
    ledger.tokens.add(digest_of("mine"), "mine", "default", ["read"])
    access, sessions = Access([digest_of("of the file")], ledger.tokens), Sessions(ledger)

    def callers() -> list[str | None]:
        asked = (access.caller_of(*opened) for session in held if (opened := sessions.opened_by(session)))
        return [caller.team if caller else None for caller in asked]

    held = [sessions.named_in(sessions.begin(token)) or "" for token in ("mine", "of the file")]
    assert callers() == ["default", "default"]
    ledger.tokens.revoke("mine")
    assert callers() == [None, "default"], "nothing is remembered for a session"
    access = Access((), ledger.tokens)
    assert callers() == [None, None], "nor does one outlive its token's line in the file"


def test_a_live_token_is_remembered_no_longer_than_it_lives(ledger: Ledger) -> None:
    ledger.tokens.add(digest_of("brief"), "brief", "default", ["read"], datetime.now(UTC) + timedelta(microseconds=1))
    access = Access(tokens=ledger.tokens)
    access.caller("brief")
    assert access.caller("brief") is None


def test_a_session_is_known_to_every_server_of_a_ledger_and_to_no_other(ledger: Ledger, tmp_path: Path) -> None:
    cookie = Sessions(ledger).begin("token")
    session = Sessions(ledger).named_in(cookie)
    assert session
    assert Sessions(ledger).opened_by(session) == (digest_of("token"), None)
    with Ledger.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert Sessions(other).named_in(cookie) is None
        assert Sessions(other).opened_by(session) is None
    for wrong in (cookie[:-1], "token", session, "", None):
        assert Sessions(ledger).named_in(wrong) is None


def test_who_signs_out_ends_the_session_of_the_cookie_and_no_other(ledger: Ledger) -> None:
    here, there = Sessions(ledger), Sessions(ledger)
    mine, other = here.begin("token"), here.begin("token")
    there.end(mine)
    for wrong in (None, "", "token", mine):
        there.end(wrong)
    opened = [here.opened_by(here.named_in(cookie) or "") for cookie in (mine, other)]
    assert opened == [None, (digest_of("token"), None)]


def test_proxies_are_addresses_and_networks() -> None:
    assert proxies_in("10.0.0.7, 10.1.0.0/16,") == ("10.0.0.7", "10.1.0.0/16")
    for wrong in ("proxy.example", "*", "10.0.0.1/8"):
        with pytest.raises(SettingsError, match="serve_proxies"):
            proxies_in(wrong)
