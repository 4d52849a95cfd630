"""The collection: its fields, its indexes, and what it remembers of the model that filled it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from mcp_rag.errors import KnowledgeError, ModelMismatch
from mcp_rag.knowledge.entry_checks import split_tokens
from mcp_rag.knowledge.index import BM25_CHANNELS, DENSE_CHANNELS, IndexEntry
from mcp_rag.knowledge.milvus.expressions import MAX_VALUE_BYTES, encode_value

SCHEMA_VERSION = 2
"""Raised whenever the fields or the way they are filled change: an older collection is then rebuilt."""

MAX_TOKEN_BYTES = 65_535
"""Longest VARCHAR of Milvus, in bytes. Milvus Lite 2.5.1 does not enforce it, a server does."""

ANALYZER = {"tokenizer": "whitespace", "filter": ["lowercase"]}
"""Tokens come split, so that every engine counts the same ones."""

TOKEN_FIELD = {"bm25": "tokens", "bm25_head": "head_tokens"}

REBUILD = "Run `mcp-rag knowledge rebuild` to make the index anew from what is known"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a collection remembers: how it was laid out, and by which embedding model it was filled."""

    model: str
    dimension: int
    schema: int = SCHEMA_VERSION
    channels: tuple[str, ...] = DENSE_CHANNELS + BM25_CHANNELS

    def to_description(self) -> str:
        return json.dumps({"made_by": "mcp-rag", **asdict(self)})

    @classmethod
    def from_description(cls, description: str, collection: str) -> Memory:
        """Raises:
        KnowledgeError: the collection is not of this program.
        """
        try:
            kept = json.loads(description)
            if kept["made_by"] == "mcp-rag":
                return cls(str(kept["model"]), int(kept["dimension"]), int(kept["schema"]), tuple(kept["channels"]))
        except (ValueError, TypeError, KeyError) as fault:
            raise _foreign(collection) from fault
        raise _foreign(collection)

    def require(self, wanted: Memory, collection: str) -> None:
        """Raises:
        ModelMismatch: the collection was made with another model, or by another version of its layout.
        """
        if self.schema != wanted.schema:
            why = f"its layout has version {self.schema}, this program writes version {wanted.schema}"
        elif (self.model, self.dimension) != (wanted.model, wanted.dimension):
            why = (
                f"it was made with {self.model} ({self.dimension} numbers), "
                f"now {wanted.model} ({wanted.dimension} numbers) is set"
            )
        else:
            return
        raise ModelMismatch(f"The collection {collection} does not fit the settings", why, REBUILD)


def _foreign(collection: str) -> KnowledgeError:
    return KnowledgeError(
        f"The collection {collection} was not made by mcp-rag",
        "its description does not say which model filled it",
        "Choose another name with MCP_RAG_COLLECTION",
    )


def collection_name(name: str) -> str:
    """The name as Milvus takes it: hyphens, which it does not allow, become underscores.

    Raises:
        KnowledgeError: no name for a Milvus collection (a letter or ``_``, then letters, digits, ``_``; at most 255).
    """
    milvus_name = name.replace("-", "_")
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,254}", milvus_name):
        return milvus_name
    raise KnowledgeError(
        f"{name!r} is no name for a Milvus collection",
        "it must be letters, digits and underscores, and not begin with a digit",
        "Choose another name with MCP_RAG_COLLECTION",
    )


def create_schema(client: Any, memory: Memory) -> Any:
    """The fields, and the functions that make the sparse vectors, for the remembered channels."""
    from pymilvus import DataType, Function, FunctionType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=memory.to_description())
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=MAX_VALUE_BYTES)
    for name in ("source", "language", "package"):
        schema.add_field(name, DataType.VARCHAR, max_length=MAX_VALUE_BYTES)
    for name in (c for c in DENSE_CHANNELS if c in memory.channels):
        schema.add_field(name, DataType.FLOAT_VECTOR, dim=memory.dimension)
    for name in (c for c in BM25_CHANNELS if c in memory.channels):
        text = TOKEN_FIELD[name]
        schema.add_field(
            text, DataType.VARCHAR, max_length=MAX_TOKEN_BYTES, enable_analyzer=True, analyzer_params=ANALYZER
        )
        schema.add_field(name, DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(f"{name}_of", FunctionType.BM25, input_field_names=[text], output_field_names=[name])
        )
    return schema


def create_indexes(client: Any, channels: tuple[str, ...], embedded: bool) -> Any:
    """Index parameters for ``channels``.

    Embedded: FLAT, exact. On a server: HNSW with the M and efConstruction that Milvus' guide recommends.
    """
    indexes = client.prepare_index_params()
    for name in (c for c in DENSE_CHANNELS if c in channels):
        if embedded:
            indexes.add_index(name, index_type="FLAT", metric_type="IP")
        else:
            indexes.add_index(name, index_type="HNSW", metric_type="IP", params={"M": 16, "efConstruction": 200})
    for name in (c for c in BM25_CHANNELS if c in channels):
        indexes.add_index(name, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    return indexes


def row_of(entry: IndexEntry, channels: tuple[str, ...]) -> dict[str, Any]:
    """The row that an entry becomes."""
    row: dict[str, Any] = {
        "key": encode_value(entry.key),
        "source": encode_value(entry.source),
        "language": encode_value(entry.language),
        "package": encode_value(entry.package),
        "dense": entry.dense,
        "dense_head": entry.dense_head,
        "tokens": cut_tokens(entry.tokens),
        "head_tokens": cut_tokens(entry.head_tokens),
    }
    kept = {
        "key",
        "source",
        "language",
        "package",
        *channels,
        *(TOKEN_FIELD[c] for c in BM25_CHANNELS if c in channels),
    }
    return {name: value for name, value in row.items() if name in kept}


def cut_tokens(tokens: str) -> str:
    """Tokens joined by single spaces, cut at a token's end to ``MAX_TOKEN_BYTES``."""
    joined = " ".join(split_tokens(tokens)).encode("utf-8", "replace")
    if len(joined) > MAX_TOKEN_BYTES:
        joined = joined[: MAX_TOKEN_BYTES + 1].rpartition(b" ")[0]
    return joined.decode("utf-8")
