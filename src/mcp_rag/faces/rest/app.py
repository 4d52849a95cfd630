"""The one application: REST, MCP and the web page behind the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_rag import __version__
from mcp_rag.faces.rest.access_routes import make_access_router
from mcp_rag.faces.rest.alerts import make_alerts_router
from mcp_rag.faces.rest.docs import make_docs
from mcp_rag.faces.rest.document_routes import make_documents_router
from mcp_rag.faces.rest.faults import map_faults
from mcp_rag.faces.rest.gate import Gate
from mcp_rag.faces.rest.incident_routes import make_incidents_router
from mcp_rag.faces.rest.issue_routes import make_issues_router
from mcp_rag.faces.rest.job_routes import make_jobs_router
from mcp_rag.faces.rest.late_tools import LateTools
from mcp_rag.faces.rest.openai_routes import make_openai_router
from mcp_rag.faces.rest.operations import make_operations_router
from mcp_rag.faces.rest.routes import make_router
from mcp_rag.faces.rest.stream_routes import make_streams_router
from mcp_rag.faces.rest.task_routes import make_tasks_router
from mcp_rag.faces.rest.unpacking import Unpacking
from mcp_rag.faces.serving.desk import Desk
from mcp_rag.faces.serving.fetching import Fetch
from mcp_rag.faces.serving.houses import Houses
from mcp_rag.faces.serving.sessions import Sessions
from mcp_rag.faces.serving.tasking import Runners
from mcp_rag.faces.web.rendering import page_of_refusal
from mcp_rag.faces.web.router import make_pages

TOOLS = "/mcp"
"""Where the tools of the Model Context Protocol are."""


def make_app(
    houses: Houses,
    tools: LateTools,
    desk: Desk,
    max_request_bytes: int,
    runners: Runners,
    fetch: Fetch | None = None,
    started: Callable[[], None] = lambda: None,
) -> ASGIApp:
    """The ASGI application; ``fetch`` reads a URL, and none is read
    without it; ``started`` is called once it is ready for requests."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with tools.running():
            started()
            yield

    # The pages that FastAPI makes for /docs load scripts from elsewhere: ours does not.
    app = FastAPI(
        title="MCP-RAG",
        version=__version__,
        description="An error log in, the known cause and fix out: cited, or an honest unknown.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.fetch, root = fetch, houses.default.house
    app.state.desk, app.state.sessions = desk, Sessions(root.ledger)
    as_page = page_of_refusal(app)
    map_faults(app, as_page)
    for router in (
        make_router(),
        make_issues_router(),
        make_incidents_router(),
        make_jobs_router(),
        make_documents_router(runners),
        make_tasks_router(runners),
        make_streams_router(),
        make_openai_router(),
        make_alerts_router(),
        make_operations_router(desk),
        make_access_router(root.ledger.tokens, root.settings.home),
        make_docs(),
    ):
        app.include_router(router)
    app.include_router(make_pages(max_request_bytes))
    both = Unpacking(_with_tools(app, tools), max_request_bytes)
    return Gate(both, desk, houses, max_request_bytes, app.state.sessions, as_page)


def _with_tools(app: ASGIApp, tools: ASGIApp) -> ASGIApp:
    """``app`` with the tools beside it: they have routes, errors and limits of their own, and need none of ``app``'s."""
    route = Route(TOOLS, tools)

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == TOOLS:
            scope["route"] = route
            await tools(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "HEAD":
            # The server leaves the body out; what a resource says of itself is the same.
            asked = {**scope, "method": "GET"}
            await app(asked, receive, send)
            scope["route"] = asked.get("route")
        else:
            await app(scope, receive, send)

    return chosen
