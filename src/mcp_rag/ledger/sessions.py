"""Browsers' sessions, of which only digests are kept."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import sessions, tokens
from mcp_rag.ledger.tokens import stored_token
from mcp_rag.ledger.values import StoredToken


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

    def opened_by(self, session: str) -> tuple[str, StoredToken | None] | None:
        """The digest of the token that opened ``session``, and the token itself where the ledger has it; None when the
        session is over, was ended or never was."""
        both = sa.outerjoin(sessions, tokens, tokens.c.digest == sessions.c.token)
        mine = sa.select(sessions.c.token, *tokens.c).select_from(both).where(sessions.c.session == session)
        with self._database.reading() as connection:
            row = connection.execute(mine.where(sessions.c.ends_at > datetime.now(UTC))).first()
        return None if row is None else (row.token, stored_token(row) if row.digest is not None else None)

    def end(self, session: str) -> None:
        """Forget ``session``, on all servers of this ledger."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.session == session))
