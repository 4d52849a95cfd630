"""What an incident says, apart from its place: its fix is found by it elsewhere too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Of incidents that stand already it is unknown until they are seen again.
    op.add_column("incidents", sa.Column("sentence", sa.Text))
    op.create_index("ix_incidents_sentence", "incidents", ["sentence"])
