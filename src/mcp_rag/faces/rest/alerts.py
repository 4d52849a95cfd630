"""Alertmanager's webhook: what is known of each alert."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.serving.answers import EvidenceAnswer
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.markdown import issue_markdown
from mcp_rag.faces.serving.shared_house import SharedHouse

MOST_ALERTS = 200
"""In one call; Alertmanager's max_alerts cuts before. Chosen by eye."""

NEAREST = 3

TELLING = ("message", "summary", "description", "error", "log")
"""Annotations that say what happened, in this order; the first two or three are the usual ones of rule files."""

LONGEST_QUERY = 5_000

NOTHING: dict[str, Any] = {"match": False, "confidence": 0.0, "results": []}
"""Of an alert that says nothing."""

Texts = Annotated[dict[str, str], Field(max_length=500)]


class Alert(BaseModel):
    """An alert as Alertmanager sends it (webhook version 4); what else it holds is let pass."""

    status: str = Field("firing", max_length=50)
    labels: Texts = Field(default_factory=dict)
    annotations: Texts = Field(default_factory=dict)
    fingerprint: str = Field("", max_length=200)


class Alerts(BaseModel):
    alerts: list[Alert] = Field(max_length=MOST_ALERTS)
    commonAnnotations: Texts = Field(default_factory=dict)  # the name on the wire


class AlertAnswer(BaseModel):
    fingerprint: str
    alertname: str
    status: str
    match: bool = Field(description="whether a known issue answers the alert")
    confidence: float
    issue: str | None = Field(description="its key")
    markdown: str | None = Field(description="its cause and fix, for a ticket or a chat")
    nearest: list[EvidenceAnswer]


class AlertsAnswer(BaseModel):
    alerts: list[AlertAnswer]


def make_alerts_router() -> APIRouter:
    """``/v1/alerts``."""
    router = APIRouter(responses=FAULTS, tags=["Connectors"])

    @router.post("/v1/alerts")
    async def alerts(request: Request, posted: Alerts) -> AlertsAnswer:
        """The runbook entry of each alert of a webhook call, or the nearest ones, named as not matching."""
        house = house_of(request)
        answers = await house.on_index(_answer_all, house, posted)
        return AlertsAnswer.model_validate({"alerts": answers})

    return router


def _answer_all(house: SharedHouse, posted: Alerts) -> list[dict[str, Any]]:
    """Each alert's answer. Alerts of one group often say the same: that is asked once, and all of it in one batch."""
    queries = [_query(alert, posted.commonAnnotations) for alert in posted.alerts]
    asked = [query for query in dict.fromkeys(queries) if query]
    found = dict(zip(asked, house.search_all(asked, NEAREST), strict=True))
    issues = {query: _issue(house, results) for query, results in found.items()}
    pairs = zip(posted.alerts, queries, strict=True)
    return [_answer(alert, found.get(query, NOTHING), issues.get(query)) for alert, query in pairs]


def _issue(house: SharedHouse, found: dict[str, Any]) -> dict[str, Any] | None:
    """The known issue that answers; None when none does."""
    best = found["results"][0] if found["match"] else None
    return house.issue(f"{best['source']}/{best['id']}") if best else None


def _answer(alert: Alert, found: dict[str, Any], issue: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "alertname": alert.labels.get("alertname", ""),
        "status": alert.status,
        "match": found["match"],
        "confidence": found["confidence"],
        "issue": issue["key"] if issue else None,
        "markdown": issue_markdown(issue) if issue else None,
        "nearest": found["results"],
    }


def _query(alert: Alert, common: dict[str, str]) -> str:
    said = {**common, **alert.annotations}
    parts = [alert.labels.get("alertname", ""), *(said[name] for name in TELLING if name in said)]
    return "\n".join(part.strip() for part in dict.fromkeys(parts) if part.strip())[:LONGEST_QUERY]
