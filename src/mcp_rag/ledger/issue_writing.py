"""Writing known issues inside a transaction that is already open.

Each written or removed key gets a revision of its own from one counter. Writers lock that counter first, so that
revisions become visible in their order and a follower that has seen one misses none below it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mcp_rag.errors import InputError
from mcp_rag.ledger import dialects
from mcp_rag.ledger.database import chunks
from mcp_rag.ledger.issue_rows import checked, to_row
from mcp_rag.ledger.schema import counters, documents, issues, standings, symptoms, tombstones
from mcp_rag.records import KnownIssue


@dataclass(frozen=True, slots=True)
class Stored:
    """Counts of what :func:`store` found new, different and the same."""

    added: int
    changed: int
    unchanged: int


def lock_revision(connection: sa.Connection) -> int:
    """The latest revision; nobody else makes one before this transaction ends."""
    latest = sa.select(counters.c.value).where(counters.c.name == "revision").with_for_update()
    return int(connection.execute(latest).scalar_one())


def store(connection: sa.Connection, document: str, wanted: Mapping[str, KnownIssue], at: datetime) -> Stored:
    """Write the issues of ``wanted`` (by key) as ``document``'s; the same content makes no revision."""
    return store_placed(connection, {key: (document, issue) for key, issue in wanted.items()}, at)


def store_placed(connection: sa.Connection, wanted: Mapping[str, tuple[str, KnownIssue]], at: datetime) -> Stored:
    """The same for issues of several documents; ``wanted`` holds (document, issue) by key."""
    rows = [to_row(checked(issue)) for _, issue in wanted.values()]
    held = _held(connection, list(wanted))
    for row in rows:
        _refuse_other_source(row, held.get(row["key"]))
    added = [row for row in rows if row["key"] not in held]
    changed = [row for row in rows if row["key"] in held and held[row["key"]].digest != row["digest"]]
    same = [row["key"] for row in rows if row["key"] in held and held[row["key"]].digest == row["digest"]]
    for row in added + changed:
        document, _ = wanted[row["key"]]
        row |= {"document": document, "learned_at": at, "contenders": _contenders(held.get(row["key"]), document)}
    _write(connection, added, changed)
    _move(connection, [(held[key], wanted[key][0]) for key in same if held[key].document != wanted[key][0]])
    raise_standings(connection, (issue for _, issue in wanted.values()))
    return Stored(len(added), len(changed), len(same))


def remove(connection: sa.Connection, keys: Sequence[str]) -> int:
    """Take those of ``keys`` that exist out, leaving tombstones; returns how many there were."""
    held = _held(connection, keys)
    if not held:
        return 0
    for some in chunks(list(held)):
        connection.execute(sa.delete(issues).where(issues.c.key.in_(some)))
    if any(row.symptoms for row in held.values()):
        _count_patterns(connection)
    revision = _allocate(connection, len(held))
    graves = [{"key": key, "revision": revision + place} for place, key in enumerate(held)]
    dialects.upsert(connection, tombstones, graves)
    _unsettle(connection, held.values())
    return len(held)


def raise_standings(connection: sa.Connection, given: Any) -> None:
    """Keep the greater of the stored and the given counts, so that reading a record back in changes nothing."""
    rows = [
        {"key": issue.key, "helped": issue.standing.helped, "failed": issue.standing.failed}
        for issue in given
        if issue.standing.helped or issue.standing.failed
    ]
    if not rows:
        return
    statement = dialects.insert(connection, standings)
    greater = {
        name: sa.case((statement.excluded[name] > standings.c[name], statement.excluded[name]), else_=standings.c[name])
        for name in ("helped", "failed")
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=greater), rows)


def _held(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Any]:
    columns = (issues.c[name] for name in ("key", "source", "digest", "document", "contenders", "symptoms"))
    statement = sa.select(*columns)
    return {
        row.key: row for some in chunks(keys) for row in connection.execute(statement.where(issues.c.key.in_(some)))
    }


def _refuse_other_source(row: Mapping[str, Any], held: Any) -> None:
    # "a/b" + "c" and "a" + "b/c" are written alike; one source never overwrites another's entry.
    if held is not None and held.source != row["source"]:
        raise InputError(
            f"The known issue {row['key']!r} cannot be stored",
            f"source {held.source!r} has an entry of that name",
            "Give it another id",
        )


def _contenders(held: Any, document: str) -> list[str]:
    if held is None:
        return []
    return sorted({*held.contenders, held.document} - {document, ""})


def _write(connection: sa.Connection, added: list[dict[str, Any]], changed: list[dict[str, Any]]) -> None:
    rows = added + changed
    if not rows:
        return
    revision = _allocate(connection, len(rows))
    for place, row in enumerate(rows):
        row["revision"] = revision + place
    dialects.upsert(connection, issues, rows)
    for some in chunks([row["key"] for row in added]):
        connection.execute(sa.delete(tombstones).where(tombstones.c.key.in_(some)))
    _write_symptoms(connection, rows, [row["key"] for row in changed])


def _write_symptoms(connection: sa.Connection, rows: list[dict[str, Any]], changed: list[str]) -> None:
    gone = 0
    for some in chunks(changed):
        gone += connection.execute(sa.delete(symptoms).where(symptoms.c.key.in_(some))).rowcount
    patterns = [
        {"key": row["key"], "position": position, "source": row["source"], "symptom": symptom}
        for row in rows
        for position, symptom in enumerate(row["symptoms"])
    ]
    dialects.upsert(connection, symptoms, patterns)
    if gone or patterns:
        _count_patterns(connection)


def _move(connection: sa.Connection, moved: list[tuple[Any, str]]) -> None:
    statement = sa.update(issues).where(issues.c.key == sa.bindparam("moved_key"))
    rows = [
        {"moved_key": row.key, "document": document, "contenders": _contenders(row, document)}
        for row, document in moved
    ]
    if rows:
        connection.execute(statement, rows)


def _unsettle(connection: sa.Connection, removed: Any) -> None:
    """Forget the digests of documents whose entry had been taken over by a removed one: they are read again."""
    contenders: defaultdict[str, set[str]] = defaultdict(set)
    for row in removed:
        contenders[row.source].update(row.contenders)
    for source, names in contenders.items():
        for some in chunks(sorted(names)):
            ours = (documents.c.source == source) & documents.c.document.in_(some)
            connection.execute(sa.update(documents).where(ours).values(digest=None))


def _allocate(connection: sa.Connection, number: int) -> int:
    """The first of ``number`` new revisions."""
    return _grow(connection, "revision", number) - number + 1


def _count_patterns(connection: sa.Connection) -> None:
    _grow(connection, "patterns", 1)


def _grow(connection: sa.Connection, name: str, number: int) -> int:
    grown = sa.update(counters).where(counters.c.name == name).values(value=counters.c.value + number)
    return int(connection.execute(grown.returning(counters.c.value)).scalar_one())
