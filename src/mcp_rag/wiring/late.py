"""The embedding model and the vector index, opened at their first use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mcp_rag import librarian
from mcp_rag.knowledge.embedder import Embedder, Vectors
from mcp_rag.knowledge.index import Hit, IndexEntry, IndexQuery, IndexStatus, KnowledgeIndex
from mcp_rag.knowledge.remembered_vectors import RememberedVectors
from mcp_rag.knowledge.together import Together
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.knowledge.milvus import MilvusConnection

COUNTED_SECONDS = 1.0
"""So long an index counts as whole after its entries were counted: what another process throws away is missed no longer.
Counting takes as long as a tenth of a search. Chosen by eye."""

ASKED_TOGETHER = 48
"""Texts or queries of different callers in one batch: sixteen searches of three views each. Chosen by eye."""

Tell = Callable[[str], None]
Lockable = AbstractContextManager[object]
BringUp = Callable[[KnowledgeIndex, str, Lockable, librarian.Progress, bool], None]


class LateEmbedder:
    """An embedder that is opened at its first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Embedder | None = None
        self._opening = Lock()
        together = Together[str, Any](lambda texts: list(self._embedder().embed_queries(texts)), ASKED_TOGETHER)
        self._remembered = RememberedVectors(together.ask)

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
        return self._embedder().embed(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._remembered(texts) if texts else self._embedder().embed_queries(texts)


class LateIndex:
    """A Milvus index, opened at its first use and brought up to the ledger before its first search.

    ``bring_up`` does that, given the index, the name of its place, a lock against other processes, whom to tell, and
    whether the index was found whole a moment ago.
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
        self._bring_up, self._whole_until = bring_up, 0.0
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
        if time.monotonic() < self._whole_until:
            self._follow(is_counted=True)
        else:
            self.follow()
        return self._index().search(queries)

    def follow(self, progress: librarian.Progress = lambda done, total: None) -> None:
        """Bring the index up to what the ledger holds."""
        self._follow(progress)
        self._whole_until = time.monotonic() + COUNTED_SECONDS

    def _follow(self, progress: librarian.Progress = lambda done, total: None, *, is_counted: bool = False) -> None:
        from filelock import FileLock

        settings = self._settings
        place = f"{settings.milvus_uri or 'home'} {self._collection} {settings.embedding_model}"
        lock = FileLock(settings.home / "follow.lock")
        self._bring_up(self._index(), place, lock, progress, is_counted)

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
        closing, self._opened, self._whole_until = self._opened, None, 0.0
        close = getattr(closing, "close", None)
        if close is not None:
            close()


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
