"""Alembic's scripts for the ledger's schema, run by ``mcp_rag.ledger.opening``."""
