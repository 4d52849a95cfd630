"""The values that flow through the house, frozen; standard library only.

``Log → Span → Incident → Evidence → Diagnosis``, and back again:
``Diagnosis + Outcome → KnownIssue``.

Line numbers are 1-based and inclusive everywhere, and lines end at ``\\n`` alone, so that a number
is the one that an editor shows. Scores grow with fitness; confidences are probabilities in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

NO_VALUES: Mapping[str, str] = MappingProxyType({})


class Verdict(StrEnum):
    """What a diagnosis concludes about a log."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CLEAN = "clean"


class Applicability(StrEnum):
    """Whether an issue's ``applies_to`` fits the versions that were seen."""

    APPLIES = "applies"
    DOES_NOT_APPLY = "does not apply"
    CANT_TELL = "can't tell"


class OutcomeKind(StrEnum):
    """What a person said about a diagnosis."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class GroupingKind(StrEnum):
    """What a person said about two groups of failures."""

    MERGE = "merge"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class GroupingDecision:
    """A person's word that the failures of two fingerprints are one, or are not."""

    kind: GroupingKind
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Span:
    """A run of lines that belong to one failure.

    ``kind`` names the grammar that found it (``python-traceback``, ``gcc-error``, ``generic-error`` …),
    ``key`` is the line inside it that names the cause, ``reason`` says to a person why it was chosen.
    """

    first: int
    last: int
    score: float
    reason: str
    kind: str = "generic-error"
    key: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError(f"a span runs from a line ≥ 1 to a later one, not {self.first}–{self.last}")
        if self.key == 0:
            object.__setattr__(self, "key", self.first)

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One place in a stack: file as printed, line when known, function when known."""

    file: str
    line: int | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of the log as it is shown and cited: cleaned of colours, secrets masked."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """What one failure is, apart from where and when it happened.

    ``message`` is the sentence that names the failure, ``template`` the same with its variable parts
    masked (``<path>``, ``<num>`` …). ``fingerprint`` is stable across runs, machines, line numbers and
    versions. ``sentence`` stands for what the message says apart from where it struck; empty when that is too little
    to know the failure by in another place. ``versions`` are the software versions seen in the whole log (name → version).
    ``excerpt`` are the lines of ``span`` (long ones cut in the middle), redacted.
    """

    fingerprint: str
    span: Span
    message: str
    template: str
    error_type: str | None = None
    language: str | None = None
    tool: str | None = None
    frames: tuple[Frame, ...] = ()
    versions: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)
    excerpt: tuple[Excerpt, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How often an issue's fix helped, and how often it did not."""

    helped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """A failure whose cause and fix are known: shipped, ingested or confirmed alike.

    ``id`` is unique within ``source`` (``starter``, ``confirmed``, ``project:<folder>``, ``file:<path>`` …)
    and comes back verbatim; ``key`` is unique in the whole house. ``symptoms`` are patterns: plain text in
    which ``{name}`` stands for a part that varies, usable in cause, fix and commands; ``re:`` starts a
    regular expression. ``applies_to`` maps a package to a PEP 440 specifier. ``text`` is the whole body of a
    document that has no such structure.
    """

    id: str
    source: str
    title: str
    symptoms: tuple[str, ...] = ()
    cause: str = ""
    fix: str = ""
    commands: tuple[str, ...] = ()
    applies_to: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)
    urls: tuple[str, ...] = ()
    language: str = ""
    package: str = ""
    text: str = ""
    standing: Standing = field(default=Standing())

    @property
    def key(self) -> str:
        return f"{self.source}/{self.id}"


@dataclass(frozen=True, slots=True)
class VersionCheck:
    """The verdict on ``applies_to`` with the sentence that explains it."""

    applicability: Applicability
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the knowledge base, each part counted for what it is.

    ``text`` is everything that was given (an incident's excerpt, or what a person typed);
    ``message`` its heart; ``fingerprint`` and ``sentence`` are an incident's, and ``has_place`` is whether it tells where
    it struck. ``lines`` are (number, text) pairs against which symptom patterns are tried;
    without a log they are numbered from 1.
    """

    text: str
    message: str = ""
    error_type: str = ""
    identifiers: tuple[str, ...] = ()
    fingerprint: str = ""
    sentence: str = ""
    has_place: bool = True
    language: str = ""
    lines: tuple[Excerpt, ...] = ()
    versions: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A known issue held against a query.

    ``confidence`` is the probability that the issue answers it, ``match`` whether that is enough.
    ``certain`` marks a match by fingerprint or symptom pattern. ``variables`` are the pattern's parts as the
    log has them, ``lines`` the log lines that bear the match.
    """

    issue: KnownIssue
    score: float
    confidence: float
    match: bool
    certain: bool = False
    reasons: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    variables: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)
    version_check: VersionCheck = VersionCheck(Applicability.CANT_TELL)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a diagnosis with what bears it: log lines and issue keys, all checked to exist."""

    text: str
    lines: tuple[int, ...] = ()
    issues: tuple[str, ...] = ()
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Citation:
    """A line of the log that the diagnosis rests on, with its text."""

    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows of earlier sightings of the same failure."""

    count: int
    first_seen: datetime
    last_seen: datetime
    fixed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call of a language model took; ``estimated`` tokens are those that its server did not count."""

    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    estimated: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer for one log. ``cause`` and ``fix`` are None unless the verdict is *known*."""

    source: str
    verdict: Verdict
    confidence: float
    incident: Incident | None = None
    incident_id: str | None = None
    spans: tuple[Span, ...] = ()
    cause: Statement | None = None
    fix: Statement | None = None
    commands: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    history: History | None = None
    worded_by: str | None = None
    notes: tuple[str, ...] = ()
