"""The questions that a server answers, each as an exchange."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote

from mcp_rag.client import values
from mcp_rag.client.bodies import GivenLog, Limits, body_of, log_of
from mcp_rag.client.exchanges import Ask, Exchange, asked
from mcp_rag.client.values import Recorded, SearchResult, SeenIncident, SeenJob, ShownSpan
from mcp_rag.logs.exited import last_line
from mcp_rag.logs.log import Log
from mcp_rag.records import Diagnosis

NAME_CHARACTERS = 200
"""The end of a longer name is sent: it tells more than the beginning."""


class Budget(TypedDict, total=False):
    """How much of a log is looked at, against which logs of runs that passed, and how its own run exited."""

    good: Sequence[GivenLog]
    lines: int | None
    tokens: int | None
    exited: int | None


class Wanted(Budget, total=False):
    """How a log is diagnosed."""

    versions: Mapping[str, str] | None
    chat: bool
    job: str | None


def diagnose(log: GivenLog, name: str | None, wanted: Wanted, limits: Limits, server: str) -> Exchange[Diagnosis]:
    """Cause and fix of the failure in a log."""
    ask = _on_log("/v1/diagnose", log, name, wanted, limits)
    return (yield from asked(ask, values.diagnosis_of, server, repeatable=False))


def extract(
    log: GivenLog, name: str | None, wanted: Budget, limits: Limits, server: str
) -> Exchange[tuple[ShownSpan, ...]]:
    """The failing spans of a log."""
    whole = Wanted(good=wanted.get("good", ()), lines=wanted.get("lines"), tokens=wanted.get("tokens"))
    whole["exited"] = wanted.get("exited")
    ask = _on_log("/v1/extract", log, name, whole, limits)
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


def incidents(limit: int, near: str | None, limits: Limits, server: str) -> Exchange[tuple[SeenIncident, ...]]:
    """The failures that were seen, or those nearest to a text."""
    params: dict[str, str | int] = {"limit": limit}
    if near:
        params["near"] = limits.redactor.redact(near) if limits.redactor else near
    return (yield from asked(Ask("GET", "/v1/incidents", params), values.incidents_of, server))


def jobs(server: str) -> Exchange[tuple[SeenJob, ...]]:
    """The jobs whose last good run is remembered."""
    return (yield from asked(Ask("GET", "/v1/jobs"), values.jobs_of, server))


def forget_job(job: str, server: str) -> Exchange[None]:
    """Forget a job's last good run."""
    return (yield from asked(Ask("DELETE", f"/v1/jobs/{quote(job, safe='')}"), lambda _: None, server))


def issue(key: str, server: str) -> Exchange[Mapping[str, Any]]:
    """A known issue in full."""
    return (yield from asked(Ask("GET", f"/v1/issues/{quote(key)}"), _whole, server))


def change_issue(key: str, written: Mapping[str, Any], server: str) -> Exchange[Mapping[str, Any]]:
    """Put another text in the place of a known issue."""
    ask = Ask("PUT", f"/v1/issues/{quote(key)}", json=dict(written))
    return (yield from asked(ask, _whole, server))


def remove_issue(key: str, server: str) -> Exchange[None]:
    """Take a known issue out."""
    return (yield from asked(Ask("DELETE", f"/v1/issues/{quote(key)}"), lambda _: None, server))


def _whole(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise TypeError("it is no object")
    return body


def _on_log(path: str, log: GivenLog, name: str | None, wanted: Wanted, limits: Limits) -> Ask:
    """A log alone is the body; what comes with it makes a form of both."""
    read = log_of(log, limits)
    params: dict[str, str | int] = {"name": (name or read.source)[-NAME_CHARACTERS:]}
    params |= {budget: most for budget in ("lines", "tokens") if (most := wanted.get(budget))}  # type: ignore[misc]
    if not wanted.get("chat", True):
        params["chat"] = "false"
    if job := wanted.get("job"):
        params["job"] = job
    exited, body, versions = wanted.get("exited"), _body(read, limits), wanted.get("versions")
    if exited is not None and not len(read):
        body = last_line(exited)  # A server takes no empty log, and a line for it would come before the code.
    elif exited is not None:
        params["exited"] = exited
    good = [("good", _body(log_of(passed, limits), limits)) for passed in wanted.get("good") or ()]
    if not good and not versions:
        return Ask("POST", path, params, content=body)
    fields = {"versions": json.dumps(dict(versions))} if versions else {}
    return Ask("POST", path, params, files=[("log", body), *good], fields=fields)


def _body(log: Log, limits: Limits) -> bytes:
    return body_of(log, limits) or b"\n"  # an empty log is one in which nothing failed
