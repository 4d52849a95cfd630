"""Signing in with a token where the server asks for one, and out again."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from mcp_rag.faces.rest.gate import SESSION_COOKIE, address_of
from mcp_rag.faces.serving.asking import caller_of
from mcp_rag.faces.serving.callers import LOCAL
from mcp_rag.faces.serving.sessions import SECONDS
from mcp_rag.faces.web.forms import posted_form, text_in
from mcp_rag.faces.web.rendering import PageRoute, local_address, render, render_fault, see_other
from mcp_rag.faces.web.visiting import set_cookie

TOKEN_CHARACTERS = 500


def make_login() -> APIRouter:
    """The page that asks for a token."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/login")
    async def page(request: Request, next: str = "/") -> Response:
        if caller_of(request) == LOCAL:
            return see_other(local_address(next))
        return render(request, "login.html", next=local_address(next), wrong=False)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        async with posted_form(request) as form:
            token, following = text_in(form, "token", TOKEN_CHARACTERS), local_address(form.get("next"))
        desk, address = request.app.state.desk, address_of(request.scope)
        caller = None
        if token and desk.may_try(token, address):
            caller = await anyio.to_thread.run_sync(desk.access.caller, token)
        if caller is None:
            if wait := desk.rates.wait_for_address(address):
                return _too_often(request, wait)
            return render(request, "login.html", 403, next=following, wrong=True)
        response = see_other(following)
        cookie = await anyio.to_thread.run_sync(request.app.state.sessions.begin, token)
        set_cookie(request, response, SESSION_COOKIE, cookie, SECONDS)
        return response

    @router.post("/logout")
    async def sign_out(request: Request) -> Response:
        async with posted_form(request):
            await anyio.to_thread.run_sync(request.app.state.sessions.end, request.cookies.get(SESSION_COOKIE))
            response = see_other("/login")
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
        return response

    return router


def _too_often(request: Request, wait_seconds: int) -> Response:
    """Nobody has looked at the token: it may be right."""
    why, step = "the rate that this server allows is used up", f"Try again in {wait_seconds} s"
    page = render_fault(request, 429, "Too many requests", why, step)
    page.headers["retry-after"] = str(wait_seconds)
    return page
