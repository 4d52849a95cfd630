"""The index in memory: exact, forgotten at exit; the twin of the Milvus index."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from mcp_rag.knowledge.embedder import Vectors
from mcp_rag.knowledge.entry_checks import check_queries, distinct_entries, split_tokens
from mcp_rag.knowledge.index import (
    BM25_CHANNELS,
    DENSE_CHANNELS,
    Hit,
    IndexEntry,
    IndexFilter,
    IndexQuery,
    IndexStatus,
)

K1, B = 1.2, 0.75
"""Term saturation and length normalisation of BM25: Milvus' defaults, from Robertson and Zaragoza (2009)."""


class MemoryIndex:
    """A ``KnowledgeIndex`` of vectors of ``dimension`` numbers made by ``model``; safe to share between threads."""

    def __init__(self, model: str, dimension: int) -> None:
        self._model, self._dimension = model, dimension
        self._entries: dict[str, IndexEntry] = {}
        self._lock = Lock()

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        """Put entries in, replacing those of the same key.

        Raises:
            KnowledgeError: a vector does not fit; nothing was written.
        """
        checked = distinct_entries(entries, self._dimension)
        with self._lock:
            self._entries.update({entry.key: entry for entry in checked})

    def delete(self, keys: Sequence[str]) -> None:
        """Take entries out; keys that are not there are no error."""
        with self._lock:
            for key in keys:
                self._entries.pop(key, None)

    def search(self, queries: Sequence[IndexQuery]) -> list[Mapping[str, list[Hit]]]:
        """Hits by channel for each query, best first; equal scores in the order of their keys."""
        check_queries(queries, self._dimension)
        with self._lock:
            entries = list(self._entries.values())
        return [_search_one(entries, query) for query in queries]

    def status(self) -> IndexStatus:
        """What the index says of itself."""
        return IndexStatus("memory", "memory", len(self._entries), self._model, self._dimension)


def _search_one(entries: Sequence[IndexEntry], query: IndexQuery) -> Mapping[str, list[Hit]]:
    found: dict[str, list[Hit]] = {}
    allowed = [_passes(entry, query.filter) for entry in entries]
    if query.dense is not None:
        for channel in (c for c in DENSE_CHANNELS if c in query.channels):
            found[channel] = _best(entries, allowed, _similarities(entries, channel, query.dense), query.limit)
    if words := split_tokens(query.tokens):
        for channel in (c for c in BM25_CHANNELS if c in query.channels):
            scores = _bm25(entries, channel, words)
            matched = [ok and score > 0 for ok, score in zip(allowed, scores, strict=True)]
            found[channel] = _best(entries, matched, scores, query.limit)
    return found


def _passes(entry: IndexEntry, asked: IndexFilter) -> bool:
    return (
        (not asked.sources or entry.source in asked.sources)
        and entry.source not in asked.without_sources
        and (not asked.languages or entry.language in asked.languages)
        and (not asked.packages or entry.package in asked.packages)
    )


def _best(entries: Sequence[IndexEntry], allowed: Sequence[bool], scores: Sequence[float], limit: int) -> list[Hit]:
    hits = [Hit(e.key, float(s)) for e, ok, s in zip(entries, allowed, scores, strict=True) if ok]
    return sorted(hits, key=lambda hit: (-hit.score, hit.key))[: max(limit, 0)]


def _similarities(entries: Sequence[IndexEntry], channel: str, vector: Vectors) -> list[float]:
    if not entries:
        return []
    rows = np.stack([entry.dense if channel == "dense" else entry.dense_head for entry in entries])
    return [float(value) for value in rows @ vector]


def _bm25(entries: Sequence[IndexEntry], channel: str, words: Sequence[str]) -> list[float]:
    """Milvus' BM25: its counts are of all entries, those that a filter shuts out too; repeated words count again."""
    bags = [Counter(split_tokens(e.tokens if channel == "bm25" else e.head_tokens)) for e in entries]
    lengths = [bag.total() for bag in bags]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    wanted = Counter(words)
    weights = {word: count * _rarity(bags, word) for word, count in wanted.items()}
    return [
        sum(weight * _saturated(bag[word], length, mean) for word, weight in weights.items() if word in bag)
        for bag, length in zip(bags, lengths, strict=True)
    ]


def _rarity(bags: Sequence[Counter[str]], word: str) -> float:
    holders = sum(word in bag for bag in bags)
    return math.log(1 + (len(bags) - holders + 0.5) / (holders + 0.5))


def _saturated(count: int, length: int, mean: float) -> float:
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / mean))
