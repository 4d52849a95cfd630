"""What language models were asked and took: tokens and time, call by call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import usage
from mcp_rag.ledger.serialisation import storable
from mcp_rag.ledger.values import Spent
from mcp_rag.records import Usage


class Usages:
    """The calls of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.on_record: Callable[[Usage], None] = lambda _: None
        """Hears of each call that is written down here, such as the metrics of a server."""

    def record(self, call: Usage, at: datetime | None = None) -> None:
        row = {
            "at": at or datetime.now(UTC),
            "model": storable(call.model),
            "prompt_tokens": call.prompt_tokens,
            "completion_tokens": call.completion_tokens,
            "seconds": call.seconds,
            "estimated": call.estimated,
            "failed": call.failed,
        }
        with self._database.writing() as connection:
            connection.execute(sa.insert(usage), row)
        self.on_record(call)

    def spent(self, since: datetime | None = None) -> Sequence[Spent]:
        """Calls, tokens and seconds of each model, the most used first; ``since`` a moment, or ever."""
        c = usage.c
        statement = sa.select(
            c.model,
            sa.func.count().label("calls"),
            sa.func.sum(sa.case((c.failed, 1), else_=0)).label("failed"),
            sa.func.sum(c.prompt_tokens).label("prompt_tokens"),
            sa.func.sum(c.completion_tokens).label("completion_tokens"),
            sa.func.sum(c.seconds).label("seconds"),
            sa.func.max(sa.case((c.estimated, 1), else_=0)).label("estimated"),
        ).group_by(c.model)
        if since is not None:
            statement = statement.where(c.at >= since)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        spent = [
            Spent(
                row.model,
                int(row.calls),
                int(row.failed),
                int(row.prompt_tokens),
                int(row.completion_tokens),
                float(row.seconds),
                bool(row.estimated),
            )
            for row in rows
        ]
        return sorted(spent, key=lambda one: (-one.prompt_tokens - one.completion_tokens, one.model))
