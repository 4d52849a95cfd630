"""All pages, put together."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mcp_rag.faces.web.diagnoses import make_diagnoses
from mcp_rag.faces.web.forms import posted_form, text_in
from mcp_rag.faces.web.home import make_home
from mcp_rag.faces.web.incidents import make_incidents
from mcp_rag.faces.web.issues import make_issues
from mcp_rag.faces.web.language import LANGUAGES
from mcp_rag.faces.web.login import make_login
from mcp_rag.faces.web.rendering import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, PageRoute, local_address, see_other
from mcp_rag.faces.web.visiting import set_cookie

A_YEAR_SECONDS = 365 * 24 * 3600


class Assets(StaticFiles):
    """The static files, kept by browsers for good: their address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = f"public, max-age={A_YEAR_SECONDS}, immutable"
        return response


def make_pages(max_request_bytes: int) -> APIRouter:
    """The router of the web page, to be mounted at ``/``."""
    router = APIRouter(include_in_schema=False)
    router.include_router(make_home(max_request_bytes))
    router.include_router(make_diagnoses())
    router.include_router(make_incidents())
    router.include_router(make_issues())
    router.include_router(make_login())
    router.include_router(_make_preferences())
    router.routes.append(Mount("/static", Assets(packages=[("mcp_rag.faces.web", "static")])))
    return router


def _make_preferences() -> APIRouter:
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.post("/preferences")
    async def preferences(request: Request) -> Response:
        async with posted_form(request) as form:
            language, theme = text_in(form, "language", 10), text_in(form, "theme", 10)
            response = see_other(local_address(form.get("back")))
        if language in LANGUAGES:
            set_cookie(request, response, LANGUAGE_COOKIE, language, A_YEAR_SECONDS)
        if theme in THEMES:
            set_cookie(request, response, THEME_COOKIE, theme, A_YEAR_SECONDS)
        return response

    return router
