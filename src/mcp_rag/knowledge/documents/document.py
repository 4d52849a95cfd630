"""What one document gave: its entries, and what was left out of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from mcp_rag.records import KnownIssue


@dataclass(frozen=True, slots=True)
class Document:
    """Entries learned at once. ``digest`` is of the bytes; ``skipped`` counts what was left out, by reason."""

    source: str
    name: str
    digest: str
    issues: tuple[KnownIssue, ...] = ()
    skipped: Counter[str] = field(default_factory=Counter)


def stable_id(text: str) -> str:
    """An id for an entry that brings none: from its content, so that it is the same when learned again."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
