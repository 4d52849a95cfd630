"""Small named values, such as how far the index has followed."""

from __future__ import annotations

import sqlalchemy as sa

from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import state


class State:
    """Named texts; they are this ledger's own and are not exported."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """The value of ``name``; None when it was never set."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(state.c.value).where(state.c.name == name)).scalar()

    def set(self, name: str, value: str) -> None:
        with self._database.writing() as connection:
            dialects.upsert(connection, state, [{"name": name, "value": value}])

    def set_once(self, name: str, value: str) -> str:
        """Set ``name`` unless somebody has; the value that holds, of whoever was first."""
        with self._database.writing() as connection:
            row = {"name": name, "value": value}
            connection.execute(dialects.insert(connection, state).on_conflict_do_nothing(), row)
            held: str = connection.execute(sa.select(state.c.value).where(state.c.name == name)).scalar_one()
            return held

    def remove(self, name: str) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.delete(state).where(state.c.name == name))
