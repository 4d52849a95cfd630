"""Evidence → Diagnosis without a language model: the matched known issue speaks, or nobody does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_rag.reasoning.bearing import harmless
from mcp_rag.reasoning.hostile import LEFT_OUT
from mcp_rag.reasoning.unwrapping import unwrapped
from mcp_rag.records import (
    Applicability,
    Citation,
    Diagnosis,
    Evidence,
    History,
    Incident,
    KnownIssue,
    Span,
    Statement,
    Verdict,
)

QUOTE_CHARACTERS = 300
"""A citation shows enough of its line to be found again. Chosen by eye."""

LINE_END = " ⏎ "
"""Stands between the texts of one record, as the log's reader puts it."""

DOCUMENT_CHARACTERS = 1_500
"""How much of a document without a cause and a fix of its own is given as the fix. Chosen by eye."""


DOUBTFUL_FROM, DOUBTFUL_TO = 0.12, 0.6
"""A chance that a run failed between these is told. Of 249 labelled logs whose chance, by weights of other sets, is in between
82 are taken for the other kind; of 3,993 others 275, most of which hold no word of failure."""


def clean(source: str, notes: Sequence[str] = (), chance: float = 0.0) -> Diagnosis:
    """The diagnosis of a log in which nothing failed, unless by a ``chance``."""
    return Diagnosis(source=source, verdict=Verdict.CLEAN, confidence=1.0 - chance, notes=tuple(notes))


def doubt_of(chance: float) -> tuple[str, ...]:
    """What a reader is told where it is doubtful whether the run failed at all; nothing where it is not."""
    if not DOUBTFUL_FROM <= chance <= DOUBTFUL_TO:
        return ()
    return (f"Whether the run failed is not certain (a chance of {chance:.0%}): its exit code, `exited`, would tell",)


def runs_before(begun: int) -> tuple[str, ...]:
    """What a reader is told of a log of several runs, of which the last one begins at ``begun`` (0-based; 0 where it is one)."""
    return (
        (f"Several runs in this log: the last begins in line {begun + 1}, and what it came to counts",) if begun else ()
    )


_THROWN = re.compile(r"(?:Caused by: )?(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b")
_SEVERITY = re.compile(
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|FATAL|ALERT|EMERG|PANIC) (?!in )(?=\S)"
)


def compose(
    source: str,
    incident: Incident,
    spans: Sequence[Span],
    evidence: Sequence[Evidence],
    history: History | None = None,
    notes: Sequence[str] = (),
) -> Diagnosis:
    """The diagnosis that ``evidence`` (best first) bears: *known* by its first entry, or *unknown*.

    The entry's cause and fix come with the log lines and the entry that bear them; their variables are
    expected to be filled already.
    """
    best = next((e for e in evidence[:1] if e.match), None)
    issue = harmless(best.issue) if best else None
    verdict = Verdict.KNOWN if best else Verdict.UNKNOWN
    return Diagnosis(
        source=source,
        verdict=verdict,
        confidence=best.confidence if best else 1.0 - max((e.confidence for e in evidence), default=0.0),
        incident=incident,
        incident_id=incident.fingerprint,
        spans=tuple(spans),
        cause=Statement(_cause(issue), bearing_lines(incident, best), (issue.key,)) if best and issue else None,
        fix=Statement(_fix(issue), (), (issue.key,)) if issue else None,
        commands=issue.commands if issue else (),
        citations=cite(incident, best),
        evidence=tuple(evidence),
        history=history,
        notes=tuple(notes) + _doubts(best) + _muted(issue),
    )


def bearing_lines(incident: Incident, best: Evidence | None) -> tuple[int, ...]:
    """The line that names the cause, then those on which the evidence matched, in order and once each."""
    return tuple(dict.fromkeys((incident.span.key, *(best.lines if best else ()))))


def cite(incident: Incident, best: Evidence | None) -> tuple[Citation, ...]:
    """Quotes of the bearing lines that the excerpt holds."""
    texts = {e.line: e.text for e in incident.excerpt}
    lines = bearing_lines(incident, best)
    return tuple(Citation(n, _quote(texts[n])) for n in lines if texts.get(n, "").strip())


def _quote(text: str) -> str:
    """The beginning of a line, up to where a long one lost its middle: word for word what the log says.

    Of a record that holds several texts one of them, as the log has other words between them: the exception's, else the
    longest; and without its severity, which may stand elsewhere in it.
    """
    parts = [part.split(" … ", 1)[0].strip() for part in text.split(LINE_END)]
    thrown = [part for part in parts if _THROWN.match(part)]
    quoted = thrown[-1] if thrown and len(parts) > 1 else max(parts, key=len)
    severity = _SEVERITY.match(quoted)
    return quoted[severity.end() if severity else 0 :][:QUOTE_CHARACTERS]


def _cause(issue: KnownIssue) -> str:
    return unwrapped(issue.cause) or issue.title


def _fix(issue: KnownIssue) -> str:
    return unwrapped(issue.fix) or issue.text[:DOCUMENT_CHARACTERS]


def _doubts(best: Evidence | None) -> tuple[str, ...]:
    if best is None or best.version_check.applicability is not Applicability.DOES_NOT_APPLY:
        return ()
    return (f"The known issue may not apply: {best.version_check.reason}",)


def _muted(issue: KnownIssue | None) -> tuple[str, ...]:
    if issue is None or not any(LEFT_OUT in text for text in (issue.title, issue.cause, issue.fix, issue.text)):
        return ()
    return (f"The known issue {issue.key} holds text for a language model; it and its commands are left out: check it",)
