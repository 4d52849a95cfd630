"""The whole ledger as JSON lines: a header, one object a row, an end that tells a cut file from a whole one.

Outcomes stand before issues: an import counts them into the standings first, and then keeps the greater of that
and what the issue says, so that importing twice counts once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

import sqlalchemy as sa

from mcp_rag.ledger.database import Database
from mcp_rag.ledger.issue_rows import from_row, select_issues
from mcp_rag.ledger.schema import documents, grouping_decisions, incidents, issues, outcomes, sightings
from mcp_rag.ledger.serialisation import issue_to_json

FORMAT = "mcp-rag-ledger"
FORMAT_VERSION = 2
"""2 added people's decisions on groups."""


def export(database: Database, stream: IO[str]) -> int:
    """Write one state of the ledger to ``stream``; returns the number of lines."""
    lines = 0
    with database.reading() as connection:
        for row in _rows(connection):
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            lines += 1
    stream.write(json.dumps({"kind": "end", "lines": lines}) + "\n")
    return lines + 1


def _rows(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, "version": FORMAT_VERSION}
    for row in connection.execute(sa.select(incidents).order_by(incidents.c.id)):
        times = {"first_seen": row.first_seen.isoformat(), "last_seen": row.last_seen.isoformat()}
        yield {"kind": "incident", "incident": row.incident, **times, **_seen(row)}
    for row in connection.execute(_with_fingerprint(sightings)):
        yield {"kind": "sighting", "fingerprint": row.fingerprint, "at": row.at.isoformat(), **_seen(row)}
    for row in connection.execute(_with_fingerprint(outcomes)):
        said = {"outcome": row.kind, "issue": row.issue_key, "fix": row.fix, "fixed_by": row.fixed_by}
        yield {"kind": "outcome", "fingerprint": row.fingerprint, "at": row.at.isoformat(), **said}
    for row in connection.execute(sa.select(grouping_decisions).order_by(grouping_decisions.c.number)):
        pair = {"first": row.first, "second": row.second, "at": row.at.isoformat()}
        yield {"kind": "grouping", "decision": row.kind, **pair}
    for row in connection.execute(sa.select(documents).order_by(documents.c.source, documents.c.document)):
        names = {"source": row.source, "document": row.document, "digest": row.digest}
        yield {"kind": "document", **names, "at": row.learned_at.isoformat()}
    origin = select_issues().add_columns(issues.c.document, issues.c.learned_at).order_by(issues.c.key)
    for row in connection.execute(origin):
        learned = {"document": row.document, "at": row.learned_at.isoformat()}
        yield {"kind": "issue", "issue": issue_to_json(from_row(row)), **learned}


def _seen(row: Any) -> dict[str, Any]:
    return {"source": row.source, "verdict": row.verdict, "issue": row.issue_key}


def _with_fingerprint(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table, incidents.c.fingerprint).join_from(table, incidents).order_by(table.c.number)
