"""Known issues: learned by document, found by key, followed by revision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from mcp_rag.errors import NotFound
from mcp_rag.ledger import dialects, issue_writing
from mcp_rag.ledger.database import Database
from mcp_rag.ledger.issue_rows import from_row, of_sources, read_keys, select_issues
from mcp_rag.ledger.schema import counters, documents, issues, symptoms, tombstones
from mcp_rag.ledger.serialisation import is_storable, storable
from mcp_rag.ledger.values import Change, Origin, Replaced
from mcp_rag.records import KnownIssue

_PAGE = 1000
_FOUND = 20
"""At most so many keys are offered to a person; chosen by eye."""


class Issues:
    """The known issues of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- writing

    def replace_document(
        self,
        source: str,
        document: str,
        digest: str,
        issues: Sequence[KnownIssue],
        at: datetime | None = None,
    ) -> Replaced:
        """Make ``issues`` all that ``document`` of ``source`` says, in one transaction.

        ``digest`` names the document's content: when it is the stored one, nothing changes. An id that another
        document of the source had before moves here.

        Raises:
            InputError: an issue's names cannot be stored; nothing was written.
            ValueError: an issue is of another source.
        """
        document = storable(document)
        stray = next((issue for issue in issues if issue.source != source), None)
        if stray is not None:
            raise ValueError(f"{stray.key} is not of the source {source!r}")
        if digest and self.digest(source, document) == digest:
            return Replaced(unchanged=self._count_document(source, document))
        wanted = {issue.key: issue for issue in issues}
        at = at or datetime.now(UTC)
        with self._database.writing() as connection:
            issue_writing.lock_revision(connection)
            gone = [key for key in _keys_of(connection, source, document) if key not in wanted]
            removed = issue_writing.remove(connection, gone)
            stored = issue_writing.store(connection, document, wanted, at)
            row = {"source": source, "document": document, "digest": digest, "learned_at": at}
            dialects.upsert(connection, documents, [row])
        doubled = len(issues) - len(wanted)
        return Replaced(stored.added, stored.changed, stored.unchanged, removed, doubled)

    def replace_folder(
        self, source: str, texts: Mapping[str, tuple[str, KnownIssue]], at: datetime | None = None
    ) -> None:
        """Make each issue of ``texts`` ((digest, issue) by document) all that its document of ``source`` says.

        One transaction: as :meth:`replace_document` for each in turn, without a commit each.

        Raises:
            InputError: an issue's names cannot be stored; nothing was written.
        """
        at = at or datetime.now(UTC)
        with self._database.writing() as connection:
            issue_writing.lock_revision(connection)
            learned = connection.execute(
                sa.select(documents.c.document, documents.c.digest).where(documents.c.source == source)
            )
            known = {row.document: row.digest for row in learned}
            named = {storable(name): text for name, text in texts.items()}
            new = {name: text for name, text in named.items() if known.get(name) != text[0]}
            held = connection.execute(sa.select(issues.c.key, issues.c.document).where(issues.c.source == source))
            gone = [key for key, document in held if document in new and new[document][1].key != key]
            issue_writing.remove(connection, gone)
            for placed in _without_repeats(new):
                issue_writing.store_placed(connection, placed, at)
            rows = [
                {"source": source, "document": name, "digest": digest, "learned_at": at}
                for name, (digest, _) in new.items()
            ]
            dialects.upsert(connection, documents, rows)

    def put(self, issue: KnownIssue, at: datetime | None = None, origin: str = "") -> None:
        """Add or overwrite one issue that comes from no document; ``origin`` says in words where it does come from.

        Its standing is kept where the stored one is greater.

        Raises:
            InputError: its names cannot be stored.
        """
        with self._database.writing() as connection:
            issue_writing.lock_revision(connection)
            issue_writing.store(connection, storable(origin), {issue.key: issue}, at or datetime.now(UTC))

    def remove(self, keys: Iterable[str]) -> int:
        """Take issues out; returns how many of ``keys`` there were. Their documents count as learned all the same."""
        with self._database.writing() as connection:
            issue_writing.lock_revision(connection)
            return issue_writing.remove(connection, [key for key in dict.fromkeys(keys) if is_storable(key)])

    def remove_source(self, source: str) -> int:
        """Take all issues and documents of ``source`` out; returns the number of issues."""
        with self._database.writing() as connection:
            issue_writing.lock_revision(connection)
            connection.execute(sa.delete(documents).where(documents.c.source == source))
            keys = connection.execute(sa.select(issues.c.key).where(issues.c.source == source)).scalars().all()
            return issue_writing.remove(connection, keys)

    def forget_documents(self, source: str, keep: Collection[str]) -> int:
        """Take out what documents of ``source`` that are not in ``keep`` said; returns the number of issues."""
        kept = {storable(name) for name in keep}
        vanished = [name for name in self.digests(source) if name not in kept]
        if not vanished:
            return 0
        with self._database.writing() as connection:
            issue_writing.lock_revision(connection)
            for name in vanished:
                ours = (documents.c.source == source) & (documents.c.document == name)
                connection.execute(sa.delete(documents).where(ours))
            keys = [key for name in vanished for key in _keys_of(connection, source, name)]
            return issue_writing.remove(connection, keys)

    # -- reading

    def get(self, key: str) -> KnownIssue:
        """The issue of ``key``.

        Raises:
            NotFound: there is none.
        """
        found = self.many([key])
        if key not in found:
            raise NotFound(f"There is no known issue {key!r}", "", "`mcp-rag search` finds known issues by their text")
        return found[key]

    def many(self, keys: Iterable[str]) -> dict[str, KnownIssue]:
        """Those of ``keys`` that exist, in the order asked."""
        asked = [key for key in dict.fromkeys(keys) if is_storable(key)]
        with self._database.reading() as connection:
            found = {issue.key: issue for issue in read_keys(connection, asked)}
        return {key: found[key] for key in asked if key in found}

    def all(self, sources: Sequence[str] = ()) -> Iterator[KnownIssue]:
        """Every issue (of ``sources``, when given) by key, read in pages: no transaction stays open between them."""
        last = ""
        while True:
            statement = select_issues().where(issues.c.key > last).order_by(issues.c.key).limit(_PAGE)
            with self._database.reading() as connection:
                rows = connection.execute(of_sources(statement, issues.c.source, sources)).all()
            yield from map(from_row, rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].key

    def titles(self, after: str = "", limit: int = 100, without_sources: Sequence[str] = ()) -> list[tuple[str, str]]:
        """(key, title) of the issues whose key comes after ``after``, by key: a page of all of them."""
        statement = sa.select(issues.c.key, issues.c.title).where(issues.c.key > storable(after))
        statement = statement.where(issues.c.source.not_in(list(without_sources))).order_by(issues.c.key).limit(limit)
        with self._database.reading() as connection:
            return [(key, title) for key, title in connection.execute(statement)]

    def count(self, sources: Sequence[str] = ()) -> int:
        statement = sa.select(sa.func.count()).select_from(issues)
        with self._database.reading() as connection:
            number: int = connection.execute(of_sources(statement, issues.c.source, sources)).scalar_one()
            return number

    def sources(self) -> list[tuple[str, int]]:
        """Every source with its number of issues, by name."""
        statement = sa.select(issues.c.source, sa.func.count()).group_by(issues.c.source).order_by(issues.c.source)
        with self._database.reading() as connection:
            return [(source, number) for source, number in connection.execute(statement)]

    def find(self, text: str) -> list[str]:
        """Keys that a person may mean by ``text``: that key, else issues of that id, else a key or id starting so.

        At most 20, in order; case counts for nothing in the last.
        """
        text = storable(text)
        start = text.lower()
        wanted: tuple[sa.ColumnElement[bool], ...] = (
            issues.c.key == text,
            issues.c.id == text,
            sa.func.lower(issues.c.key).startswith(start, autoescape=True)
            | sa.func.lower(issues.c.id).startswith(start, autoescape=True),
        )
        with self._database.reading() as connection:
            for condition in wanted:
                statement = sa.select(issues.c.key).where(condition).order_by(issues.c.key).limit(_FOUND)
                if keys := connection.execute(statement).scalars().all():
                    return list(keys)
        return []

    def origin(self, key: str) -> Origin:
        """Where the issue of ``key`` came from.

        Raises:
            NotFound: there is none.
        """
        columns = (issues.c.document, issues.c.learned_at, issues.c.revision)
        statement = sa.select(*columns).where(issues.c.key == storable(key))
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFound(f"There is no known issue {key!r}")
        return Origin(row.document, row.learned_at, row.revision)

    # -- documents

    def digest(self, source: str, document: str) -> str | None:
        """The digest under which ``document`` was learned; None when it has to be read (again)."""
        ours = (documents.c.source == storable(source)) & (documents.c.document == storable(document))
        with self._database.reading() as connection:
            return connection.execute(sa.select(documents.c.digest).where(ours)).scalar()

    def digests(self, source: str) -> dict[str, str | None]:
        """The same for every document of ``source``, in one query."""
        statement = sa.select(documents.c.document, documents.c.digest).where(documents.c.source == storable(source))
        with self._database.reading() as connection:
            return {row.document: row.digest for row in connection.execute(statement)}

    def _count_document(self, source: str, document: str) -> int:
        with self._database.reading() as connection:
            return len(_keys_of(connection, source, document))

    # -- following

    def revision(self) -> int:
        """The latest revision; 0 before the first write. It grows by one for each issue written or removed."""
        return self._counter("revision")

    def changes(self, after: int, limit: int = 1000) -> list[Change]:
        """The next at most ``limit`` changes above revision ``after``, oldest first, the latest of each key alone."""
        written = select_issues().where(issues.c.revision > after).order_by(issues.c.revision).limit(limit)
        buried = sa.select(tombstones).where(tombstones.c.revision > after)
        with self._database.reading() as connection:
            changes = [Change(row.revision, row.key, from_row(row)) for row in connection.execute(written)]
            removed = connection.execute(buried.order_by(tombstones.c.revision).limit(limit))
            changes += [Change(row.revision, row.key, None) for row in removed]
        return sorted(changes, key=lambda change: change.revision)[:limit]

    def patterns(self, sources: Sequence[str] | None = None) -> list[tuple[str, str]]:
        """(key, symptom) of every symptom pattern, by key and in an issue's own order; None: of all sources."""
        statement = sa.select(symptoms.c.key, symptoms.c.symptom).order_by(symptoms.c.key, symptoms.c.position)
        if sources is not None:
            statement = statement.where(symptoms.c.source.in_(sources))
        with self._database.reading() as connection:
            return [(key, symptom) for key, symptom in connection.execute(statement)]

    def patterns_revision(self) -> int:
        """Grows whenever :meth:`patterns` may answer differently."""
        return self._counter("patterns")

    def _counter(self, name: str) -> int:
        with self._database.reading() as connection:
            value: int = connection.execute(sa.select(counters.c.value).where(counters.c.name == name)).scalar_one()
            return value


def _without_repeats(texts: Mapping[str, tuple[str, KnownIssue]]) -> Iterator[dict[str, tuple[str, KnownIssue]]]:
    """(document, issue) by key, in as few parts as keep an id that two documents have from meeting itself."""
    placed: dict[str, tuple[str, KnownIssue]] = {}
    for name, (_, issue) in texts.items():
        if issue.key in placed:
            yield placed
            placed = {}
        placed[issue.key] = name, issue
    yield placed


def _keys_of(connection: sa.Connection, source: str, document: str) -> Sequence[str]:
    ours = (issues.c.source == source) & (issues.c.document == document)
    return connection.execute(sa.select(issues.c.key).where(ours)).scalars().all()
