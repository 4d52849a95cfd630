"""The page of a diagnosis: read it, look through its log, say whether it helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mcp_rag.errors import NotFound
from mcp_rag.faces.serving.asking import caller_of, house_of
from mcp_rag.faces.serving.callers import Scope
from mcp_rag.faces.web.diagnosis_view import DiagnosisView, rows_of, view_of
from mcp_rag.faces.web.forms import posted_form, text_in
from mcp_rag.faces.web.outcomes import record_said
from mcp_rag.faces.web.rendering import PageRoute, render, see_other
from mcp_rag.faces.web.texts import visible
from mcp_rag.wiring import House

MOST_LINES = 1_000
"""Lines in one slice of a log. Chosen by eye."""

STILL_READ = timedelta(minutes=5)
"""So long after a diagnosis the rest of its log may still be on its way. Chosen by eye."""


def make_diagnoses() -> APIRouter:
    """The pages below ``/diagnoses``."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/diagnoses/{id}")
    async def page(request: Request, id: str, line: int | None = None, said: str = "") -> Response:
        shared = house_of(request)
        view = await shared.on_house(_view, shared.house, id, line)
        return render(request, "diagnosis.html", view=view, doc=view.document, said=said)

    @router.get("/diagnoses/{id}/lines")
    async def lines(
        request: Request, id: str, first: Annotated[int, Query(ge=1)], last: Annotated[int, Query(ge=1)]
    ) -> Response:
        """A slice of the log as JSON, for the page's own script."""
        shared = house_of(request)
        last = min(last, first + MOST_LINES - 1)
        return JSONResponse(await shared.on_house(_slice, shared.house, id, first, last))

    @router.post("/diagnoses/{id}/outcome")
    async def outcome(request: Request, id: str) -> Response:
        shared = house_of(request)
        caller_of(request).demand(Scope.WRITE)
        async with posted_form(request) as form:
            said, fix = text_in(form, "said", 20), text_in(form, "fix")
        await shared.on_house(_record, shared.house, id, said, fix)
        return see_other(f"/diagnoses/{id}?said={said}#outcome")

    return router


def _view(house: House, id: str, line: int | None) -> DiagnosisView:
    kept = house.ledger.diagnoses.get(id)
    view = view_of(kept, line)
    first, last = view.window
    rows = rows_of(view, house.ledger.diagnoses.lines(id, first, last), first, last) if view.lines else ()
    return replace(view, rows=rows, state=_state(house, view))


def _state(house: House, view: DiagnosisView) -> Mapping[str, Any]:
    """What became of the failure since: sightings and outcomes as they are now."""
    if view.kept.incident_id is None:
        return {"incident": None}
    try:
        return {"incident": house.ledger.incidents.get(view.kept.incident_id)}
    except NotFound:
        return {"incident": None}


def _slice(house: House, id: str, first: int, last: int) -> dict[str, Any]:
    kept = house.ledger.diagnoses.get(id)
    found = house.ledger.diagnoses.lines(id, first, last)
    planned = sum(max(0, min(last, b) - max(first, a) + 1) for a, b in kept.document["planned"])
    waiting = len(found) < planned and datetime.now(UTC) - kept.at < STILL_READ
    return {"lines": [[excerpt.line, visible(excerpt.text)] for excerpt in found], "waiting": waiting}


def _record(house: House, id: str, said: str, fix: str) -> None:
    kept = house.ledger.diagnoses.get(id)
    if kept.incident_id is None:
        raise HTTPException(422, "Nothing failed in this log: there is nothing to confirm")
    evidence = kept.document["evidence"]
    key = f"{evidence[0]['source']}/{evidence[0]['id']}" if evidence and evidence[0]["match"] else None
    record_said(house, kept.incident_id, said, fix, key)
