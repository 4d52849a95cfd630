"""What an entry or a query must be before any index takes it, whichever engine stands behind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcp_rag.errors import KnowledgeError
from mcp_rag.knowledge.embedder import Vectors
from mcp_rag.knowledge.index import IndexEntry, IndexQuery


def check_vector(vector: Vectors, dimension: int, whose: str) -> None:
    """Refuse what an engine would accept silently and never find again.

    Raises:
        KnowledgeError: the vector has another dimension, or holds a NaN or an infinity.
    """
    if vector.shape != (dimension,):
        raise KnowledgeError(
            f"The vector of {whose} has the shape {vector.shape}",
            f"the index holds vectors of {dimension} numbers",
            "Run `mcp-rag knowledge rebuild` if the embedding model was changed",
        )
    if not np.isfinite(vector).all():
        raise KnowledgeError(
            f"The vector of {whose} holds a NaN or an infinity",
            "the embedding model gave numbers that cannot be compared",
            "Check the model with `mcp-rag models` or choose another one",
        )


def distinct_entries(entries: Sequence[IndexEntry], dimension: int) -> list[IndexEntry]:
    """The checked entries, each key once: the last one given wins, as if they had been written in turn."""
    for entry in entries:
        check_vector(entry.dense, dimension, f"entry {entry.key!r}")
        check_vector(entry.dense_head, dimension, f"the head of entry {entry.key!r}")
    return list({entry.key: entry for entry in entries}.values())


def check_queries(queries: Sequence[IndexQuery], dimension: int) -> None:
    """Raises:
    KnowledgeError: a query's vector does not fit the index.
    """
    for query in queries:
        if query.dense is not None:
            check_vector(query.dense, dimension, "a query")


def split_tokens(tokens: str) -> list[str]:
    """The tokens as every engine counts them: lower-cased, split at white space."""
    return tokens.lower().split()
