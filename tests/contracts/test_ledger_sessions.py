"""Browsers' sessions: held by SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mcp_rag.ledger import Ledger

HOUR = timedelta(hours=1)


def test_a_session_is_there_until_it_is_ended_for_everybody(ledger: Ledger, url: str) -> None:
    later = datetime.now(UTC) + HOUR
    ledger.sessions.begin("s1", "t1", later)
    ledger.sessions.begin("s2", "t1", later)
    with Ledger.open(url) as replica:
        assert [replica.sessions.opened_by(session) for session in ("s1", "s3", "")] == [("t1", None), None, None]
        replica.sessions.end("s1")
        replica.sessions.end("never was")
    assert [ledger.sessions.opened_by(session) for session in ("s1", "s2")] == [None, ("t1", None)]


def test_a_session_that_is_over_opens_nothing_and_goes_when_the_next_begins(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    ledger.sessions.begin("old", "t1", now - HOUR)
    assert ledger.sessions.opened_by("old") is None
    ledger.sessions.begin("new", "t2", now + HOUR)
    ledger.sessions.begin("old", "t3", now + HOUR)
    assert ledger.sessions.opened_by("old") == ("t3", None), "its row was gone: a key stands once"
    assert ledger.sessions.opened_by("new") == ("t2", None)


def test_a_session_comes_with_its_token_as_it_is_now(ledger: Ledger) -> None:
    stored = ledger.tokens.add("t1", "ci", "blue", ["read"], datetime.now(UTC) + HOUR)
    ledger.sessions.begin("s1", "t1", datetime.now(UTC) + HOUR)
    assert ledger.sessions.opened_by("s1") == ("t1", stored)
    assert ledger.sessions.opened_by("s1") == ("t1", ledger.tokens.find("t1"))
    revoked = ledger.tokens.revoke("ci")
    assert ledger.sessions.opened_by("s1") == ("t1", revoked)


def test_whether_a_ledger_is_there_is_found_out_without_making_one(url: str) -> None:
    assert [Ledger.is_made(url), Ledger.is_made(url)] == [False, False]
    Ledger.open(url).close()
    assert Ledger.is_made(url)
