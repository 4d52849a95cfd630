"""What the faces print as JSON: one shape for each value, the same on every face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcp_rag.records import Diagnosis, Evidence, History, Incident, Span, Statement

if TYPE_CHECKING:
    from mcp_rag.client.values import SeenIncident
    from mcp_rag.conversation import Event
    from mcp_rag.ledger import StoredIncident
    from mcp_rag.logs.grouping import Group
    from mcp_rag.runs.changes import Change
    from mcp_rag.runs.history import Run


def span_to_json(span: Span) -> dict[str, Any]:
    return {
        "first": span.first,
        "last": span.last,
        "key": span.key,
        "kind": span.kind,
        "score": round(span.score, 4),
        "reason": span.reason,
    }


def spans_to_json(source: str, spans: Iterable[Span]) -> dict[str, Any]:
    return {"source": source, "spans": [span_to_json(span) for span in spans]}


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    issue = evidence.issue
    return {
        "id": issue.id,
        "source": issue.source,
        "title": issue.title,
        "match": evidence.match,
        "score": round(evidence.score, 6),
        "confidence": round(evidence.confidence, 4),
        "certain": evidence.certain,
        "reasons": list(evidence.reasons),
        "lines": list(evidence.lines),
        "versions": {
            "applicability": evidence.version_check.applicability.value,
            "reason": evidence.version_check.reason,
        },
        "urls": list(issue.urls),
    }


def as_ranked(evidence: Sequence[Evidence]) -> list[Evidence]:
    """``evidence``, best first, as it is shown: none seems surer than what stands before it.

    The rank comes from more than the confidence, which is calibrated for an entry in the first place alone.
    """
    shown: list[Evidence] = []
    for one in evidence:
        most = shown[-1].confidence if shown else 1.0
        shown.append(one if one.confidence <= most else replace(one, confidence=most))
    return shown


def results_to_json(query_id: str, results: list[Evidence]) -> dict[str, Any]:
    """One answer of ``search``: results best first, whether the best one answers, and how probably."""
    best = results[0] if results else None
    return {
        "id": query_id,
        "match": bool(best and best.match),
        "confidence": round(best.confidence, 4) if best else 0.0,
        "results": [evidence_to_json(evidence) for evidence in as_ranked(results)],
    }


def _text(statement: Statement | None) -> str | None:
    return statement.text if statement else None


def _history(history: History | None) -> dict[str, Any] | None:
    if history is None:
        return None
    return {
        "count": history.count,
        "first_seen": history.first_seen.isoformat(),
        "last_seen": history.last_seen.isoformat(),
        "fixed_by": history.fixed_by,
    }


def _failure(incident: Incident | None) -> dict[str, Any] | None:
    if incident is None:
        return None
    return {
        "message": incident.message,
        "template": incident.template,
        "error_type": incident.error_type,
        "language": incident.language,
        "tool": incident.tool,
        "kind": incident.span.kind,
        "line": incident.span.key,
        "versions": dict(incident.versions),
        "excerpt": [{"line": excerpt.line, "text": excerpt.text} for excerpt in incident.excerpt],
    }


def diagnosis_to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "source": diagnosis.source,
        "verdict": diagnosis.verdict.value,
        "incident": diagnosis.incident_id,
        "confidence": round(diagnosis.confidence, 4),
        "failure": _failure(diagnosis.incident),
        "spans": [span_to_json(span) for span in diagnosis.spans],
        "cause": _text(diagnosis.cause),
        "fix": _text(diagnosis.fix),
        "commands": list(diagnosis.commands),
        "citations": [{"line": c.line, "quote": c.quote} for c in diagnosis.citations],
        "evidence": [evidence_to_json(evidence) for evidence in as_ranked(diagnosis.evidence)],
        "history": _history(diagnosis.history),
        "worded_by": diagnosis.worded_by,
        "notes": list(diagnosis.notes),
    }


def change_to_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "before": change.before,
        "after": change.after,
        "detail": change.detail,
        "suspect": change.suspect or None,
    }


def changes_to_json(good: Run | None, changes: Iterable[Change]) -> dict[str, Any] | None:
    """What changed since the good run; None when no run of the command has passed yet."""
    if good is None:
        return None
    return {"since": good.at.isoformat(), "list": [change_to_json(change) for change in changes]}


def statement_to_json(statement: Statement) -> dict[str, Any]:
    return {
        "text": statement.text,
        "lines": list(statement.lines),
        "issues": list(statement.issues),
        "supported": statement.supported,
    }


def event_to_json(event: Event) -> dict[str, Any]:
    """One step of a conversation; ``event`` says which."""
    from mcp_rag.conversation import Done, Said, Token, ToolUsed, Withheld

    match event:
        case Token(text):
            return {"event": "token", "text": text}
        case ToolUsed(name, arguments, summary):
            return {"event": "tool", "name": name, "arguments": dict(arguments), "summary": summary}
        case Said(statement):
            return {"event": "statement", **statement_to_json(statement)}
        case Withheld(why):
            return {"event": "withheld", "why": why}
        case Done():
            return {
                "event": "done",
                "answer": event.answer,
                "withheld": event.withheld,
                "rounds": event.rounds,
                "model": event.model,
                "confidence": round(event.confidence, 4),
                "prompt_tokens": event.prompt_tokens,
                "completion_tokens": event.completion_tokens,
                "notes": list(event.notes),
            }


def stored_incident_to_json(stored: StoredIncident) -> dict[str, Any]:
    return {
        "incident": stored.id,
        "message": stored.incident.message,
        "count": stored.history.count,
        "first_seen": stored.history.first_seen.isoformat(),
        "last_seen": stored.history.last_seen.isoformat(),
        "verdict": stored.verdict.value,
        "issue": stored.issue_key,
        "fixed_by": stored.history.fixed_by,
    }


def seen_incident_to_json(seen: SeenIncident) -> dict[str, Any]:
    """The same of a failure that a server has told of."""
    return {
        "incident": seen.id,
        "message": seen.message,
        "count": seen.history.count,
        "first_seen": seen.history.first_seen.isoformat(),
        "last_seen": seen.history.last_seen.isoformat(),
        "verdict": seen.verdict.value,
        "issue": seen.issue,
        "fixed_by": seen.history.fixed_by,
    }


def group_to_json(group: Group) -> dict[str, Any]:
    incident = group.incident
    return {
        "group": group.id,
        "count": len(group.members),
        "error_type": incident.error_type,
        "message": incident.message,
        "template": incident.template,
        "members": [
            {"source": m.source, "line": m.incident.span.key, "fingerprint": m.incident.fingerprint}
            for m in group.members
        ],
        "joins": [{"first": join.first, "second": join.second, "reason": join.reason} for join in group.joins],
    }
