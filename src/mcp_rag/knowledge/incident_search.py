"""Incidents in an index of their own: earlier failures, found by what they said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.index import IndexEntry, KnowledgeIndex
from mcp_rag.knowledge.lookup import EMBEDDED_CHARACTERS, look_up
from mcp_rag.knowledge.queries import query_from_text
from mcp_rag.knowledge.ranking import CANDIDATES, cosines, fuse
from mcp_rag.knowledge.tokens import index_tokens
from mcp_rag.ledger import Ledger, StoredIncident
from mcp_rag.records import Incident

SOURCE = "incident"


@dataclass(frozen=True, slots=True)
class FoundIncident:
    """An incident with its fused score, and its cosine to what was asked (0 when the meaning was not compared)."""

    stored: StoredIncident
    score: float
    cosine: float


def incident_entries(incidents: Sequence[StoredIncident], embedder: Embedder) -> Iterator[IndexEntry]:
    """The incidents as the index stores them, embedded in one batch; their key is their id."""
    bodies = [_body(stored.incident) for stored in incidents]
    heads = [_head(stored.incident) for stored in incidents]
    vectors = embedder.embed([text[:EMBEDDED_CHARACTERS] for text in (*bodies, *heads)])
    for place, stored in enumerate(incidents):
        yield IndexEntry(
            key=stored.id,
            source=SOURCE,
            language=stored.incident.language or "",
            package=stored.incident.tool or "",
            tokens=" ".join(index_tokens(bodies[place])),
            head_tokens=" ".join(index_tokens(heads[place])),
            dense=vectors[place],
            dense_head=vectors[len(incidents) + place],
        )


def search_incidents(
    text: str, limit: int, ledger: Ledger, index: KnowledgeIndex, embedder: Embedder
) -> list[FoundIncident]:
    """The incidents nearest to ``text``, best first; none says that it is the same failure."""
    (hits,) = look_up([query_from_text(text)], max(CANDIDATES, limit), index, embedder)
    likeness, fused = cosines(hits), fuse(hits)
    stored = ledger.incidents.many(list(fused)[:limit])
    return [
        FoundIncident(stored[key], fused[key], likeness.get(key, 0.0)) for key in list(fused)[:limit] if key in stored
    ]


def _head(incident: Incident) -> str:
    kind = incident.error_type or ""
    return incident.message if kind in incident.message else f"{kind}: {incident.message}"


def _body(incident: Incident) -> str:
    return "\n".join([_head(incident), *(excerpt.text for excerpt in incident.excerpt)])
