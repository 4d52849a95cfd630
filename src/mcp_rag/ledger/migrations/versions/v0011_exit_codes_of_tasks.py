"""The exit code of the run whose log a task diagnoses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("task_inputs", sa.Column("exited", sa.BigInteger))
