"""Who looks at a page, and that a form was sent from one of ours: signed cookies, no state on the server."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from fastapi import Request
from itsdangerous import Signer
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

VISITOR_COOKIE = "mcp_rag_visitor"
FORGERY_FIELD = "forgery"
FORGERY_HEADER = "x-forgery"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser. ``forgery_token`` stands in each form that it is given: only a page of ours can know it."""

    nonce: str
    forgery_token: str
    is_new: bool


def visitor_of(request: Request) -> Visitor:
    """The browser that asks, known by its cookie."""
    held: Visitor | None = getattr(request.state, "visitor", None)
    if held is None:
        sent = request.cookies.get(VISITOR_COOKIE, "")
        nonce = sent if 20 <= len(sent) <= 64 and sent.isascii() else secrets.token_urlsafe(24)
        held = Visitor(nonce, _token(request, nonce), nonce != sent)
        request.state.visitor = held
    return held


def remember_visitor(request: Request, response: Response) -> None:
    """Give a browser that has none its cookie."""
    visitor = visitor_of(request)
    if visitor.is_new:
        set_cookie(request, response, VISITOR_COOKIE, visitor.nonce)


def refuse_forgery(request: Request, form: FormData | None = None) -> None:
    """See that a request that changes something comes from a page of ours.

    Raises:
        HTTPException: it does not (403).
    """
    given = request.headers.get(FORGERY_HEADER) or (form.get(FORGERY_FIELD) if form is not None else None)
    expected = visitor_of(request).forgery_token
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "This form is not from this site, or too old: open the page again and send it anew")


def set_cookie(request: Request, response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """A cookie that scripts don't see and other sites don't send."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="strict", secure=secure, path="/")


def _token(request: Request, nonce: str) -> str:
    return Signer(request.app.state.sessions.key, salt="mcp-rag-form").get_signature(nonce).decode()
