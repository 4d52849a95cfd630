"""Ledgers beside a ledger, apart from it and from each other: on PostgreSQL a schema each, on SQLite a file each."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import Database

_SEARCH_PATH = re.compile(r"search_path=(\w+)")


def partition_url(url: str, name: str, folder: Path) -> str:
    """The URL of the ledger ``name`` beside the one at ``url``: a file in ``folder``, or a schema of its database.

    A connection of that URL sees no table outside its schema: what a query forgets to ask for cannot be found.
    """
    if not url or url.startswith("sqlite"):
        return f"sqlite:///{folder / 'ledger.db'}"
    parsed = dialects.parse_url(url)
    options = str(parsed.query.get("options", ""))
    schema = schema_of(options, name)
    query = {**parsed.query, "options": f"{options} -csearch_path={schema}".strip()}
    return parsed.set(query=query).render_as_string(hide_password=False)


def schema_of(options: str, name: str) -> str:
    """The schema of the ledger ``name``; a ledger that is in a schema itself gives its name to those beside it."""
    around = _SEARCH_PATH.search(options)
    return f"{around[1] if around else 'mcp_rag'}_{name}"


def create_partition(url: str, name: str) -> None:
    """See that the schema of the ledger ``name`` beside the one at ``url`` exists; a file is made when it is opened.

    Raises:
        LedgerError: the database cannot be reached, or its user may create no schema.
    """
    if not url or url.startswith("sqlite"):
        return
    parsed = dialects.parse_url(url)
    database = Database(dialects.create_engine(parsed))
    schema = schema_of(str(parsed.query.get("options", "")), name)
    try:
        with database.writing() as connection:
            dialects.lock_schema(connection)  # two at once would collide in PostgreSQL's catalogue
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    finally:
        database.engine.dispose()
