"""The failures that were seen: listed, read one by one, put together and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Event as Flag
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from mcp_rag.conversation import QUESTION_CHARACTERS, Done, Turn
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.gathering import GROUPED, TREND_DAYS, by_day, first_day_of_trend, gather
from mcp_rag.faces.serving.gathering import decide as decide_on
from mcp_rag.faces.serving.telling import Put, passed_on
from mcp_rag.faces.web.forms import posted_form, text_in
from mcp_rag.faces.web.outcomes import record_said
from mcp_rag.faces.web.rendering import PageRoute, fragment, render, see_other
from mcp_rag.faces.web.streaming import in_events, wants_events
from mcp_rag.ledger import StoredDiagnosis, StoredIncident
from mcp_rag.records import GroupingKind, Verdict
from mcp_rag.wiring import House

PAGE = 50
"""Incidents on a page. Chosen by eye."""

KEPT_SHOWN = 10
"""Diagnoses of one incident that its page lists. Chosen by eye."""

EARLIER_TURNS, EARLIER_CHARACTERS = 6, 8_000
"""Earlier questions that go along with the next one, and characters of each answer. Chosen by eye."""


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
        gathered, decisions, by_fingerprint = await shared.on_house(gather, shared.house)
        return render(request, "groups.html", groups=gathered, decisions=decisions, known=by_fingerprint, most=GROUPED)

    @router.post("/incidents/groups")
    async def decide(request: Request) -> Response:
        shared = house_of(request)
        async with posted_form(request) as form:
            kind = GroupingKind.SPLIT if text_in(form, "kind") == "split" else GroupingKind.MERGE
            chosen = [str(value) for value in form.getlist("group")][:20]
        await shared.on_house(decide_on, shared.house, kind, chosen)
        return see_other("/incidents/groups")

    @router.get("/incidents/{id}")
    async def one(request: Request, id: str, said: str = "") -> Response:
        return await _page(request, id, said=said)

    @router.post("/incidents/{id}/outcome")
    async def outcome(request: Request, id: str) -> Response:
        shared = house_of(request)
        async with posted_form(request) as form:
            said, fix = text_in(form, "said", 20), text_in(form, "fix")
        stored = await shared.on_house(shared.house.ledger.incidents.get, id)
        await shared.on_house(record_said, shared.house, stored.id, said, fix, stored.issue_key)
        return see_other(f"/incidents/{stored.id}?said={said}#outcome")

    @router.post("/ask/{id}")
    async def ask(request: Request, id: str) -> Response:
        shared = house_of(request)
        async with posted_form(request) as form:
            question, earlier = text_in(form, "question", QUESTION_CHARACTERS), earlier_in(form)
        if wants_events(request):
            return await _told(request, id, question, earlier)
        answered = await shared.on_log(_answered, shared.house, id, question, earlier)
        return await _page(request, id, question, answered, earlier)

    return router


def earlier_in(form: FormData) -> tuple[Turn, ...]:
    """The latest of the questions that this page answered before, oldest first: the form carries them, so that the
    server keeps nothing of them."""
    pairs = zip(form.getlist("asked"), form.getlist("answered"), strict=False)
    turns = [Turn(str(asked)[:QUESTION_CHARACTERS], str(answer)[:EARLIER_CHARACTERS]) for asked, answer in pairs]
    return tuple(turns[-EARLIER_TURNS:])


async def _page(
    request: Request,
    id: str,
    question: str = "",
    answered: Done | None = None,
    earlier: Sequence[Turn] = (),
    said: str = "",
) -> Response:
    shared = house_of(request)
    seen, kept = await shared.on_house(_one, shared.house, id)
    can_ask = shared.house.assistant.chat is not None
    given: dict[str, Any] = {"can_ask": can_ask, "question": question, "answered": answered, "earlier": earlier}
    return render(request, "incident.html", seen=seen, kept=kept, days=TREND_DAYS, said=said, **given)


async def _told(request: Request, id: str, question: str, earlier: Sequence[Turn]) -> Response:
    """The answer to a question while it is made, and last the part of the page that holds it."""
    shared = house_of(request)
    seen, _ = await shared.on_house(_one, shared.house, id)
    events = await shared.on_log(shared.house.converse, seen.stored.id, question, earlier)

    async def run(put: Put, gone: Flag) -> None:
        last = await shared.on_log(passed_on, events, put, gone)
        if isinstance(last, Done):
            given: dict[str, Any] = {"can_ask": True, "question": question, "answered": last, "earlier": earlier}
            put({"event": "page", "html": fragment(request, "incident_ask.html", seen=seen, **given)})

    return in_events(run)


def _answered(house: House, id: str, question: str, earlier: Sequence[Turn]) -> Done:
    """The checked answer to a question. The log is not opened again: it may be another's file by now."""
    stored = house.ledger.incidents.get(id)
    (*_, last) = house.converse(stored.id, question, earlier)
    assert isinstance(last, Done)
    return last


def _found(house: House, text: str, verdict: Verdict | None, page: int) -> tuple[list[Seen], int]:
    incidents = house.ledger.incidents
    found = incidents.find(text, verdict, PAGE, (page - 1) * PAGE)
    return _with_trends(house, found), incidents.count_found(text, verdict)


def _one(house: House, id: str) -> tuple[Seen, list[StoredDiagnosis]]:
    stored = house.ledger.incidents.get(id)
    return _with_trends(house, [stored])[0], house.ledger.diagnoses.latest(KEPT_SHOWN, stored.id)


def _with_trends(house: House, found: Sequence[StoredIncident]) -> list[Seen]:
    first = first_day_of_trend()
    days = by_day(house, found, first)
    return [Seen(one, tuple(trend(days[one.id], first))) for one in found]


def trend(days: dict[date, int], first: date) -> list[Bar]:
    """A bar for each of :data:`TREND_DAYS` days from ``first`` on on which something was seen."""
    most = max(days.values(), default=1)
    return [
        Bar(day, count, (day - first).days, round(max(12.0, 100 * count / most), 1))
        for day, count in sorted(days.items())
        if 0 <= (day - first).days < TREND_DAYS
    ]
