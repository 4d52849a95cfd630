"""Builds the concrete parts from Settings: the only place where they are chosen.

The ledger opens at once; the embedding model and the vector index at their first use, because an answer that is
certain without them must not wait for their engines to start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mcp_rag import librarian
from mcp_rag.assistant import Assistant
from mcp_rag.conversation import Event, Turn, converse, never
from mcp_rag.doctor import known_files
from mcp_rag.errors import LedgerError
from mcp_rag.intake import redactor_of, source_of
from mcp_rag.knowledge.embedder import Embedder, Vectors
from mcp_rag.knowledge.index import Hit, IndexEntry, IndexQuery, IndexStatus, KnowledgeIndex
from mcp_rag.knowledge.search import KnowledgeBase, query_from_text
from mcp_rag.knowledge.together import Together
from mcp_rag.ledger import Ledger
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Tool, Window
from mcp_rag.records import Evidence
from mcp_rag.settings import Settings, find_upward

if TYPE_CHECKING:
    from mcp_rag.knowledge.incident_search import FoundIncident
    from mcp_rag.knowledge.milvus import MilvusConnection
    from mcp_rag.runs.surroundings import Surroundings

__all__ = [
    "House",
    "LateEmbedder",
    "LateIndex",
    "Tell",
    "environment_versions",
    "files_in_force",
    "open_house",
    "redactor_of",
    "source_of",
    "surroundings_of",
]

Tell = Callable[[str], None]

ASKED_TOGETHER = 48
"""Texts or queries of different callers in one batch: sixteen searches of three views each. Chosen by eye."""

TEAMS = "teams"
"""Folder in a home that holds the houses of its teams."""

Lockable = AbstractContextManager[object]
BringUp = Callable[[KnowledgeIndex, str, Lockable, librarian.Progress], None]


class LateEmbedder:
    """An embedder that is opened at its first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Embedder | None = None
        self._opening = Lock()
        self._together = Together[str, Any](lambda texts: list(self._embedder().embed(texts)), ASKED_TOGETHER)

    def _embedder(self) -> Embedder:
        with self._opening:
            if self._opened is None:
                from mcp_rag.knowledge.models import open_embedder

                self._opened = open_embedder(self._settings.embedding_model, self._settings.models_folder)
            return self._opened

    @property
    def name(self) -> str:
        return self._embedder().name

    @property
    def dimension(self) -> int:
        return self._embedder().dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not 0 < len(texts) <= ASKED_TOGETHER:  # documents that are learned: no query waits for them
            return self._embedder().embed(texts)
        import numpy as np

        return np.asarray(self._together.ask(texts))


class LateChat:
    """A chat model whose server is started at its first use."""

    def __init__(self, name: str, start: Callable[[], ChatModel]) -> None:
        self._name, self._start = name, start
        self._started: ChatModel | None = None
        self._starting = Lock()

    def _chat(self) -> ChatModel:
        with self._starting:
            if self._started is None:
                self._started = self._start()
            return self._started

    @property
    def name(self) -> str:
        return self._name

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        return self._chat().complete(messages, schema)

    def stream(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> Iterator[str | Reply]:
        return self._chat().stream(messages, tools)

    def window(self) -> Window:
        return self._chat().window()


class LateIndex:
    """A Milvus index, opened at its first use and brought up to the ledger before its first search.

    ``bring_up`` does that, given the index, the name of its place, a lock against other processes, and whom to tell.
    """

    def __init__(
        self,
        settings: Settings,
        collection: str,
        embedder: Embedder,
        tell: Tell,
        bring_up: BringUp,
        engine_home: Path,
    ) -> None:
        self._engine_home = engine_home
        self._settings, self._collection, self._embedder, self._tell = settings, collection, embedder, tell
        self._bring_up = bring_up
        self._opened: KnowledgeIndex | None = None
        self._opening = Lock()
        self._together = Together[IndexQuery, Mapping[str, list[Hit]]](self._answer, ASKED_TOGETHER)

    def _index(self) -> KnowledgeIndex:
        with self._opening:
            if self._opened is None:
                from mcp_rag.knowledge.milvus import MilvusIndex

                self._opened = MilvusIndex(
                    _connection(self._settings, self._engine_home),
                    self._collection,
                    self._embedder.name,
                    self._embedder.dimension,
                    notify=self._tell,
                )
            return self._opened

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        self._index().upsert(entries)

    def delete(self, keys: Sequence[str]) -> None:
        self._index().delete(keys)

    def status(self) -> IndexStatus:
        return self._index().status()

    def search(self, queries: Sequence[IndexQuery]) -> list[Mapping[str, list[Hit]]]:
        return self._together.ask(queries)

    def _answer(self, queries: Sequence[IndexQuery]) -> list[Mapping[str, list[Hit]]]:
        self.follow()
        return self._index().search(queries)

    def follow(self, progress: librarian.Progress = lambda done, total: None) -> None:
        """Bring the index up to what the ledger holds."""
        from filelock import FileLock

        settings = self._settings
        place = f"{settings.milvus_uri or 'home'} {self._collection} {settings.embedding_model}"
        lock = FileLock(settings.home / "follow.lock")
        self._bring_up(self._index(), place, lock, progress)

    def opened_entries(self) -> float:
        """How many entries it holds; not a number while it is not open, and nothing opens it for the question."""
        opened = self._opened
        return float(opened.status().entries) if opened is not None else float("nan")

    def drop(self) -> None:
        """Throw the collection away."""
        from mcp_rag.knowledge.milvus import drop_collection

        self.close()
        drop_collection(_connection(self._settings, self._engine_home), self._collection, notify=self._tell)

    def close(self) -> None:
        closing, self._opened = self._opened, None
        close = getattr(closing, "close", None)
        if close is not None:
            close()


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


def environment_versions(environment: str | None) -> Mapping[str, str]:
    """The versions of ``here`` (this Python's packages) or of a requirements or lock file; none of None."""
    from mcp_rag.knowledge.lock_files import versions_from_file
    from mcp_rag.knowledge.version_check import installed_versions

    if environment is None:
        return {}
    return installed_versions() if environment == "here" else versions_from_file(Path(environment))


def surroundings_of(settings: Settings, command: Sequence[str]) -> Surroundings:
    """What is around a command that is run here: what `mcp-rag run` remembers of it."""
    from mcp_rag.knowledge.lock_files import versions_from_file
    from mcp_rag.runs.surroundings import observe
    from mcp_rag.runs.variables import chosen

    redact = redactor_of(settings)
    variables = chosen(os.environ, settings.run_variables.split(","), redact)
    return observe(command, Path.cwd(), variables, versions_from_file, redact)


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

    def follow(index: KnowledgeIndex, place: str, lock: Lockable, progress: librarian.Progress) -> None:
        librarian.follow(ledger, index, embedder, place, lock, progress)

    def follow_incidents(index: KnowledgeIndex, place: str, lock: Lockable, _: librarian.Progress) -> None:
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
        chat=_chat(settings, ledger) if use_chat else None,
        hard_chat=_hard_chat(settings, ledger) if use_chat else None,
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
    try:
        home.mkdir(parents=True, exist_ok=True)
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


def _connection(settings: Settings, engine_home: Path) -> MilvusConnection:
    from mcp_rag.knowledge.milvus import MilvusConnection

    if not settings.milvus_uri:
        return MilvusConnection(home=engine_home)
    return MilvusConnection(
        uri=settings.milvus_uri,
        user=settings.milvus_user,
        password=settings.milvus_password,
        token=settings.milvus_token,
        database=settings.milvus_database,
        ca_file=settings.milvus_ca_file,
    )


def _chat(settings: Settings, ledger: Ledger) -> ChatModel | None:
    if not settings.chat_base_url:
        return None
    return _served(settings.chat_base_url, settings.chat_model, settings.chat_api_key, settings, ledger)


def _hard_chat(settings: Settings, ledger: Ledger) -> ChatModel | None:
    """The model for hard cases, where one is set."""
    url, model = settings.chat_hard_base_url, settings.chat_hard_model
    if not (url or (settings.chat_base_url and model)):
        return None
    key = settings.chat_hard_api_key or ("" if url else settings.chat_api_key)
    return _served(url or settings.chat_base_url, model, key, settings, ledger)


def _served(url: str, model: str, key: str, settings: Settings, ledger: Ledger) -> ChatModel:
    from mcp_rag.inference.embedded import SCHEME, EmbeddedServer
    from mcp_rag.reasoning.guarded_chat import GuardedChat
    from mcp_rag.reasoning.openai_chat import OpenAIChat

    seconds, tokens = settings.chat_timeout_seconds, settings.chat_context_tokens
    served: ChatModel
    if url.startswith(SCHEME):
        path = Path(url.removeprefix(SCHEME)).expanduser()
        server = EmbeddedServer(path, tokens)
        served = LateChat(
            model or path.stem, lambda: OpenAIChat(server.base_url, model or path.stem, "", seconds, tokens)
        )
    else:
        served = OpenAIChat(url, model, key, seconds, tokens)
    return GuardedChat(served, settings.chat_concurrency, settings.chat_timeout_seconds, ledger.usage.record)
