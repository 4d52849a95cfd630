"""Browsers' sessions, of which only digests are kept."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import sessions


class SessionRows:
    """The sessions that are not over. ``session`` is the SHA-256, in hexadecimal, of what the browser holds, ``token``
    that of the token that opened it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, session: str, token: str, ends_at: datetime) -> None:
        """Keep a session; those that have ended by themselves go."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.ends_at <= datetime.now(UTC)))
            connection.execute(sa.insert(sessions), {"session": session, "token": token, "ends_at": ends_at})

    def token_of(self, session: str) -> str | None:
        """The token that opened ``session``; None when it is over, was ended or never was."""
        mine = sa.select(sessions.c.token).where(sessions.c.session == session)
        with self._database.reading() as connection:
            return connection.execute(mine.where(sessions.c.ends_at > datetime.now(UTC))).scalar()

    def end(self, session: str) -> None:
        """Forget ``session``, on all servers of this ledger."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.session == session))
