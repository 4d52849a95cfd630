"""Alembic's environment: runs on the connection, and inside the transaction, that the opening ledger holds."""

from __future__ import annotations

from alembic import context

from mcp_rag.ledger.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
