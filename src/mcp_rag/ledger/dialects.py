"""What SQLite and PostgreSQL do differently; the rest of the ledger speaks to both alike."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from mcp_rag.errors import LedgerError, MissingExtra

WRITES = "ledger_writes"
"""Execution option of a connection that is going to write."""

BUSY_SECONDS = 30
"""How long a writer waits for another process; far above the 1 s that learning 10,000 entries takes."""

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_MIGRATION_LOCK = 0x6D63702D726167  # "mcp-rag"


def parse_url(url: str) -> URL:
    """The SQLAlchemy URL of ``url``, its driver chosen; a path in a SQLite URL is taken as it stands.

    Raises:
        LedgerError: not a URL, or of a database that is neither SQLite nor PostgreSQL.
    """
    next_step = "Give `ledger_url` as sqlite:////folder/ledger.db or postgresql://user:password@host/database"
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in _DRIVERS:
        raise LedgerError("The ledger cannot be opened", "its URL is of neither SQLite nor PostgreSQL", next_step)
    if scheme.startswith("sqlite"):
        return URL.create("sqlite+pysqlite", database=rest.removeprefix("/"))
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as fault:
        raise LedgerError("The ledger cannot be opened", "its URL cannot be read", next_step) from fault
    return parsed.set(drivername=_DRIVERS.get(scheme, scheme))


def create_engine(url: URL) -> sa.Engine:
    """An engine whose transactions are isolated as the ledger needs them; connects to nothing yet."""
    if url.get_backend_name() == "sqlite":
        if url.database:
            _make_private(Path(url.database))
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        # A prepared query keeps the plan that it got while the table was empty: 0.15 s for 500 keys of 10,000.
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"prepare_threshold": None})
    except ImportError as fault:
        raise MissingExtra(
            "A ledger in PostgreSQL needs psycopg", str(fault), "`pip install 'mcp-rag[postgresql]'` installs it"
        ) from fault


def _make_private(file: Path) -> None:
    """The file of a new ledger, which nobody but owner and group may open, in a folder that is the owner's if it is new
    too. SQLite gives the files beside it the same rights."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists() and str(file) != ":memory:":
        file.touch(0o660)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions on its own, deferred; ours begin in _begin_sqlite.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    _enter_wal(connection)
    # In WAL mode only FULL makes a commit outlive a power cut.
    connection.execute("PRAGMA synchronous = FULL")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Write-ahead logging. SQLite answers "locked" at once when two processes switch together: wait here."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            busy = fault.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    # A deferred transaction that later wants to write fails at once when another wrote meanwhile.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def reading(connection: sa.Connection) -> sa.Connection:
    """``connection``, whose next transaction sees one state of the ledger however many queries it makes."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def writing(connection: sa.Connection) -> sa.Connection:
    """``connection``, whose next transaction writes; on SQLite it waits for its turn when it begins."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="READ COMMITTED")
    return connection.execution_options(**{WRITES: True})


def lock_schema(connection: sa.Connection) -> None:
    """Let one process at a time look at and change the schema, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An insert that knows ``on_conflict_do_update`` and ``on_conflict_do_nothing``; both dialects spell them alike."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``; where the primary key is there already, all other given columns are overwritten."""
    if not rows:
        return
    statement = insert(connection, table)
    keys = [column.name for column in table.primary_key]
    given = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=given), rows)
