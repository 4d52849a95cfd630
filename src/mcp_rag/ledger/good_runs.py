"""What the last good log of each job looked like, for all who share the ledger; of a log only digests of its lines."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import good_runs
from mcp_rag.ledger.serialisation import storable
from mcp_rag.ledger.values import StoredGoodRun

KEPT = 2_000
"""Jobs that are remembered; those that did not pass for longest go first. Chosen by eye."""


class GoodRunRows:
    """The good runs of one ledger, one a job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, job: str, source: str, shapes: bytes, at: datetime | None = None, kept: int = KEPT) -> None:
        """Remember a run as the job's last good one; ``shapes`` are the digests of its lines, one after the other."""
        row = {"job": storable(job), "source": storable(source), "at": at or datetime.now(UTC), "shapes": shapes}
        newest = sa.select(good_runs.c.job).order_by(good_runs.c.at.desc(), good_runs.c.job)
        with self._database.writing() as connection:
            dialects.upsert(connection, good_runs, [row])
            connection.execute(sa.delete(good_runs).where(good_runs.c.job.in_(newest.offset(kept).limit(1_000))))

    def last(self, job: str) -> StoredGoodRun | None:
        """The job's last good run; None when none was seen."""
        columns = good_runs.c
        statement = sa.select(columns.job, columns.source, columns.at, columns.shapes).where(
            columns.job == storable(job)
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else StoredGoodRun(row.job, row.source, row.at, len(row.shapes), row.shapes)

    def all(self) -> list[StoredGoodRun]:
        """Every job's last good run, by name, without its shapes."""
        columns = good_runs.c
        size = sa.func.length(columns.shapes).label("size")
        statement = sa.select(columns.job, columns.source, columns.at, size).order_by(columns.job)
        with self._database.reading() as connection:
            return [StoredGoodRun(row.job, row.source, row.at, row.size) for row in connection.execute(statement)]

    def forget(self, job: str) -> bool:
        """Forget a job; whether it was known."""
        with self._database.writing() as connection:
            return connection.execute(sa.delete(good_runs).where(good_runs.c.job == storable(job))).rowcount > 0
