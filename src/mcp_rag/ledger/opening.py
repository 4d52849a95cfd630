"""Opening a ledger: create it, bring an older one up to date, refuse a newer one."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from mcp_rag.errors import LedgerError, LedgerTooNew
from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.schema import VERSION, VERSION_TABLE, metadata

_version = sa.table(VERSION_TABLE, sa.column("version_num", sa.Text))
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str) -> Database:
    """The ledger at ``url``, at this program's schema version.

    Raises:
        LedgerTooNew: a later version of the program wrote it.
        LedgerError: it cannot be opened, or is not a ledger.
        MissingExtra: PostgreSQL's driver is not installed.
    """
    parsed = dialects.parse_url(url)
    try:
        database = Database(dialects.create_engine(parsed))
    except OSError as fault:
        raise LedgerError("The ledger's folder cannot be made", str(fault), "Set MCP_RAG_HOME to another") from fault
    try:
        with database.reading() as connection:
            version = stored_version(connection)
        if version != VERSION:
            _migrate(database)
    except BaseException:
        database.engine.dispose()
        raise
    return database


def is_made(url: str) -> bool:
    """Whether there is a ledger at ``url``; nothing is made or changed to find out.

    Raises:
        LedgerTooNew, LedgerError, MissingExtra: as :func:`open_database`.
    """
    parsed = dialects.parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return False
    database = Database(dialects.create_engine(parsed))
    try:
        with database.reading() as connection:
            return stored_version(connection) > 0
    finally:
        database.engine.dispose()


def stored_version(connection: sa.Connection) -> int:
    """The schema version of the ledger; 0 of an empty database.

    Raises:
        LedgerTooNew: it is later than ``VERSION``.
        LedgerError: the database belongs to something else.
    """
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        _refuse_strangers(connection, set(tables))
        return 0
    revision = connection.execute(sa.select(_version.c.version_num)).scalar()
    if revision is None:
        return 0
    if not revision.isdecimal():
        raise _not_a_ledger(connection, f"its schema version reads {revision!r}")
    if int(revision) > VERSION:
        raise LedgerTooNew(
            f"The ledger {_place(connection)} was written by a later version of mcp-rag",
            f"its schema version is {int(revision)}, this program knows {VERSION}",
            "Upgrade mcp-rag",
        )
    return int(revision)


def _refuse_strangers(connection: sa.Connection, tables: set[str]) -> None:
    # A PostgreSQL database may be shared as long as no table is of our name; a file is ours alone.
    strange = tables if connection.dialect.name == "sqlite" else tables & set(metadata.tables)
    if strange:
        raise _not_a_ledger(connection, f"it holds tables of something else: {', '.join(sorted(strange)[:5])}")


def _not_a_ledger(connection: sa.Connection, why: str) -> LedgerError:
    return LedgerError(f"{_place(connection)} is not a ledger", why, "Name another place by `ledger_url`")


def _place(connection: sa.Connection) -> str:
    return connection.engine.url.render_as_string(hide_password=True)


def _migrate(database: Database) -> None:
    """Run the missing migrations in one transaction. Alembic is imported only here: it costs 0.2 s."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    with database.writing() as connection:
        dialects.lock_schema(connection)
        if stored_version(connection) != VERSION:  # another process may have been first
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
