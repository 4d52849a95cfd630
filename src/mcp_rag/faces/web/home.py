"""The first page: give a log, or try one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import cache
from importlib import resources
from threading import Event as Flag

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mcp_rag.faces.serving.asking import house_of
from mcp_rag.faces.serving.shared_house import SharedHouse
from mcp_rag.faces.serving.telling import Put, heard
from mcp_rag.faces.web.forms import exit_code_of, log_in, posted_form, text_in
from mcp_rag.faces.web.keeping import diagnose_and_keep, keep_rest
from mcp_rag.faces.web.rendering import PageRoute, render, see_other
from mcp_rag.faces.web.streaming import in_events, progress_to, wants_events
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource

LATEST = 8
"""Diagnoses and incidents beside the form. Chosen by eye."""

EXAMPLES = ("python-numpy.log", "docker-build.log", "java-service.log", "flaky-test.log")


def make_home(max_request_bytes: int) -> APIRouter:
    """The first page and what it sends; a request may have ``max_request_bytes``."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/")
    async def home(request: Request) -> Response:
        house = house_of(request)
        latest = await house.on_house(house.house.ledger.incidents.list, LATEST)
        return render(request, "home.html", latest=latest, examples=EXAMPLES, max_bytes=max_request_bytes)

    @router.post("/diagnoses")
    async def diagnose(request: Request) -> Response:
        async with AsyncExitStack() as opened:
            form = await opened.enter_async_context(posted_form(request))
            example = text_in(form, "example", 100)
            source, exited = _example(example) if example else log_in(form), exit_code_of(form)
            if wants_events(request):
                return _told(house_of(request), source, exited, opened.pop_all())
            return await _diagnosed(request, source, exited)

    return router


def _told(shared: SharedHouse, source: LogSource, exited: int | None, opened: AsyncExitStack) -> Response:
    """The diagnosis while it is made, and last the address of its page; ``opened`` is closed when the log is read."""

    async def run(put: Put, gone: Flag) -> None:
        async with opened:
            hear = heard(put, gone)
            kept = await shared.on_log(diagnose_and_keep, shared.house, source, exited, progress_to(put), hear)
        put({"event": "page", "address": f"/diagnoses/{kept.stored.id}"})
        if kept.rest:
            await shared.on_log(keep_rest, shared.house, kept)

    return in_events(run)


async def _diagnosed(request: Request, source: LogSource, exited: int | None) -> Response:
    shared: SharedHouse = house_of(request)
    kept = await shared.on_log(diagnose_and_keep, shared.house, source, exited)
    response = see_other(f"/diagnoses/{kept.stored.id}")
    if kept.rest:
        response.background = BackgroundTask(shared.on_log, keep_rest, shared.house, kept)
    return response


def _example(name: str) -> LogSource:
    if name not in EXAMPLES:
        raise HTTPException(404, "There is no such example")
    return MemorySource(name, _example_bytes(name))


@cache
def _example_bytes(name: str) -> bytes:
    return (resources.files("mcp_rag.faces.web") / "examples" / name).read_bytes()
