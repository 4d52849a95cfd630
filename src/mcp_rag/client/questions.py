"""The questions that a server answers, each as an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mcp_rag.client import values
from mcp_rag.client.bodies import GivenLog, Limits, body_of, log_of
from mcp_rag.client.exchanges import Ask, Exchange, asked
from mcp_rag.client.values import Recorded, SearchResult, SeenIncident, ShownSpan
from mcp_rag.records import Diagnosis

NAME_CHARACTERS = 200
"""The end of a longer name is sent: it tells more than the beginning."""


def diagnose(log: GivenLog, name: str | None, limits: Limits, server: str) -> Exchange[Diagnosis]:
    """Cause and fix of the failure in a log."""
    ask = _on_log("/v1/diagnose", log, name, {}, limits)
    return (yield from asked(ask, values.diagnosis_of, server, repeatable=False))


def extract(
    log: GivenLog, name: str | None, lines: int | None, limits: Limits, server: str
) -> Exchange[tuple[ShownSpan, ...]]:
    """The failing spans of a log."""
    ask = _on_log("/v1/extract", log, name, {"lines": lines} if lines else {}, limits)
    return (yield from asked(ask, values.shown_spans_of, server))


def search(text: str, limit: int, limits: Limits, server: str) -> Exchange[SearchResult]:
    """The known issues for a text."""
    safe = limits.redactor.redact(text) if limits.redactor else text
    ask = Ask("GET", "/v1/search", {"q": safe, "limit": limit})
    return (yield from asked(ask, values.search_result_of, server))


def outcome(
    kind: str, incident: str, issue: str | None, fix: str | None, limits: Limits, server: str
) -> Exchange[Recorded]:
    """Write down whether a diagnosis helped."""
    safe = limits.redactor.redact(fix) if fix and limits.redactor else fix
    given = {"outcome": kind, "incident": incident, "issue": issue, "fix": safe}
    ask = Ask("POST", "/v1/outcomes", json={name: value for name, value in given.items() if value is not None})
    return (yield from asked(ask, values.recorded_of, server, repeatable=False))


def incidents(limit: int, server: str) -> Exchange[tuple[SeenIncident, ...]]:
    """The failures that were seen."""
    return (yield from asked(Ask("GET", "/v1/incidents", {"limit": limit}), values.incidents_of, server))


def issue(key: str, server: str) -> Exchange[Mapping[str, Any]]:
    """A known issue in full."""
    return (yield from asked(Ask("GET", f"/v1/issues/{quote(key)}"), _whole, server))


def _whole(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise TypeError("it is no object")
    return body


def _on_log(path: str, log: GivenLog, name: str | None, params: Mapping[str, int], limits: Limits) -> Ask:
    read = log_of(log, limits)
    body = body_of(read, limits) or b"\n"  # an empty log is one in which nothing failed
    return Ask("POST", path, {"name": (name or read.source)[-NAME_CHARACTERS:], **params}, content=body)
