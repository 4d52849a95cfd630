"""Diagnoses as they were given, with the lines of their logs, so that a page of one can be opened again."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import NotFound
from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import diagnoses, diagnosis_lines
from mcp_rag.ledger.serialisation import storable, storable_json
from mcp_rag.ledger.values import StoredDiagnosis
from mcp_rag.records import Excerpt, Verdict

ID_BYTES = 12
"""96 random bits: nobody guesses the address of a page."""

KEPT = 2_000
"""Diagnoses that are kept; the oldest go first. Chosen by eye."""

KEPT_LINES_BYTES = 500_000_000
"""Compressed bytes of log lines that are kept; the oldest logs go first, their diagnoses stay. Chosen by eye."""


class Diagnoses:
    """The diagnoses of one ledger. Texts are expected to be masked already."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self,
        source: str,
        verdict: Verdict,
        incident_id: str | None,
        document: Mapping[str, Any],
        at: datetime | None = None,
    ) -> StoredDiagnosis:
        """Write a diagnosis down under a new id."""
        row = {
            "id": secrets.token_urlsafe(ID_BYTES),
            "at": at or datetime.now(UTC),
            "source": storable(source),
            "verdict": verdict.value,
            "incident_id": incident_id,
            "document": storable_json(dict(document)),
        }
        with self._database.writing() as connection:
            connection.execute(sa.insert(diagnoses), row)
        return self.get(row["id"])

    def add_lines(self, id: str, runs: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Keep runs of a log's lines: the number of the first, and the texts. A run kept before stays as it is.

        Raises:
            NotFound: the diagnosis is gone.
        """
        rows = [
            {"diagnosis_id": id, "first": first, "last": first + len(texts) - 1, "texts": _packed(texts)}
            for first, texts in runs
            if texts
        ]
        if not rows:
            return
        with self._database.writing() as connection:
            known = connection.execute(
                sa.select(diagnoses.c.id).where(diagnoses.c.id == storable(id)).with_for_update()
            ).first()
            if known is None:
                raise _gone(id)
            connection.execute(dialects.insert(connection, diagnosis_lines).on_conflict_do_nothing(), rows)

    def get(self, id: str) -> StoredDiagnosis:
        """The diagnosis of that id.

        Raises:
            NotFound: there is none, or none any more.
        """
        with self._database.reading() as connection:
            row = connection.execute(sa.select(diagnoses).where(diagnoses.c.id == storable(id))).first()
        if row is None:
            raise _gone(id)
        return _stored(row)

    def latest(self, limit: int, incident_id: str | None = None) -> list[StoredDiagnosis]:
        """The latest diagnoses, of one incident if given."""
        statement = sa.select(diagnoses).order_by(diagnoses.c.at.desc(), diagnoses.c.id).limit(limit)
        if incident_id is not None:
            statement = statement.where(diagnoses.c.incident_id == storable(incident_id))
        with self._database.reading() as connection:
            return [_stored(row) for row in connection.execute(statement)]

    def lines(self, id: str, first: int, last: int) -> list[Excerpt]:
        """Those of the lines ``first`` … ``last`` (both included) that are kept, in order."""
        lines = diagnosis_lines.c
        wanted = (lines.diagnosis_id == storable(id)) & (lines.first <= last) & (lines.last >= first)
        statement = sa.select(lines.first, lines.texts).where(wanted).order_by(lines.first)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return [
            Excerpt(number, text)
            for row in rows
            for number, text in enumerate(_unpacked(row.texts), row.first)
            if first <= number <= last
        ]

    def runs(self, id: str) -> list[tuple[int, int]]:
        """First and last line of each stretch that is kept without a gap, in order."""
        lines = diagnosis_lines.c
        statement = sa.select(lines.first, lines.last).where(lines.diagnosis_id == storable(id)).order_by(lines.first)
        joined: list[tuple[int, int]] = []
        with self._database.reading() as connection:
            for first, last in connection.execute(statement):
                if joined and first <= joined[-1][1] + 1:
                    joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
                else:
                    joined.append((first, last))
        return joined

    def prune(self, kept: int = KEPT, kept_lines_bytes: int = KEPT_LINES_BYTES) -> None:
        """Forget the oldest diagnoses beyond ``kept``, and the oldest logs beyond ``kept_lines_bytes``."""
        newest = sa.select(diagnoses.c.id).order_by(diagnoses.c.at.desc(), diagnoses.c.id)
        size = sa.func.coalesce(sa.func.sum(sa.func.length(diagnosis_lines.c.texts)), 0)
        sizes = (
            sa.select(diagnoses.c.id, size.label("size"))
            .join_from(diagnoses, diagnosis_lines)
            .group_by(diagnoses.c.id, diagnoses.c.at)
            .order_by(diagnoses.c.at.desc(), diagnoses.c.id)
        )
        with self._database.writing() as connection:
            connection.execute(sa.delete(diagnoses).where(diagnoses.c.id.in_(newest.offset(kept).limit(1_000))))
            total, too_old = 0, []
            for id, bytes_ in connection.execute(sizes):
                total += bytes_
                if total > kept_lines_bytes:
                    too_old.append(id)
            for id in too_old:
                connection.execute(sa.delete(diagnosis_lines).where(diagnosis_lines.c.diagnosis_id == id))


def _packed(texts: Sequence[str]) -> bytes:
    return zlib.compress(json.dumps([storable(text) for text in texts], ensure_ascii=False).encode(), 6)


def _unpacked(packed: bytes) -> list[str]:
    texts: list[str] = json.loads(zlib.decompress(packed))
    return texts


def _stored(row: Any) -> StoredDiagnosis:
    return StoredDiagnosis(row.id, row.at, row.source, Verdict(row.verdict), row.incident_id, row.document)


def _gone(id: str) -> NotFound:
    return NotFound(f"There is no diagnosis {id!r}", "", "It may have made room for later ones: diagnose the log again")
