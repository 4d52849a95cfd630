"""Where the ledger's contract runs: an SQLite file, and a schema of its own in a real PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

POSTGRESQL = "MCP_RAG_TEST_POSTGRESQL_URL"
PLACES = ("sqlite", "postgresql")


@contextmanager
def empty_place(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'home' / 'ledger.db'}"
        return
    server = os.environ.get(POSTGRESQL)
    if not server:
        pytest.skip(f"{POSTGRESQL} names no PostgreSQL server")
    schema = f"ledger_{uuid.uuid4().hex}"
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
        yield f"{server}?options=-csearch_path%3D{schema}"
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
    finally:
        engine.dispose()
