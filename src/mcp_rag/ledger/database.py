"""Transactions on one open ledger, with every database fault told as a ``LedgerError``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from mcp_rag.errors import LedgerError
from mcp_rag.ledger import dialects

_CHUNK = 500
"""Values in one ``IN``; below the smallest limit of variables that an SQLite has had (999)."""

_NEXT_STEPS = (
    ("not a database", "Move that file away, or name another ledger by `ledger_url`; a new one is created"),
    ("malformed", "Restore the file from a backup, or move it away; a new ledger is created"),
    ("locked", "Another process has been writing for long; run it again when it has ended"),
    ("full", "Free some space and run it again; nothing was half-written"),
    ("readonly", "Make the file and its folder writable, or set MCP_RAG_HOME to a folder that is"),
    ("unable to open", "Check that the folder exists and is writable, or set MCP_RAG_HOME to another"),
    ("connection", "Check `ledger_url`, and that the database server is up"),
)


class Database:
    """An engine and its two kinds of transactions."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the ledger."""
        with self._told(), dialects.reading(self.engine.connect()) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is durable when the block has ended, and never was when it raises."""
        with self._told(), dialects.writing(self.engine.connect()) as connection, connection.begin():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as fault:
            raise self._explain(fault) from fault

    def _explain(self, fault: sa.exc.SQLAlchemyError) -> LedgerError:
        cause = fault.orig if isinstance(fault, sa.exc.StatementError) and fault.orig else fault
        why = " ".join(str(cause).split())
        found = (step for part, step in _NEXT_STEPS if part in why.lower())
        where = self.engine.url.render_as_string(hide_password=True)
        return LedgerError(f"The ledger {where} cannot be used", why, next(found, "`mcp-rag config` shows its place"))


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """``values`` in pieces that fit into one ``IN``."""
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
