"""Values and filters → what an engine can be told safely.

Milvus Lite cannot take a newline in an expression, quotes or backslashes in a primary key, and some of its failures
end the engine. So every stored key and scalar is percent-encoded: what reaches an expression is made of
``[A-Za-z0-9._~:/@+-]`` and ``%`` alone, in every engine alike, and nothing is left to inject.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from mcp_rag.errors import KnowledgeError
from mcp_rag.knowledge.index import IndexFilter

SAFE = ":/@+"
"""Kept readable beside letters, digits and ``_.-~``; none of them means anything inside a Milvus string."""

MAX_VALUE_BYTES = 4096
"""Of an encoded key or scalar. By eye: a path or URL fits, and a filter of many stays a short expression."""


def encode_value(value: str) -> str:
    """A key or scalar as it is stored. Any string works, lone surrogates too.

    Raises:
        KnowledgeError: longer than ``MAX_VALUE_BYTES`` when encoded.
    """
    encoded = quote(value, safe=SAFE, errors="surrogatepass")
    if len(encoded) > MAX_VALUE_BYTES:
        raise KnowledgeError(
            f"The value {value[:40]!r}… is too long for the index",
            f"{len(encoded)} bytes when encoded, of {MAX_VALUE_BYTES} allowed",
            "Shorten the id, source, language or package",
        )
    return encoded


def decode_value(stored: str) -> str:
    """The inverse of ``encode_value``."""
    return unquote(stored, errors="surrogatepass") if "%" in stored else stored


def membership(field: str, values: Iterable[str], negated: bool = False) -> str:
    """``field in [...]`` over plain values."""
    literals = ",".join(f'"{encode_value(value)}"' for value in sorted(set(values)))
    return f"{field} {'not in' if negated else 'in'} [{literals}]"


def filter_expression(asked: IndexFilter) -> str:
    """The filter in Milvus' language; empty when it asks nothing."""
    parts = [
        membership("source", asked.sources) if asked.sources else "",
        membership("source", asked.without_sources, negated=True) if asked.without_sources else "",
        membership("language", asked.languages) if asked.languages else "",
        membership("package", asked.packages) if asked.packages else "",
    ]
    return " and ".join(part for part in parts if part)
