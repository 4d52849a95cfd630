"""The schemas of what the served faces answer: those of ``faces.serialisation``, said for machines."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Probability = Field(ge=0, le=1)


class ExcerptLine(BaseModel):
    """A line of the log, cleaned of colours, secrets masked."""

    line: int = Field(ge=1, description="1-based; lines end at \\n alone")
    text: str


class SpanAnswer(BaseModel):
    """A run of lines that belong to one failure."""

    first: int
    last: int
    key: int = Field(description="the line that names the cause")
    kind: str = Field(description="the grammar that found it, such as python-traceback")
    score: float
    reason: str


class SpanWithLines(SpanAnswer):
    excerpt: list[ExcerptLine]


class Extraction(BaseModel):
    """The failing spans of a log, best first; none when nothing failed."""

    source: str
    spans: list[SpanWithLines]


class Failure(BaseModel):
    """What failed, apart from where and when."""

    message: str
    template: str = Field(description="the message with its variable parts masked")
    error_type: str | None
    language: str | None
    tool: str | None
    kind: str
    line: int
    versions: dict[str, str] = Field(description="software versions that the log names")
    excerpt: list[ExcerptLine]


class Versions(BaseModel):
    applicability: Literal["applies", "does not apply", "can't tell"]
    reason: str


class EvidenceAnswer(BaseModel):
    """A known issue held against the log or the query."""

    id: str
    source: str
    title: str
    match: bool = Field(description="whether it is good enough to answer")
    score: float
    confidence: float = Field(
        ge=0,
        le=1,
        description="that it answers; calibrated for the first entry, and of no other more than of the one before",
    )
    certain: bool = Field(description="matched by fingerprint or symptom pattern")
    reasons: list[str]
    lines: list[int]
    versions: Versions
    urls: list[str]


class CitationAnswer(BaseModel):
    line: int
    quote: str


class HistoryAnswer(BaseModel):
    """Earlier sightings of the same failure."""

    count: int
    first_seen: str
    last_seen: str
    fixed_by: str | None


class DiagnosisAnswer(BaseModel):
    """Cause and fix with their evidence, or an honest unknown; clean when nothing failed."""

    source: str
    verdict: Literal["known", "unknown", "clean"]
    incident: str | None = Field(description="the id under which to record an outcome")
    confidence: float = Probability
    failure: Failure | None
    spans: list[SpanAnswer]
    cause: str | None
    fix: str | None
    commands: list[str]
    citations: list[CitationAnswer]
    evidence: list[EvidenceAnswer] = Field(description="best first; what does not match is listed too, as such")
    history: HistoryAnswer | None
    worded_by: str | None
    notes: list[str]


class SearchAnswer(BaseModel):
    """Known issues, best first."""

    id: str
    match: bool = Field(description="whether the best one answers the query")
    confidence: float = Probability
    results: list[EvidenceAnswer]


class StandingAnswer(BaseModel):
    helped: int
    failed: int


class IssueAnswer(BaseModel):
    """A known issue in full."""

    key: str = Field(description="SOURCE/ID, unique")
    id: str
    source: str
    title: str
    symptoms: list[str]
    cause: str
    fix: str
    commands: list[str]
    applies_to: dict[str, str]
    urls: list[str]
    language: str
    package: str
    text: str
    standing: StandingAnswer


class OutcomeAnswer(BaseModel):
    incident: str
    outcome: Literal["confirmed", "rejected"]
    issue: str | None


class IncidentAnswer(BaseModel):
    """A failure that was seen."""

    incident: str
    message: str
    count: int
    first_seen: str
    last_seen: str
    verdict: Literal["known", "unknown", "clean"]
    issue: str | None
    fixed_by: str | None


class Fault(BaseModel):
    what: str
    why: str
    next: str = Field(description="what to do about it")


class ToldFault(Fault):
    message: str = Field(description="all of it in words")


class ProgressAnswer(BaseModel):
    done: int = Field(description="lines of a large log, or entries of a document; 0 before the first word of it")
    total: int


class LearnedAnswer(BaseModel):
    """What became of a document, in entries."""

    documents: int = Field(description="more than 1 for a dump that is taken in parts")
    added: int
    changed: int
    unchanged: int
    removed: int
    skipped: dict[str, int] = Field(description="what was left out, by reason")
    source: str = Field(description="under which its entries are kept")


class TaskAnswer(BaseModel):
    """Work that was left with the server."""

    task: str
    kind: Literal["diagnose", "learn"]
    name: str
    standing: Literal["queued", "running", "done", "failed", "cancelled"]
    attempts: int = Field(description="more than 1: a process died over it, and it was begun again")
    created_at: str
    progress: ProgressAnswer
    result: DiagnosisAnswer | LearnedAnswer | None
    error: Fault | None


class TasksAnswer(BaseModel):
    tasks: list[TaskAnswer]


class IndexReadiness(BaseModel):
    entries: int
    engine: str
    model: str


class Readiness(BaseModel):
    status: Literal["ready"]
    issues: int
    index: IndexReadiness


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class FaultAnswer(BaseModel):
    """Every answer that is no success."""

    error: ToldFault
