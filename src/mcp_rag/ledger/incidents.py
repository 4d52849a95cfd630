"""Incidents: what failed, how often, when, and what became of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import LedgerError, NotFound
from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database, chunks
from mcp_rag.ledger.outcomes import read_outcomes
from mcp_rag.ledger.schema import incidents, outcomes, sightings
from mcp_rag.ledger.serialisation import incident_from_json, incident_to_json, storable, storable_json
from mcp_rag.ledger.values import Sighting, StoredIncident
from mcp_rag.records import History, Incident, OutcomeKind, Verdict

SHORTEST_ID = 8
"""Hexadecimal digits: easy to type, and among 10,000 failures two share them once in a hundred ledgers."""

_HEXADECIMAL = re.compile(r"[0-9a-f]{16,}")
_AMBIGUOUS = 5
"""So many of the incidents that fit a prefix are named; chosen by eye."""

_NONE_YET = "`mcp-rag diagnose` records the failures that it finds"


class Incidents:
    """The incidents of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, incident: Incident, source: str, verdict: Verdict, issue_key: str | None, at: datetime | None = None
    ) -> Sighting:
        """Note that ``incident`` was seen in ``source``; its fingerprint's row keeps this, the latest, sighting."""
        at = at or datetime.now(UTC)
        seen = {"source": storable(source), "verdict": verdict.value, "issue_key": issue_key}
        latest = {**seen, **to_columns(incident)}
        with self._database.writing() as connection:
            row = row_of(connection, incident.fingerprint, {**latest, "first_seen": at, "last_seen": at})
            history = _history(connection, row) if row.count else None
            latest |= {
                "count": row.count + 1,
                "first_seen": min(row.first_seen, at),
                "last_seen": max(row.last_seen, at),
            }
            connection.execute(sa.update(incidents).where(incidents.c.id == row.id).values(latest))
            connection.execute(sa.insert(sightings), {**seen, "incident_id": row.id, "at": at})
        return Sighting(row.id, history)

    def get(self, name: str) -> StoredIncident:
        """The incident of an id, a fingerprint, or an unambiguous beginning of either; ``last`` is the latest.

        Raises:
            NotFound: none, or several.
        """
        name = storable(name)
        if name == "last":
            return self.last()
        with self._database.reading() as connection:
            return _stored(connection, _row_named(connection, name.strip().lower(), name))

    def last(self) -> StoredIncident:
        """The incident that was recorded last.

        Raises:
            NotFound: none was.
        """
        latest = sa.select(sightings.c.incident_id).order_by(sightings.c.number.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(incidents).where(incidents.c.id == latest.scalar_subquery())).first()
            if row is None:
                raise NotFound("There is no incident yet", "", _NONE_YET)
            return _stored(connection, row)

    def find(
        self, text: str = "", verdict: Verdict | None = None, limit: int = 20, offset: int = 0
    ) -> list[StoredIncident]:
        """The incidents seen last whose message, error or latest log's name holds ``text``, case counting for nothing."""
        statement = _matching(sa.select(incidents), text, verdict)
        statement = statement.order_by(incidents.c.last_seen.desc(), incidents.c.id).limit(limit).offset(offset)
        with self._database.reading() as connection:
            return [_stored(connection, row) for row in connection.execute(statement).all()]

    def count_found(self, text: str = "", verdict: Verdict | None = None) -> int:
        """How many incidents :meth:`find` would give without a limit."""
        statement = _matching(sa.select(sa.func.count()).select_from(incidents), text, verdict)
        with self._database.reading() as connection:
            number: int = connection.execute(statement).scalar_one()
            return number

    def sightings_by_day(self, ids: Sequence[str], since: datetime) -> dict[str, dict[date, int]]:
        """For each incident of ``ids`` how often it was seen on each day (UTC) since then; days without are left out."""
        found: dict[str, dict[date, int]] = {name: {} for name in ids}
        with self._database.reading() as connection:
            for some in chunks(list(found)):
                ours = sightings.c.incident_id.in_(some) & (sightings.c.at >= since)
                for name, at in connection.execute(sa.select(sightings.c.incident_id, sightings.c.at).where(ours)):
                    found[name][at.date()] = found[name].get(at.date(), 0) + 1
        return found

    def list(self, limit: int = 20) -> list[StoredIncident]:
        """The incidents seen last, latest first."""
        statement = sa.select(incidents).order_by(incidents.c.last_seen.desc(), incidents.c.id).limit(limit)
        with self._database.reading() as connection:
            return [_stored(connection, row) for row in connection.execute(statement).all()]

    def many(self, ids: Iterable[str]) -> dict[str, StoredIncident]:
        """Those of ``ids`` (whole ones) that exist."""
        with self._database.reading() as connection:
            rows = [
                row
                for some in chunks(list(dict.fromkeys(map(storable, ids))))
                for row in connection.execute(sa.select(incidents).where(incidents.c.id.in_(some)))
            ]
            return {row.id: _stored(connection, row) for row in rows}

    def seen_after(self, number: int, limit: int) -> Sequence[tuple[int, StoredIncident]]:
        """The next at most ``limit`` incidents by their latest sighting above ``number``, with that sighting's number.

        The number grows with each sighting, so that a follower that asks for what is above the last one misses none.
        """
        latest = sa.func.max(sightings.c.number).label("latest")
        by_incident = sa.select(sightings.c.incident_id, latest).group_by(sightings.c.incident_id).subquery()
        statement = (
            sa.select(incidents, by_incident.c.latest)
            .join_from(incidents, by_incident, incidents.c.id == by_incident.c.incident_id)
            .where(by_incident.c.latest > number)
            .order_by(by_incident.c.latest)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [(row.latest, _stored(connection, row)) for row in connection.execute(statement).all()]

    def count(self) -> int:
        with self._database.reading() as connection:
            number: int = connection.execute(sa.select(sa.func.count()).select_from(incidents)).scalar_one()
            return number

    def history(self, fingerprint: str) -> History | None:
        """All sightings of a failure; None when it was never seen."""
        statement = sa.select(incidents).where(incidents.c.fingerprint == storable(fingerprint))
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
            return None if row is None else _history(connection, row)


def _matching(statement: sa.Select[Any], text: str, verdict: Verdict | None) -> sa.Select[Any]:
    if verdict is not None:
        statement = statement.where(incidents.c.verdict == verdict.value)
    if text := storable(text).strip().lower():
        said = [incidents.c.incident[name].as_string() for name in ("message", "error_type")]
        places = (*said, incidents.c.source, incidents.c.id)
        statement = statement.where(sa.or_(*(sa.func.lower(p).contains(text, autoescape=True) for p in places)))
    return statement


def to_columns(incident: Incident) -> dict[str, Any]:
    """``incident`` as its columns hold it."""
    return {"incident": storable_json(incident_to_json(incident)), "sentence": incident.sentence or None}


def row_of(connection: sa.Connection, fingerprint: str, values: Mapping[str, Any]) -> Any:
    """The row of ``fingerprint``, locked; made of ``values`` with a count of 0 when there is none.

    Its id is the shortest beginning of the fingerprint, from eight digits on, that is not another's.
    """
    fingerprint = storable(fingerprint)
    digits = fingerprint if _HEXADECIMAL.fullmatch(fingerprint) else hashlib.sha256(fingerprint.encode()).hexdigest()
    mine = sa.select(incidents).where(incidents.c.fingerprint == fingerprint).with_for_update()
    row = connection.execute(mine).first()
    for length in range(SHORTEST_ID, len(digits) + 1):
        if row is not None:
            return row
        new = {**values, "id": digits[:length], "fingerprint": fingerprint, "count": 0}
        # Of two processes that meet the same failure first, one inserts and both go on with that row.
        connection.execute(dialects.insert(connection, incidents).on_conflict_do_nothing(), new)
        row = connection.execute(mine).first()
    if row is None:
        raise LedgerError("The incident cannot be recorded", f"all beginnings of {digits} are taken")
    return row


def _row_named(connection: sa.Connection, wanted: str, name: str) -> Any:
    starts = incidents.c.id.startswith(wanted, autoescape=True) | incidents.c.fingerprint.startswith(
        wanted, autoescape=True
    )
    exact = sa.or_(incidents.c.id == wanted, incidents.c.fingerprint.in_([wanted, name]))
    for condition in (exact, starts) if wanted else ():
        rows = connection.execute(sa.select(incidents).where(condition).limit(_AMBIGUOUS)).all()
        if len(rows) == 1:
            return rows[0]
        if rows:
            ids = ", ".join(sorted(row.id for row in rows))
            raise NotFound(f"Several incidents begin with {name!r}", ids, "Give more of the id")
    raise NotFound(f"There is no incident {name!r}", "", "`mcp-rag incidents` lists them; `last` is the latest")


def _history(connection: sa.Connection, row: Any) -> History:
    confirmed = (
        sa.select(outcomes.c.fixed_by)
        .where(outcomes.c.incident_id == row.id, outcomes.c.kind == OutcomeKind.CONFIRMED.value)
        .order_by(outcomes.c.at.desc(), outcomes.c.number.desc())
        .limit(1)
    )
    return History(row.count, row.first_seen, row.last_seen, connection.execute(confirmed).scalar())


def _stored(connection: sa.Connection, row: Any) -> StoredIncident:
    return StoredIncident(
        id=row.id,
        incident=incident_from_json(row.incident),
        history=_history(connection, row),
        source=row.source,
        verdict=Verdict(row.verdict),
        issue_key=row.issue_key,
        outcomes=read_outcomes(connection, row.id),
    )
