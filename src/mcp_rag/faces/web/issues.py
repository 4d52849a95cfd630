"""The known issues: searched, read, written and changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from mcp_rag import librarian
from mcp_rag.faces.serving.adding import own_issue, remove_issue
from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.web.forms import posted_form, text_in
from mcp_rag.faces.web.issue_form import Checked, IssueForm, check, form_of, typed
from mcp_rag.faces.web.rendering import PageRoute, address_of_issue, render, see_other
from mcp_rag.ledger.values import Origin
from mcp_rag.records import Evidence, KnownIssue
from mcp_rag.wiring import House, redactor_of

FOUND = 30
PAGE = 50
QUERY_CHARACTERS = 10_000
"""Results of a search, entries on a page of the list, longest text to search for. Chosen by eye."""


def make_issues() -> APIRouter:
    """The pages below ``/issues``."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/issues")
    async def listed(request: Request, q: str = "", source: str = "", page: int = 1) -> Response:
        shared, q, page = house_of(request), q[:QUERY_CHARACTERS].strip(), max(1, page)
        given = await shared.on_index(_searched if q else _listed, shared.house, q, source[:2_000], page)
        template = "issue_rows.html" if request.headers.get("x-part") else "issues.html"
        return render(request, template, q=q, source=source[:2_000], page=page, **given)

    @router.get("/issues/new")
    async def new(request: Request, copy: str = "", incident: str = "") -> Response:
        shared = house_of(request)
        form = await shared.on_house(_start, shared.house, copy, incident)
        return render(request, "issue_form.html", form=form, checked=Checked(None))

    @router.post("/issues/new")
    async def create(request: Request) -> Response:
        async with posted_form(request) as form:
            return await _kept(request, form, "")

    @router.get("/issues/edit/{key:path}")
    async def edit(request: Request, key: str) -> Response:
        shared = house_of(request)
        issue = await shared.on_house(own_issue, shared.house, key)
        return render(request, "issue_form.html", form=form_of(issue, issue.key), checked=Checked(None))

    @router.post("/issues/edit/{key:path}")
    async def change(request: Request, key: str) -> Response:
        async with posted_form(request) as form:
            return await _kept(request, form, key)

    @router.post("/issues/remove/{key:path}")
    async def remove(request: Request, key: str) -> Response:
        shared = house_of(request)
        async with posted_form(request):
            await shared.on_house(remove_issue, shared.house, key)
        return see_other("/issues")

    @router.get("/issues/{key:path}")
    async def one(request: Request, key: str, said: str = "") -> Response:
        shared = house_of(request)
        issue, origin = await shared.on_house(_one, shared.house, key)
        return render(request, "issue.html", issue=issue, origin=origin, own=issue.source in librarian.OWN, said=said)

    return router


async def _kept(request: Request, form: FormData, key: str) -> Response:
    shared = house_of(request)
    entry, anyway = typed(form, key), bool(text_in(form, "anyway"))
    checked = await shared.on_index(_keep, shared.house, entry, anyway)
    if checked.issue is None or (checked.doubts and not anyway):
        return render(request, "issue_form.html", 422, form=entry, checked=checked)
    return see_other(address_of_issue(checked.issue.key) + "?said=saved")


def _searched(house: House, q: str, source: str, page: int) -> dict[str, Any]:
    found: list[Evidence] = house.search([q], FOUND)[0]
    return {"found": found, "issues": [], "sources": house.ledger.issues.sources(), "pages": 1, "count": len(found)}


def _listed(house: House, q: str, source: str, page: int) -> dict[str, Any]:
    issues, wanted = house.ledger.issues, [source] if source else []
    count = issues.count(wanted)
    shown = list(islice(issues.all(wanted), (page - 1) * PAGE, page * PAGE))
    return {"found": [], "issues": shown, "sources": issues.sources(), "pages": -(-count // PAGE), "count": count}


def _one(house: House, key: str) -> tuple[KnownIssue, Origin]:
    issue = librarian.one_issue(house.ledger, key)
    return issue, house.ledger.issues.origin(issue.key)


def _start(house: House, copy: str, incident: str) -> IssueForm:
    if copy:
        issue = librarian.one_issue(house.ledger, copy)
        return form_of(replace(issue, id=""))
    if incident:
        return form_of(librarian.draft(house.ledger.incidents.get(incident)))
    return form_of(KnownIssue(id="", source=librarian.WRITTEN, title=""))


def _keep(house: House, entry: IssueForm, anyway: bool) -> Checked:
    """Check what was typed, and write it down where nothing is wrong and doubts were seen."""
    if entry.key:
        entry = replace(entry, key=own_issue(house, entry.key).key)
    redact = redactor_of(house.settings)
    entry = replace(entry, values={name: redact(text) for name, text in entry.values.items()})
    checked = check(house, entry)
    if checked.issue is not None and (anyway or not checked.doubts):
        house.ledger.issues.put(checked.issue)
    return checked
