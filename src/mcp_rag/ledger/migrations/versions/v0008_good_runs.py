"""The last good run of each job, which all replicas of a server compare with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "good_runs",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shapes", sa.LargeBinary, nullable=False),
    )
