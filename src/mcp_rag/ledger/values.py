"""What the ledger answers with: small frozen values beside those of ``mcp_rag.records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mcp_rag.records import History, Incident, KnownIssue, OutcomeKind, Verdict


@dataclass(frozen=True, slots=True)
class Replaced:
    """What learning a document did to its entries.

    ``doubled`` counts entries that were dropped because a later one of the same document bears their id.
    An entry that moved here from another document of the source counts by its content: changed or unchanged.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    doubled: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """The latest change of one key; ``issue`` is None when it was removed."""

    revision: int
    key: str
    issue: KnownIssue | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a known issue came from: its document (empty: none), when (UTC), at which revision."""

    document: str
    learned_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A recorded failure; ``history`` is what was known before it, None the first time."""

    incident_id: str
    history: History | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person said of an incident, about which issue, with the fix in their own words if they gave one."""

    kind: OutcomeKind
    issue_key: str | None
    fix: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person said of an issue's fix: for which failure (its fingerprint, message and sentence), and when."""

    issue_key: str
    kind: OutcomeKind
    fingerprint: str
    message: str
    at: datetime
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident as the ledger holds it: its latest sighting, all its history (this sighting counted) and outcomes."""

    id: str
    incident: Incident
    history: History
    source: str
    verdict: Verdict
    issue_key: str | None
    outcomes: tuple[Outcome, ...] = ()

    @property
    def fingerprint(self) -> str:
        return self.incident.fingerprint


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What the ledger holds of an access token: all but the token. ``id`` is the beginning of its digest."""

    id: str
    digest: str = field(repr=False)
    name: str
    team: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TaskStanding(StrEnum):
    """How a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TaskInput:
    """What a task works on; ``job`` is whose log it is, and ``exited`` the exit code of its run, where the caller said
    so."""

    body: bytes
    job: str | None = None
    exited: int | None = None


@dataclass(frozen=True, slots=True)
class StoredTask:
    """Work that was left with a server: how it stands and, once it has ended, what came of it.

    ``attempts`` counts the processes that began it; ``done`` of ``total`` lines were looked at, 0 of 0 at first.
    """

    id: str
    team: str
    kind: str
    name: str
    standing: TaskStanding
    attempts: int
    created_at: datetime
    changed_at: datetime
    done: int
    total: int
    result: Mapping[str, Any] | None
    error: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What all calls of one language model took; ``estimated`` when its server did not count the tokens of all."""

    model: str
    calls: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    estimated: bool


@dataclass(frozen=True, slots=True)
class StoredDiagnosis:
    """A diagnosis as it was given, with ``document``, what a face made of it."""

    id: str
    at: datetime
    source: str
    verdict: Verdict
    incident_id: str | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredGoodRun:
    """A job's last run that passed: the log it was seen in, when, and the digests of the shapes of its lines, ``size``
    bytes; in a list without these themselves."""

    job: str
    source: str
    at: datetime
    size: int
    shapes: bytes = b""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import added or changed; what was there already is not counted."""

    issues: int = 0
    documents: int = 0
    incidents: int = 0
    sightings: int = 0
    outcomes: int = 0
    groupings: int = 0
