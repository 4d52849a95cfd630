"""A client and what is different between an embedded Milvus and a server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from mcp_rag.errors import UnsupportedByEngine
from mcp_rag.knowledge.index import BM25_CHANNELS, DENSE_CHANNELS
from mcp_rag.knowledge.milvus.connection import (
    CALL_SECONDS,
    MilvusConnection,
    connect,
    import_pymilvus,
    reported,
)
from mcp_rag.knowledge.milvus.engine import EmbeddedEngine, engine_of
from mcp_rag.knowledge.milvus.locks import Notify, held

FIRST_VERSION_WITH_TWO_VECTORS = (2, 4)
"""Milvus 2.3 takes one vector field a collection."""

FIRST_VERSION_WITH_BM25 = (2, 5)
"""Milvus 2.5 brought full-text search; 2.3 takes a sparse field silently and fails at the first insert."""

MIN_EF = 128
"""Breadth of a search in HNSW, at least twice the hits that are asked for. By eye."""

WORTH_LINGERING_SECONDS = 0.3
"""A load that takes longer, some 3,000 entries, is felt at every command. By eye."""


class Link:
    """The way to one Milvus, opened at its first use and again after it was dropped or the process forked."""

    def __init__(self, connection: MilvusConnection, notify: Notify) -> None:
        self.connection = connection
        self._notify = notify
        self._lock = RLock()
        self._client: Any = None
        self._engine: EmbeddedEngine | None = None
        self._process = os.getpid()

    @property
    def embedded(self) -> bool:
        return self.connection.home is not None

    def client(self) -> Any:
        """The connected client.

        Raises:
            IndexUnavailable: nobody answers, or the embedded engine cannot be started.
        """
        with self._lock:
            if self._process != os.getpid():
                self._client, self._engine, self._process = None, None, os.getpid()
            if self._client is None:
                self._client = self._connect()
            return self._client

    def drop_client(self, client: Any) -> None:
        """Connect anew at the next use, if ``client`` is still the one in use."""
        with self._lock:
            if client is not None and client is self._client:
                self._client = None
                client.close()

    def close(self) -> None:
        """Let go of the client, and of this process's share in the embedded engine."""
        with self._lock:
            if self._process == os.getpid():
                self.drop_client(self._client)
                if self._engine is not None:
                    self._engine.leave()
            self._client, self._engine = None, None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among the writers of an embedded Milvus, in this process and the others; a server sees to it itself."""
        if self._engine is None:
            with self._lock:
                yield
            return
        with held(self._engine.folder / "write.lock", self._notify):
            yield

    def make_durable(self, client: Any, collection: str) -> None:
        """See that what was written survives a kill: a server's log does it itself, and its flush is rationed."""
        if self.embedded:
            client.flush(collection, timeout=CALL_SECONDS)

    def keep_loaded(self, load_seconds: float) -> None:
        """After a slow load, spare the next process the same."""
        if self._engine is not None and load_seconds > WORTH_LINGERING_SECONDS:
            self._engine.keep_loaded(self.connection.linger_seconds)

    def possible_channels(self, client: Any) -> list[tuple[str, ...]]:
        """The sets of channels to try on this Milvus, the fullest first. Its version rules out what an older one takes
        silently and cannot do; what else it cannot do, such as Milvus Lite 3's lack of a whitespace tokenizer, shows
        when it refuses."""
        everything = DENSE_CHANNELS + BM25_CHANNELS
        if self.embedded:
            return [everything]
        version = self._version(client)
        ladder: list[tuple[str, ...]] = [DENSE_CHANNELS[:1]]
        if version >= FIRST_VERSION_WITH_TWO_VECTORS:
            ladder.insert(0, DENSE_CHANNELS)
        if version >= FIRST_VERSION_WITH_BM25:
            ladder.insert(0, everything)
        return ladder

    def engine_name(self, client: Any) -> str:
        """For people: which Milvus this is."""
        if not self.embedded:
            return f"Milvus {self._version_text(client)} at {self.connection.place}"
        from importlib.metadata import version

        return f"Milvus Lite {version('milvus-lite')}"

    def search_parameters(self, channel: str, limit: int) -> dict[str, Any]:
        """How wide to search the server's HNSW graph; Milvus Lite's FLAT takes no parameters."""
        if self.embedded or channel not in DENSE_CHANNELS:
            return {}
        return {"params": {"ef": max(MIN_EF, 2 * limit)}}

    def discard(self) -> None:
        """Throw the whole embedded database away."""
        if self._engine is not None:
            self._engine.discard(self._notify)

    def _connect(self) -> Any:
        if self.connection.home is None:
            return connect(self.connection, self.connection.uri)
        if self._engine is None:
            self._engine = engine_of(Path(self.connection.home) / "index")
        address = self._engine.address(self._notify)
        return connect(self.connection, address)

    def _version_text(self, client: Any) -> str:
        import_pymilvus()
        try:
            with reported(self.connection):
                return str(client.get_server_version(timeout=CALL_SECONDS))
        except UnsupportedByEngine:
            return "of unknown version"

    def _version(self, client: Any) -> tuple[int, int]:
        found = re.match(r"v?(\d+)\.(\d+)", self._version_text(client))
        return (int(found[1]), int(found[2])) if found else FIRST_VERSION_WITH_BM25
