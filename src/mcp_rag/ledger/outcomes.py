"""Outcomes: whether a diagnosis helped, as a person said it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import NotFound
from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database, chunks
from mcp_rag.ledger.schema import incidents, issues, outcomes, standings
from mcp_rag.ledger.serialisation import storable
from mcp_rag.ledger.values import Outcome, Saying
from mcp_rag.records import OutcomeKind

VOTES = {OutcomeKind.CONFIRMED: 1, OutcomeKind.REJECTED: -1}
_COUNTED_AS = {OutcomeKind.CONFIRMED: "helped", OutcomeKind.REJECTED: "failed"}


class Outcomes:
    """The outcomes of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, incident_id: str, kind: OutcomeKind, issue_key: str | None, fix: str | None, at: datetime | None = None
    ) -> Outcome:
        """Record an outcome and, in the same transaction, count it in the standing of ``issue_key``.

        Raises:
            NotFound: there is no incident of that (whole) id.
        """
        outcome = Outcome(kind, issue_key, storable(fix) if fix else None, at or datetime.now(UTC))
        with self._database.writing() as connection:
            known = connection.execute(sa.select(incidents.c.id).where(incidents.c.id == incident_id)).first()
            if known is None:
                raise NotFound(f"There is no incident {incident_id!r}", "", "`mcp-rag incidents` lists them")
            insert_outcome(connection, incident_id, outcome)
        return outcome

    def for_incident(self, incident_id: str) -> tuple[Outcome, ...]:
        """The outcomes of an incident, oldest first."""
        with self._database.reading() as connection:
            return read_outcomes(connection, incident_id)

    def pairs(self) -> Iterator[tuple[str, str, OutcomeKind]]:
        """(fingerprint, issue key, kind) of every outcome that names an issue, in the order recorded."""
        statement = (
            sa.select(incidents.c.fingerprint, outcomes.c.issue_key, outcomes.c.kind)
            .join_from(outcomes, incidents)
            .where(outcomes.c.issue_key.is_not(None))
            .order_by(outcomes.c.number)
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return ((row.fingerprint, row.issue_key, OutcomeKind(row.kind)) for row in rows)

    def verdicts(self, fingerprint: str) -> dict[str, int]:
        """Issue key → confirmations less rejections, for the failure of ``fingerprint``."""
        statement = (
            sa.select(outcomes.c.issue_key, outcomes.c.kind)
            .join_from(outcomes, incidents)
            .where(incidents.c.fingerprint == storable(fingerprint), outcomes.c.issue_key.is_not(None))
        )
        votes: Counter[str] = Counter()
        with self._database.reading() as connection:
            for key, kind in connection.execute(statement):
                votes[key] += VOTES[OutcomeKind(kind)]
        return dict(votes)

    def confirmed_for(self, sentence: str) -> set[str]:
        """The keys of issues that were confirmed for failures that say ``sentence``, wherever they struck."""
        statement = (
            sa.select(outcomes.c.issue_key)
            .join_from(outcomes, incidents)
            .where(
                incidents.c.sentence == sentence,
                outcomes.c.issue_key.is_not(None),
                outcomes.c.kind == OutcomeKind.CONFIRMED.value,
            )
        )
        with self._database.reading() as connection:
            return set(connection.execute(statement).scalars())

    def sayings(self, keys: Iterable[str]) -> list[Saying]:
        """All that was said of the issues of ``keys``, in the order recorded."""
        statement = (
            sa.select(
                outcomes.c.number,
                outcomes.c.issue_key,
                outcomes.c.kind,
                outcomes.c.at,
                incidents.c.fingerprint,
                incidents.c.sentence,
                incidents.c.incident["message"].as_string().label("message"),
            )
            .join_from(outcomes, incidents)
            .order_by(outcomes.c.number)
        )
        with self._database.reading() as connection:
            rows = [
                row
                for some in chunks(list(dict.fromkeys(keys)))
                for row in connection.execute(statement.where(outcomes.c.issue_key.in_(some)))
            ]
        return [
            Saying(r.issue_key, OutcomeKind(r.kind), r.fingerprint, r.message or "", r.at, r.sentence or "")
            for r in rows
        ]


def insert_outcome(connection: sa.Connection, incident_id: str, outcome: Outcome, fixed_by: str | None = None) -> None:
    """Write one outcome and its share of the standing."""
    if outcome.kind is OutcomeKind.CONFIRMED and not fixed_by:
        title = sa.select(issues.c.title).where(issues.c.key == outcome.issue_key)
        fixed_by = outcome.fix or connection.execute(title).scalar() or outcome.issue_key
    row = {
        "incident_id": incident_id,
        "kind": outcome.kind.value,
        "issue_key": outcome.issue_key,
        "fix": outcome.fix,
        "fixed_by": fixed_by,
        "at": outcome.at,
    }
    connection.execute(sa.insert(outcomes), row)
    if outcome.issue_key is not None:
        _count(connection, outcome.issue_key, _COUNTED_AS[outcome.kind])


def read_outcomes(connection: sa.Connection, incident_id: str) -> tuple[Outcome, ...]:
    statement = (
        sa.select(outcomes).where(outcomes.c.incident_id == incident_id).order_by(outcomes.c.at, outcomes.c.number)
    )
    return tuple(map(_outcome, connection.execute(statement)))


def _outcome(row: Any) -> Outcome:
    return Outcome(OutcomeKind(row.kind), row.issue_key, row.fix, row.at)


def _count(connection: sa.Connection, key: str, column: str) -> None:
    # Counted by the database itself, so that two who confirm at once both count.
    statement = dialects.insert(connection, standings).on_conflict_do_update(
        index_elements=["key"], set_={column: standings.c[column] + 1}
    )
    connection.execute(statement, {"key": key, "helped": 0, "failed": 0, column: 1})
