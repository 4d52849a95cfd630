"""Entries in, ranked hits out, on Milvus."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import RLock
from typing import Any, Self, TypeVar

from mcp_rag.errors import IndexUnavailable, KnowledgeError
from mcp_rag.knowledge.entry_checks import check_queries, distinct_entries
from mcp_rag.knowledge.index import (
    BM25_CHANNELS,
    DENSE_CHANNELS,
    Hit,
    IndexEntry,
    IndexQuery,
    IndexStatus,
)
from mcp_rag.knowledge.milvus.connection import CALL_SECONDS, CollectionGone, Gone, MilvusConnection, reported
from mcp_rag.knowledge.milvus.engine import BrokenEngine
from mcp_rag.knowledge.milvus.expressions import decode_value, filter_expression, membership
from mcp_rag.knowledge.milvus.link import Link
from mcp_rag.knowledge.milvus.locks import Notify
from mcp_rag.knowledge.milvus.schema import (
    Memory,
    collection_name,
    create_indexes,
    create_schema,
    cut_tokens,
    row_of,
)

ALL_CHANNELS = DENSE_CHANNELS + BM25_CHANNELS

SEARCH_CONSISTENCY = "Session"
"""A search sees all that its own process wrote. ``Strong`` costs a server's time tick, 0.2 s, at every call."""

ROWS_PER_CALL = 1_000
"""Entries written, and keys deleted, at once; under gRPC's usual limits with 2 × 1,024 numbers an entry."""

QUERIES_PER_CALL = 128
"""By eye: its hits (50 each in four channels) stay under a few megabytes."""

CALLS_AT_ONCE = 2
"""Calls of one search that an engine answers side by side. Chosen by eye: a laptop has a core for each."""

MAX_LIMIT = 16_384
"""Most hits that Milvus gives for one query."""

LOAD_SECONDS = 600.0
"""Longest wait for a collection to be loaded. Milvus Lite takes 0.09 ms a row: five million rows."""

ATTEMPTS = 5
"""Connections tried for one operation when engines die under it. By eye."""

Answer = TypeVar("Answer")


class MilvusIndex:
    """A ``KnowledgeIndex`` in the Milvus that ``connection`` names; opened at its first use, safe between threads.

    Every operation is idempotent, so one that loses its engine is simply done again with the next one.
    """

    def __init__(
        self,
        connection: MilvusConnection,
        collection: str,
        model: str,
        dimension: int,
        *,
        notify: Notify = lambda _: None,
    ) -> None:
        self._connection = connection
        self._collection = collection_name(collection)
        self._memory = Memory(model, dimension)
        self._notify = notify
        self._link = Link(connection, notify)
        self._lock = RLock()
        self._opened: tuple[Any, tuple[str, ...]] | None = None

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        """Put entries in, replacing those of the same key; durable and searchable on return.

        Raises:
            KnowledgeError: a vector does not fit (nothing was written), or Milvus refused or is gone.
        """
        checked = distinct_entries(entries, self._memory.dimension)
        for start in range(0, len(checked), ROWS_PER_CALL):
            batch = checked[start : start + ROWS_PER_CALL]

            def write(client: Any, channels: tuple[str, ...], batch: list[IndexEntry] = batch) -> None:
                rows = [row_of(entry, channels) for entry in batch]
                with self._link.writing():
                    client.upsert(self._collection, rows, timeout=CALL_SECONDS)
                    self._link.make_durable(client, self._collection)

            self._do(write)

    def delete(self, keys: Sequence[str]) -> None:
        """Take entries out; keys that are not there are no error. Durable on return."""
        distinct = sorted(set(keys))
        for start in range(0, len(distinct), ROWS_PER_CALL):
            expression = membership("key", distinct[start : start + ROWS_PER_CALL])

            def write(client: Any, _: tuple[str, ...], expression: str = expression) -> None:
                with self._link.writing():
                    client.delete(self._collection, filter=expression, timeout=CALL_SECONDS)
                    self._link.make_durable(client, self._collection)

            self._do(write)

    def search(self, queries: Sequence[IndexQuery]) -> list[Mapping[str, list[Hit]]]:
        """Hits by channel for each query, best first; one call a channel for all queries with the same filter."""
        check_queries(queries, self._memory.dimension)
        found: list[dict[str, list[Hit]]] = [{} for _ in queries]
        calls = [
            (channel, numbers[start : start + QUERIES_PER_CALL], expression, limit)
            for channel in ALL_CHANNELS
            for (expression, limit), numbers in _alike(queries, channel).items()
            for start in range(0, len(numbers), QUERIES_PER_CALL)
        ]

        def ask(channel: str, numbers: Sequence[int], expression: str, limit: int) -> list[list[Hit]] | None:
            data = [_datum(queries[number], channel) for number in numbers]
            return self._do(self._asking(channel, data, expression, limit))

        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            answers = pool.map(lambda call: ask(*call), calls) if len(calls) > 1 else (ask(*call) for call in calls)
            for (channel, numbers, _, _), hits in zip(calls, answers, strict=True):
                for number, of_one in zip(numbers, hits or (), strict=hits is not None):
                    found[number][channel] = of_one
        return list(found)

    def status(self) -> IndexStatus:
        """What the index says of itself."""
        channels = self._do(lambda client, channels: channels)
        return IndexStatus(
            engine=self._do(lambda client, _: self._link.engine_name(client)),
            collection=self._collection,
            entries=self._do(lambda client, _: _count(client, self._collection)),
            model=self._memory.model,
            dimension=self._memory.dimension,
            missing_channels=tuple(c for c in ALL_CHANNELS if c not in channels),
        )

    def close(self) -> None:
        """Let go of the engine or server. The next operation opens it again."""
        with self._lock:
            self._opened = None
            self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asking(
        self, channel: str, data: list[Any], expression: str, limit: int
    ) -> Callable[[Any, tuple[str, ...]], list[list[Hit]] | None]:
        def ask(client: Any, channels: tuple[str, ...]) -> list[list[Hit]] | None:
            if channel not in channels:
                return None
            if limit <= 0:
                return [[] for _ in data]
            try:
                with reported(self._connection):
                    answer = client.search(
                        self._collection,
                        data=data,
                        anns_field=channel,
                        filter=expression,
                        limit=min(limit, MAX_LIMIT),
                        consistency_level=SEARCH_CONSISTENCY,
                        search_params=self._link.search_parameters(channel, limit),
                        timeout=CALL_SECONDS,
                    )
            except (Gone, CollectionGone, IndexUnavailable):
                raise
            except KnowledgeError:
                # Milvus Lite 2.5.1 divides by the mean length of no entries.
                if _count(client, self._collection):
                    raise
                return [[] for _ in data]
            return [_hits(of_one, channel) for of_one in answer]

        return ask

    def _do(self, operation: Callable[[Any, tuple[str, ...]], Answer]) -> Answer:
        """Do ``operation`` on the open collection, again when its engine died or the collection was dropped."""
        attempt = 0
        while True:
            attempt, client = attempt + 1, None
            try:
                client = self._link.client()
                with reported(self._connection):
                    return operation(client, self._channels(client))
            except (Gone, CollectionGone):
                self._forget(client)
                if attempt == ATTEMPTS:
                    raise

    def _forget(self, client: Any) -> None:
        with self._lock:
            self._opened = None
        self._link.drop_client(client)

    def _channels(self, client: Any) -> tuple[str, ...]:
        """The open collection's channels; opens it when ``client`` has not yet."""
        with self._lock:
            if self._opened is None or self._opened[0] is not client:
                self._opened = (client, self._open_collection(client))
            return self._opened[1]

    def _open_collection(self, client: Any) -> tuple[str, ...]:
        if not client.has_collection(self._collection, timeout=CALL_SECONDS):
            with self._link.writing():
                if not client.has_collection(self._collection, timeout=CALL_SECONDS):
                    self._create(client)
        kept = _memory_of(client, self._collection)
        kept.require(self._memory, self._collection)
        started = time.monotonic()
        client.load_collection(self._collection, timeout=LOAD_SECONDS)
        self._link.keep_loaded(time.monotonic() - started)
        return kept.channels

    def _create(self, client: Any) -> None:
        """Create the collection with as many channels as this Milvus takes, fewer each time that it refuses."""
        ladder = self._link.possible_channels(client)
        for number, channels in enumerate(ladder, 1):
            try:
                with reported(self._connection):
                    self._create_with(client, replace(self._memory, channels=channels))
            except IndexUnavailable:
                raise
            except KnowledgeError:
                client.drop_collection(self._collection, timeout=CALL_SECONDS)
                if number == len(ladder):
                    raise
            else:
                return

    def _create_with(self, client: Any, memory: Memory) -> None:
        client.create_collection(
            self._collection,
            schema=create_schema(client, memory),
            consistency_level="Strong",
            timeout=CALL_SECONDS,
        )
        indexes = create_indexes(client, memory.channels, self._link.embedded)
        # Not waited for: pymilvus looks for the end of it in steps of half a second.
        client.create_index(self._collection, indexes, sync=False, timeout=CALL_SECONDS)


def drop_collection(connection: MilvusConnection, collection: str, *, notify: Notify = lambda _: None) -> None:
    """Throw a collection of this program away; an embedded database that cannot be opened goes as a whole.

    Raises:
        KnowledgeError: the collection was not made by this program, or Milvus refused or is gone.
    """
    name = collection_name(collection)
    link = Link(connection, notify)
    try:
        try:
            client = link.client()
        except BrokenEngine:
            link.discard()
            return
        with reported(connection), link.writing():
            if client.has_collection(name, timeout=CALL_SECONDS):
                _memory_of(client, name)  # refuses what is not ours
                client.drop_collection(name, timeout=CALL_SECONDS)
    finally:
        link.close()


def _memory_of(client: Any, collection: str) -> Memory:
    described = client.describe_collection(collection, timeout=CALL_SECONDS)
    return Memory.from_description(described["description"], collection)


def _count(client: Any, collection: str) -> int:
    return int(client.query(collection, filter="", output_fields=["count(*)"], timeout=CALL_SECONDS)[0]["count(*)"])


def _alike(queries: Sequence[IndexQuery], channel: str) -> dict[tuple[str, int], list[int]]:
    """The numbers of the queries that ask ``channel``, by filter and limit."""
    groups: dict[tuple[str, int], list[int]] = {}
    for number, query in enumerate(queries):
        given = query.dense is not None if channel in DENSE_CHANNELS else bool(cut_tokens(query.tokens))
        if given and channel in query.channels:
            groups.setdefault((filter_expression(query.filter), query.limit), []).append(number)
    return groups


def _datum(query: IndexQuery, channel: str) -> Any:
    return query.dense if channel in DENSE_CHANNELS else cut_tokens(query.tokens)


def _hits(found: Any, channel: str) -> list[Hit]:
    """An answer's hits. Lite 3 gives BM25 scores below zero."""
    dense = channel in DENSE_CHANNELS
    # The columns, not pymilvus' hits: each of those is a mapping of its own, which takes four times as long to read.
    scored = [
        (-(score if dense else abs(score)), decode_value(key))
        for key, score in zip(found.ids, found.distances, strict=True)
    ]
    return [Hit(key, -score) for score, key in sorted(scored)]
