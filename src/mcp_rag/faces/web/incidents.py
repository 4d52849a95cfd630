"""The failures that were seen: listed, read one by one, put together and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from mcp_rag.errors import InputError
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.web.forms import posted_form, text_in
from mcp_rag.faces.web.rendering import PageRoute, render, see_other
from mcp_rag.ledger import StoredDiagnosis, StoredIncident
from mcp_rag.logs.grouping import Group, Join, Member, group
from mcp_rag.records import GroupingDecision, GroupingKind, Verdict
from mcp_rag.wiring import House

PAGE = 50
"""Incidents on a page. Chosen by eye."""

GROUPED = 500
"""So many of the latest incidents are put together. Chosen by eye."""

TREND_DAYS = 30
KEPT_SHOWN = 10
"""Diagnoses of one incident that its page lists. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of a trend: its place from the left, and its height of 100."""

    day: date
    count: int
    place: int
    height: float


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident with its trend."""

    stored: StoredIncident
    trend: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A group of incidents that are one failure: all that were seen of it, and why each joining happened."""

    group: Group
    incidents: tuple[StoredIncident, ...]
    joins: tuple[tuple[Join, StoredIncident | None, StoredIncident | None], ...]

    @property
    def count(self) -> int:
        return sum(one.history.count for one in self.incidents)


def make_incidents() -> APIRouter:
    """The pages below ``/incidents``."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/incidents")
    async def listed(request: Request, q: str = "", verdict: str = "", page: int = 1) -> Response:
        shared, page = house_of(request), max(1, page)
        wanted = Verdict(verdict) if verdict in (Verdict.KNOWN, Verdict.UNKNOWN) else None
        seen, count = await shared.on_house(_found, shared.house, q[:500], wanted, page)
        told: dict[str, Any] = {
            "q": q[:500],
            "verdict_": wanted or "",
            "page": page,
            "count": count,
            "pages": -(-count // PAGE),
        }
        template = "incident_rows.html" if request.headers.get("x-part") else "incidents.html"
        return render(request, template, seen=seen, days=TREND_DAYS, **told)

    @router.get("/incidents/groups")
    async def groups(request: Request) -> Response:
        shared = house_of(request)
        gathered, decisions, by_fingerprint = await shared.on_house(_gathered, shared.house)
        return render(request, "groups.html", groups=gathered, decisions=decisions, known=by_fingerprint, most=GROUPED)

    @router.post("/incidents/groups")
    async def decide(request: Request) -> Response:
        shared = house_of(request)
        async with posted_form(request) as form:
            kind = GroupingKind.SPLIT if text_in(form, "kind") == "split" else GroupingKind.MERGE
            chosen = [str(value) for value in form.getlist("group")][:20]
        await shared.on_house(_decide, shared.house, kind, chosen)
        return see_other("/incidents/groups")

    @router.get("/incidents/{id}")
    async def one(request: Request, id: str) -> Response:
        shared = house_of(request)
        seen, kept = await shared.on_house(_one, shared.house, id)
        return render(request, "incident.html", seen=seen, kept=kept, days=TREND_DAYS)

    return router


def _found(house: House, text: str, verdict: Verdict | None, page: int) -> tuple[list[Seen], int]:
    incidents = house.ledger.incidents
    found = incidents.find(text, verdict, PAGE, (page - 1) * PAGE)
    return _with_trends(house, found), incidents.count_found(text, verdict)


def _one(house: House, id: str) -> tuple[Seen, list[StoredDiagnosis]]:
    stored = house.ledger.incidents.get(id)
    return _with_trends(house, [stored])[0], house.ledger.diagnoses.latest(KEPT_SHOWN, stored.id)


def _with_trends(house: House, found: Sequence[StoredIncident]) -> list[Seen]:
    today = datetime.now(UTC).date()
    first = today - timedelta(days=TREND_DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    by_day = house.ledger.incidents.sightings_by_day([one.id for one in found], since)
    return [Seen(one, tuple(trend(by_day[one.id], first))) for one in found]


def trend(by_day: dict[date, int], first: date) -> list[Bar]:
    """A bar for each of :data:`TREND_DAYS` days from ``first`` on on which something was seen."""
    most = max(by_day.values(), default=1)
    return [
        Bar(day, count, (day - first).days, round(max(12.0, 100 * count / most), 1))
        for day, count in sorted(by_day.items())
        if 0 <= (day - first).days < TREND_DAYS
    ]


def _gathered(house: House) -> tuple[list[Gathered], list[GroupingDecision], dict[str, StoredIncident]]:
    found = house.ledger.incidents.list(GROUPED)
    by_fingerprint = {one.fingerprint: one for one in found}
    decisions = house.ledger.groupings.decisions()
    groups = group([Member(one.id, one.incident) for one in found], decisions)
    gathered = [_gather(each, by_fingerprint) for each in groups]
    told = [one for one in reversed(decisions) if {one.first, one.second} <= set(by_fingerprint)]
    return sorted(gathered, key=lambda one: -one.count), told, by_fingerprint


def _gather(group: Group, by_fingerprint: dict[str, StoredIncident]) -> Gathered:
    members = tuple(by_fingerprint[member.incident.fingerprint] for member in group.members)
    joins = tuple((join, by_fingerprint.get(join.first), by_fingerprint.get(join.second)) for join in group.joins)
    return Gathered(group, members, joins)


def _decide(house: House, kind: GroupingKind, chosen: Sequence[str]) -> None:
    fingerprints = list(dict.fromkeys(house.ledger.incidents.get(name).fingerprint for name in chosen))
    if len(fingerprints) < 2:
        raise InputError("Nothing was decided", "fewer than two failures were chosen", "Choose two or more")
    for other in fingerprints[1:]:
        house.ledger.groupings.decide(kind, fingerprints[0], other)
