"""Access tokens of a server, of which only digests are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import InputError, NotFound
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import tokens
from mcp_rag.ledger.serialisation import storable
from mcp_rag.ledger.values import StoredToken

ID_DIGITS = 8
"""Of the digest, by which a token is named where its name is not enough. Chosen by eye."""


class Tokens:
    """The tokens of one ledger. A token's text never reaches it: ``digest`` is its SHA-256 in hexadecimal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, digest: str, name: str, team: str, scopes: Sequence[str], expires_at: datetime | None = None
    ) -> StoredToken:
        """Keep a token.

        Raises:
            InputError: a token of the team that is not revoked has that name.
        """
        row = {
            "digest": digest,
            "name": storable(name),
            "team": storable(team),
            "scopes": sorted(scopes),
            "created_at": datetime.now(UTC),
            "expires_at": expires_at,
        }
        live = sa.select(tokens.c.digest).where(tokens.c.revoked_at.is_(None))
        namesake = live.where(tokens.c.name == row["name"], tokens.c.team == row["team"])
        with self._database.writing() as connection:
            if connection.execute(namesake).first() is not None:
                raise InputError(f"There is a token {name!r} already", "", "Choose another name, or revoke that one")
            connection.execute(sa.insert(tokens), row)
            return stored_token(connection.execute(sa.select(tokens).where(tokens.c.digest == digest)).one())

    def find(self, digest: str) -> StoredToken | None:
        """The token of that digest, revoked and expired ones too."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.digest == digest)).first()
        return None if row is None else stored_token(row)

    def list(self) -> list[StoredToken]:
        """All tokens, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(tokens).order_by(tokens.c.created_at, tokens.c.digest)).all()
        return [stored_token(row) for row in rows]

    def revoke(self, name: str, team: str | None = None) -> StoredToken:
        """Revoke the token of a name or an id, for good; of ``team``, or of any.

        Raises:
            NotFound: no token that is not revoked bears it, or several do.
        """
        wanted = storable(name)
        live = sa.select(tokens).where(tokens.c.revoked_at.is_(None))
        if team is not None:
            live = live.where(tokens.c.team == storable(team))
        by_id = tokens.c.digest.startswith(wanted, autoescape=True)
        with self._database.writing() as connection:
            rows = connection.execute(live.where(tokens.c.name == wanted)).all()
            if not rows and len(wanted) >= ID_DIGITS:
                rows = connection.execute(live.where(by_id)).all()
            if len(rows) != 1:
                why = f"{len(rows)} tokens bear it" if rows else ""
                raise NotFound(f"There is no token {name!r} to revoke", why, "`mcp-rag tokens list` lists them")
            mine = tokens.c.digest == rows[0].digest
            connection.execute(sa.update(tokens).where(mine).values(revoked_at=datetime.now(UTC)))
            return stored_token(connection.execute(sa.select(tokens).where(mine)).one())


def stored_token(row: Any) -> StoredToken:
    """A row of all columns of ``tokens``."""
    return StoredToken(
        id=row.digest[:ID_DIGITS],
        digest=row.digest,
        name=row.name,
        team=row.team,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
