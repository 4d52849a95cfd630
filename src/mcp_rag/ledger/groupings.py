"""What people decided about groups of failures: these two are one, those two are not."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import grouping_decisions
from mcp_rag.ledger.serialisation import storable
from mcp_rag.records import GroupingDecision, GroupingKind


class Groupings:
    """The decisions of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def decide(self, kind: GroupingKind, first: str, second: str, at: datetime | None = None) -> None:
        """Record a decision on two fingerprints; of decisions that contradict each other the later one holds."""
        row = {"kind": kind.value, "first": storable(first), "second": storable(second), "at": at or datetime.now(UTC)}
        with self._database.writing() as connection:
            connection.execute(sa.insert(grouping_decisions), row)

    def decisions(self) -> tuple[GroupingDecision, ...]:
        """All of them, oldest first."""
        statement = sa.select(grouping_decisions).order_by(grouping_decisions.c.at, grouping_decisions.c.number)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return tuple(GroupingDecision(GroupingKind(row.kind), row.first, row.second) for row in rows)
