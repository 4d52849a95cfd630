"""Merging an exported ledger into this one, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any

import sqlalchemy as sa

from mcp_rag.errors import InputError, McpRagError
from mcp_rag.ledger import issue_writing
from mcp_rag.ledger.database import Database, chunks
from mcp_rag.ledger.exporting import FORMAT, FORMAT_VERSION
from mcp_rag.ledger.incidents import row_of, to_columns
from mcp_rag.ledger.issue_rows import checked
from mcp_rag.ledger.outcomes import insert_outcome
from mcp_rag.ledger.schema import documents, grouping_decisions, incidents, issues, outcomes, sightings
from mcp_rag.ledger.serialisation import incident_from_json, issue_from_json, storable
from mcp_rag.ledger.values import Imported, Outcome
from mcp_rag.records import GroupingKind, KnownIssue, OutcomeKind, Verdict

_BATCH = 1000


def import_(database: Database, stream: IO[str]) -> Imported:
    """Merge the lines of ``stream``; see :meth:`mcp_rag.ledger.Ledger.import_`."""
    with database.writing() as connection:
        issue_writing.lock_revision(connection)
        merge = _Merge(connection)
        for number, row in _lines(stream):
            try:
                merge.take(row)
            except (InputError, KeyError, ValueError, TypeError) as fault:
                raise _bad_line(number, fault) from fault
        return merge.finish()


def _lines(stream: IO[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line number, object) of every line between header and end, both checked."""
    number = 0
    end: Mapping[str, Any] | None = None
    for number, row in _objects(stream):
        if number == 1:
            _check_header(row)
        elif end is not None:
            raise _bad_line(number, "it stands after the end")
        elif row.get("kind") == "end":
            end = row
        else:
            yield number, row
    if end is None or end.get("lines") != number - 1:
        raise _bad_line(number, "the end of the export is missing")


def _objects(stream: IO[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    number = 0
    try:
        for number, line in enumerate(stream, start=1):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise _bad_line(number, "it is not a JSON object")
            yield number, row
    except UnicodeDecodeError as fault:
        raise _bad_line(number + 1, fault) from fault
    except ValueError as fault:
        raise _bad_line(number, fault) from fault


def _check_header(row: Mapping[str, Any]) -> None:
    version = row.get("version")
    if row.get("format") != FORMAT or not isinstance(version, int):
        raise _bad_line(1, "it is not the header of an exported ledger")
    if version > FORMAT_VERSION:
        raise InputError("The export cannot be imported", f"its version {version} is later", "Upgrade mcp-rag")


def _bad_line(number: int, fault: Exception | str) -> InputError:
    why = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
    if isinstance(fault, McpRagError):
        why = f"{fault.what}: {fault.why}"
    next_step = "Nothing was imported; export the ledger again"
    return InputError(f"Line {max(number, 1)} of the export cannot be used", why, next_step)


class _Merge:
    """One import under way. Issues are written in batches of one document each; the rest row by row."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._added: Counter[str] = Counter()
        self._ids: dict[str, str] = {}
        self._met: Counter[tuple[Any, ...]] = Counter()
        self._waiting: dict[str, KnownIssue] = {}
        self._waiting_for: tuple[str, datetime] | None = None
        self._take: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "incident": self._incident,
            "sighting": self._sighting,
            "outcome": self._outcome,
            "grouping": self._grouping,
            "document": self._document,
            "issue": self._issue,
        }

    def take(self, row: Mapping[str, Any]) -> None:
        take = self._take.get(_text(row, "kind"))
        if take is None:
            raise ValueError(f"there is no kind {row['kind']!r}")
        take(row)

    def finish(self) -> Imported:
        self._write_issues()
        return Imported(**self._added)

    def _incident(self, row: Mapping[str, Any]) -> None:
        incident = incident_from_json(_object(row, "incident"))
        first, last = _instant(row["first_seen"]), _instant(row["last_seen"])
        latest = {**_seen(row), **to_columns(incident)}
        held = row_of(self._connection, incident.fingerprint, {**latest, "first_seen": first, "last_seen": last})
        self._ids[storable(incident.fingerprint)] = held.id
        self._added["incidents"] += held.count == 0
        changed = latest if last > held.last_seen else {}
        changed |= {"first_seen": min(first, held.first_seen), "last_seen": max(last, held.last_seen)}
        self._connection.execute(sa.update(incidents).where(incidents.c.id == held.id).values(changed))

    def _sighting(self, row: Mapping[str, Any]) -> None:
        new = {"incident_id": self._incident_id(row), "at": _instant(row["at"]), **_seen(row)}
        if self._is_new(sightings, new):
            self._connection.execute(sa.insert(sightings), new)
            self._added["sightings"] += 1
            grown = sa.update(incidents).values(count=incidents.c.count + 1)
            self._connection.execute(grown.where(incidents.c.id == new["incident_id"]))

    def _outcome(self, row: Mapping[str, Any]) -> None:
        incident_id = self._incident_id(row)
        kind, at = OutcomeKind(_text(row, "outcome")), _instant(row["at"])
        outcome = Outcome(kind, _text_or_none(row, "issue"), _text_or_none(row, "fix"), at)
        same = {"incident_id": incident_id, "kind": outcome.kind.value, "issue_key": outcome.issue_key}
        if self._is_new(outcomes, {**same, "fix": outcome.fix, "at": outcome.at}):
            insert_outcome(self._connection, incident_id, outcome, _text_or_none(row, "fixed_by"))
            self._added["outcomes"] += 1

    def _grouping(self, row: Mapping[str, Any]) -> None:
        pair = {"first": _text(row, "first"), "second": _text(row, "second"), "at": _instant(row["at"])}
        new = {"kind": GroupingKind(_text(row, "decision")).value, **pair}
        if self._is_new(grouping_decisions, new):
            self._connection.execute(sa.insert(grouping_decisions), new)
            self._added["groupings"] += 1

    def _document(self, row: Mapping[str, Any]) -> None:
        digest = _text_or_none(row, "digest")
        new: dict[str, Any] = {"source": _text(row, "source"), "document": _text(row, "document")}
        ours = (documents.c.source == new["source"]) & (documents.c.document == new["document"])
        held = self._connection.execute(sa.select(documents).where(ours)).first()
        if held is None:
            new |= {"digest": digest, "learned_at": _instant(row["at"])}
            self._connection.execute(sa.insert(documents), new)
            self._added["documents"] += 1
        elif held.digest != digest:
            # Two states of one document are merged: only reading it again tells which entries it really has.
            self._connection.execute(sa.update(documents).where(ours).values(digest=None))

    def _issue(self, row: Mapping[str, Any]) -> None:
        issue = checked(issue_from_json(_object(row, "issue")))
        belongs = (_text(row, "document"), _instant(row["at"]))
        if belongs != self._waiting_for or len(self._waiting) >= _BATCH:
            self._write_issues()
        self._waiting_for = belongs
        self._waiting[issue.key] = issue

    def _write_issues(self) -> None:
        if self._waiting_for is None:
            return
        document, at = self._waiting_for
        later = self._as_late(at)
        wanted = {key: issue for key, issue in self._waiting.items() if key not in later}
        stored = issue_writing.store(self._connection, document, wanted, at)
        issue_writing.raise_standings(self._connection, (self._waiting[key] for key in later))
        self._added["issues"] += stored.added + stored.changed
        self._waiting = {}

    def _as_late(self, at: datetime) -> set[str]:
        """The waiting keys whose stored wording was learned at ``at`` or later: it stays."""
        found: set[str] = set()
        for some in chunks(list(self._waiting)):
            stays = issues.c.key.in_(some) & (issues.c.learned_at >= at)
            found.update(self._connection.execute(sa.select(issues.c.key).where(stays)).scalars())
        return found

    def _incident_id(self, row: Mapping[str, Any]) -> str:
        fingerprint = _text(row, "fingerprint")
        if fingerprint not in self._ids:
            raise ValueError(f"no line before it is the incident of {fingerprint!r}")
        return self._ids[fingerprint]

    def _is_new(self, table: sa.Table, row: Mapping[str, Any]) -> bool:
        """Whether the ledger has fewer rows like this one than the export had so far: equal rows are several."""
        met = (table.name, *row.values())
        self._met[met] += 1
        same = (table.c[name] == value for name, value in row.items())  # of None, SQLAlchemy makes IS NULL
        held = self._connection.execute(sa.select(sa.func.count()).select_from(table).where(*same)).scalar_one()
        return bool(held < self._met[met])


def _seen(row: Mapping[str, Any]) -> dict[str, Any]:
    verdict = Verdict(_text(row, "verdict")).value
    return {"source": _text(row, "source"), "verdict": verdict, "issue_key": _text_or_none(row, "issue")}


def _text(row: Mapping[str, Any], name: str) -> str:
    if not isinstance(row[name], str):
        raise TypeError(f"its {name} is not a text")
    return storable(row[name])


def _text_or_none(row: Mapping[str, Any], name: str) -> str | None:
    return None if row[name] is None else _text(row, name)


def _object(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not isinstance(row[name], dict):
        raise TypeError(f"its {name} is not an object")
    return row[name]  # type: ignore[no-any-return]


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"the time {text} has no zone")
    return instant.astimezone(UTC)
