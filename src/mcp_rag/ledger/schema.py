"""The ledger's tables. What changes here needs a migration beside ``migrations/versions`` and a new ``VERSION``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

VERSION = 11
"""Schema version that this program reads and writes; the newest migration's revision, as a number."""

VERSION_TABLE = "ledger_version"


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, stored in UTC: SQLite keeps no zone, so every stored value means UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # type: ignore[no-any-return]


metadata = sa.MetaData()

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

state = sa.Table(
    "state",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("document", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text),
    sa.Column("learned_at", UtcDateTime, nullable=False),
)

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    # Documents that gave this id before another took it over: they are read again when it goes.
    sa.Column("contenders", sa.JSON, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("symptoms", sa.JSON, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("fix", sa.Text, nullable=False),
    sa.Column("commands", sa.JSON, nullable=False),
    sa.Column("applies_to", sa.JSON, nullable=False),
    sa.Column("urls", sa.JSON, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("package", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("learned_at", UtcDateTime, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("source", "id", name="uq_issues_source_id"),
    sa.Index("ix_issues_source_document", "source", "document"),
    sa.Index("ix_issues_id", "id"),
    sa.Index("ix_issues_revision", "revision", unique=True),
)

symptoms = sa.Table(
    "symptoms",
    metadata,
    sa.Column("key", sa.Text, sa.ForeignKey("issues.key", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("symptom", sa.Text, nullable=False),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Index("ix_tombstones_revision", "revision", unique=True),
)

standings = sa.Table(
    "standings",
    metadata,
    # No foreign key: what was learned of an entry outlives its document being moved or read again.
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("helped", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False, unique=True),
    sa.Column("incident", sa.JSON, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("issue_key", sa.Text),
    # Of the incident, beside it to be looked up by: the same message in another place.
    sa.Column("sentence", sa.Text),
    sa.Index("ix_incidents_sentence", "sentence"),
)

sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("incident_id", sa.Text, sa.ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("issue_key", sa.Text),
    sa.Index("ix_sightings_incident_id", "incident_id", "at"),
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("incident_id", sa.Text, sa.ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("issue_key", sa.Text),
    sa.Column("fix", sa.Text),
    # What a later sighting is told: the fix in the person's words, or the issue's title as it then was.
    sa.Column("fixed_by", sa.Text),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("ix_outcomes_incident_id", "incident_id"),
)

grouping_decisions = sa.Table(
    "grouping_decisions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    # Fingerprints, of incidents that need not be recorded: logs are grouped without a sighting of each.
    sa.Column("first", sa.Text, nullable=False),
    sa.Column("second", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    # SHA-256 of the token, whose 256 random bits no dictionary holds: a slow hash would guard nothing more.
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("team", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
)

sessions = sa.Table(
    "sessions",
    metadata,
    # SHA-256 of what the browser holds; the token that opened it is asked for anew with each request.
    sa.Column("session", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Index("ix_sessions_ends_at", "ends_at"),
)

usage = sa.Table(
    "usage",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("prompt_tokens", sa.Integer, nullable=False),
    sa.Column("completion_tokens", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("estimated", sa.Boolean, nullable=False),
    sa.Column("failed", sa.Boolean, nullable=False),
    sa.Index("ix_usage_at", "at"),
)

diagnoses = sa.Table(
    "diagnoses",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    # No foreign key: a diagnosis is kept as it was given, whatever becomes of its incident.
    sa.Column("incident_id", sa.Text),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Index("ix_diagnoses_at", "at"),
    sa.Index("ix_diagnoses_incident_id", "incident_id", "at"),
)

diagnosis_lines = sa.Table(
    "diagnosis_lines",
    metadata,
    sa.Column("diagnosis_id", sa.Text, sa.ForeignKey("diagnoses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("first", sa.BigInteger, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
    # The lines as JSON, deflated.
    sa.Column("texts", sa.LargeBinary, nullable=False),
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("team", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("result", sa.JSON),
    sa.Column("error", sa.JSON),
    sa.Index("ix_tasks_standing", "standing", "created_at"),
)

task_inputs = sa.Table(
    "task_inputs",
    metadata,
    # Apart from its task, because only who runs it reads it; it goes when the task ends.
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("job", sa.Text),
    sa.Column("exited", sa.BigInteger),
)

good_runs = sa.Table(
    "good_runs",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    # Digests of eight bytes, one after the other.
    sa.Column("shapes", sa.LargeBinary, nullable=False),
)
