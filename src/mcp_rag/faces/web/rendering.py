"""Templates → answers, each with the headers that keep a page to itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from mcp_rag import __version__
from mcp_rag.errors import McpRagError
from mcp_rag.faces.rest.faults import status_of
from mcp_rag.faces.serving.asking import caller_of
from mcp_rag.faces.serving.callers import LOCAL
from mcp_rag.faces.serving.callers import Scope as Allowed
from mcp_rag.faces.web import texts
from mcp_rag.faces.web.language import LANGUAGES, Words, chosen
from mcp_rag.faces.web.visiting import remember_visitor, visitor_of

if TYPE_CHECKING:
    from jinja2 import Environment

THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE = "mcp_rag_language", "mcp_rag_theme"

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Same-origin and not none: a browser names no origin in a form's request otherwise.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "cookie, accept-language",
}


def render(request: Request, template: str, status: int = 200, **given: Any) -> Response:
    """The page that ``template`` makes of what is given."""
    response = HTMLResponse(fragment(request, template, **given), status, headers=PAGE_HEADERS)
    remember_visitor(request, response)
    return response


def fragment(request: Request, template: str, **given: Any) -> str:
    """The HTML that ``template`` makes of what is given."""
    theme = request.cookies.get(THEME_COOKIE)
    return (
        environment()
        .get_template(template)
        .render(
            t=words_for(request),
            visitor=visitor_of(request),
            signed_in=_signed_in(request),
            may_write=Allowed.WRITE in caller_of(request).scopes,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            path=request.url.path,
            theme=theme if theme in THEMES else THEMES[0],
            themes=THEMES,
            languages=LANGUAGES,
            version=__version__,
            **given,
        )
    )


def see_other(address: str) -> Response:
    """Go on to a page of ours after a form."""
    return RedirectResponse(address, 303, headers={"cache-control": "no-store"})


def _signed_in(request: Request) -> str:
    """The name under which the caller signed in; empty where nobody has to, or has not yet."""
    caller = caller_of(request)
    return caller.name if caller.scopes and caller != LOCAL else ""


def words_for(request: Request) -> Words:
    return chosen(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))


def address_of_issue(key: str) -> str:
    """The page of a known issue."""
    return f"/issues/{quote(key)}"


def local_address(address: object) -> str:
    """``address`` if it is a path on this server, else the first page."""
    told = str(address or "")
    plain = told.startswith("/") and not told.startswith("//") and told.isprintable()
    return told if plain and "\\" not in told else "/"


@cache
def environment() -> Environment:
    # Read when the first page is asked for, not when a server starts.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("mcp_rag.faces.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "visible": texts.visible,
        "plain": texts.plain,
        "megabytes": texts.megabytes,
        "coded": texts.coded,
        "prose": texts.prose,
        "web_address": texts.web_address,
    }
    made.globals |= {"asset": asset}
    return made


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    content = (resources.files("mcp_rag.faces.web") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


class PageRoute(APIRoute):
    """A route whose faults are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except McpRagError as error:
                return render_fault(request, status_of(error), error.what, error.why, error.next_step)
            except HTTPException as error:
                return render_fault(request, error.status_code, str(error.detail))

        return answered


def page_of_refusal(app: Any) -> Callable[[Scope, JSONResponse], Response]:
    """What makes a page of the JSON that refuses a request, before ``app`` has seen it."""

    def made(scope: Scope, refusal: JSONResponse) -> Response:
        error = json.loads(bytes(refusal.body))["error"]
        request = Request({**scope, "app": app})
        page = render_fault(request, refusal.status_code, error["what"], error["why"], error["next"])
        for name, value in refusal.headers.items():
            if name not in ("content-length", "content-type"):
                page.headers[name] = value
        return page

    return made


def render_fault(request: Request, status: int, what: str, why: str = "", next_step: str = "") -> Response:
    """The page that tells of a fault."""
    return render(request, "fault.html", status, code=status, what=what, why=why, next_step=next_step)
