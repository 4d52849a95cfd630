"""A home's parts put together, and a team's inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_rag import librarian
from mcp_rag.assistant import Assistant
from mcp_rag.conversation import Event, Turn, converse, never
from mcp_rag.doctor import known_files
from mcp_rag.errors import LedgerError
from mcp_rag.intake import redactor_of
from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.index import IndexStatus, KnowledgeIndex
from mcp_rag.knowledge.search import KnowledgeBase, query_from_text
from mcp_rag.ledger import Ledger
from mcp_rag.records import Evidence
from mcp_rag.settings import Settings, find_upward
from mcp_rag.wiring import chats
from mcp_rag.wiring.around import environment_versions
from mcp_rag.wiring.late import LateEmbedder, LateIndex, Lockable, Tell

if TYPE_CHECKING:
    from mcp_rag.knowledge.incident_search import FoundIncident

DEFAULT_TEAM = "default"
"""The team whose house is the home itself: everybody's, where nobody named another."""

TEAMS = "teams"
"""Folder in a home that holds the houses of its teams."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts of one home, put together."""

    settings: Settings
    ledger: Ledger
    knowledge: KnowledgeBase
    assistant: Assistant
    index: LateIndex
    incident_index: LateIndex
    embedder: Embedder

    def search(self, texts: Sequence[str], limit: int) -> list[list[Evidence]]:
        """The ranked known issues for each text."""
        redact = redactor_of(self.settings)
        return self.knowledge.search_many([query_from_text(redact(text)) for text in texts], limit)

    def search_incidents(self, text: str, limit: int) -> list[FoundIncident]:
        """Earlier failures, nearest to ``text`` first."""
        from mcp_rag.knowledge.incident_search import search_incidents

        safe = redactor_of(self.settings)(text)
        return search_incidents(safe, limit, self.ledger, self.incident_index, self.embedder)

    def converse(
        self, incident: str, question: str, history: Sequence[Turn] = (), *, may_open: Callable[[Path], bool] = never
    ) -> Iterator[Event]:
        """The events of an answer to ``question`` about an incident; see :func:`mcp_rag.conversation.converse`."""
        return converse(self.assistant, incident, question, history, may_open=may_open)

    def rebuild(self, progress: librarian.Progress) -> IndexStatus:
        """Throw both indexes away; that of the known issues is made anew from the ledger, the other when it is used."""
        self.incident_index.drop()
        self.index.drop()
        self.index.follow(progress)
        return self.index.status()


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of a home alone, for work that needs no knowledge.

    Raises:
        LedgerError: the home cannot be created, or its ledger not be opened.
    """
    _create_home(settings.home)
    return Ledger.open(settings.ledger_location)


@contextmanager
def open_house(
    settings: Settings, tell: Tell = lambda _: None, *, environment: str | None = None, use_chat: bool = True
) -> Iterator[House]:
    """Open the home that the settings name, creating it when absent, and close it afterwards.

    Raises:
        LedgerError: the home cannot be created, or its ledger not be opened.
    """
    _create_home(settings.home)
    with Ledger.open(settings.ledger_location) as ledger:
        shut_out = _keep_shipped_and_project(ledger, settings, tell)
        embedder = LateEmbedder(settings)
        with _furnished(settings, ledger, embedder, shut_out, tell, settings.home, environment, use_chat) as house:
            yield house


@contextmanager
def open_team_house(root: House, team: str, tell: Tell = lambda _: None, *, use_chat: bool = True) -> Iterator[House]:
    """Open the house of ``team`` inside the home of ``root``: its own ledger and its own collections.

    It shares what knows nothing of anybody's logs: the embedding model, and the Milvus engine or server. The known
    issues that ship are in its ledger too; those of the repository around the server are not.

    Raises:
        LedgerError: the home cannot be created, or its ledger not be opened.
    """
    from mcp_rag.ledger.partitions import create_partition

    settings = team_settings(root.settings, team)
    _create_home(settings.home)
    create_partition(root.settings.ledger_url, _identifier(team))
    with Ledger.open(settings.ledger_location) as ledger:
        if settings.starter:
            librarian.keep_starter(ledger, tell)
        shut_out = () if settings.starter else (librarian.STARTER,)
        home = root.settings.home
        with _furnished(settings, ledger, root.embedder, shut_out, tell, home, None, use_chat) as house:
            yield house


def teams_of(house: House) -> list[str]:
    """The teams inside the home of ``house``, by name: those that a token was ever made for, and those with a folder."""
    folder = house.settings.home / TEAMS
    beside = {place.name for place in folder.iterdir() if place.is_dir()} if folder.is_dir() else set()
    return sorted((beside | {token.team for token in house.ledger.tokens.list()}) - {DEFAULT_TEAM})


def team_settings(settings: Settings, team: str) -> Settings:
    """The settings of a team's house inside the home of ``settings``.

    A collection for each team, on a server too: Milvus counts BM25's document frequencies over a collection, so that
    in a partition a team's scores would depend on what the others know.
    """
    from mcp_rag.ledger.partitions import partition_url

    home = settings.home / TEAMS / team
    return replace(
        settings,
        home=home,
        ledger_url=partition_url(settings.ledger_url, _identifier(team), home),
        collection=f"{settings.collection}__{_identifier(team)}",
        incidents_collection=f"{settings.incidents_collection}__{_identifier(team)}",
    )


def _identifier(team: str) -> str:
    """``team`` as Milvus and PostgreSQL take it. A team's name holds no underscore, so no two become one."""
    return team.replace("-", "_")


@contextmanager
def _furnished(
    settings: Settings,
    ledger: Ledger,
    embedder: Embedder,
    shut_out: tuple[str, ...],
    tell: Tell,
    engine_home: Path,
    environment: str | None,
    use_chat: bool,
) -> Iterator[House]:
    """The parts on an open ledger, put together."""

    def follow(
        index: KnowledgeIndex, place: str, lock: Lockable, progress: librarian.Progress, is_counted: bool
    ) -> None:
        librarian.follow(ledger, index, embedder, place, lock, progress, is_counted)

    def follow_incidents(index: KnowledgeIndex, place: str, lock: Lockable, *_: object) -> None:
        librarian.follow_incidents(ledger, index, embedder, place, lock)

    index = LateIndex(settings, settings.collection, embedder, tell, follow, engine_home)
    seen = LateIndex(settings, settings.incidents_collection, embedder, tell, follow_incidents, engine_home)
    knowledge = KnowledgeBase(ledger, index, embedder, without_sources=shut_out)
    assistant = Assistant(
        ledger=ledger,
        knowledge=knowledge,
        settings=settings,
        redact=redactor_of(settings),
        versions=environment_versions(environment),
        chat=chats.chat(settings, ledger) if use_chat else None,
        hard_chat=chats.hard_chat(settings, ledger) if use_chat else None,
    )
    try:
        yield House(settings, ledger, knowledge, assistant, index, seen, embedder)
    finally:
        index.close()
        seen.close()


def files_in_force(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """(source, name, text) of the known issues that ship, unless they are off, and of the repository around us."""
    if settings.starter:
        yield from librarian.starter_files()
    folder = find_upward(librarian.PROJECT_FOLDER, Path.cwd())
    if folder is not None and folder.is_dir():
        yield from known_files(folder, f"{librarian.PROJECT_PREFIX}{folder.parent.parent}")


def _create_home(home: Path) -> None:
    """A home that is made here is its owner's alone: it holds what logs said, and the key that signs sessions."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise LedgerError(
            f"The home folder {home} cannot be made", str(fault), "Set MCP_RAG_HOME to a folder that you may write"
        ) from fault


def _keep_shipped_and_project(ledger: Ledger, settings: Settings, tell: Tell) -> tuple[str, ...]:
    """Bring the shipped and the repository's known issues in; the sources that are not in force here."""
    here: str | None = None
    if settings.starter:
        librarian.keep_starter(ledger, tell)
    folder = find_upward(librarian.PROJECT_FOLDER, Path.cwd())
    if folder is not None and folder.is_dir():
        here = librarian.keep_project(ledger, folder, tell)
    elsewhere = [s for s, _ in ledger.issues.sources() if s.startswith(librarian.PROJECT_PREFIX) and s != here]
    return tuple(elsewhere) if settings.starter else (librarian.STARTER, *elsewhere)
