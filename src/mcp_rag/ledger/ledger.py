"""The face of an open ledger: its nouns as attributes."""

from __future__ import annotations

from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from mcp_rag.ledger.database import Database
    from mcp_rag.ledger.values import Imported


class Ledger:
    """Known issues, incidents, outcomes, groupings, diagnoses, jobs' good runs, tokens, sessions and small state; safe to use
    from several threads and processes.

    What a method has written when it returns outlives a kill and a power cut. Every method raises
    ``LedgerError`` when the database fails.
    """

    def __init__(self, database: Database) -> None:
        from mcp_rag.ledger.diagnoses import Diagnoses
        from mcp_rag.ledger.good_runs import GoodRunRows
        from mcp_rag.ledger.groupings import Groupings
        from mcp_rag.ledger.incidents import Incidents
        from mcp_rag.ledger.issues import Issues
        from mcp_rag.ledger.outcomes import Outcomes
        from mcp_rag.ledger.sessions import SessionRows
        from mcp_rag.ledger.state import State
        from mcp_rag.ledger.tasks import Tasks
        from mcp_rag.ledger.tokens import Tokens
        from mcp_rag.ledger.usage import Usages

        self._database = database
        self.issues = Issues(database)
        self.incidents = Incidents(database)
        self.outcomes = Outcomes(database)
        self.groupings = Groupings(database)
        self.diagnoses = Diagnoses(database)
        self.good_runs = GoodRunRows(database)
        self.state = State(database)
        self.tasks = Tasks(database)
        self.tokens = Tokens(database)
        self.sessions = SessionRows(database)
        self.usage = Usages(database)

    @classmethod
    def open(cls, url: str) -> Self:
        """The ledger at an SQLAlchemy URL, created or brought up to date when need be.

        Raises:
            LedgerTooNew: a later version of the program wrote it.
            LedgerError: it cannot be opened, or is not a ledger.
            MissingExtra: PostgreSQL's driver is not installed.
        """
        from mcp_rag.ledger.opening import open_database

        return cls(open_database(url))

    @staticmethod
    def is_made(url: str) -> bool:
        """Whether there is a ledger at an SQLAlchemy URL; nothing is made to find out.

        Raises:
            LedgerTooNew, LedgerError, MissingExtra: as :meth:`open`.
        """
        from mcp_rag.ledger.opening import is_made

        return is_made(url)

    def close(self) -> None:
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def export(self, stream: IO[str]) -> int:
        """Write everything but ``state``, ``diagnoses``, ``good_runs``, ``tasks``, ``tokens``, ``sessions`` and ``usage`` as
        JSON lines; their number."""
        from mcp_rag.ledger.exporting import export

        return export(self._database, stream)

    def import_(self, stream: IO[str]) -> Imported:
        """Merge what :meth:`export` wrote: nothing is lost or doubled, of two wordings the later learned stays.

        Raises:
            InputError: a line cannot be used, or the end is missing; the line is named and nothing was written.
        """
        from mcp_rag.ledger.importing import import_

        return import_(self._database, stream)
