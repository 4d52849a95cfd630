"""Diagnoses as they were given, with the lines of their logs, masked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "diagnoses",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Text),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_index("ix_diagnoses_at", "diagnoses", ["at"])
    op.create_index("ix_diagnoses_incident_id", "diagnoses", ["incident_id", "at"])
    op.create_table(
        "diagnosis_lines",
        sa.Column("diagnosis_id", sa.Text, sa.ForeignKey("diagnoses.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("first", sa.BigInteger, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("texts", sa.LargeBinary, nullable=False),
    )
