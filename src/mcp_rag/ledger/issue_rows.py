"""Known issues as rows, and rows as known issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import InputError
from mcp_rag.ledger.database import chunks
from mcp_rag.ledger.schema import issues, standings
from mcp_rag.ledger.serialisation import content_digest, is_storable, storable
from mcp_rag.records import NO_VALUES, KnownIssue, Standing

_LONGEST_KEY = 2000
"""Bytes; PostgreSQL indexes no text above some 2,700."""

_TEXTS = ("title", "cause", "fix", "language", "package", "text")
_LISTS = ("symptoms", "commands", "urls")
_READ = [
    *(issues.c[name] for name in ("key", "id", "source", "applies_to", "revision", *_TEXTS, *_LISTS)),
    standings.c.helped,
    standings.c.failed,
]


def checked(issue: KnownIssue) -> KnownIssue:
    """``issue``, whose names can be stored verbatim.

    Raises:
        InputError: they cannot: empty, too long, or with characters that no database takes.
    """
    if not issue.id or not issue.source:
        raise InputError("A known issue cannot be stored", "it has no id or no source", "Give it both")
    if not is_storable(issue.key):
        raise InputError(f"The known issue {issue.key!r} cannot be stored", "its id has NUL or broken characters")
    if len(issue.key.encode()) > _LONGEST_KEY:
        why = f"source and id are longer than {_LONGEST_KEY} bytes"
        raise InputError(f"The known issue {issue.key[:60]!r}… cannot be stored", why, "Give it a shorter id")
    return issue


def to_row(issue: KnownIssue) -> dict[str, Any]:
    """The columns that come from the record itself."""
    return {
        "key": issue.key,
        "source": issue.source,
        "id": issue.id,
        **{name: storable(getattr(issue, name)) for name in _TEXTS},
        **{name: [storable(text) for text in getattr(issue, name)] for name in _LISTS},
        "applies_to": {storable(name): storable(value) for name, value in issue.applies_to.items()},
        "digest": content_digest(issue),
    }


def from_row(row: Any) -> KnownIssue:
    return KnownIssue(
        id=row.id,
        source=row.source,
        title=row.title,
        symptoms=tuple(row.symptoms),
        cause=row.cause,
        fix=row.fix,
        commands=tuple(row.commands),
        applies_to=MappingProxyType(row.applies_to) if row.applies_to else NO_VALUES,
        urls=tuple(row.urls),
        language=row.language,
        package=row.package,
        text=row.text,
        standing=Standing(row.helped or 0, row.failed or 0),
    )


def select_issues() -> sa.Select[Any]:
    """All that :func:`from_row` needs, and the revision."""
    return sa.select(*_READ).select_from(issues.outerjoin(standings, standings.c.key == issues.c.key))


def read_keys(connection: sa.Connection, keys: Iterable[str]) -> Iterator[KnownIssue]:
    """The issues of those ``keys`` that exist, in no order."""
    for some in chunks(list(dict.fromkeys(keys))):
        yield from map(from_row, connection.execute(select_issues().where(issues.c.key.in_(some))))


def of_sources(statement: sa.Select[Any], column: sa.ColumnElement[str], sources: Sequence[str]) -> sa.Select[Any]:
    """``statement`` for ``sources`` alone; none given, for all."""
    return statement.where(column.in_(sources)) if sources else statement
