"""The job whose log a task diagnoses, to compare it with the last good one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("task_inputs", sa.Column("job", sa.Text))
