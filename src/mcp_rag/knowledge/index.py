"""The seam to the vector index, and the values that cross it.

The index is a follower of the ledger: it may be thrown away and rebuilt at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mcp_rag.knowledge.embedder import Vectors

DENSE_CHANNELS = ("dense", "dense_head")
"""Vector views of an entry: its whole text; its head (title and symptoms, or the first paragraph)."""

BM25_CHANNELS = ("bm25", "bm25_head")
"""The same two views as code-aware tokens, already split and joined by single spaces."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One known issue as the index stores it. Vectors have the embedder's dimension and length 1."""

    key: str
    source: str
    language: str
    package: str
    tokens: str
    head_tokens: str
    dense: Vectors
    dense_head: Vectors


@dataclass(frozen=True, slots=True)
class IndexFilter:
    """Equalities and memberships on an entry's scalar fields; an empty tuple asks nothing."""

    sources: tuple[str, ...] = ()
    without_sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """What to look for: a vector for the dense channels, tokens for the BM25 ones; empty skips them."""

    dense: Vectors | None = None
    tokens: str = ""
    limit: int = 50
    channels: tuple[str, ...] = DENSE_CHANNELS + BM25_CHANNELS
    filter: IndexFilter = IndexFilter()


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry's score in one channel: cosine similarity, or BM25 (≥ 0); higher is nearer."""

    key: str
    score: float


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What the index says of itself. ``missing_channels`` are those that its engine cannot do."""

    engine: str
    collection: str
    entries: int
    model: str
    dimension: int
    missing_channels: tuple[str, ...] = ()


class KnowledgeIndex(Protocol):
    """Entries in, ranked hits out. Writes are idempotent by key and durable when they return."""

    def upsert(self, entries: Sequence[IndexEntry]) -> None: ...

    def delete(self, keys: Sequence[str]) -> None: ...

    def search(self, queries: Sequence[IndexQuery]) -> list[Mapping[str, list[Hit]]]:
        """Hits by channel for each query, best first. Channels that the engine lacks are absent."""
        ...

    def status(self) -> IndexStatus: ...
