"""What a server answers, as values; JSON that lacks what an answer has raises KeyError, TypeError or ValueError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mcp_rag.records import (
    Applicability,
    Citation,
    Diagnosis,
    Evidence,
    Excerpt,
    History,
    Incident,
    KnownIssue,
    OutcomeKind,
    Span,
    Statement,
    Verdict,
    VersionCheck,
)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The known issues for a text, best first, and whether the best one answers it."""

    match: bool
    confidence: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """A failing span with its lines."""

    span: Span
    excerpt: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome that was written down: of which incident, about which known issue (``SOURCE/ID``)."""

    incident: str
    outcome: OutcomeKind
    issue: str | None


@dataclass(frozen=True, slots=True)
class SeenIncident:
    """A failure that the server has seen."""

    id: str
    message: str
    verdict: Verdict
    issue: str | None
    history: History


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A job's last run that passed: the log, when, and how many shapes of lines are known of it."""

    job: str
    source: str
    at: datetime
    shapes: int


def diagnosis_of(row: Json) -> Diagnosis:
    """A diagnosis; of its known issues what an answer tells: id, source, title, addresses."""
    spans = tuple(span_of(span) for span in row["spans"])
    return Diagnosis(
        source=row["source"],
        verdict=Verdict(row["verdict"]),
        confidence=row["confidence"],
        incident=_incident_of(row["incident"], row["failure"], spans) if row["failure"] else None,
        incident_id=row["incident"],
        spans=spans,
        cause=_statement(row["cause"]),
        fix=_statement(row["fix"]),
        commands=tuple(row["commands"]),
        citations=tuple(Citation(one["line"], one["quote"]) for one in row["citations"]),
        evidence=tuple(evidence_of(one) for one in row["evidence"]),
        history=_history_of(row["history"]) if row["history"] else None,
        worded_by=row["worded_by"],
        notes=tuple(row["notes"]),
    )


def span_of(row: Json) -> Span:
    """A failing span."""
    return Span(row["first"], row["last"], row["score"], row["reason"], row["kind"], row["key"])


def shown_spans_of(row: Json) -> tuple[ShownSpan, ...]:
    """The failing spans of a log, best first."""
    return tuple(ShownSpan(span_of(span), _excerpt(span.get("excerpt", ()))) for span in row["spans"])


def evidence_of(row: Json) -> Evidence:
    """A known issue held against a log or a text."""
    versions = row["versions"]
    return Evidence(
        issue=KnownIssue(row["id"], row["source"], row["title"], urls=tuple(row["urls"])),
        score=row["score"],
        confidence=row["confidence"],
        match=row["match"],
        certain=row["certain"],
        reasons=tuple(row["reasons"]),
        lines=tuple(row["lines"]),
        version_check=VersionCheck(Applicability(versions["applicability"]), versions["reason"]),
    )


def search_result_of(row: Json) -> SearchResult:
    """The answer to a search."""
    return SearchResult(row["match"], row["confidence"], tuple(evidence_of(one) for one in row["results"]))


def recorded_of(row: Json) -> Recorded:
    """The answer to an outcome."""
    return Recorded(row["incident"], OutcomeKind(row["outcome"]), row["issue"])


def incidents_of(row: Json) -> tuple[SeenIncident, ...]:
    """The failures that were seen, latest first."""
    return tuple(
        SeenIncident(one["incident"], one["message"], Verdict(one["verdict"]), one["issue"], _history_of(one))
        for one in row["incidents"]
    )


def jobs_of(row: Json) -> tuple[SeenJob, ...]:
    """The jobs whose last good run is remembered, by name."""
    return tuple(
        SeenJob(one["job"], one["source"], datetime.fromisoformat(one["at"]), one["shapes"]) for one in row["jobs"]
    )


def _incident_of(fingerprint: str, row: Json, spans: tuple[Span, ...]) -> Incident:
    line, kind = row["line"], row["kind"]
    own = next((span for span in spans if (span.key, span.kind) == (line, kind)), None)
    return Incident(
        fingerprint=fingerprint,
        span=own or Span(line, line, 0.0, "", kind),
        message=row["message"],
        template=row["template"],
        error_type=row["error_type"],
        language=row["language"],
        tool=row["tool"],
        versions=MappingProxyType(dict(row["versions"])),
        excerpt=_excerpt(row["excerpt"]),
    )


def _excerpt(rows: Any) -> tuple[Excerpt, ...]:
    return tuple(Excerpt(row["line"], row["text"]) for row in rows)


def _statement(text: str | None) -> Statement | None:
    return None if text is None else Statement(text)


def _history_of(row: Json) -> History:
    first, last = datetime.fromisoformat(row["first_seen"]), datetime.fromisoformat(row["last_seen"])
    return History(row["count"], first, last, row["fixed_by"])
